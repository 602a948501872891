"""Which sessions are due, how far back history goes, and how portfolios are cut into shards."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID


@dataclass(frozen=True)
class Shard:
    """One piece of work: `number` of `count`, and its portfolios in ascending order of id."""

    number: int
    count: int
    portfolio_ids: tuple[UUID, ...]


def shards(positions: Mapping[UUID, int], size: int, most_positions: int) -> list[Shard]:
    """Portfolios cut into pieces of at most `size`; one empty piece when there are none.

    `positions`: how many each portfolio has. Those of a piece are at most `most_positions` together
    unless it is a single portfolio, whose positions stay together. An empty piece passes through
    every stage like any other, so a run without portfolios completes.
    """
    pieces: list[list[UUID]] = [[]]
    held = 0
    for portfolio_id, count in sorted(positions.items()):
        if pieces[-1] and (len(pieces[-1]) == size or held + count > most_positions):
            pieces.append([])
            held = 0
        pieces[-1].append(portfolio_id)
        held += count
    return [Shard(number, len(pieces), tuple(piece)) for number, piece in enumerate(pieces)]


def due_sessions(sessions: Sequence[date], last_announced: date | None) -> list[date]:
    """Sessions whose close is still to be announced, oldest first.

    `sessions`: those that have closed, ascending. A first start announces the latest only; later
    starts announce every session missed since the last one announced.
    """
    if last_announced is None:
        return list(sessions[-1:])
    return [session for session in sessions if session > last_announced]


def window_start(as_of: date, history_sessions: int) -> date:
    """A calendar date early enough for `history_sessions` sessions up to `as_of`, 252 a year."""
    return as_of - timedelta(days=history_sessions * 365 // 252 + 14)


def price_run(as_of: date, revision: int) -> str:
    """The name of one version of a session's market data; a newer version's name sorts later."""
    return f"{as_of.isoformat()}.r{revision:08d}"


def effective_sessions(
    days: Iterable[date],
    is_session: Callable[[date], bool],
    next_session: Callable[[date], date],
) -> dict[date, date]:
    """By observation day, the session from which it counts: that day, or the next session."""
    return {day: day if is_session(day) else next_session(day) for day in set(days)}


def named_symbols(names: Iterable[str], each: int = 3) -> tuple[str, ...]:
    """Names that begin with a symbol, at most so many of each symbol, and none left out."""
    by_symbol: dict[str, list[str]] = {}
    for name in names:
        by_symbol.setdefault(name.partition(" ")[0], []).append(name)
    return tuple(name for found in by_symbol.values() for name in found[:each])
