"""NYSE sessions: full trading days and half days, from pandas-market-calendars."""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from shared.errors import NotASession


@lru_cache
def _calendar_class() -> object:
    # Imported when first needed: the library pulls in pandas, which most of a process's start-up
    # time would be.
    import pandas_market_calendars

    return pandas_market_calendars.get_calendar("NYSE")


@lru_cache
def _sessions_of(year: int) -> tuple[date, ...]:
    days = _calendar_class().valid_days(f"{year}-01-01", f"{year}-12-31")  # type: ignore[attr-defined]
    return tuple(day.date() for day in days)


def sessions(start: date, end: date) -> list[date]:
    """Every session from `start` to `end`, both included, ascending."""
    days = [day for year in range(start.year, end.year + 1) for day in _sessions_of(year)]
    return days[bisect_left(days, start) : bisect_right(days, end)]


def is_session(day: date) -> bool:
    """Whether the exchange traded (or will trade) on `day`."""
    return day in _sessions_of(day.year)


def session_on_or_before(day: date) -> date:
    """`day` itself when it is a session, else the session before it."""
    return sessions(day.replace(year=day.year - 1, day=1), day)[-1]


def previous_session(day: date) -> date:
    """The last session strictly before `day`."""
    return [
        session for session in sessions(day.replace(year=day.year - 1, day=1), day) if session < day
    ][-1]


def next_session(day: date) -> date:
    """The first session strictly after `day`."""
    return next(
        session for session in sessions(day, day.replace(year=day.year + 1, day=1)) if session > day
    )


def last_sessions(as_of: date, count: int) -> list[date]:
    """The last `count` sessions on or before `as_of`, ascending."""
    # Two calendar days a session are more than enough, and a week for the shortest spans.
    return sessions(as_of - timedelta(days=2 * count + 7), as_of)[-count:]


def require_session(day: date) -> None:
    """Raise `NotASession`, which names the session before, when the exchange is closed on `day`."""
    if not is_session(day):
        raise NotASession(day, previous_session(day))


def weekly_session(day: date) -> date | None:
    """When the weekly work of the week of `day` is done: its first session on or after Tuesday, if
    it has one.
    """
    tuesday = day - timedelta(days=day.weekday() - 1)
    return next(iter(sessions(tuesday, tuesday + timedelta(days=5))), None)


def closing_time(session: date) -> datetime:
    """When the session closes, in UTC: half days included. Raises `ValueError` for a day without a
    session.
    """
    schedule = _calendar_class().schedule(session.isoformat(), session.isoformat())  # type: ignore[attr-defined]
    if schedule.empty:
        raise ValueError(f"{session.isoformat()} is not a NYSE session")
    closes: datetime = schedule["market_close"].iloc[0].to_pydatetime()
    return closes.astimezone(UTC)


def last_closed(moment: datetime) -> date:
    """The newest session whose close is at or before `moment` (with a time zone)."""
    day = moment.astimezone(UTC).date()
    latest = session_on_or_before(day)
    return latest if closing_time(latest) <= moment else previous_session(latest)
