"""What the market did, as ingest and factors publish it: prices, rates, factor returns and the
factor model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from shared.database import Session
from shared.published import factors, ingest
from shared.published.closes import load_adjusted_closes

MODEL = SPACE = "market_relative"
MARKET = "market"
RATE = "3M"
load_closes = load_adjusted_closes
_RATE_MARGIN = timedelta(days=14)  # so that the first session, too, finds the yield before it

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Covariance:
    """K x K daily covariance of factor returns (NaN when not stored), and the weights it was made
    with.
    """

    values: FloatArray
    decay: float
    lookback: int
    observations: int


async def load_factor_ids(session: Session) -> tuple[str, ...]:
    """The active factors in display order."""
    definition = factors.factor_definitions.c
    query = select(definition.factor).where(definition.active).order_by(definition.display_order)
    return tuple(await session.scalars(query))


async def load_betas(
    session: Session, as_of: date, symbols: Sequence[str], ids: Sequence[str]
) -> FloatArray:
    """Betas (symbols x factors) of the session, NaN where not stored."""
    row = factors.symbol_factor_betas.c
    query = select(row.symbol, row.factor, row.beta).where(
        row.as_of == as_of, row.model == MODEL, row.symbol.in_(symbols)
    )
    stored = {(symbol, factor): beta for symbol, factor, beta in await session.execute(query)}
    return _grid(stored, symbols, ids)


async def load_covariance(session: Session, as_of: date, ids: Sequence[str]) -> Covariance:
    """The factors' covariance on the session."""
    row = factors.factor_covariances.c
    query = select(
        row.factor_a, row.factor_b, row.covariance, row.decay, row.lookback, row.observations
    ).where(row.as_of == as_of, row.space == SPACE)
    found = (await session.execute(query)).all()
    stored = {(one.factor_a, one.factor_b): one.covariance for one in found}
    values = _grid(stored, ids, ids)
    if not found:
        return Covariance(values, decay=1.0, lookback=0, observations=0)
    return Covariance(values, found[0].decay, found[0].lookback, found[0].observations)


async def load_factor_returns(
    session: Session, sessions: Sequence[date], ids: Sequence[str]
) -> FloatArray:
    """Daily factor returns (sessions x factors) in the model's space, NaN where none is stored."""
    row = factors.factor_returns.c
    query = select(row.session_date, row.factor, row.factor_return).where(
        row.space == SPACE, row.session_date.between(*_span(sessions))
    )
    stored = {(day, factor): value for day, factor, value in await session.execute(query)}
    return _grid(stored, sessions, ids)


async def load_rates(session: Session, sessions: Sequence[date]) -> list[tuple[date, float]]:
    """(observation date, decimal per year) of the 3-month Treasury yield, ascending."""
    row = ingest.treasury_yields.c
    first, last = _span(sessions)
    query = select(row.observation_date, row.yield_percent / 100.0).where(
        row.maturity == RATE, row.observation_date.between(first - _RATE_MARGIN, last)
    )
    found = await session.execute(query.order_by(row.observation_date))
    return [(day, value) for day, value in found]


def _span(sessions: Sequence[date]) -> tuple[date, date]:
    return (sessions[0], sessions[-1]) if sessions else (date.max, date.max - timedelta(days=1))


def _grid(stored: Mapping[Any, Any], rows: Sequence[Any], columns: Sequence[Any]) -> FloatArray:
    """Stored values by (row, column) as a matrix, NaN where there is none."""
    values = [[stored.get((row, column)) for column in columns] for row in rows]
    return np.array(values, dtype=np.float64).reshape(len(rows), len(columns))
