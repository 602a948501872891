"""Market data as ingest stores them: prices, securities, option quotes."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import Query

from services.gateway.edge.dependencies import (
    AsOf,
    Caller,
    ChosenPage,
    ChosenPeriod,
    OpenSession,
)
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import not_found
from services.gateway.edge.queries import Row
from services.gateway.edge.values import Page
from services.gateway.market import queries
from services.gateway.market.dependencies import Symbol, Symbols, session_or_latest, ticker_of
from services.gateway.market.schemas import NO_QUOTES, OptionChain, PriceHistory, SecurityOut
from shared.contracts.event import Day
from shared.instruments import option_roots, parse_occ

router = once_router("/market-data", "market data", 401, 404, 422)


@router.get("/prices/{symbol:path}", response_model=PriceHistory)
async def list_prices(
    symbol: Symbol, _: Caller, session: OpenSession, period: ChosenPeriod, page: ChosenPage
) -> dict[str, Any]:
    """A symbol's daily prices, newest first."""
    ticker = ticker_of(symbol)
    security = await queries.load_security(session, ticker)
    items, total = await queries.load_prices(
        session, ticker, period.start, period.end, page.limit, page.offset
    )
    if security is None and not total:
        raise not_found("symbol", ticker)
    return {"symbol": ticker, "security": security, **page.page(items, total)}


@router.get("/sectors", response_model=Page[SecurityOut])
async def list_sectors(
    _: Caller,
    session: OpenSession,
    page: ChosenPage,
    symbols: Symbols = [],  # noqa: B006
    sector: Annotated[str | None, Query(max_length=60, description="of this sector only")] = None,
) -> dict[str, Any]:
    """Securities by sector: of these symbols, or all that files list and that the caller holds."""
    tickers = [ticker_of(symbol) for symbol in symbols]
    return page.page(
        *await queries.load_securities(session, tickers, sector, page.limit, page.offset)
    )


@router.get("/options/{symbol:path}", response_model=OptionChain)
async def list_option_quotes(
    symbol: Symbol,
    _: Caller,
    session: OpenSession,
    page: ChosenPage,
    as_of: AsOf = None,
    expiry: Annotated[Day | None, Query(description="of this expiry only")] = None,
    option_type: Annotated[
        Literal["C", "P"] | None, Query(alias="type", description="calls or puts")
    ] = None,
) -> dict[str, Any]:
    """An underlying's option quotes on the last session, at or before `as_of`, that has any.

    Those of the contracts that the caller holds, and those that an administrator entered.
    """
    ticker = ticker_of(symbol)
    roots = option_roots(ticker)
    day = await queries.latest_quoted_session(
        session, roots, await session_or_latest(session, as_of)
    )
    rows: Sequence[Row] = []
    total = 0
    if day is not None:
        rows, total = await queries.load_quotes(
            session, roots, day, expiry, option_type, page.limit, page.offset
        )
    quotes = page.page([_quote(row) for row in rows], total)
    reason = None if day else NO_QUOTES
    return {"underlying": ticker, "as_of": day, "reason": reason, **quotes}


def _quote(row: Row) -> dict[str, Any]:
    contract = parse_occ(row["contract"])
    terms = {name: getattr(contract, name) for name in ("expiry", "option_type", "strike")}
    return {**row, **terms, "mid": (row["bid"] + row["ask"]) / Decimal(2)}
