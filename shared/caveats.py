"""What a reader of a result should know about it: the one form in which calculations say so.

Calculations return caveats; events and tables carry them as `contracts.event.Notice`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Caveat:
    """A stable `code`, a sentence, and the sorted names it is about.

    A name is there once, or, where the caveat counts positions, once for each of them.
    """

    code: str
    message: str
    about: tuple[str, ...] = ()

    @classmethod
    def naming(cls, code: str, message: str, names: Iterable[str]) -> Self:
        """A caveat about `names`, repetitions dropped."""
        return cls(code, message, tuple(sorted(set(names))))


def gathered(caveats: Iterable[Caveat]) -> tuple[Caveat, ...]:
    """The caveats of many results as one list by code: equal sentences merged, names united."""
    names: dict[tuple[str, str], set[str]] = {}
    for caveat in caveats:
        names.setdefault((caveat.code, caveat.message), set()).update(caveat.about)
    return tuple(
        Caveat.naming(code, message, about) for (code, message), about in sorted(names.items())
    )
