"""What a portfolio's holdings of an evening made on the next session."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Double, cast, select

from services.gateway.analytics.queries.series import between
from services.gateway.edge.dependencies import Period
from shared.database import Session
from shared.published import snapshots


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
