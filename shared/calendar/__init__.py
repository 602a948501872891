"""NYSE sessions: which days the exchange trades, and when it opens and closes.

From `table.py`, which is generated (`make calendar`), for its years; outside of them from the
exchange's present holidays in `rules.py`. Neither needs pandas.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.calendar import rules, table
from shared.errors import NotASession

NEW_YORK = ZoneInfo("America/New_York")
OPENS = time(9, 30)
CLOSES = time(16)
_ONE_DAY = timedelta(days=1)


def sessions(start: date, end: date) -> list[date]:
    """Every session from `start` to `end`, both included, ascending."""
    days = [day for year in range(start.year, end.year + 1) for day in _sessions_of(year)]
    return days[bisect_left(days, start) : bisect_right(days, end)]


def last_sessions(as_of: date, count: int) -> list[date]:
    """The last `count` sessions on or before `as_of`, ascending."""
    found: list[date] = []
    year = as_of.year
    while len(found) < count:
        found = [day for day in _sessions_of(year) if day <= as_of] + found
        year -= 1
    return found[len(found) - count :]


def is_session(day: date) -> bool:
    """Whether the exchange traded (or will trade) on `day`."""
    return day.weekday() < 5 and day not in _closed_days(day.year)


def require_session(day: date) -> None:
    """Raise `NotASession`, which names the session before, when the exchange is closed on `day`."""
    if not is_session(day):
        raise NotASession(day, previous_session(day))


def session_on_or_before(day: date) -> date:
    """`day` itself when it is a session, else the session before it."""
    while not is_session(day):
        day -= _ONE_DAY
    return day


def previous_session(day: date) -> date:
    """The last session strictly before `day`."""
    return session_on_or_before(day - _ONE_DAY)


def next_session(day: date) -> date:
    """The first session strictly after `day`."""
    day += _ONE_DAY
    while not is_session(day):
        day += _ONE_DAY
    return day


def weekly_session(day: date) -> date | None:
    """The session on which the weekly work of the week of `day` is done.

    That is the week's first session on or after Tuesday; None when there is none.
    """
    tuesday = day - timedelta(days=day.weekday() - 1)
    return next(iter(sessions(tuesday, tuesday + timedelta(days=5))), None)


def opening_time(session_date: date) -> datetime:
    """When the session opens, in UTC; raises `NotASession`."""
    require_session(session_date)
    return _utc(session_date, _late_opens().get(session_date, OPENS))


def closing_time(session_date: date) -> datetime:
    """When the session closes, in UTC, half days included; raises `NotASession`."""
    require_session(session_date)
    if _is_tabulated(session_date.year):
        return _utc(session_date, _early_closes().get(session_date, CLOSES))
    half = session_date in rules.half_days(session_date.year)
    return _utc(session_date, rules.HALF_DAY_CLOSES if half else CLOSES)


def last_closed(moment: datetime) -> date:
    """The newest session whose close is at or before `moment` (with a time zone)."""
    day = moment.astimezone(UTC).date()
    latest = session_on_or_before(day)
    return latest if closing_time(latest) <= moment else previous_session(latest)


def _utc(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)


def _is_tabulated(year: int) -> bool:
    return table.FIRST_YEAR <= year <= table.LAST_YEAR


@lru_cache
def _closed_days(year: int) -> frozenset[date]:
    """The year's weekdays without a session."""
    if _is_tabulated(year):
        days = table.CLOSED[year].split()
        return frozenset(date(year, int(day[:2]), int(day[2:])) for day in days)
    return rules.closed_days(year)


@lru_cache
def _sessions_of(year: int) -> tuple[date, ...]:
    first = date(year, 1, 1)
    length = date(year, 12, 31).timetuple().tm_yday
    return tuple(day for each in range(length) if is_session(day := first + timedelta(days=each)))


@lru_cache
def _early_closes() -> dict[date, time]:
    return _times(table.EARLY_CLOSES)


@lru_cache
def _late_opens() -> dict[date, time]:
    return _times(table.LATE_OPENS)


def _times(days_by_time: dict[str, str]) -> dict[date, time]:
    return {
        date.fromisoformat(day): time.fromisoformat(at)
        for at, days in days_by_time.items()
        for day in days.split()
    }
