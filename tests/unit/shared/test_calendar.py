"""NYSE sessions."""

from datetime import UTC, date, datetime

import pytest

from shared import calendar

CHRISTMAS_OBSERVED = date(2022, 12, 26)


def test_holidays_and_weekends_are_no_sessions() -> None:
    assert calendar.sessions(date(2022, 12, 22), date(2022, 12, 28)) == [
        date(2022, 12, 22),
        date(2022, 12, 23),
        date(2022, 12, 27),
        date(2022, 12, 28),
    ]
    assert not calendar.is_session(CHRISTMAS_OBSERVED)


def test_neighbours_skip_the_long_weekend() -> None:
    assert calendar.previous_session(date(2022, 12, 27)) == date(2022, 12, 23)
    assert calendar.next_session(date(2022, 12, 23)) == date(2022, 12, 27)
    assert calendar.session_on_or_before(CHRISTMAS_OBSERVED) == date(2022, 12, 23)


def test_neighbours_cross_the_year() -> None:
    assert calendar.previous_session(date(2023, 1, 3)) == date(2022, 12, 30)
    assert calendar.next_session(date(2022, 12, 30)) == date(2023, 1, 3)
    assert calendar.session_on_or_before(date(2024, 2, 29)) == date(2024, 2, 29)


def test_half_days_close_early() -> None:
    assert calendar.closing_time(date(2022, 11, 25)) == datetime(2022, 11, 25, 18, tzinfo=UTC)
    assert calendar.closing_time(date(2022, 11, 23)) == datetime(2022, 11, 23, 21, tzinfo=UTC)


def test_closed_day_has_no_closing_time() -> None:
    with pytest.raises(ValueError, match="not a NYSE session"):
        calendar.closing_time(CHRISTMAS_OBSERVED)


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
