"""Texts that users write show their readers all they hold."""

from datetime import date

import pytest
from pydantic import ValidationError

from services.gateway.books.files.tags import why_not_a_tag
from services.gateway.books.schemas.ledger import NewTransaction
from shared.texts import shows_all


@pytest.mark.parametrize(
    "hidden", ["\x01", "\x1b[31m", "\n", "\u202e", "\u200b", "\u3164", "\u2800"]
)
def test_a_text_with_a_character_that_readers_cannot_see_is_refused(hidden: str) -> None:
    deposit = {"kind": "deposit", "trade_date": date(2022, 11, 1), "amount": 1}

    assert not shows_all(f"a{hidden}")
    assert why_not_a_tag(f"a{hidden}") is not None
    for field in ("note", "external_id"):
        with pytest.raises(ValidationError, match="invisible characters are not allowed"):
            NewTransaction.model_validate(deposit | {field: f"a{hidden}b"})


@pytest.mark.parametrize("text", ["", "Größe 2", "日本", "a note, with = and -", "🙂"])
def test_letters_of_every_language_are_shown(text: str) -> None:
    assert shows_all(text)
