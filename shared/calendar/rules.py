"""The exchange's present holidays and half days, for years that the table does not reach.

Source: NYSE Rule 7.2 and the exchange's published hours. What no rule can say (a day of mourning, a
hurricane) is in the table once it is known.
"""

from calendar import MONDAY, SATURDAY, SUNDAY, THURSDAY
from collections.abc import Iterator
from datetime import date, time, timedelta

HALF_DAY_CLOSES = time(13)
_ONE_DAY = timedelta(days=1)


def closed_days(year: int) -> frozenset[date]:
    """The year's weekdays without a session."""
    return frozenset(day for day in _holidays(year) if day.weekday() < SATURDAY)


def half_days(year: int) -> frozenset[date]:
    """The year's sessions that close at `HALF_DAY_CLOSES`.

    The day before Independence Day, the day after Thanksgiving, and Christmas Eve.
    """
    thanksgiving = _nth_weekday(year, 11, THURSDAY, 4)
    days = (date(year, 7, 3), thanksgiving + _ONE_DAY, date(year, 12, 24))
    closed = closed_days(year)
    return frozenset(day for day in days if day.weekday() < SATURDAY and day not in closed)


def _holidays(year: int) -> Iterator[date]:
    # New Year's Day on a Saturday is not made up for: the Friday before ends the year's accounts.
    yield _observed(date(year, 1, 1), saturday_moves=False)
    yield _nth_weekday(year, 1, MONDAY, 3)  # Martin Luther King Jr. Day
    yield _nth_weekday(year, 2, MONDAY, 3)  # Washington's Birthday
    yield _easter(year) - timedelta(days=2)  # Good Friday
    yield _last_monday_of_may(year)  # Memorial Day
    yield _observed(date(year, 6, 19))  # Juneteenth
    yield _observed(date(year, 7, 4))  # Independence Day
    yield _nth_weekday(year, 9, MONDAY, 1)  # Labor Day
    yield _nth_weekday(year, 11, THURSDAY, 4)  # Thanksgiving
    yield _observed(date(year, 12, 25))  # Christmas


def _observed(holiday: date, *, saturday_moves: bool = True) -> date:
    """A holiday on a Sunday is kept on the Monday after, one on a Saturday on the Friday before."""
    if holiday.weekday() == SUNDAY:
        return holiday + _ONE_DAY
    if holiday.weekday() == SATURDAY and saturday_moves:
        return holiday - _ONE_DAY
    return holiday


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar.

    Source: J. Meeus, Astronomical Algorithms, 2nd ed., chapter 8 (the Butcher algorithm).
    """
    golden = year % 19
    century = year // 100
    correction = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    full_moon = correction - (correction // 28) * (
        1 - (correction // 28) * (29 // (correction + 1)) * ((21 - golden) // 11)
    )
    weekday = (year + year // 4 + full_moon + 2 - century + century // 4) % 7
    offset = full_moon - weekday
    month = 3 + (offset + 40) // 44
    return date(year, month, offset + 28 - 31 * (month // 4))
