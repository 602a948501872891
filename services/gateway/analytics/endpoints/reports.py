"""A portfolio's stored snapshots, and its report."""

from typing import Any

from starlette.responses import Response

from services.gateway.analytics.queries import snapshots
from services.gateway.analytics.reading.report import portfolio_report
from services.gateway.analytics.schemas.portfolio import SnapshotOut
from services.gateway.analytics.schemas.report import PortfolioReport
from services.gateway.analytics.shapes.report import snapshot_summary
from services.gateway.books.answers import NamedRevision
from services.gateway.edge.dependencies import AsOf, ChosenPage, ChosenPeriod, OpenSession
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.values import Page
from services.gateway.edge.written import as_json

router = once_router("/portfolios", "portfolios", 401, 404, 422)


@router.get("/{portfolio_id}/snapshots", response_model=Page[SnapshotOut])
async def list_snapshots(
    portfolio: NamedRevision, period: ChosenPeriod, page: ChosenPage, session: OpenSession
) -> dict[str, Any]:
    """The portfolio's snapshots, newest first."""
    chosen = (session, portfolio["portfolio_id"], period.start, period.end)
    rows = await snapshots.load_snapshots(*chosen, page.limit, page.offset)
    total = await snapshots.count_snapshots(*chosen)
    return page.page([snapshot_summary(row) for row in rows], total)


@router.get("/{portfolio_id}/report", response_model=PortfolioReport)
async def get_report(
    portfolio: NamedRevision, session: OpenSession, as_of: AsOf = None
) -> Response:
    """Everything about the portfolio in one answer."""
    return as_json(await portfolio_report(session, portfolio, as_of))
