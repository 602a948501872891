"""The fewest requests that bring a set of missing closes: pure mathematics.

One request brings every session of a symbol, another brings one session of every symbol. The
missing closes are the edges of a graph between symbols and sessions, and requests that bring them
all are vertices that touch every edge. The least number of those is the size of a largest matching,
from which such vertices are read off (König 1931).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Requests:
    """Symbols to request over their whole range, and sessions to request for the whole market."""

    symbols: tuple[str, ...]
    sessions: tuple[date, ...]

    def __len__(self) -> int:
        return len(self.symbols) + len(self.sessions)


def fewest_requests(missing: Mapping[str, Collection[date]]) -> Requests:
    """As few requests as can bring every missing close; where it makes no difference, by symbol."""
    symbols = sorted(symbol for symbol, days in missing.items() if days)
    sessions = sorted({day for days in missing.values() for day in days})
    if not symbols:
        return Requests((), ())
    by_symbol, by_session = _smallest_cover(symbols, sessions, missing)
    return Requests(
        tuple(symbol for symbol, chosen in zip(symbols, by_symbol, strict=True) if chosen),
        tuple(session for session, chosen in zip(sessions, by_session, strict=True) if chosen),
    )


def _smallest_cover(
    symbols: list[str], sessions: list[date], missing: Mapping[str, Collection[date]]
) -> tuple[Mask, Mask]:
    """The smallest cover, by König's construction.

    The rows that no alternating path from an unmatched row reaches, and the columns that one does.
    """
    from scipy.sparse import csr_array  # a library that the bundled data need not load
    from scipy.sparse.csgraph import maximum_bipartite_matching

    number = {session: column for column, session in enumerate(sessions)}
    columns = [number[day] for symbol in symbols for day in missing[symbol]]
    starts = np.cumsum([0, *(len(missing[symbol]) for symbol in symbols)])
    graph = csr_array(
        (np.ones(len(columns), np.int8), columns, starts), (len(symbols), len(sessions))
    )
    row_by_column = maximum_bipartite_matching(graph, perm_type="row")
    row_reached = np.ones(len(symbols), bool)
    column_reached = np.zeros(len(sessions), bool)
    row_reached[row_by_column[row_by_column >= 0]] = False
    frontier: NDArray[np.intp] = np.flatnonzero(row_reached)
    while frontier.size:
        found = np.unique(graph[frontier].indices)
        found = found[~column_reached[found]]
        column_reached[found] = True
        # All of these are matched, or the matching would not be the largest.
        frontier = row_by_column[found].astype(np.intp)
        row_reached[frontier] = True
    return ~row_reached, column_reached
