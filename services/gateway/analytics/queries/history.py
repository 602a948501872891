"""What is stored of one position on every session, and of a portfolio's past P&L by position."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, select

from services.gateway.analytics.queries.greeks import dollar_gamma
from services.gateway.edge.dependencies import Period
from services.gateway.edge.queries import all_rows
from shared.database import Session
from shared.published import greeks, ingest, snapshots, stress

Fields = Mapping[str, object]
CONFIDENCE = 95  # of the parts of VaR that a position's history has


async def load_position_values(
    session: Session, position_id: UUID, span: Period
) -> Sequence[Fields]:
    """The position's valuations with its Greeks and its part of VaR, oldest first."""
    value = snapshots.position_valuations
    greek = greeks.position_greeks
    unit = greeks.contract_greeks
    part = snapshots.component_var
    with_greeks = and_(greek.c.position_id == value.c.position_id, greek.c.as_of == value.c.as_of)
    with_unit = and_(unit.c.contract == greek.c.contract, unit.c.as_of == greek.c.as_of)
    with_part = and_(
        part.c.position_id == value.c.position_id,
        part.c.as_of == value.c.as_of,
        part.c.confidence == CONFIDENCE,
    )
    joined = value.outerjoin(greek, with_greeks).outerjoin(unit, with_unit)
    greek_columns = (greek.c[name] for name in ("gamma", "theta", "vega", "rho"))
    found = select(
        value,
        *greek_columns,
        greek.c.delta.label("position_delta"),
        unit.c.volatility,
        unit.c.iv_source,
        dollar_gamma().label("dollar_gamma_1pct"),
        part.c.component_var,
        part.c.component_es,
    ).select_from(joined.outerjoin(part, with_part))
    conditions = [value.c.position_id == position_id]
    conditions += [value.c.as_of >= span.start] if span.start else []
    conditions += [value.c.as_of <= span.end] if span.end else []
    return await all_rows(session, found.where(*conditions).order_by(value.c.as_of))


async def load_ends(
    session: Session, portfolio_id: UUID, position_id: UUID, span: Period
) -> Sequence[Fields]:
    """What the position made on the session on which it was closed, where that is in the span."""
    gone = snapshots.closed_positions
    conditions = [gone.c.portfolio_id == portfolio_id, gone.c.position_id == position_id]
    conditions += [gone.c.as_of >= span.start] if span.start else []
    conditions += [gone.c.as_of <= span.end] if span.end else []
    return await all_rows(session, select(gone).where(*conditions).order_by(gone.c.as_of))


async def load_vector_dates(session: Session, as_of: date) -> list[date]:
    """The sessions that the vectors of `as_of` are of, ascending; none without vectors."""
    axis = stress.pnl_dates.c
    found = await session.scalar(select(axis.session_dates).where(axis.as_of == as_of))
    return list(found or ())


async def load_adjusted_closes(
    session: Session, symbol: str, first: date, last: date
) -> dict[date, float]:
    """A symbol's adjusted closes by session."""
    price = ingest.daily_prices.c
    within = price.session_date.between(first, last)
    found = select(price.session_date, price.adjusted_close).where(price.symbol == symbol, within)
    return dict((await session.execute(found)).tuples().all())


class StoredVector(NamedTuple):
    """A position's vector, USD with NaN where unknown; None with `reason`.

    `left_out`: why it counts nothing in VaR.
    """

    position_id: UUID
    symbol: str
    historical_pnl: Sequence[float] | None
    reason: str | None
    left_out: str | None


async def load_vectors(session: Session, portfolio_id: UUID, as_of: date) -> list[StoredVector]:
    """Every position's vector, by symbol."""
    vector = stress.position_pnl_vectors
    part = snapshots.component_var
    counted = and_(
        part.c.position_id == vector.c.position_id,
        part.c.as_of == vector.c.as_of,
        part.c.confidence == CONFIDENCE,
    )
    found = select(
        vector.c.position_id,
        vector.c.symbol,
        vector.c.historical_pnl,
        vector.c.reason,
        part.c.reason.label("left_out"),
    ).select_from(vector.outerjoin(part, counted))
    mine = found.where(vector.c.portfolio_id == portfolio_id, vector.c.as_of == as_of)
    ordered = mine.order_by(vector.c.symbol, vector.c.position_id)
    return [StoredVector(*row) for row in await session.execute(ordered)]
