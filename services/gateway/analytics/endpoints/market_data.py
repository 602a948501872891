"""Market data of a portfolio: current prices, factor ETFs and data quality."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.gateway.analytics.queries import factors
from services.gateway.analytics.reading.quality import data_quality
from services.gateway.analytics.schemas.market_data import (
    CurrentPrices,
    DataQualityReport,
    FactorEtfs,
)
from services.gateway.books.dependencies import NamedPortfolio, owned_or_first
from services.gateway.edge.dependencies import AsOf, Caller, OpenSession
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.queries import Row
from services.gateway.market import queries as market_queries
from services.gateway.market.dependencies import (
    Symbols,
    session_or_latest,
    ticker_of,
)
from shared.calendar import session_on_or_before
from shared.database import Session

NO_PRICE = "no price is stored on or before that session"
router = once_router("/market-data", "market data", 401, 404, 422)


@router.get("/current", response_model=CurrentPrices)
async def list_current_prices(
    caller: Caller,
    session: OpenSession,
    symbols: Symbols = [],  # noqa: B006
    portfolio_id: Annotated[UUID | None, Query(description="or what this portfolio holds")] = None,
    as_of: AsOf = None,
) -> dict[str, Any]:
    """The last prices of these symbols, or without symbols of what the portfolio holds.

    Default: the caller's first portfolio.
    """
    day = await session_or_latest(session, as_of)
    tickers = [ticker_of(symbol) for symbol in symbols]
    if not tickers:
        portfolio = await owned_or_first(session, caller, portfolio_id)
        held = await market_queries.load_held_symbols(session, portfolio["portfolio_id"], day)
        tickers = [row["underlying"] for row in held if not row["private"]]
    items = await _current(session, list(dict.fromkeys(tickers)), day)
    return {"as_of": day, "items": items, "total": len(items)}


@router.get("/factor-etfs", response_model=FactorEtfs)
async def list_factor_etfs(_: Caller, session: OpenSession, as_of: AsOf = None) -> dict[str, Any]:
    """The funds that represent the active factors, with their last prices."""
    day = await session_or_latest(session, as_of)
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
    """Data stored for a portfolio's calculations, data still to come, and what can be computed.

    Poll it while closes are fetched: `progress` and each symbol's `state` show how much is done.
    """
    return await data_quality(session, portfolio["portfolio_id"], as_of)


async def _current(session: Session, tickers: Sequence[str], day: date) -> list[dict[str, Any]]:
    rows = await market_queries.latest_prices(session, tickers, day) if tickers else []
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
