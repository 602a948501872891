"""The tags of a position: the rules they share wherever they are written."""

from shared.texts import folded, shows_all

MAX_TAGS = 20
MAX_TAG_LENGTH = 50
MAX_TAGS_TEXT = 2 * MAX_TAGS * MAX_TAG_LENGTH  # of a cell: more than any tags that are allowed


def tags_in(text: str) -> tuple[str, ...]:
    """The comma-separated tags of a cell, each in its first spelling, spaces collapsed."""
    spellings: dict[str, str] = {}
    for part in text.split(","):
        tag = " ".join(part.split())
        if tag:
            spellings.setdefault(folded(tag), tag)
    return tuple(spellings.values())


def why_not_a_tag(tag: str) -> str | None:
    """What is wrong with a tag, as a sentence; None when nothing is."""
    if len(tag) > MAX_TAG_LENGTH:
        return f"the tag {tag[:20]!r}... is longer than {MAX_TAG_LENGTH} characters"
    if not all(letter.isalnum() or letter in " _-:" for letter in tag) or not shows_all(tag):
        return f"the tag {tag!r} may hold letters, digits, spaces, '_', '-' and ':' only"
    return None
