"""What routes about market data require: a symbol, a session there is data for."""

import asyncio
from datetime import date
from typing import Annotated

from fastapi import Path, Query

from services.gateway.edge.problems import Problem, not_found
from services.gateway.market import queries
from shared.calendar import is_session, previous_session, session_on_or_before
from shared.database import Session
from shared.instruments import InvalidSymbol, parse_ticker

MOST_SYMBOLS = 200
Symbol = Annotated[str, Path(min_length=1, max_length=24, description="ticker, in any case")]
Symbols = Annotated[
    list[str], Query(alias="symbol", max_length=MOST_SYMBOLS, description="repeat for several")
]


def ticker_of(symbol: str) -> str:
    try:
        return parse_ticker(symbol)
    except InvalidSymbol as error:
        raise Problem(422, "invalid_symbol", str(error)) from None


async def known_ticker(session: Session, symbol: str) -> str:
    """The symbol as a ticker; 404 when it has no security and no price."""
    ticker = ticker_of(symbol)
    security = await queries.load_security(session, ticker)
    if security is None and not await queries.has_prices(session, ticker):
        raise not_found("symbol", ticker)
    return ticker


async def session_at_or_before(session: Session, as_of: date | None) -> date:
    """The last session at or before a day (default: the latest), at most the latest."""
    latest = await session_or_latest(session, None)
    return await asyncio.to_thread(session_on_or_before, min(as_of or latest, latest))


async def session_or_latest(session: Session, as_of: date | None) -> date:
    day = as_of or await queries.latest_session(session)
    if day is None:
        raise Problem(422, "no_market_data", f"{NO_SESSION}: name a day")
    return day


async def known_session(session: Session, day: date | None) -> date:
    """The day, which must be a session with data; by default the last such session."""
    known = await queries.sessions_with_data(session)
    latest = await queries.latest_session(session)
    chosen = day or latest
    if known is None or chosen is None:
        raise Problem(422, "no_market_data", "no session is known yet: there is nothing to work on")
    require_known_session(chosen, known)
    return chosen


def require_known_session(day: date, known: queries.SessionRange | None) -> None:
    """422 for a day outside the data, or that is not a session; `known` None allows any date."""
    if known and not known.first <= day <= known.last:
        raise date_outside_data(day, known)
    if not is_session(day):
        detail = f"{day} is not a NYSE session; the previous session is {previous_session(day)}"
        raise Problem(422, "not_a_session", detail)


def date_outside_data(day: date, known: queries.SessionRange) -> Problem:
    """A 422 that names the sessions there is data for."""
    detail = f"{day} is outside the data: choose a session from {known.first} to {known.last}"
    return Problem(422, "date_outside_data", detail)


NO_SESSION = "no session is known yet"
