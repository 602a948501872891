"""Closes that cannot be believed are set aside with the reason, and only those."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.calculations import Known, sound_bars

FIRST = date(2022, 3, 1)
NOTHING_KNOWN = Known({}, {}, {})


@dataclass(frozen=True)
class Bar:
    symbol: str
    session_date: date
    close: float
    adjusted_close: float


def bars(*closes: float, symbol: str = "AAPL", first: date = FIRST) -> list[Bar]:
    return [
        Bar(symbol, first + timedelta(place), close, close) for place, close in enumerate(closes)
    ]


def judged(series: list[Bar], known: Known = NOTHING_KNOWN) -> tuple[list[float], list[float]]:
    believed, doubts = sound_bars(series, known, date(2022, 12, 28), lambda _: True)
    return [bar.close for bar in believed], [float(doubt.bar.close) for doubt in doubts]


@pytest.mark.parametrize("close", [-1.0, 0.0, float("nan"), float("inf")])
def test_a_close_that_is_no_price_is_doubted(close: float) -> None:
    believed, doubts = sound_bars(
        bars(100.0, close), NOTHING_KNOWN, date(2022, 12, 28), lambda _: True
    )

    assert [bar.close for bar in believed] == [100.0]
    assert "not a number" in doubts[0].reason or "above zero" in doubts[0].reason


def test_a_close_in_the_future_is_doubted() -> None:
    believed, doubts = sound_bars(bars(100.0, 101.0), NOTHING_KNOWN, FIRST, lambda _: True)

    assert [bar.session_date for bar in believed] == [FIRST]
    assert "2022-03-02" in doubts[0].reason


def test_a_day_without_a_session_is_dropped() -> None:
    believed, doubts = sound_bars(
        bars(100.0, 101.0), NOTHING_KNOWN, date(2022, 12, 28), lambda day: day == FIRST
    )

    assert ([bar.close for bar in believed], doubts) == ([100.0], [])


@pytest.mark.parametrize("place", [0, 2, 4])
def test_one_close_ten_times_the_others_is_doubted(place: int) -> None:
    closes = [100.0, 101.0, 102.0, 103.0, 104.0]
    closes[place] *= 10

    assert judged(bars(*closes))[1] == [closes[place]]


def test_closes_that_leave_the_stored_level_are_doubted() -> None:
    known = Known({"AAPL": [(FIRST - timedelta(1), 100.0)]}, {}, {})

    assert judged(bars(1010.0, 1011.0, 1012.0), known) == ([], [1010.0, 1011.0, 1012.0])


def test_a_split_explains_the_jump() -> None:
    split = {"AAPL": [(FIRST + timedelta(1), 20.0)]}
    known = Known({"AAPL": [(FIRST - timedelta(1), 2000.0)]}, split, {})

    assert judged(bars(2000.0, 100.0, 101.0), known) == ([2000.0, 100.0, 101.0], [])


def test_a_second_source_that_says_the_same_is_believed() -> None:
    known = Known({"AAPL": [(FIRST - timedelta(1), 100.0)]}, {}, {("AAPL", FIRST): 1000.0})

    assert judged(bars(1001.0), known) == ([1001.0], [])


def test_older_history_may_end_at_another_level_than_it_began() -> None:
    grown = [10.0 * 1.5**place for place in range(12)]
    known = Known({"AAPL": [(FIRST + timedelta(12), grown[-1])]}, {}, {})

    assert judged(bars(*grown), known) == (grown, [])


@given(st.lists(st.floats(-0.4, 0.6), max_size=40))
def test_ordinary_returns_are_never_doubted(returns: list[float]) -> None:
    closes = [50.0]
    for each in returns:
        closes.append(closes[-1] * (1 + each))

    assert judged(bars(*closes)) == (closes, [])
