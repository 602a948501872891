"""What the market did, as ingest and factors publish it: yields, factor returns, factor model."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

import numpy as np
from sqlalchemy import ARRAY, Date, Select, String

from services.snapshots.inputs import Estimates, MarketHistory, ObservedYield
from shared.arrays import FloatArray
from shared.calendar import last_sessions
from shared.conventions import MARKET, SESSIONS_PER_YEAR
from shared.database import Session, prepared, tuples
from shared.published import factors, ingest
from shared.published.closes import load_adjusted_closes

RATE = "3M"
_RATE_MARGIN = timedelta(days=14)  # so that the first session, too, finds the yield before it

RowKey = TypeVar("RowKey")
ColumnKey = TypeVar("ColumnKey")


async def load_factor_ids(session: Session) -> tuple[str, ...]:
    """The active factors in display order."""
    return tuple(factor for factor, _, _ in await tuples(session, *_active_factors()))


@prepared()
def _active_factors() -> Select[str, str, str]:
    return factors.active_factors()


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
    pairs = await tuples(session, *_covariances(as_of))
    betas = await tuples(session, *_betas(as_of, underlyings))
    covariance = {(one, other): measured for one, other, measured, *_ in pairs}
    decay, lookback, observations = pairs[0][-3:] if pairs else (1.0, 0, 0)
    grid = _grid({(symbol, factor): beta for symbol, factor, beta in betas}, underlyings, ids)
    return Estimates(
        betas=grid,
        market_betas=grid[:, ids.index(MARKET)]
        if MARKET in ids
        else np.full(len(underlyings), np.nan),
        covariance=_grid(covariance, ids, ids),
        closes=await load_adjusted_closes(session, window, underlyings),
        factor_returns=await _load_factor_returns(session, window[1:], ids),
        decay=decay,
        lookback=lookback,
        observations=observations,
    )


@prepared(as_of=Date())
def _covariances(as_of: date) -> Select[str, str, float | None, float | None, float, int, int]:
    return factors.covariances_on(as_of)


@prepared(as_of=Date(), symbols=ARRAY(String))
def _betas(as_of: date, symbols: Sequence[str]) -> Select[str, str, float | None]:
    return factors.betas_on(as_of, symbols)


async def _load_factor_returns(
    session: Session, sessions: Sequence[date], ids: Sequence[str]
) -> FloatArray:
    """Daily factor returns (sessions x factors), NaN where none is stored."""
    grid = np.full((len(sessions), len(ids)), np.nan)
    if not sessions:
        return grid
    place = {day: number for number, day in enumerate(sessions)}
    found = await tuples(session, *_factor_returns(sessions[0], sessions[-1]))
    stored = {factor: (days, returns) for factor, days, returns in found}
    for column, factor in enumerate(ids):
        for day, value in zip(*stored.get(factor, ((), ())), strict=True):
            if day in place:
                grid[place[day], column] = value
    return grid


@prepared(first=Date(), last=Date())
def _factor_returns(first: date, last: date) -> Select[str, list[date], list[float]]:
    return factors.returns_between(first, last)


async def _load_yields(session: Session, sessions: Sequence[date]) -> list[ObservedYield]:
    if not sessions:
        return []
    first = sessions[0] - _RATE_MARGIN
    found = await tuples(session, *_yields(first, sessions[-1]))
    return [ObservedYield(day, percent / 100.0) for _, day, percent in found]


@prepared(first=Date(), last=Date())
def _yields(first: date, last: date) -> Select[str, date, float]:
    return ingest.yields_between([RATE], first, last)


def _grid(
    stored: Mapping[tuple[RowKey, ColumnKey], float | None],
    rows: Sequence[RowKey],
    columns: Sequence[ColumnKey],
) -> FloatArray:
    """Stored values by (row, column) as a matrix, NaN where there is none."""
    values = [[stored.get((row, column)) for column in columns] for row in rows]
    return np.array(values, dtype=np.float64).reshape(len(rows), len(columns))
