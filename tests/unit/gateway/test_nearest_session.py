"""Which session equity of a day is of."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.books.editing import nearest_session
from services.gateway.books.files.reading import EARLIEST_DATE, LATEST_DATE
from shared.calendar import is_session, session_on_or_before


def test_equity_of_the_first_holiday_is_of_the_first_session_that_may_be_named() -> None:
    assert session_on_or_before(EARLIEST_DATE) < EARLIEST_DATE
    assert nearest_session(EARLIEST_DATE) == date(1900, 1, 2)


@given(
    st.one_of(
        st.dates(EARLIEST_DATE, EARLIEST_DATE + timedelta(days=9)),
        st.dates(LATEST_DATE - timedelta(days=9), LATEST_DATE),
        st.dates(EARLIEST_DATE, LATEST_DATE),
    )
)
def test_every_day_that_may_be_named_has_a_session_that_may_be_named(day: date) -> None:
    found = nearest_session(day)

    assert EARLIEST_DATE <= found <= LATEST_DATE
    assert is_session(found)
    assert abs((day - found).days) <= 14
