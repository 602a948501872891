"""Greeks, factor exposures and risk metrics of a portfolio."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.gateway.analytics.reading.factors import Wanted, factor_report, position_factor_page
from services.gateway.analytics.reading.greeks import greeks_report
from services.gateway.analytics.reading.metrics import metrics_report
from services.gateway.analytics.reading.stress import market_scenario_report
from services.gateway.analytics.schemas.factors import FactorReport, Model, PositionFactorPage
from services.gateway.analytics.schemas.greeks import GreeksReport
from services.gateway.analytics.schemas.metrics import MetricsReport
from services.gateway.analytics.schemas.stress import MarketScenarioReport
from services.gateway.books.answers import ChosenRevision
from services.gateway.edge.dependencies import AsOf, ChosenView, Limit, Offset, OpenSession
from services.gateway.edge.problems import documented
from services.gateway.edge.shapes import View

router = APIRouter(prefix="/risk", tags=["risk"], responses=documented(401, 404, 422))
ChosenModel = Annotated[Model, Query(description="how the betas are estimated")]


@router.get("/greeks")
async def get_greeks(
    portfolio: ChosenRevision,
    session: OpenSession,
    as_of: AsOf = None,
    view: ChosenView = View.PORTFOLIO,
) -> GreeksReport:
    """The Greeks of the portfolio or one side of it, and each option position's with the inputs
    they came from.
    """
    return await greeks_report(session, portfolio["portfolio_id"], as_of, view)


@router.get("/factors")
async def get_factors(
    portfolio: ChosenRevision,
    session: OpenSession,
    as_of: AsOf = None,
    view: ChosenView = View.PORTFOLIO,
    model: ChosenModel = Model.MARKET_RELATIVE,
) -> FactorReport:
    """Factor exposures in dollars and as betas, and the sensitivities to four Treasury yields."""
    return await factor_report(session, Wanted(portfolio["portfolio_id"], model, view), as_of)


@router.get("/factors/positions")
async def get_position_factors(
    portfolio: ChosenRevision,
    session: OpenSession,
    as_of: AsOf = None,
    view: ChosenView = View.PORTFOLIO,
    model: ChosenModel = Model.MARKET_RELATIVE,
    limit: Limit = 100,
    offset: Offset = 0,
) -> PositionFactorPage:
    """Every position's factor exposures and rate sensitivities with the regressions behind them, by
    symbol.
    """
    wanted = Wanted(portfolio["portfolio_id"], model, view)
    return await position_factor_page(session, wanted, as_of, limit, offset)


@router.get("/metrics")
async def get_metrics(
    portfolio: ChosenRevision,
    session: OpenSession,
    as_of: AsOf = None,
    view: ChosenView = View.PORTFOLIO,
) -> MetricsReport:
    """Risk metrics by kind: VaR, expected shortfall, volatility, ratios, drawdown, beta,
    concentration.
    """
    return await metrics_report(session, portfolio["portfolio_id"], as_of, view)


@router.get("/market-scenarios")
async def get_market_scenarios(
    portfolio: ChosenRevision, session: OpenSession, as_of: AsOf = None
) -> MarketScenarioReport:
    """Plain moves of the market (5, 10, 20 %) and of yields (100, 200 bp), linear in the
    sensitivities.
    """
    return await market_scenario_report(session, portfolio["portfolio_id"], as_of)
