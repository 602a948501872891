"""What a text may hold that goes into lists, files, messages, terminals; when two are the same."""

from unicodedata import normalize

# Letters to Unicode, nothing to readers: fillers of Korean, an empty braille cell, a joiner.
_BLANK = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")


def shows_all(text: str) -> bool:
    """Whether a text is of one line and has no character that readers cannot see."""
    return text.isprintable() and _BLANK.isdisjoint(text)


def shown(text: str) -> str:
    """The text without the characters that readers cannot see."""
    return text if shows_all(text) else "".join(filter(shows_all, text))


def folded(text: str) -> str:
    """The text for comparisons without regard to case: two names that fold alike are the same.

    Letter by letter, as `shared.database.folded_column` has Postgres do it: NFKC, then the lower
    case of Unicode's own table (a capital sigma has one, wherever it stands).
    """
    return "".join(letter.lower()[0] for letter in normalize("NFKC", text))
