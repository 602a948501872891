"""The project's prose and names use the words of `docs/glossary.md`."""

import re

import pytest

from tests.architecture.plain_english import ROOT, RULES, findings, refused_in

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
COMMAND = "python -m tests.architecture.plain_english"


def refused_phrases() -> list[str]:
    """The left column of the glossary's first table, phrase by phrase."""
    table = GLOSSARY.split("## Words we do not use")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \|", table, re.MULTILINE)[1:]
    phrases = [phrase for row in rows for phrase in re.sub(r"\(.*?\)", "", row).split(",")]
    return [phrase.strip() for phrase in phrases if phrase.strip("- ")]


def test_no_refused_word_is_left() -> None:
    found = [str(each) for each in findings()]

    assert found == [], f"words that docs/glossary.md refuses; list them with `{COMMAND}`"


@pytest.mark.parametrize("phrase", refused_phrases())
def test_every_word_the_glossary_refuses_is_found(phrase: str) -> None:
    assert any(list(rule.found_in(f"the provider {phrase} it")) for rule in RULES), phrase


@pytest.mark.parametrize(
    "text",
    [
        "no more than 100 requests",
        "the restated snapshots",
        "a stand-in for Polygon",
        "the asked_at column, as `told` by",
        "the rest of the client",
        "recommended and amended",
        "the user's portfolio",
    ],
)
def test_plain_text_is_not_refused(text: str) -> None:
    assert list(refused_in("services/greeks/main.py", "text", text)) == []


@pytest.mark.parametrize("name", ["told_again", "toldAgain", "_Kept", "LACKING", "everybodySees"])
def test_names_are_split_into_words(name: str) -> None:
    assert list(refused_in("services/greeks/main.py", "name", name))


@pytest.mark.parametrize("name", ["restated", "retold_", "Keeper", "take", "bookkeeping"])
def test_parts_of_words_are_not_refused(name: str) -> None:
    assert list(refused_in("services/greeks/main.py", "name", name)) == []
