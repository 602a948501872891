"""Passwords that are tried first, by rules in place of a list of leaked ones.

After NIST SP 800-63B-4, 3.1.1.2: values that are commonly used, expected, repetitive or sequential,
and those that name the service or the user, are refused; no mixture of characters is demanded.
"""

import re

# What people add to a word, and what they write for its letters.
_ADDED = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_LETTERS = str.maketrans("013457@$!", "oleastasi")
_COMMON = """
password passwort passw passwd pass secret letmein welcome login admin administrator root user guest
default changeme test testing demo example master dragon monkey football baseball superman batman
sunshine princess shadow michael jordan ashley iloveyou trustno freedom starwars pokemon
computer internet google summer winter spring autumn monday friday january december money market
trading investor portfolio risk sigmasight
"""
_WORDS = frozenset(_COMMON.split())
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)
_PIECES = tuple(row[::way] for row in _ROWS for way in (1, -1))
_SHORTEST_PIECE = 3
_FEWEST_CHARACTERS = 4


def why_guessable(password: str, *own: str) -> str | None:
    """Why a password is among the first that are tried, to complete "a password ..."; or None.

    `own`: what names its user, such as the e-mail address.
    """
    plain = password.casefold()
    if len(set(plain)) < _FEWEST_CHARACTERS:
        return f"has at least {_FEWEST_CHARACTERS} different characters"
    if _is_repeated(plain):
        return "is no repetition of a shorter text"
    if _in_rows(plain):
        return "is more than neighbours in the alphabet, in numbers or on the keyboard"
    names = {part for each in own for part in re.split(r"[\W_]+", each.casefold()) if part}
    names |= {_joined(each.casefold().partition("@")[0]) for each in own}
    if _word(plain) in (_WORDS | names) - {""}:
        return "is more than a common word, or the user's name, with additions"
    return None


def _is_repeated(plain: str) -> bool:
    """Whether a text is found in its double other than at its ends."""
    return plain in (plain + plain)[1:-1]


def _in_rows(plain: str) -> bool:
    """Whether nothing is left without pieces of three or more neighbours."""
    at = 0
    while at < len(plain):
        rest = plain[at:]
        length = max(_common_length(rest, piece) for piece in _PIECES)
        if length < min(_SHORTEST_PIECE, len(rest)):
            return False
        at += length
    return True


def _common_length(text: str, piece: str) -> int:
    """How many of the text's first characters are next to each other in the piece."""
    return next(length for length in range(len(text), -1, -1) if text[:length] in piece)


def _word(plain: str) -> str:
    """The word inside a password: without what is around it, and with letters for signs."""
    bare = _ADDED.sub("", plain) or plain
    return _joined(bare.translate(_LETTERS))


def _joined(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)
