"""What a portfolio's holdings of an evening made on the next session."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Double, cast, literal, select, union_all

from services.gateway.analytics.queries.series import between
from services.gateway.edge.dependencies import Period
from services.gateway.tables import Position
from shared.database import Session, sql_table
from shared.published import ingest, snapshots

positions = sql_table(Position)


class StoredEvening(NamedTuple):
    """A session, the snapshot before, and the P&L without trading and fees, USD."""

    as_of: date
    previous: date | None
    pnl: float | None


async def load_evenings(session: Session, portfolio_id: UUID, span: Period) -> list[StoredEvening]:
    """Every snapshot's P&L of what was held before: trading away from the close and fees left out.

    Dividends stay in it: the price that falls by one is in the VaR's returns with it.
    """
    view = snapshots.portfolio_snapshots
    row = view.c
    pnl = cast(row.daily_pnl - row.trades_pnl - row.fees, Double)
    chosen = select(row.as_of, row.previous_session, pnl).where(*between(view, portfolio_id, span))
    return [StoredEvening(*found) for found in await session.execute(chosen.order_by(row.as_of))]


class StoredDay(NamedTuple):
    """A session's P&L and what of it is not of the holdings of the evening before, USD."""

    previous: date | None
    daily_pnl: Decimal | None
    trades_pnl: Decimal
    fees: Decimal


async def load_day(session: Session, portfolio_id: UUID, day: date) -> StoredDay | None:
    """The portfolio's snapshot of the session; None without one."""
    row = snapshots.portfolio_snapshots.c
    chosen = select(row.previous_session, row.daily_pnl, row.trades_pnl, row.fees)
    mine = chosen.where(row.portfolio_id == portfolio_id, row.as_of == day)
    found = (await session.execute(mine)).first()
    return StoredDay(*found) if found else None


class PositionOfDay(NamedTuple):
    """What a position made on a session, USD, null where unknown; `state`: held or closed."""

    position_id: UUID
    symbol: str
    sector: str | None
    state: str
    pnl: Decimal | None


async def load_positions_of_day(
    session: Session, portfolio_id: UUID, day: date
) -> list[PositionOfDay]:
    """Every position held at the close of the session or closed on it, by symbol."""
    held = snapshots.position_valuations.c
    gone = snapshots.closed_positions.c
    of_held = select(
        held.position_id, held.symbol, held.sector, literal("held").label("state"), held.daily_pnl
    ).where(held.portfolio_id == portfolio_id, held.as_of == day)
    security = ingest.securities.c
    named = snapshots.closed_positions.join(
        positions, positions.c.position_id == gone.position_id
    ).outerjoin(ingest.securities, security.symbol == positions.c.underlying)
    of_gone = (
        select(
            gone.position_id,
            positions.c.symbol,
            security.sector,
            literal("closed").label("state"),
            gone.daily_pnl,
        )
        .select_from(named)
        .where(gone.portfolio_id == portfolio_id, gone.as_of == day)
    )
    every = union_all(of_held, of_gone).subquery("every")
    ordered = select(every).order_by(every.c.symbol, every.c.position_id)
    return [PositionOfDay(*row) for row in await session.execute(ordered)]


async def load_parts_of_var(
    session: Session, portfolio_id: UUID, day: date, confidence: int
) -> dict[UUID, float | None]:
    """Each position's part of the VaR of the session, USD."""
    part = snapshots.component_var.c
    mine = (
        part.portfolio_id == portfolio_id,
        part.as_of == day,
        part.confidence == confidence,
    )
    chosen = select(part.position_id, part.component_var).where(*mine)
    return dict((await session.execute(chosen)).tuples().all())
