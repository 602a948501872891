"""Smiles of an underlying's quotes, which the greeks service implies on request."""

from services.gateway.analytics.reading.smile import load_chain, smile_report
from services.gateway.analytics.schemas.smile import SmileReport
from services.gateway.edge.dependencies import AsOf, Caller, CallersDatabase, GatewayParts
from services.gateway.edge.routers import api_router
from services.gateway.market.dependencies import Symbol, session_or_latest, ticker_of
from shared.contracts.greeks import FitSmiles

router = api_router("/risk", "risk", 401, 422, 503)


@router.get("/smile/{symbol:path}")
async def get_smile(
    symbol: Symbol,
    _: Caller,
    gateway: GatewayParts,
    database: CallersDatabase,
    as_of: AsOf = None,
) -> SmileReport:
    """Implied volatilities of an underlying's quotes by expiry and strike, and their curves.

    Of the last session, at or before `as_of`, with quotes: those of the contracts that the caller
    holds, and those that an administrator entered.
    """
    ticker = ticker_of(symbol)
    async with database.transaction() as session:
        chain = await load_chain(session, ticker, await session_or_latest(session, as_of))
    if chain.as_of is None or not chain.quotes:
        return smile_report(chain, None)
    found = await gateway.ask(FitSmiles(as_of=chain.as_of, quotes=chain.quotes))
    return smile_report(chain, found)
