"""What snapshots publishes about risk: metrics, VaR by position, attributed P&L."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Date, Executable, Uuid, select

from services.gateway.analytics.queries.series import between
from services.gateway.analytics.shapes.attribution import Attributed
from services.gateway.edge.dependencies import Period
from services.gateway.edge.queries import Row
from services.gateway.tables import Position
from shared.database import Session, fetched, prepared, sql_table
from shared.published import snapshots

positions = sql_table(Position)


async def load_metrics(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Every metric of every view of the portfolio on a session."""
    return await fetched(session, *metrics_on(portfolio_id, as_of))


@prepared(portfolio_id=Uuid(), as_of=Date())
def metrics_on(portfolio_id: UUID, as_of: date) -> Executable:
    """Every metric of every view of a portfolio on a session."""
    view = snapshots.risk_metrics
    mine = select(view).where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return mine.order_by(view.c.metric, view.c.view)


class StoredMetric(NamedTuple):
    """One metric in its unit; null with a reason. `coverage`: share of exposure that it knows."""

    value: float | None
    coverage: float | None
    reason: str | None


async def load_metric(
    session: Session, portfolio_id: UUID, as_of: date, named: tuple[str, str]
) -> StoredMetric | None:
    """One metric of one view (its name and the view's) on a session."""
    row = snapshots.risk_metrics.c
    metric, view = named
    mine = (row.portfolio_id == portfolio_id, row.as_of == as_of)
    wanted = select(row.value, row.coverage, row.reason)
    found = await session.execute(wanted.where(*mine, row.metric == metric, row.view == view))
    first = found.first()
    return StoredMetric(*first) if first else None


async def load_components(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Every position's quantity and part of VaR and expected shortfall, by confidence."""
    return await fetched(session, *components_on(portfolio_id, as_of))


@prepared(portfolio_id=Uuid(), as_of=Date())
def components_on(portfolio_id: UUID, as_of: date) -> Executable:
    """What `load_components` returns."""
    view = snapshots.component_var
    joined = view.join(positions, positions.c.position_id == view.c.position_id)
    found = select(view, positions.c.quantity).select_from(joined)
    mine = found.where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return mine.order_by(view.c.confidence, view.c.symbol, view.c.position_id)


async def load_attributions(
    session: Session, portfolio_id: UUID, start: date, end: date
) -> list[Row]:
    """The attributed P&L by session from `start` to `end` and by factor, "specific" included."""
    return await fetched(session, *attributions_within(portfolio_id, start, end))


@prepared(portfolio_id=Uuid(), start=Date(), end=Date())
def attributions_within(portfolio_id: UUID, start: date, end: date) -> Executable:
    """What `load_attributions` returns."""
    view = snapshots.pnl_attributions
    mine = select(view).where(view.c.portfolio_id == portfolio_id, view.c.as_of.between(start, end))
    return mine.order_by(view.c.as_of, view.c.factor)


async def load_attributed(session: Session, portfolio_id: UUID, span: Period) -> list[Attributed]:
    """The same of a span, oldest first."""
    view = snapshots.pnl_attributions
    chosen = select(view.c.as_of, view.c.factor, view.c.pnl, view.c.reason)
    mine = chosen.where(*between(view, portfolio_id, span)).order_by(view.c.as_of, view.c.factor)
    return [Attributed(*row) for row in await session.execute(mine)]
