"""Implausible closes are quarantined with the reason, and only those."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.calculations import judged_bars
from services.ingest.inputs import Bar, CorporateAction, StoredClose, StoredCloses

FIRST = date(2022, 3, 1)
NOTHING_STORED = StoredCloses({}, {}, {})


def stored(day: date, close: float, *actions: CorporateAction) -> StoredCloses:
    return StoredCloses({"AAPL": [StoredClose(day, close)]}, {"AAPL": actions}, {})


def bars(*closes: float, symbol: str = "AAPL", first: date = FIRST) -> list[Bar]:
    return [
        Bar(symbol, first + timedelta(place), Decimal(close), close, "raw", "desk")
        for place, close in enumerate(closes)
    ]


def judged(
    series: list[Bar], known: StoredCloses = NOTHING_STORED
) -> tuple[list[float], list[float]]:
    found = judged_bars(series, known, date(2022, 12, 28), lambda _: True)
    accepted = [float(bar.close) for bar in found.accepted]
    return accepted, [float(each.bar.close) for each in found.rejected]


@pytest.mark.parametrize("close", [-1.0, 0.0, float("nan"), float("inf")])
def test_a_close_that_is_no_price_is_rejected(close: float) -> None:
    series = bars(100.0, close)

    found = judged_bars(series, NOTHING_STORED, date(2022, 12, 28), lambda _: True)

    assert [bar.close for bar in found.accepted] == [100.0]
    reason = found.rejected[0].reason
    assert "not a number" in reason or "above zero" in reason


def test_a_close_in_the_future_is_rejected() -> None:
    found = judged_bars(bars(100.0, 101.0), NOTHING_STORED, FIRST, lambda _: True)

    assert [bar.session_date for bar in found.accepted] == [FIRST]
    assert "2022-03-02" in found.rejected[0].reason


def test_a_day_without_a_session_is_dropped() -> None:
    series = bars(100.0, 101.0)

    found = judged_bars(series, NOTHING_STORED, date(2022, 12, 28), lambda day: day == FIRST)

    assert [bar.close for bar in found.accepted] == [100.0]
    assert found.rejected == []


@pytest.mark.parametrize("place", [0, 2, 4])
def test_one_close_ten_times_the_others_is_rejected(place: int) -> None:
    closes = [100.0, 101.0, 102.0, 103.0, 104.0]
    closes[place] *= 10

    assert judged(bars(*closes))[1] == [closes[place]]


def test_closes_that_leave_the_stored_level_are_rejected() -> None:
    known = stored(FIRST - timedelta(1), 100.0)

    assert judged(bars(1010.0, 1011.0, 1012.0), known) == ([], [1010.0, 1011.0, 1012.0])


def test_a_split_explains_the_jump() -> None:
    split = CorporateAction("AAPL", FIRST + timedelta(1), "split", Decimal(20), "desk")
    known = stored(FIRST - timedelta(1), 2000.0, split)

    assert judged(bars(2000.0, 100.0, 101.0), known) == ([2000.0, 100.0, 101.0], [])


def test_a_second_source_that_sends_the_same_is_accepted() -> None:
    nearest = stored(FIRST - timedelta(1), 100.0).nearest
    known = StoredCloses(nearest, {}, {("AAPL", FIRST): 1000.0})

    assert judged(bars(1001.0), known) == ([1001.0], [])


def test_older_history_may_end_at_another_level_than_it_began() -> None:
    grown = [10.0 * 1.5**place for place in range(12)]
    known = stored(FIRST + timedelta(12), grown[-1])

    assert judged(bars(*grown), known) == (grown, [])


@given(st.lists(st.floats(-0.4, 0.6), max_size=40))
def test_ordinary_returns_are_never_rejected(returns: list[float]) -> None:
    closes = [50.0]
    for each in returns:
        closes.append(closes[-1] * (1 + each))

    assert judged(bars(*closes)) == (closes, [])
