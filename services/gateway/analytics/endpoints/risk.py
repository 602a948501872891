"""Greeks, risk metrics and market scenarios of a portfolio."""

from services.gateway.analytics.reading.greeks import greeks_report
from services.gateway.analytics.reading.metrics import metrics_report
from services.gateway.analytics.reading.stress import market_scenario_report
from services.gateway.analytics.schemas.greeks import GreeksReport
from services.gateway.analytics.schemas.metrics import MetricsReport
from services.gateway.analytics.schemas.stress import MarketScenarioReport
from services.gateway.books.answers import ChosenRevision
from services.gateway.edge.dependencies import AsOf, ChosenSide, OpenSession
from services.gateway.edge.routers import api_router

router = api_router("/risk", "risk", 401, 404, 422)


@router.get("/greeks")
async def get_greeks(side: ChosenSide, portfolio: ChosenRevision) -> GreeksReport:
    """Greeks of the portfolio or one side of it, and of each option position with its inputs."""
    return await greeks_report(side.session, portfolio["portfolio_id"], side.as_of, side.view)


@router.get("/metrics")
async def get_metrics(side: ChosenSide, portfolio: ChosenRevision) -> MetricsReport:
    """VaR, expected shortfall, volatility, ratios, drawdown, beta and concentration."""
    return await metrics_report(side.session, portfolio["portfolio_id"], side.as_of, side.view)


@router.get("/market-scenarios")
async def get_market_scenarios(
    portfolio: ChosenRevision, session: OpenSession, as_of: AsOf = None
) -> MarketScenarioReport:
    """P&L of market moves (5, 10, 20 %) and yield moves (100, 200 bp), linear in sensitivities."""
    return await market_scenario_report(session, portfolio["portfolio_id"], as_of)
