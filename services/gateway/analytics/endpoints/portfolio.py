"""One portfolio, chosen by the query: its summary and its exposures."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.gateway.analytics.queries import snapshots
from services.gateway.analytics.reading.snapshots import (
    exposure_points,
    performance_report,
    snapshot_envelope,
)
from services.gateway.analytics.schemas.metrics import PerformanceReport
from services.gateway.analytics.schemas.portfolio import ExposurePoint, PortfolioSummary
from services.gateway.books.answers import ChosenRevision
from services.gateway.edge.dependencies import (
    AsOf,
    ChosenPage,
    ChosenPeriod,
    Limit,
    Offset,
    OpenSession,
    Paging,
)
from services.gateway.edge.queries import Row
from services.gateway.edge.routers import api_router
from services.gateway.edge.values import Page
from services.gateway.runs.tracking import standing_of
from shared.contracts.event import Day
from shared.database import Session

Start = Annotated[Day | None, Query(description="first session wanted")]
router = api_router("/portfolio", "portfolio", 401, 404, 422)


@router.get("", response_model=PortfolioSummary)
async def get_portfolio(
    portfolio: ChosenRevision, session: OpenSession, as_of: AsOf = None
) -> dict[str, Any]:
    """NAV, P&L, exposures and Greeks of the portfolio's last snapshot."""
    portfolio_id = portfolio["portfolio_id"]
    snapshot = await snapshots.latest_snapshot(session, portfolio_id, as_of)
    day = snapshot["as_of"] if snapshot else None
    unvalued = await snapshots.load_without_value(session, portfolio_id, day, day) if day else []
    standing = None if day else await standing_of(session, portfolio_id)
    return {"portfolio": portfolio, **snapshot_envelope(snapshot, unvalued, standing)}


@router.get("/exposures", response_model=Page[ExposurePoint])
async def get_exposures(
    period: ChosenPeriod, page: ChosenPage, portfolio: ChosenRevision, session: OpenSession
) -> dict[str, Any]:
    """The three exposure measures by session, newest first."""
    portfolio_id = portfolio["portfolio_id"]
    chosen = (session, portfolio_id, period.start, period.end)
    items = await snapshots.load_snapshots(*chosen, page.limit, page.offset)
    total = await snapshots.count_snapshots(*chosen)
    return page.page(await _with_left_out(session, portfolio_id, items), total)


async def _with_left_out(
    session: Session, portfolio_id: UUID, items: list[Row]
) -> list[dict[str, Any]]:
    if not items:
        return []
    first = items[-1]["as_of"]
    last = items[0]["as_of"]
    unvalued = await snapshots.load_without_value(session, portfolio_id, first, last)
    return exposure_points(items, unvalued)


@router.get("/performance")
async def get_performance(
    portfolio: ChosenRevision,
    session: OpenSession,
    as_of: AsOf = None,
    start: Start = None,
    limit: Limit = 252,
    offset: Offset = 0,
) -> PerformanceReport:
    """Returns over 1d, 1w, 1m, 3m, ytd and 1y; NAV and P&L by session, newest first.

    Weighted by time and, from a month on, by money; with `start` also over that span.
    """
    return await performance_report(session, portfolio, (start, as_of), Paging(limit, offset))
