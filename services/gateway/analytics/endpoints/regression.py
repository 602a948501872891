"""The regressions behind a symbol's betas, which the factors service runs on request."""

from datetime import date
from typing import Annotated

from fastapi import Query

from services.gateway.analytics.queries import factors
from services.gateway.analytics.reading.regression import WantedRegression, regression_report
from services.gateway.analytics.schemas.factors import Model
from services.gateway.analytics.schemas.regression import RegressionReport
from services.gateway.edge.dependencies import AsOf, Caller, CallersDatabase, GatewayParts
from services.gateway.edge.routers import api_router
from services.gateway.market.dependencies import Symbol, known_ticker, session_at_or_before
from shared.contracts.factors import RegressSymbol
from shared.database import Session

router = api_router("/factors", "factors", 401, 404, 422, 503)


@router.get("/regression/{symbol:path}")
async def get_regression(
    symbol: Symbol,
    _: Caller,
    gateway: GatewayParts,
    database: CallersDatabase,
    model: Annotated[Model, Query(description="how the betas are estimated")] = (
        Model.MARKET_RELATIVE
    ),
    as_of: AsOf = None,
) -> RegressionReport:
    """The regressions behind a symbol's betas: errors, tests, rolling betas, influential days."""
    async with database.transaction() as session:
        ticker = await known_ticker(session, symbol)
        day = await _day(session, ticker, as_of)
        proxies = await factors.load_proxies(session)
    request = RegressSymbol(symbol=ticker, as_of=day, model=model.value)
    found = await gateway.ask(request)
    return regression_report(WantedRegression(ticker, day, model), found, proxies)


async def _day(session: Session, ticker: str, as_of: date | None) -> date:
    """The last session, at or before `as_of`, with betas of the symbol; else the last session."""
    latest = await session_at_or_before(session, as_of)
    return await factors.latest_betas(session, ticker, latest) or latest
