"""What the market did, as ingest and factors publish it: yields, factor returns, factor model."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from services.snapshots.inputs import Estimates, MarketHistory, ObservedYield
from shared.arrays import FloatArray
from shared.calendar import last_sessions
from shared.conventions import MARKET, SESSIONS_PER_YEAR
from shared.database import Session
from shared.published import factors, ingest
from shared.published.closes import load_adjusted_closes

RATE = "3M"
_RATE_MARGIN = timedelta(days=14)  # so that the first session, too, finds the yield before it

RowKey = TypeVar("RowKey")
ColumnKey = TypeVar("ColumnKey")


async def load_factor_ids(session: Session) -> tuple[str, ...]:
    """The active factors in display order."""
    return tuple(await session.scalars(factors.active_factors()))


async def load_market_history(
    session: Session, sessions: Sequence[date], ids: Sequence[str]
) -> MarketHistory:
    """The market on the sessions, ascending."""
    return MarketHistory(
        sessions=sessions,
        factors=ids,
        factor_returns=await _load_factor_returns(session, sessions, ids),
        yields=await _load_yields(session, sessions),
    )


async def load_estimates(session: Session, as_of: date, underlyings: Sequence[str]) -> Estimates:
    """The factor model of the session, and a year of the factors' and the underlyings' prices."""
    ids = await load_factor_ids(session)
    window = last_sessions(as_of, SESSIONS_PER_YEAR + 1)
    pairs = (await session.execute(factors.covariances_on(as_of))).all()
    betas = await session.execute(factors.betas_on(as_of, underlyings))
    covariance = {(pair.factor_a, pair.factor_b): pair.covariance for pair in pairs}
    newest = pairs[0] if pairs else None
    grid = _grid({(row.symbol, row.factor): row.beta for row in betas}, underlyings, ids)
    return Estimates(
        betas=grid,
        market_betas=grid[:, ids.index(MARKET)]
        if MARKET in ids
        else np.full(len(underlyings), np.nan),
        covariance=_grid(covariance, ids, ids),
        closes=await load_adjusted_closes(session, window, underlyings),
        factor_returns=await _load_factor_returns(session, window[1:], ids),
        decay=newest.decay if newest else 1.0,
        lookback=newest.lookback if newest else 0,
        observations=newest.observations if newest else 0,
    )


async def _load_factor_returns(
    session: Session, sessions: Sequence[date], ids: Sequence[str]
) -> FloatArray:
    """Daily factor returns (sessions x factors), NaN where none is stored."""
    grid = np.full((len(sessions), len(ids)), np.nan)
    if not sessions:
        return grid
    place = {day: number for number, day in enumerate(sessions)}
    found = await session.execute(factors.returns_between(sessions[0], sessions[-1]))
    stored = {factor: (days, returns) for factor, days, returns in found}
    for column, factor in enumerate(ids):
        for day, value in zip(*stored.get(factor, ((), ())), strict=True):
            if day in place:
                grid[place[day], column] = value
    return grid


async def _load_yields(session: Session, sessions: Sequence[date]) -> list[ObservedYield]:
    if not sessions:
        return []
    first = sessions[0] - _RATE_MARGIN
    found = await session.execute(ingest.yields_between([RATE], first, sessions[-1]))
    return [ObservedYield(row.observation_date, row.yield_percent / 100.0) for row in found]


def _grid(
    stored: Mapping[tuple[RowKey, ColumnKey], float | None],
    rows: Sequence[RowKey],
    columns: Sequence[ColumnKey],
) -> FloatArray:
    """Stored values by (row, column) as a matrix, NaN where there is none."""
    values = [[stored.get((row, column)) for column in columns] for row in rows]
    return np.array(values, dtype=np.float64).reshape(len(rows), len(columns))
