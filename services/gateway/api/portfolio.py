"""One portfolio, chosen by the query: its summary and its exposures."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.gateway.api.dependencies import (
    AsOf,
    ChosenPortfolio,
    GatewayParts,
    Limit,
    Offset,
    OpenSession,
    at_once,
)
from services.gateway.api.problems import documented
from services.gateway.api.reading import snapshot_envelope
from services.gateway.api.schemas import ExposurePoint, Page, PortfolioSummary
from services.gateway.repository import results

router = APIRouter(prefix="/portfolio", tags=["portfolio"], responses=documented(401, 404, 422))


@router.get("", response_model=PortfolioSummary)
async def get_portfolio(
    portfolio: ChosenPortfolio, session: OpenSession, as_of: AsOf = None
) -> dict[str, Any]:
    """NAV, P&L, exposures and Greeks of the portfolio's last snapshot."""
    snapshot = await results.latest_snapshot(session, portfolio["portfolio_id"], as_of)
    return {"portfolio": portfolio, **snapshot_envelope(snapshot)}


@router.get("/exposures", response_model=Page[ExposurePoint])
async def get_exposures(
    portfolio: ChosenPortfolio,
    gateway: GatewayParts,
    start: Annotated[date | None, Query(description="first session wanted")] = None,
    end: Annotated[date | None, Query(description="last session wanted")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """The three exposure measures by session, newest first."""
    portfolio_id = portfolio["portfolio_id"]
    items, total = await at_once(
        gateway.database,
        lambda session: results.load_snapshots(session, portfolio_id, start, end, limit, offset),
        lambda session: results.count_snapshots(session, portfolio_id, start, end),
    )
    return {"items": items, "total": total, "limit": limit, "offset": offset}
