"""The positions whose risk is measured, with their P&L on past days."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Double, Select, and_, cast, func, or_, select

from services.snapshots.repository.market import MARKET
from shared.database import Session, lock_each
from shared.published import factors, gateway, stress

Portfolios = tuple[UUID, ...]
Position = tuple[Any, ...]
_NOT_STORED = (None, "no P&L vector is stored for the session")


async def lock_portfolios(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date
) -> Portfolios:
    """Keep other work on the risk of these books and this session waiting; returns those that
    exist, in order.
    """
    await lock_each(
        session, [f"snapshots/risk/{as_of}/{portfolio_id}" for portfolio_id in portfolio_ids]
    )
    known = gateway.portfolios.c.portfolio_id
    found = await session.scalars(select(known).where(known.in_(portfolio_ids)))
    return tuple(sorted(found))


async def load_positions(session: Session, portfolios: Portfolios, as_of: date) -> list[Position]:
    """One tuple per position active on `as_of`, in terms of that day, by portfolio and position.

    Id, portfolio, symbol, underlying, quantity, weight (gross delta-adjusted USD, the cost where
    that is not known), exposure (signed delta-adjusted USD), P&L on past days (USD) and why that is
    missing; None where unknown.
    """
    vectors = await _load_vectors(session, portfolios, as_of)
    found = await session.execute(_positions(portfolios, as_of))
    return [(*known, *vectors.get(known[0], _NOT_STORED)) for known in found]


async def _load_vectors(
    session: Session, portfolios: Portfolios, as_of: date
) -> dict[UUID, tuple[Any, Any]]:
    """Position to its P&L on past days and why that is missing. Read apart: joined, they would be
    sorted too.
    """
    vector = stress.position_pnl_vectors.c
    query = select(vector.position_id, vector.historical_pnl, vector.reason).where(
        vector.portfolio_id.in_(portfolios), vector.as_of == as_of
    )
    return {position_id: (pnl, reason) for position_id, pnl, reason in await session.execute(query)}


def _positions(portfolios: Portfolios, as_of: date) -> Select[Any]:
    positions, exposed = gateway.positions_on(as_of), factors.position_factor_exposures.c
    held = positions.c
    same_exposure = and_(
        exposed.position_id == held.position_id, exposed.as_of == as_of, exposed.factor == MARKET
    )
    cost = cast(held.quantity * held.multiplier * held.entry_price, Double)
    named = (held.position_id, held.portfolio_id, held.symbol, held.underlying)
    sizes = (
        cast(held.quantity, Double),
        func.abs(func.coalesce(exposed.exposure, cost)),
        exposed.exposure,
    )
    active = and_(held.entry_date <= as_of, or_(held.exit_date.is_(None), held.exit_date > as_of))
    return (
        select(*named, *sizes)
        .select_from(positions)
        .outerjoin(factors.position_factor_exposures, same_exposure)
        .where(held.portfolio_id.in_(portfolios), active)
        .order_by(held.portfolio_id, held.position_id)
    )
