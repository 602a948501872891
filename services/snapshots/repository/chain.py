"""The chain of snapshots and what stands beside it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, Double, Function, Row, Select, and_, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.snapshots.repository.market import MARKET, MODEL, FloatArray
from services.snapshots.tables import PUBLISHED, risk_metrics
from shared.database import Session
from shared.published import factors, gateway, snapshots

Portfolios = Sequence[UUID]


async def load_chain(session: Session, portfolios: Portfolios) -> Sequence[Row[Any]]:
    """Every snapshot of the portfolios, by portfolio and session, with what derives from its chain.

    portfolio_id, as_of, previous_session, nav, daily_pnl (USD) and daily_return.
    """
    chain = PUBLISHED[snapshots.portfolio_snapshots].subquery("chain").c
    money = (cast(chain.nav, Double).label("nav"), cast(chain.daily_pnl, Double).label("daily_pnl"))
    query: Select[Any] = (
        select(chain.portfolio_id, chain.as_of, chain.previous_session, *money, chain.daily_return)
        .where(chain.portfolio_id.in_(portfolios))
        .order_by(chain.portfolio_id, chain.as_of)
    )
    found: Sequence[Row[Any]] = (await session.execute(query)).all()
    return found


async def load_market_sides(
    session: Session, portfolios: Portfolios, as_of: date
) -> Sequence[Row[Any]]:
    """Per portfolio and side (`bought` or sold) what its positions gain per 1.00 of market return.

    portfolio_id, bought, dollars, known_weight, weight (gross delta-adjusted USD, the cost where
    that is not known), known (positions with a market beta) and positions.
    """
    row, held = factors.position_factor_exposures.c, gateway.positions.c
    # Neither the cost nor the sign of a position is other after a split: as stated is good enough.
    cost = held.quantity * held.multiplier * held.entry_price
    weight = func.abs(func.coalesce(row.exposure, cast(cost, Double)))
    has_beta = row.factor_exposure.is_not(None)

    def total(values: ColumnElement[float]) -> Function[float]:
        """In the order of the positions, so that the same rows give the same last digit."""
        return func.sum(aggregate_order_by(values, row.position_id))

    bought = (held.quantity > 0).label("bought")
    query: Select[Any] = (
        select(
            row.portfolio_id,
            bought,
            func.coalesce(total(row.factor_exposure), 0.0).label("dollars"),
            func.coalesce(total(weight).filter(has_beta), 0.0).label("known_weight"),
            total(weight).label("weight"),
            func.count().filter(has_beta).label("known"),
            func.count().label("positions"),
        )
        .join(gateway.positions, held.position_id == row.position_id)
        .where(row.portfolio_id.in_(portfolios), row.as_of == as_of, row.factor == MARKET)
        .group_by(row.portfolio_id, bought)
    )
    found: Sequence[Row[Any]] = (await session.execute(query)).all()
    return found


async def load_measured(
    session: Session, portfolios: Portfolios, after: date, metric: str
) -> Sequence[Row[Any]]:
    """(portfolio_id, as_of, view, value, coverage, reason) of one metric on every later session
    that was measured.
    """
    row = risk_metrics.c
    fields = (row.portfolio_id, row.as_of, row.view, row.value, row.coverage, row.reason)
    query: Select[Any] = select(*fields)
    later = and_(row.portfolio_id.in_(portfolios), row.as_of > after, row.metric == metric)
    found: Sequence[Row[Any]] = (await session.execute(query.where(later))).all()
    return found


async def load_factor_exposures(
    session: Session, portfolios: Portfolios, sessions: Iterable[date], ids: Sequence[str]
) -> dict[tuple[UUID, date], FloatArray]:
    """(portfolio, session) to the signed USD exposed to each factor, NaN where unknown."""
    row = factors.factor_exposures.c
    dollars = func.array_agg(aggregate_order_by(row.dollar_exposure, row.factor))
    names = func.array_agg(aggregate_order_by(row.factor, row.factor))
    query = (
        select(row.portfolio_id, row.as_of, names, dollars)
        .where(row.portfolio_id.in_(portfolios), row.as_of.in_(tuple(sessions)), row.model == MODEL)
        .group_by(row.portfolio_id, row.as_of)
    )
    found = await session.execute(query)
    by_name = (
        (portfolio, day, dict(zip(factor, usd, strict=True)))
        for portfolio, day, factor, usd in found
    )
    return {
        (portfolio, day): np.array([stored.get(factor) for factor in ids], dtype=np.float64)
        for portfolio, day, stored in by_name
    }
