"""Which prices are missing and worth asking for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Asked:
    """The sessions between two dates, both included, that a provider was asked for not long ago."""

    first: date
    last: date

    def covers(self, session: date) -> bool:
        """Whether an answer about the session was given: what is not stored, the provider does not
        have.
        """
        return self.first <= session <= self.last

    def and_also(self, earlier: "Asked | None") -> "Asked":
        """Both ranges where they touch, this one alone where they do not."""
        if earlier is None or self.last < earlier.first or self.first > earlier.last:
            return self
        return Asked(min(self.first, earlier.first), max(self.last, earlier.last))


def missing_sessions(
    expected: Sequence[date], held: Mapping[str, Collection[date]], asked: Mapping[str, Asked]
) -> dict[str, tuple[date, ...]]:
    """The sessions to ask for, by symbol, ascending; symbols that miss nothing are absent.

    `expected`: the sessions wanted; `held`: the sessions stored, one entry per symbol wanted;
    `asked`: what was asked of the provider lately, whose answer would be the same again.
    """
    found = {}
    for symbol, stored in held.items():
        missing = sorted(set(expected) - set(stored))
        before = asked.get(symbol)
        worth_asking = tuple(day for day in missing if before is None or not before.covers(day))
        if worth_asking:
            found[symbol] = worth_asking
    return found
