"""All of the caller's portfolios together."""

from services.gateway.analytics.reading.scenario_map import scenario_map
from services.gateway.analytics.reading.summary import portfolios_summary
from services.gateway.analytics.schemas.scenario_map import ScenarioMap
from services.gateway.analytics.schemas.summary import SummedPortfolios
from services.gateway.edge.dependencies import AsOf, Caller, CallersProof, OpenSession
from services.gateway.edge.routers import api_router
from services.gateway.edge.scopes import NO_RISK, Scope

router = api_router("/portfolios", "portfolios", 401, 422)


@router.get("/summary")
async def get_portfolios_summary(
    caller: Caller, proof: CallersProof, session: OpenSession
) -> SummedPortfolios:
    """All portfolios added up: NAV, P&L, exposures, Greeks, scenarios, on their last session.

    A personal token without the scope `risk:read` sees no VaR and no scenario.
    """
    found = await portfolios_summary(session, caller.user_id)
    if proof.opens(Scope.RISK_READ):
        return found
    left_out: dict[str, object] = {"var_95_1d_sum": None, "scenarios": [], "risk_reason": NO_RISK}
    return found.model_copy(update=left_out)


@router.get("/scenarios")
async def get_portfolios_scenarios(
    caller: Caller, session: OpenSession, as_of: AsOf = None
) -> ScenarioMap:
    """Every portfolio in every scenario, each on its last session, and the sums over them."""
    return await scenario_map(session, caller.user_id, as_of)
