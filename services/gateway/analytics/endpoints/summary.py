"""All of the caller's portfolios together."""

from fastapi import APIRouter

from services.gateway.analytics.reading.summary import portfolios_summary
from services.gateway.analytics.schemas.summary import SummedPortfolios
from services.gateway.edge.dependencies import Caller, OpenSession
from services.gateway.edge.problems import documented

router = APIRouter(prefix="/portfolios", tags=["portfolios"], responses=documented(401, 422))


@router.get("/summary")
async def get_portfolios_summary(caller: Caller, session: OpenSession) -> SummedPortfolios:
    """All portfolios added up: NAV, P&L, exposures, Greeks, scenarios, on their last session."""
    return await portfolios_summary(session, caller.user_id)
