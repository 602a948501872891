"""NYSE sessions."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from deploy.calendar_table import TABLE, Hours, published_hours, render
from shared import calendar
from shared.calendar import table
from shared.errors import NotASession
from tests.processes import loaded_by

CHRISTMAS_OBSERVED = date(2022, 12, 26)
LAST_EXPIRY_YEAR = 2099  # option symbols have two digits for the year
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def published() -> dict[date, Hours]:
    """Sessions and hours as pandas-market-calendars has them, far beyond the table."""
    return published_hours(table.FIRST_YEAR, LAST_EXPIRY_YEAR)


def test_every_session_is_that_of_the_library(published: dict[date, Hours]) -> None:
    first, last = date(table.FIRST_YEAR, 1, 1), date(LAST_EXPIRY_YEAR, 12, 31)

    assert calendar.sessions(first, last) == list(published)


def test_opens_and_closes_are_those_of_the_library(published: dict[date, Hours]) -> None:
    ours = {day: Hours(calendar.opening_time(day), calendar.closing_time(day)) for day in published}

    assert ours == published
    assert all(hours.closes.tzinfo == UTC for hours in ours.values())


def test_table_is_what_make_calendar_writes(published: dict[date, Hours]) -> None:
    tabulated = {day: hours for day, hours in published.items() if day.year <= table.LAST_YEAR}

    assert TABLE.read_text(encoding="utf-8") == render(tabulated), "run `make calendar`"


def test_the_calendar_needs_no_pandas() -> None:
    program = (
        "from datetime import date; from shared import calendar;"
        "calendar.last_sessions(date(2040, 1, 3), 9); calendar.closing_time(date(2022, 11, 25))"
    )

    assert loaded_by(program, ("pandas", "numpy", "pandas_market_calendars")) == []


def test_holidays_and_weekends_are_no_sessions() -> None:
    assert calendar.sessions(date(2022, 12, 22), date(2022, 12, 28)) == [
        date(2022, 12, 22),
        date(2022, 12, 23),
        date(2022, 12, 27),
        date(2022, 12, 28),
    ]
    assert not calendar.is_session(CHRISTMAS_OBSERVED)


def test_a_period_that_ends_before_it_starts_has_no_sessions() -> None:
    assert calendar.sessions(date.max, date.max - timedelta(days=1)) == []
    assert calendar.sessions(date(2022, 12, 28), date(2021, 12, 28)) == []


def test_last_sessions_end_on_or_before_the_day() -> None:
    assert calendar.last_sessions(date(2022, 12, 27), 2) == [date(2022, 12, 23), date(2022, 12, 27)]
    assert calendar.last_sessions(CHRISTMAS_OBSERVED, 1) == [date(2022, 12, 23)]
    assert calendar.last_sessions(CHRISTMAS_OBSERVED, 0) == []


def test_last_sessions_cross_years() -> None:
    two_years = calendar.last_sessions(date(2023, 1, 3), 504)

    assert len(two_years) == 504
    assert two_years == calendar.sessions(two_years[0], date(2023, 1, 3))


def test_a_closed_day_is_refused_with_the_session_before() -> None:
    calendar.require_session(date(2022, 12, 27))

    with pytest.raises(NotASession) as refused:
        calendar.require_session(CHRISTMAS_OBSERVED)

    assert refused.value.as_of == CHRISTMAS_OBSERVED
    assert refused.value.previous == date(2022, 12, 23)


def test_neighbours_skip_the_long_weekend() -> None:
    assert calendar.previous_session(date(2022, 12, 27)) == date(2022, 12, 23)
    assert calendar.next_session(date(2022, 12, 23)) == date(2022, 12, 27)
    assert calendar.session_on_or_before(CHRISTMAS_OBSERVED) == date(2022, 12, 23)


def test_neighbours_cross_the_year() -> None:
    assert calendar.previous_session(date(2023, 1, 3)) == date(2022, 12, 30)
    assert calendar.next_session(date(2022, 12, 30)) == date(2023, 1, 3)
    assert calendar.session_on_or_before(date(2024, 2, 29)) == date(2024, 2, 29)


def test_days_far_outside_of_the_table_have_an_answer() -> None:
    assert calendar.session_on_or_before(date(9999, 12, 31)) == date(9999, 12, 31)
    assert calendar.is_session(date(1900, 1, 2))


def test_half_days_close_early() -> None:
    assert calendar.closing_time(date(2022, 11, 25)) == datetime(2022, 11, 25, 18, tzinfo=UTC)
    assert calendar.closing_time(date(2022, 11, 23)) == datetime(2022, 11, 23, 21, tzinfo=UTC)


def test_closed_day_has_no_closing_time() -> None:
    with pytest.raises(NotASession, match="not a NYSE session"):
        calendar.closing_time(CHRISTMAS_OBSERVED)


def test_last_closed_waits_for_the_bell() -> None:
    bell = datetime(2022, 11, 25, 18, tzinfo=UTC)

    assert calendar.last_closed(bell) == date(2022, 11, 25)
    assert calendar.last_closed(bell - timedelta(seconds=1)) == date(2022, 11, 23)


@pytest.mark.parametrize(
    ("day", "weekly"),
    [
        (date(2022, 12, 26), date(2022, 12, 27)),
        (date(2022, 12, 27), date(2022, 12, 27)),
        (date(2023, 1, 1), date(2022, 12, 27)),
        (date(2018, 12, 24), date(2018, 12, 26)),  # Christmas on Tuesday
        (date(2019, 1, 4), date(2019, 1, 2)),  # New Year on Tuesday
        (date(2001, 9, 12), None),  # the exchange stayed closed from Tuesday on
    ],
)
def test_weekly_session_is_the_first_from_tuesday(day: date, weekly: date | None) -> None:
    assert calendar.weekly_session(day) == weekly
