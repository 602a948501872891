"""All of the caller's portfolios together."""

from fastapi import APIRouter

from services.gateway.analytics.reading.scenario_map import scenario_map
from services.gateway.analytics.reading.summary import portfolios_summary
from services.gateway.analytics.schemas.scenario_map import ScenarioMap
from services.gateway.analytics.schemas.summary import SummedPortfolios
from services.gateway.edge.dependencies import AsOf, Caller, OpenSession
from services.gateway.edge.problems import documented

router = APIRouter(prefix="/portfolios", tags=["portfolios"], responses=documented(401, 422))


@router.get("/summary")
async def get_portfolios_summary(caller: Caller, session: OpenSession) -> SummedPortfolios:
    """All portfolios added up: NAV, P&L, exposures, Greeks, scenarios, on their last session."""
    return await portfolios_summary(session, caller.user_id)


@router.get("/scenarios")
async def get_portfolios_scenarios(
    caller: Caller, session: OpenSession, as_of: AsOf = None
) -> ScenarioMap:
    """Every portfolio in every scenario, each on its last session, and the sums over them."""
    return await scenario_map(session, caller.user_id, as_of)
