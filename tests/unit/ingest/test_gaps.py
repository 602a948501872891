"""What is missing is queried once."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.calculations import missing_sessions
from services.ingest.inputs import Range

WEEK = [date(2022, 12, day) for day in (19, 20, 21, 22, 23)]


def test_only_what_is_not_stored_is_queried() -> None:
    held = {"SPY": WEEK, "IWM": WEEK[:2], "QQQ": []}

    assert missing_sessions(WEEK, held, {}) == {"IWM": tuple(WEEK[2:]), "QQQ": tuple(WEEK)}


def test_what_a_provider_did_not_have_is_not_queried_again() -> None:
    queried = {"IWM": Range(WEEK[0], WEEK[3])}

    assert missing_sessions(WEEK, {"IWM": WEEK[2:3]}, queried) == {"IWM": (WEEK[4],)}


def test_ranges_that_touch_are_one_and_others_forget_the_earlier() -> None:
    earlier = Range(WEEK[0], WEEK[2])

    assert Range(WEEK[2], WEEK[4]).joined(earlier) == Range(WEEK[0], WEEK[4])
    assert Range(WEEK[3], WEEK[4]).joined(earlier) == Range(WEEK[3], WEEK[4])
    assert Range(WEEK[3], WEEK[4]).joined(None) == Range(WEEK[3], WEEK[4])


@given(st.sets(st.sampled_from(WEEK)), st.sets(st.sampled_from(WEEK), min_size=1))
def test_missing_and_stored_make_up_what_is_expected(
    stored: set[date], expected: set[date]
) -> None:
    found = missing_sessions(sorted(expected), {"SPY": stored}, {}).get("SPY", ())

    assert set(found) | (stored & expected) == expected
    assert not set(found) & stored
