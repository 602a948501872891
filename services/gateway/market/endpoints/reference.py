"""What there is to choose from: symbols by their beginning, and the exchange's sessions."""

import asyncio
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import Query

from services.gateway.edge.dependencies import Caller, OpenSession, SessionsBetween
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import Problem
from services.gateway.market import queries, symbols
from services.gateway.market.schemas import Calendar, CalendarDayOut, SymbolOut, SymbolsFound
from shared.calendar import CLOSES, NEW_YORK, closing_time, opening_time, sessions
from shared.database import Session

YEAR = timedelta(days=365)
LONGEST = timedelta(days=3_660)
router = once_router("", "reference", 401, 422)


@router.get("/symbols")
async def find_symbols(
    _: Caller,
    session: OpenSession,
    search: Annotated[
        str,
        Query(
            max_length=60,
            description="the beginning of a symbol, or of words of a name; blank: every one",
        ),
    ] = "",
    limit: Annotated[int, Query(ge=1, le=50, description="how many at most")] = 10,
) -> SymbolsFound:
    """Symbols for a field that completes what is typed: the best first.

    Those that files list, the factors' funds, and what the caller holds, options and private
    holdings included; nothing that only others hold.
    """
    found, total = await symbols.find_symbols(session, search, limit)
    items = [SymbolOut.model_validate(vars(each)) for each in found]
    return SymbolsFound(items=items, total=total)


@router.get("/calendar")
async def list_sessions(_: Caller, session: OpenSession, period: SessionsBetween) -> Calendar:
    """The exchange's sessions from one day to another, with opens, closes and half days.

    At most ten years. Without `to`: a year from `from`, or to the last session with data; without
    `from`: a year before `to`.
    """
    first, last = await _bounds(session, period.start, period.end)
    if last - first > LONGEST:
        message = f"from {first} to {last} are more than ten years: ask for fewer"
        error = {"field": "from", "code": "too_long", "message": message}
        raise Problem(422, "invalid_request", message, [error])
    announced = await queries.announced_sessions(session, first, last)
    days = await asyncio.to_thread(_calendar_days, first, last, announced)
    return Calendar(first=first, last=last, items=days, total=len(days))


async def _bounds(session: Session, start: date | None, end: date | None) -> tuple[date, date]:
    """The days asked for, with those that were left out."""
    if end is None and start is not None:
        end = start + YEAR
    if end is None:
        end = await queries.latest_session(session) or datetime.now(NEW_YORK).date()
    return start or end - YEAR, end


def _calendar_days(first: date, last: date, announced: Collection[date]) -> list[CalendarDayOut]:
    """Every session from one day to another, both included, ascending."""
    return [_calendar_day(day, announced) for day in sessions(first, last)]


def _calendar_day(day: date, announced: Collection[date]) -> CalendarDayOut:
    closes = closing_time(day)
    return CalendarDayOut(
        session_date=day,
        opens=opening_time(day),
        closes=closes,
        half_day=closes.astimezone(NEW_YORK).time() < CLOSES,
        announced=day in announced,
    )
