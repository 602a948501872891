"""Adjusted closes: what a holder earned, for any splits and dividends."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.calculations import adjusted_closes
from services.ingest.inputs import CorporateAction

FIRST = date(2022, 3, 1)
RAW = np.zeros(4, dtype=np.bool_)


def an_action(ex_date: date, kind: str, value: float) -> CorporateAction:
    return CorporateAction("AAPL", ex_date, kind, Decimal(str(value)), "desk")


def days(count: int = 4) -> list[date]:
    return [FIRST + timedelta(place) for place in range(count)]


def test_nothing_done_leaves_closes_as_they_are() -> None:
    closes = np.array([10.0, 11.0, 12.0, 13.0])

    assert adjusted_closes(days(), closes, RAW, []).tolist() == closes.tolist()


def test_four_for_one_split_quarters_the_closes_before() -> None:
    closes = np.array([400.0, 404.0, 102.0, 103.0])

    adjusted = adjusted_closes(days(), closes, RAW, [an_action(days()[2], "split", 4.0)])

    assert adjusted.tolist() == [100.0, 101.0, 102.0, 103.0]


def test_a_dividend_scales_the_closes_before_by_what_is_left() -> None:
    closes = np.array([100.0, 100.0, 98.0, 98.0])

    adjusted = adjusted_closes(days(), closes, RAW, [an_action(days()[2], "dividend", 2.0)])

    assert adjusted == pytest.approx([98.0, 98.0, 98.0, 98.0])


@pytest.mark.parametrize("split_first", [True, False])
def test_a_dividend_on_the_day_of_a_split_is_per_new_share(split_first: bool) -> None:
    closes = np.array([100.0, 100.0, 49.0, 49.0])
    actions = [an_action(days()[2], "split", 2.0), an_action(days()[2], "dividend", 1.0)]

    adjusted = adjusted_closes(days(), closes, RAW, actions if split_first else actions[::-1])

    assert adjusted == pytest.approx([49.0, 49.0, 49.0, 49.0])


def test_a_dividend_after_a_reverse_split_without_a_close_between_is_left_in() -> None:
    gap = [days()[0], days()[3]]
    actions = [an_action(days()[1], "split", 0.1), an_action(days()[2], "dividend", 2.0)]

    adjusted = adjusted_closes(gap, np.array([1.0, 8.0]), RAW[:2], actions)

    assert adjusted == pytest.approx([8.0, 8.0])


def test_a_dividend_as_large_as_the_close_is_left_out() -> None:
    closes = np.array([1.0, 1.0, 1.0, 1.0])

    assert (
        adjusted_closes(days(), closes, RAW, [an_action(days()[2], "dividend", 1.5)]).tolist()
        == closes.tolist()
    )


def test_closes_adjusted_by_their_source_take_only_what_came_after_them() -> None:
    closes = np.array([50.0, 50.0, 100.0, 50.0])
    adjusted_by_source = np.array([True, True, False, False])
    actions = [an_action(days()[1], "split", 2.0), an_action(days()[3], "split", 2.0)]

    assert adjusted_closes(days(), closes, adjusted_by_source, actions).tolist() == [
        25.0,
        25.0,
        50.0,
        50.0,
    ]


@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.sampled_from([2.0, 3.0, 0.1])),
        max_size=4,
        unique_by=lambda x: x[0],
    )
)
def test_splits_never_change_returns_between_them(splits: list[tuple[int, float]]) -> None:
    actions = [an_action(FIRST + timedelta(place), "split", shares) for place, shares in splits]
    economic = 100.0 * 1.01 ** np.arange(10)
    shares_held = np.array([np.prod([s for p, s in splits if p <= place]) for place in range(10)])

    adjusted = adjusted_closes(
        days(10), economic / shares_held, np.zeros(10, dtype=np.bool_), actions
    )

    assert adjusted[1:] / adjusted[:-1] == pytest.approx(np.full(9, 1.01))
