"""Market data as ingest stores them: prices, securities, option quotes; and what of it a portfolio
lacks.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query

from services.gateway.api.audit import record
from services.gateway.api.dependencies import (
    AsOf,
    Caller,
    Limit,
    NamedPortfolio,
    Offset,
    OpenSession,
    owned_or_first,
)
from services.gateway.api.idempotency import OnceRoute
from services.gateway.api.problems import Problem, documented, not_found
from services.gateway.api.reading.stored import NO_SESSION, data_quality
from services.gateway.api.recalculation import FactorsStarted, WantedFactors, known_session
from services.gateway.api.schemas.market import (
    CurrentPrices,
    DataQualityReport,
    FactorEtfs,
    OptionChain,
    PriceHistory,
    SecurityOut,
)
from services.gateway.api.schemas.values import SOME_ID, Page, body_example, example
from services.gateway.api.starting import start_run
from services.gateway.repository import factors, market
from services.gateway.repository.rows import Row
from shared.calendar import session_on_or_before
from shared.contracts.event import Day
from shared.database import Session
from shared.instruments import INDEX_ROOTS, InvalidSymbol, parse_occ, parse_ticker

MOST_SYMBOLS = 200
NO_PRICE = "no price is stored on or before that session"
router = APIRouter(
    prefix="/market-data",
    tags=["market data"],
    responses=documented(401, 404, 422),
    route_class=OnceRoute,
)
Symbol = Annotated[str, Path(min_length=1, max_length=24, description="ticker, in any case")]
Symbols = Annotated[
    list[str], Query(alias="symbol", max_length=MOST_SYMBOLS, description="repeat for several")
]


class WantedRefresh(WantedFactors):
    """Whose symbols, on which session; default: the caller's first portfolio, the last session."""

    model_config = body_example(portfolio_id=SOME_ID, session_date="2022-12-28")


class RefreshStarted(FactorsStarted):
    """Work was taken on: follow the run by `events`."""

    model_config = example(
        run_id=SOME_ID, portfolio_id=SOME_ID, session_date="2022-12-28", status="running"
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
    ticker = _ticker(symbol)
    security = await market.load_security(session, ticker)
    items, total = await market.load_prices(session, ticker, start, end, limit, offset)
    if security is None and not total:
        raise not_found("symbol", ticker)
    page = {"items": items, "total": total, "limit": limit, "offset": offset}
    return {"symbol": ticker, "security": security, **page}


@router.get("/current", response_model=CurrentPrices)
async def list_current_prices(
    caller: Caller,
    session: OpenSession,
    symbols: Symbols = [],  # noqa: B006
    portfolio_id: Annotated[UUID | None, Query(description="or what this portfolio holds")] = None,
    as_of: AsOf = None,
) -> dict[str, Any]:
    """The last prices of these symbols; of none named, of what the portfolio (default: the first)
    holds.
    """
    day = await _day(session, as_of)
    tickers = [_ticker(symbol) for symbol in symbols]
    if not tickers:
        portfolio = await owned_or_first(session, caller, portfolio_id)
        held = await market.load_held_symbols(session, portfolio["portfolio_id"], day)
        tickers = [row["underlying"] for row in held if not row["private"]]
    items = await _current(session, list(dict.fromkeys(tickers)), day)
    return {"as_of": day, "items": items, "total": len(items)}


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
    tickers = [_ticker(symbol) for symbol in symbols]
    items, total = await market.load_securities(session, tickers, sector, limit, offset)
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
    ticker = _ticker(symbol)
    roots = {root for root, index in INDEX_ROOTS.items() if index == ticker} or {ticker}
    day = await market.latest_quoted_session(session, roots, await _day(session, as_of))
    rows: Sequence[Row] = []
    total = 0
    if day is not None:
        rows, total = await market.load_quotes(
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


@router.get("/factor-etfs", response_model=FactorEtfs)
async def list_factor_etfs(_: Caller, session: OpenSession, as_of: AsOf = None) -> dict[str, Any]:
    """The funds that stand for the active factors, with their last prices."""
    day = await _day(session, as_of)
    active = [row for row in await factors.load_definitions(session) if row["active"]]
    current = {
        row["symbol"]: row for row in await _current(session, [row["proxy"] for row in active], day)
    }
    items = [
        {"factor": row["factor"], "name": row["name"], **current[row["proxy"]]} for row in active
    ]
    return {"as_of": day, "items": items, "total": len(items)}


@router.get("/quality/{portfolio_id}", response_model=DataQualityReport)
async def get_quality(
    portfolio: NamedPortfolio, session: OpenSession, as_of: AsOf = None
) -> dict[str, Any]:
    """What is stored for a portfolio's calculations on a session, what of it is still coming, and
    what it allows.

    To be asked again and again while closes are fetched: `progress` and each symbol's `state` tell
    how far that is.
    """
    return await data_quality(session, portfolio["portfolio_id"], as_of)


@router.post("/refresh", status_code=202)
async def refresh(
    caller: Caller,
    session: OpenSession,
    wanted: Annotated[WantedRefresh, Body(default_factory=WantedRefresh)],
) -> RefreshStarted:
    """Fetch what is missing of a portfolio's prices up to a session, and compute what hangs on
    them.
    """
    portfolio_id: UUID = (await owned_or_first(session, caller, wanted.portfolio_id))[
        "portfolio_id"
    ]
    day = await known_session(session, wanted.session_date)
    run_id = await start_run(session, caller.user_id, portfolio_id, day, "market_data")
    await record(session, "market_data.refreshed", portfolio_id, run_id=run_id, session_date=day)
    return RefreshStarted(
        run_id=run_id, portfolio_id=portfolio_id, session_date=day, status="running"
    )


def _ticker(symbol: str) -> str:
    try:
        return parse_ticker(symbol)
    except InvalidSymbol as error:
        raise Problem(422, "invalid_symbol", str(error)) from None


async def _day(session: Session, as_of: date | None) -> date:
    day = as_of or await market.latest_session(session)
    if day is None:
        raise Problem(422, "no_market_data", f"{NO_SESSION}: name a day")
    return day


async def _current(session: Session, tickers: Sequence[str], day: date) -> list[dict[str, Any]]:
    rows = await market.latest_prices(session, tickers, day) if tickers else []
    by_symbol: dict[str, list[Row]] = {}
    for row in rows:
        by_symbol.setdefault(row["symbol"], []).append(row)
    last_session = await asyncio.to_thread(session_on_or_before, day)
    return [_current_price(ticker, by_symbol.get(ticker, []), last_session) for ticker in tickers]


def _current_price(
    ticker: str, last_two: Sequence[Mapping[str, Any]], last_session: date
) -> dict[str, Any]:
    if not last_two:
        unknown = dict.fromkeys(("price", "session_date", "stale", "source", *_CHANGES))
        return {"symbol": ticker, **unknown, "reason": NO_PRICE}
    newest = last_two[0]
    return {
        "symbol": ticker,
        "price": newest["close"],
        "session_date": newest["session_date"],
        "stale": newest["session_date"] < last_session,
        "source": newest["source"],
        **dict(_change(last_two)),
        "reason": None,
    }


_CHANGES = ("previous_close", "change", "change_percent")


def _change(last_two: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Since the session before; by adjusted closes in percent, which a split leaves alone."""
    if len(last_two) < 2:
        yield from dict.fromkeys(_CHANGES).items()
        return
    newest, before = last_two
    yield "previous_close", before["close"]
    yield "change", newest["close"] - before["close"]
    yield (
        "change_percent",
        round(100 * (newest["adjusted_close"] / before["adjusted_close"] - 1), 4),
    )


def _quote(row: Row) -> dict[str, Any]:
    contract = parse_occ(row["contract"])
    terms = {name: getattr(contract, name) for name in ("expiry", "option_type", "strike")}
    return {**row, **terms, "mid": (row["bid"] + row["ask"]) / Decimal(2)}
