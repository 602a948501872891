"""Names are compared without regard to case in every language and every locale of the cluster."""

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ARRAY, String, func, literal, select

from shared.database import Database, folded_column, has_part
from shared.texts import folded


async def folded_by_postgres(database: Database, texts: list[str]) -> list[str]:
    given_texts = func.unnest(literal(texts, ARRAY(String))).table_valued(
        "text", with_ordinality="number", name="given"
    )
    row = given_texts.render_derived().c
    async with database.transaction() as session:
        found = await session.scalars(select(folded_column(row.text)).order_by(row.number))
        return list(found)


async def test_postgres_and_python_fold_every_letter_alike(admin: Database) -> None:
    kinds = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "Mn", "Zs", "Pd")
    letters = [
        chr(number)
        for number in range(sys.maxunicode)
        if unicodedata.category(chr(number)) in kinds
    ]

    by_postgres = await folded_by_postgres(admin, letters)

    differ = [
        letter
        for letter, found in zip(letters, by_postgres, strict=True)
        if found != folded(letter)
    ]
    assert differ == []
    assert len(letters) > 100_000


async def test_parts_of_names_are_found_in_any_case(admin: Database) -> None:
    name = literal("Überschuß 100% ＴＥＣＨ", String)
    async with admin.transaction() as session:
        found = [
            bool(await session.scalar(select(has_part(name, part))))
            for part in ("übersch", "ÜBERSCHUß", "tech", "100%", "0_%", "100％ ")
        ]

    assert found == [True, True, True, True, False, True]


async def test_the_test_cluster_knows_ascii_only_by_itself(admin: Database) -> None:
    """Otherwise the tests of names would pass without folding."""
    async with admin.transaction() as session:
        assert await session.scalar(select(func.lower(literal("É", String)))) == "É"


@given(st.text(st.characters(codec="ascii"), max_size=20))
def test_ascii_folds_to_its_lower_case(text: str) -> None:
    assert folded(text) == text.lower()
