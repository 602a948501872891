"""Histories that Yahoo answered a moment ago, which later questions are about too.

A symbol's splits and dividends are queried before its closes, and a replay queries sessions whose
windows begin a day apart: the same answer holds all of that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from shared import calendar

if TYPE_CHECKING:
    import pandas

REUSED_FOR = timedelta(minutes=10)
# Requested before the first day: a longer answer costs no further request.
EARLIER = timedelta(days=60)

Request = Callable[[date], Awaitable["pandas.DataFrame | None"]]


@dataclass(frozen=True)
class _Answered:
    """A history from `first` on, as it was at the moment of the request."""

    first: date
    moment: datetime
    history: "pandas.DataFrame | None"

    def holds(self, first: date, last: date) -> bool:
        """Whether it begins early enough, and every session to `last` had closed."""
        session = calendar.session_on_or_before(last)
        return self.first <= first and calendar.closing_time(session) <= self.moment


class RecentHistories:
    """The answers of the last ten minutes; questions about one symbol wait for each other."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._answered: dict[str, _Answered] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def history(
        self, symbol: str, first: date, last: date, request: Request
    ) -> "pandas.DataFrame | None":
        """The symbol's history from `first` to `last` or longer, by at most one request."""
        lock = self._locks.setdefault(symbol, asyncio.Lock())
        async with lock:
            known = self._recent().get(symbol)
            if known is None or not known.holds(first, last):
                moment = self._now()
                begin = first - EARLIER
                known = _Answered(begin, moment, await request(begin))
                self._answered[symbol] = known
            return known.history

    def _recent(self) -> dict[str, _Answered]:
        oldest = self._now() - REUSED_FOR
        self._answered = {
            symbol: each for symbol, each in self._answered.items() if each.moment >= oldest
        }
        return self._answered
