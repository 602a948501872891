"""Greeks, factors and stress results of a portfolio."""

from typing import Any

from fastapi import APIRouter

from services.gateway.api.dependencies import (
    AsOf,
    Caller,
    ChosenPortfolio,
    GatewayParts,
    NamedPortfolio,
    OpenSession,
)
from services.gateway.api.problems import documented
from services.gateway.api.reading import factor_report, greeks_report, stress_report
from services.gateway.api.schemas import FactorReport, GreeksReport, ScenarioList, StressReport
from services.gateway.repository import results

router = APIRouter(prefix="/risk", tags=["risk"], responses=documented(401, 404, 422))


@router.get("/greeks")
async def get_greeks(portfolio: ChosenPortfolio, gateway: GatewayParts, as_of: AsOf = None) -> GreeksReport:
    """The portfolio's Greeks, and each option position's with the inputs they came from."""
    return await greeks_report(gateway.database, portfolio["portfolio_id"], as_of)


@router.get("/factors")
async def get_factors(portfolio: ChosenPortfolio, gateway: GatewayParts, as_of: AsOf = None) -> FactorReport:
    """The portfolio's factor exposures in dollars and as betas, and its rate sensitivity."""
    return await factor_report(gateway.database, portfolio["portfolio_id"], as_of)


@router.get("/stress-testing/scenarios", response_model=ScenarioList)
async def list_scenarios(_: Caller, session: OpenSession) -> dict[str, Any]:
    """Every active stress scenario."""
    items = await results.load_scenarios(session)
    return {"items": items, "total": len(items)}


@router.get("/stress-testing/results/{portfolio_id}")
async def get_stress_results(
    portfolio: NamedPortfolio, gateway: GatewayParts, as_of: AsOf = None
) -> StressReport:
    """What every scenario would do to the portfolio, directly and with the other factors following."""
    return await stress_report(gateway.database, portfolio["portfolio_id"], as_of)
