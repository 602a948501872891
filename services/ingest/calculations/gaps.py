"""Which prices are missing and worth a query."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from services.ingest.inputs import Range


def missing_sessions(
    expected: Sequence[date], held: Mapping[str, Collection[date]], queried: Mapping[str, Range]
) -> dict[str, tuple[date, ...]]:
    """The sessions to query, by symbol, ascending; symbols without any are absent.

    `expected`: the sessions wanted; `held`: the sessions stored, one entry per symbol wanted;
    `queried`: what the provider was queried for recently, which it would answer in the same way.
    """
    found = {}
    for symbol, stored in held.items():
        missing = sorted(set(expected) - set(stored))
        before = queried.get(symbol)
        worth_a_query = tuple(day for day in missing if before is None or not before.covers(day))
        if worth_a_query:
            found[symbol] = worth_a_query
    return found
