"""What a reader of a snapshot should know about it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Caveat:
    """A stable `code`, a sentence, and the names (symbols or dates) it is about, each once,
    sorted.
    """

    code: str
    message: str
    about: tuple[str, ...]

    @classmethod
    def naming(cls, code: str, message: str, names: Iterable[str]) -> "Caveat":
        """A caveat about `names`, repetitions dropped."""
        return cls(code, message, tuple(sorted(set(names))))


def gathered(caveats: Iterable[Caveat]) -> tuple[Caveat, ...]:
    """The caveats of many snapshots as one list by code: equal sentences merged, their names
    united.
    """
    names: dict[tuple[str, str], set[str]] = {}
    for caveat in caveats:
        names.setdefault((caveat.code, caveat.message), set()).update(caveat.about)
    return tuple(
        Caveat.naming(code, message, about) for (code, message), about in sorted(names.items())
    )
