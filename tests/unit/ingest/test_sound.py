"""Implausible closes are quarantined with the reason, and only those."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.calculations import OWN_FILE, judged_bars
from services.ingest.calculations.sound import JudgedBars
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


def test_closes_that_leave_the_stored_level_for_two_sessions_are_rejected() -> None:
    known = stored(FIRST - timedelta(1), 100.0)

    assert judged(bars(1010.0, 1011.0), known) == ([], [1010.0, 1011.0])


def found_in(series: list[Bar], known: StoredCloses, *, vouched: str | None = None) -> JudgedBars:
    return judged_bars(series, known, date(2022, 12, 28), lambda _: True, vouched=vouched)


@pytest.mark.parametrize(
    ("before", "level"),
    [(99.0, 7.326), (106.0, 0.4028), (2.0, 25.0), (4310.0, 800.0)],
    ids=["fall", "failure", "takeover", "just_beyond"],
)
def test_a_level_that_holds_for_three_sessions_is_accepted(before: float, level: float) -> None:
    known = stored(FIRST - timedelta(1), before)
    series = bars(level, level * 1.02, level * 0.97)

    found = found_in(series, known)

    assert (found.accepted, found.rejected) == (series, [])
    [caveat] = found.caveats("desk")
    assert (caveat.code, caveat.about) == ("price_jump_accepted", ("AAPL 2022-03-01",))
    assert "held for 3 sessions" in caveat.message


def test_closes_rejected_before_are_accepted_once_their_level_has_held() -> None:
    first, second, third = bars(7.326, 7.4, 7.3)
    known = replace(stored(FIRST - timedelta(1), 99.0), suspected={"AAPL": [first, second]})

    assert found_in([third], known).accepted == [first, second, third]
    assert found_in([second], replace(known, suspected={"AAPL": [first]})).accepted == []


def test_a_level_with_stored_closes_in_between_has_not_held() -> None:
    day = FIRST + timedelta(1)
    closes = [StoredClose(FIRST - timedelta(1), 100.0), StoredClose(day, 101.0)]
    first, _, third, fourth = bars(1000.0, 0.1, 1002.0, 1003.0)
    known = StoredCloses({"AAPL": closes}, {}, {}, {"AAPL": [first]})

    assert found_in([third, fourth], known).accepted == []


def test_a_close_that_can_be_no_price_is_not_accepted_later() -> None:
    known = stored(FIRST - timedelta(1), 99.0)
    suspected = [replace(bar, close=Decimal(-1)) for bar in bars(7.0, 7.0)]

    assert found_in(bars(7.1, first=FIRST + timedelta(2)), known).accepted == []
    again = replace(known, suspected={"AAPL": suspected})
    assert found_in(bars(7.1, first=FIRST + timedelta(2)), again).accepted == []


@pytest.mark.parametrize("close", [7.326, 0.4028, 990.0])
def test_a_jump_in_the_owners_file_is_accepted_at_once_with_a_notice(close: float) -> None:
    found = found_in(bars(close), stored(FIRST - timedelta(1), 106.0), vouched=OWN_FILE)

    assert [float(bar.close) for bar in found.accepted] == [close]
    [caveat] = found.caveats("csv")
    assert (caveat.code, "owner's file" in caveat.message) == ("price_jump_accepted", True)


def test_the_owners_file_has_no_price_below_zero() -> None:
    found = found_in(bars(-7.3), stored(FIRST - timedelta(1), 106.0), vouched=OWN_FILE)

    assert found.accepted == []


@pytest.mark.parametrize("close", [50.0, 30.0, 150.0, 400.0])
def test_a_move_by_half_in_a_day_is_accepted_with_a_notice(close: float) -> None:
    found = found_in(bars(close), stored(FIRST - timedelta(1), 100.0))

    assert [caveat.code for caveat in found.caveats("desk")] == ["price_moved_by_half"]
    assert found_in(bars(51.0, 75.0), stored(FIRST, 100.0)).caveats("desk") == []


def test_a_dividend_explains_the_jump() -> None:
    special = CorporateAction("AAPL", FIRST, "dividend", Decimal(90), "desk")
    wrong = replace(special, value=Decimal("89.5"))

    paid = found_in(bars(9.5), stored(FIRST - timedelta(1), 100.0, special))
    unpaid = found_in(bars(101.0), stored(FIRST - timedelta(1), 100.0, wrong))

    assert (len(paid.accepted), paid.caveats("desk")) == (1, [])
    assert (len(unpaid.accepted), unpaid.caveats("desk")) == (1, [])


def test_a_split_explains_the_jump() -> None:
    split = CorporateAction("AAPL", FIRST + timedelta(1), "split", Decimal(20), "desk")
    known = stored(FIRST - timedelta(1), 2000.0, split)

    assert judged(bars(2000.0, 100.0, 101.0), known) == ([2000.0, 100.0, 101.0], [])


def test_a_second_source_that_sends_the_same_is_accepted() -> None:
    nearest = stored(FIRST - timedelta(1), 100.0).closes
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
