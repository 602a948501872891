"""Which sessions are due, how far back history goes, and how portfolios are cut into shards."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

MATURITY_YEARS: Mapping[str, float] = {
    "1M": 1 / 12, "3M": 0.25, "6M": 0.5, "1Y": 1.0, "2Y": 2.0,
    "5Y": 5.0, "7Y": 7.0, "10Y": 10.0, "20Y": 20.0, "30Y": 30.0,
}  # fmt: skip


@dataclass(frozen=True)
class Shard:
    """One piece of work: `number` of `count`, and its portfolios in ascending order of id."""

    number: int
    count: int
    portfolio_ids: tuple[UUID, ...]


def shards(portfolio_ids: Collection[UUID], size: int) -> list[Shard]:
    """Portfolios cut into pieces of at most `size`; always at least one piece, empty when there is
    nothing to do.

    An empty piece travels through every stage like any other, so a run without portfolios
    completes.
    """
    ordered = sorted(portfolio_ids)
    pieces = [tuple(ordered[start : start + size]) for start in range(0, len(ordered), size)] or [
        ()
    ]
    return [Shard(number, len(pieces), piece) for number, piece in enumerate(pieces)]


def due_sessions(sessions: Sequence[date], last_announced: date | None) -> list[date]:
    """Sessions whose close is still to be announced, oldest first.

    `sessions`: those that have closed, ascending. A first start announces the latest only; later
    starts announce every session missed since the last one announced.
    """
    if last_announced is None:
        return list(sessions[-1:])
    return [session for session in sessions if session > last_announced]


def window_start(as_of: date, history_sessions: int) -> date:
    """A calendar date early enough to hold `history_sessions` sessions up to `as_of` (252 a year,
    generously).
    """
    return as_of - timedelta(days=history_sessions * 365 // 252 + 14)


def price_run(as_of: date, revision: int) -> str:
    """The name of one version of a session's market data; a newer version's name sorts later."""
    return f"{as_of.isoformat()}.r{revision:08d}"
