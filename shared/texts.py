"""What a text may hold that goes into lists, files, messages and terminals."""

# Letters to Unicode, nothing to readers: fillers of Korean, an empty braille cell, a joiner.
_BLANK = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")


def shows_all(text: str) -> bool:
    """Whether a text is of one line and has no character that readers cannot see."""
    return text.isprintable() and _BLANK.isdisjoint(text)


def shown(text: str) -> str:
    """The text without the characters that readers cannot see."""
    return text if shows_all(text) else "".join(filter(shows_all, text))
