"""A portfolio's stored snapshots, and its report."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.gateway.analytics.queries import snapshots
from services.gateway.analytics.reading.report import portfolio_report
from services.gateway.analytics.schemas.portfolio import SnapshotOut
from services.gateway.analytics.schemas.report import PortfolioReport
from services.gateway.analytics.shapes.report import snapshot_summary
from services.gateway.books.answers import NamedRevision
from services.gateway.edge.dependencies import AsOf, Limit, Offset, OpenSession
from services.gateway.edge.idempotency import OnceRoute
from services.gateway.edge.problems import documented
from services.gateway.edge.values import Page
from shared.contracts.event import Day

router = APIRouter(
    prefix="/portfolios",
    tags=["portfolios"],
    responses=documented(401, 404, 422),
    route_class=OnceRoute,
)


@router.get("/{portfolio_id}/snapshots", response_model=Page[SnapshotOut])
async def list_snapshots(
    portfolio: NamedRevision,
    session: OpenSession,
    start: Annotated[Day | None, Query(description="first session wanted")] = None,
    end: Annotated[Day | None, Query(description="last session wanted")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """The portfolio's snapshots, newest first."""
    portfolio_id = portfolio["portfolio_id"]
    rows = await snapshots.load_snapshots(session, portfolio_id, start, end, limit, offset)
    total = await snapshots.count_snapshots(session, portfolio_id, start, end)
    return {
        "items": [snapshot_summary(row) for row in rows],
        "total": total,
        "limit": limit,
        "offset": offset,
    }


@router.get("/{portfolio_id}/report")
async def get_report(
    portfolio: NamedRevision, session: OpenSession, as_of: AsOf = None
) -> PortfolioReport:
    """Everything about the portfolio in one answer."""
    return await portfolio_report(session, portfolio, as_of)
