"""What risk is measured from, and the metrics, components and attributions that come of it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Double, Row, Select, and_, case, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.snapshots.repository.rows import Columns, rows_of
from services.snapshots.tables import (
    PUBLISHED,
    ComponentVar,
    PnlAttribution,
    RiskMetric,
    component_var,
    pnl_attributions,
    portfolio_snapshots,
    position_valuations,
    risk_metrics,
)
from shared.database import Session, merge
from shared.published import factors, ingest, snapshots, stress

MODEL = SPACE = "market_relative"
MARKET = "market"
RATE = "3M"
_RATE_MARGIN = timedelta(days=14)  # so that the first session, too, finds the yield before it

FloatArray = NDArray[np.float64]
Portfolios = Sequence[UUID]


@dataclass(frozen=True)
class Covariance:
    """K x K daily covariance of factor returns (NaN when not stored), and the weights it was made with."""

    values: FloatArray
    decay: float
    lookback: int
    observations: int


async def load_factor_ids(session: Session) -> tuple[str, ...]:
    """The active factors in display order."""
    definition = factors.factor_definitions.c
    query = select(definition.factor).where(definition.active).order_by(definition.display_order)
    return tuple(await session.scalars(query))


async def load_positions(session: Session, portfolios: Portfolios, as_of: date) -> Sequence[Row[Any]]:
    """One row per valued position, by portfolio and position, with what it may earn or lose.

    position_id, portfolio_id, symbol, underlying, quantity, weight (gross notional USD, the cost where that is not
    known), exposure (signed delta-adjusted USD), historical_pnl (USD per past day) and reason; null where unknown.
    """
    row, vector = position_valuations.c, stress.position_pnl_vectors.c
    exposed = factors.position_factor_exposures.c
    same_vector = and_(vector.position_id == row.position_id, vector.as_of == row.as_of)
    same_exposure = and_(
        exposed.position_id == row.position_id, exposed.as_of == row.as_of, exposed.factor == MARKET
    )
    weight = func.coalesce(func.abs(row.notional_exposure), func.abs(row.cost))
    query: Select[Any] = (
        select(
            row.position_id,
            row.portfolio_id,
            row.symbol,
            row.underlying,
            cast(row.quantity, Double),
            cast(weight, Double).label("weight"),
            exposed.exposure,
            vector.historical_pnl,
            vector.reason,
        )
        .select_from(position_valuations)
        .outerjoin(stress.position_pnl_vectors, same_vector)
        .outerjoin(factors.position_factor_exposures, same_exposure)
        .where(row.portfolio_id.in_(portfolios), row.as_of == as_of)
        .order_by(row.portfolio_id, row.position_id)
    )
    found: Sequence[Row[Any]] = (await session.execute(query)).all()
    return found


async def load_betas(session: Session, as_of: date, symbols: Sequence[str], ids: Sequence[str]) -> FloatArray:
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


async def load_closes(session: Session, sessions: Sequence[date], symbols: Sequence[str]) -> FloatArray:
    """Adjusted closes (sessions x symbols), NaN where none is stored."""
    row = ingest.daily_prices.c
    query = select(row.session_date, row.symbol, row.adjusted_close).where(
        row.symbol.in_(symbols), row.session_date.between(*_span(sessions))
    )
    stored = {(day, symbol): close for day, symbol, close in await session.execute(query)}
    return _grid(stored, sessions, symbols)


async def load_factor_returns(session: Session, sessions: Sequence[date], ids: Sequence[str]) -> FloatArray:
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


async def load_chain(session: Session, portfolios: Portfolios, as_of: date) -> Sequence[Row[Any]]:
    """Every snapshot of the portfolios, by portfolio and session, with what derives from its chain.

    portfolio_id, as_of, previous_session, nav, daily_pnl (USD), daily_return, and from `as_of` on concentration.
    """
    found: Sequence[Row[Any]] = (await session.execute(_chain(portfolios, as_of))).all()
    return found


def _chain(portfolios: Portfolios, as_of: date) -> Select[Any]:
    chained = PUBLISHED[snapshots.portfolio_snapshots].subquery("chain")
    stored = portfolio_snapshots.c
    same = and_(stored.portfolio_id == chained.c.portfolio_id, stored.as_of == chained.c.as_of)
    return (
        select(
            chained.c.portfolio_id,
            chained.c.as_of,
            chained.c.previous_session,
            cast(chained.c.nav, Double).label("nav"),
            cast(chained.c.daily_pnl, Double).label("daily_pnl"),
            chained.c.daily_return,
            case((stored.as_of >= as_of, stored.concentration)).label("concentration"),
        )
        .select_from(chained.join(portfolio_snapshots, same))
        .where(chained.c.portfolio_id.in_(portfolios))
        .order_by(chained.c.portfolio_id, chained.c.as_of)
    )


async def load_measured(
    session: Session, portfolios: Portfolios, after: date, metric: str
) -> Sequence[Row[Any]]:
    """(portfolio_id, as_of, view, value, coverage, reason) of one metric on every later session that was measured."""
    row = risk_metrics.c
    fields = (row.portfolio_id, row.as_of, row.view, row.value, row.coverage, row.reason)
    query: Select[Any] = select(*fields)
    later = and_(row.portfolio_id.in_(portfolios), row.as_of > after, row.metric == metric)
    found: Sequence[Row[Any]] = (await session.execute(query.where(later))).all()
    return found


async def load_factor_exposures(
    session: Session, portfolios: Portfolios, sessions: Iterable[date], ids: Sequence[str]
) -> dict[tuple[UUID, date], list[float | None]]:
    """(portfolio, session) to the signed USD exposed to each factor."""
    row = factors.factor_exposures.c
    dollars = func.array_agg(aggregate_order_by(row.dollar_exposure, row.factor))
    names = func.array_agg(aggregate_order_by(row.factor, row.factor))
    query = (
        select(row.portfolio_id, row.as_of, names, dollars)
        .where(row.portfolio_id.in_(portfolios), row.as_of.in_(tuple(sessions)), row.model == MODEL)
        .group_by(row.portfolio_id, row.as_of)
    )
    found = await session.execute(query)
    by_name = ((portfolio, day, dict(zip(factor, usd, strict=True))) for portfolio, day, factor, usd in found)
    return {(portfolio, day): [stored.get(factor) for factor in ids] for portfolio, day, stored in by_name}


async def save_metrics(session: Session, columns: Columns) -> None:
    """Write the metrics; a metric's name is always the same, so nothing is left over."""
    await merge(session, RiskMetric, await asyncio.to_thread(rows_of, risk_metrics, columns))


async def save_components(session: Session, columns: Columns, within: Mapping[str, Any]) -> None:
    """Replace the components of the scope's session and portfolios by these."""
    await merge(session, ComponentVar, await asyncio.to_thread(rows_of, component_var, columns), within)


async def save_attributions(session: Session, columns: Columns, within: Mapping[str, Any]) -> None:
    """Replace the attributions of the scope's sessions and portfolios by these."""
    await merge(session, PnlAttribution, await asyncio.to_thread(rows_of, pnl_attributions, columns), within)


def _span(sessions: Sequence[date]) -> tuple[date, date]:
    return (sessions[0], sessions[-1]) if sessions else (date.max, date.max - timedelta(days=1))


def _grid(stored: Mapping[Any, Any], rows: Sequence[Any], columns: Sequence[Any]) -> FloatArray:
    """Stored values by (row, column) as a matrix, NaN where there is none."""
    values = [[stored.get((row, column)) for column in columns] for row in rows]
    return np.array(values, dtype=np.float64).reshape(len(rows), len(columns))
