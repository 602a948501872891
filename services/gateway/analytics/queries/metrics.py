"""What snapshots publishes about risk: metrics, VaR by position, attributed P&L."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from services.gateway.edge.queries import Row, all_rows
from services.gateway.tables import Position
from shared.database import Session, sql_table
from shared.published import snapshots

positions = sql_table(Position)


async def load_metrics(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Every metric of every view of the portfolio on a session."""
    view = snapshots.risk_metrics
    mine = select(view).where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return await all_rows(session, mine.order_by(view.c.metric, view.c.view))


async def load_components(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Every position's quantity and part of VaR and expected shortfall, by confidence."""
    view = snapshots.component_var
    joined = view.join(positions, positions.c.position_id == view.c.position_id)
    found = select(view, positions.c.quantity).select_from(joined)
    mine = found.where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return await all_rows(
        session, mine.order_by(view.c.confidence, view.c.symbol, view.c.position_id)
    )


async def load_attributions(
    session: Session, portfolio_id: UUID, start: date, end: date
) -> list[Row]:
    """The attributed P&L by session from `start` to `end` and by factor, "specific" included."""
    view = snapshots.pnl_attributions
    mine = select(view).where(view.c.portfolio_id == portfolio_id, view.c.as_of.between(start, end))
    return await all_rows(session, mine.order_by(view.c.as_of, view.c.factor))
