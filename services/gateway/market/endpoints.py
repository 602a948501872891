"""Market data as ingest stores them: prices, securities, option quotes."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from services.gateway.edge.dependencies import AsOf, Caller, Limit, Offset, OpenSession
from services.gateway.edge.idempotency import OnceRoute
from services.gateway.edge.problems import documented, not_found
from services.gateway.edge.queries import Row
from services.gateway.edge.values import Page
from services.gateway.market import queries
from services.gateway.market.dependencies import Symbol, Symbols, session_or_latest, ticker_of
from services.gateway.market.schemas import OptionChain, PriceHistory, SecurityOut
from shared.contracts.event import Day
from shared.instruments import option_roots, parse_occ

router = APIRouter(
    prefix="/market-data",
    tags=["market data"],
    responses=documented(401, 404, 422),
    route_class=OnceRoute,
)


@router.get("/prices/{symbol}", response_model=PriceHistory)
async def list_prices(
    symbol: Symbol,
    _: Caller,
    session: OpenSession,
    start: Annotated[Day | None, Query(description="first session wanted")] = None,
    end: Annotated[Day | None, Query(description="last session wanted")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """A symbol's daily prices, newest first."""
    ticker = ticker_of(symbol)
    security = await queries.load_security(session, ticker)
    items, total = await queries.load_prices(session, ticker, start, end, limit, offset)
    if security is None and not total:
        raise not_found("symbol", ticker)
    page = {"items": items, "total": total, "limit": limit, "offset": offset}
    return {"symbol": ticker, "security": security, **page}


@router.get("/sectors", response_model=Page[SecurityOut])
async def list_sectors(
    _: Caller,
    session: OpenSession,
    symbols: Symbols = [],  # noqa: B006
    sector: Annotated[str | None, Query(max_length=60, description="of this sector only")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Securities by sector: of these symbols, or all that are known."""
    tickers = [ticker_of(symbol) for symbol in symbols]
    items, total = await queries.load_securities(session, tickers, sector, limit, offset)
    return {"items": items, "total": total, "limit": limit, "offset": offset}


@router.get("/options/{symbol}", response_model=OptionChain)
async def list_option_quotes(
    symbol: Symbol,
    _: Caller,
    session: OpenSession,
    as_of: AsOf = None,
    expiry: Annotated[Day | None, Query(description="of this expiry only")] = None,
    option_type: Annotated[
        Literal["C", "P"] | None, Query(alias="type", description="calls or puts")
    ] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """An underlying's option quotes on the last session, at or before `as_of`, that has any."""
    ticker = ticker_of(symbol)
    roots = option_roots(ticker)
    day = await queries.latest_quoted_session(
        session, roots, await session_or_latest(session, as_of)
    )
    rows: Sequence[Row] = []
    total = 0
    if day is not None:
        rows, total = await queries.load_quotes(
            session, roots, day, expiry, option_type, limit, offset
        )
    page = {
        "items": [_quote(row) for row in rows],
        "total": total,
        "limit": limit,
        "offset": offset,
    }
    reason = None if day else "no quotes of its options are stored on or before that session"
    return {"underlying": ticker, "as_of": day, "reason": reason, **page}


def _quote(row: Row) -> dict[str, Any]:
    contract = parse_occ(row["contract"])
    terms = {name: getattr(contract, name) for name in ("expiry", "option_type", "strike")}
    return {**row, **terms, "mid": (row["bid"] + row["ask"]) / Decimal(2)}
