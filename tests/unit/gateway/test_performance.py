"""Returns weighted by money beside those weighted by time."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.analytics.shapes.performance import (
    Basis,
    Point,
    money_weighted,
    money_weighted_periods,
    not_money_weighted,
    running_drawdowns,
    span,
)
from services.snapshots.calculations.realised import max_drawdown
from shared.calendar import session_on_or_before

END = date(2022, 12, 28)
NOTHING = Decimal(0)


def a_point(
    days_ago: int,
    nav: int | None,
    inflow: int = 0,
    outflow: int = 0,
    unexplained: int | None = None,
    daily_return: float | None = 0.0,
    *,
    large: bool = False,
) -> Point:
    """A session so many days before the end."""
    return Point(
        END - timedelta(days=days_ago),
        None if nav is None else Decimal(nav),
        Decimal(inflow),
        Decimal(outflow),
        None if unexplained is None else Decimal(unexplained),
        large,
        daily_return,
    )


def test_over_two_years_without_flows_it_is_the_growth_per_year() -> None:
    found = money_weighted([a_point(730, 100), a_point(0, 121)])

    assert found.money_weighted == pytest.approx(0.1, abs=1e-9)
    assert found.money_weighted_basis is Basis.PER_YEAR


def test_under_a_year_it_is_that_of_the_period() -> None:
    found = money_weighted([a_point(30, 100), a_point(0, 105)])

    assert found.money_weighted == pytest.approx(0.05, abs=1e-9)
    assert found.money_weighted_basis is Basis.PERIOD


def test_money_that_came_before_a_fall_weighs_it_more() -> None:
    points = [
        a_point(60, 100),
        a_point(30, 1110, inflow=1000, daily_return=0.1 / 11, large=True),
        a_point(0, 1000, daily_return=1000 / 1110 - 1),
    ]

    found = span(points, points[1].as_of)

    assert found is not None
    assert found.value == pytest.approx((1 + 0.1 / 11) * 1000 / 1110 - 1)
    weighted = found.weighted.money_weighted
    assert weighted is not None
    # What 100 dollars of 60 days and 1,000 of 30 days lost: 100 g^2 + 1000 g = 1000.
    growth = (-1000 + (1000**2 + 4 * 100 * 1000) ** 0.5) / 200
    assert weighted == pytest.approx(growth**2 - 1, abs=1e-9)
    assert found.weighted.large_flows == [points[1].as_of]


def test_what_a_statement_does_not_explain_is_no_performance() -> None:
    points = [a_point(30, 100), a_point(15, 150, unexplained=50), a_point(0, 150)]

    assert money_weighted(points).money_weighted == pytest.approx(0, abs=1e-9)


def test_a_period_that_began_before_the_first_snapshot_has_a_reason() -> None:
    found = money_weighted_periods([a_point(30, 100), a_point(0, 110)], END, session_on_or_before)

    assert found["1m"].money_weighted == pytest.approx(0.1, abs=1e-9)
    assert (found["1y"].money_weighted, found["1y"].money_weighted_reason) == (
        None,
        "no snapshot on or before 2021-12-28 is stored",
    )


def test_a_period_that_began_on_a_session_without_a_snapshot_has_a_reason() -> None:
    found = money_weighted_periods([a_point(40, 100), a_point(0, 110)], END, session_on_or_before)

    assert (found["1m"].money_weighted, found["1m"].money_weighted_reason) == (
        None,
        "no snapshot of 2022-11-28",
    )


def test_a_period_that_began_on_a_weekend_starts_from_the_session_before() -> None:
    monday, friday = date(2022, 12, 19), date(2022, 11, 18)
    points = [a_point((END - friday).days, 100), a_point((END - monday).days, 110)]

    assert money_weighted_periods(points, monday, session_on_or_before)[
        "1m"
    ].money_weighted == pytest.approx(0.1)


def test_a_day_has_no_money_weighted_return() -> None:
    assert not_money_weighted("1d").money_weighted_reason == (
        "given for periods of a month and longer"
    )


def test_a_session_without_a_return_ends_the_chain_of_a_span() -> None:
    points = [a_point(2, 100), a_point(1, 0, daily_return=-1.0), a_point(0, 5, daily_return=None)]

    found = span(points, END - timedelta(days=1))

    assert found is not None
    assert (found.value, found.observations) == (None, None)
    assert found.reason == f"no return on {END}: NAV before it was not positive"
    assert span(points[:1], END) is None


def test_nothing_is_compounded_over_a_loss_of_everything() -> None:
    points = [
        a_point(3, 100),
        a_point(2, -20, daily_return=-1.2),
        a_point(1, 1000, inflow=1000, daily_return=20 / 980),
        a_point(0, 1100, daily_return=0.1),
    ]

    found = span(points, points[1].as_of)
    lost = span(points[:2], points[1].as_of)
    since = span(points, points[2].as_of)

    assert found is not None
    assert lost is not None
    assert since is not None
    assert (found.value, found.reason) == (None, f"all capital was lost on {points[1].as_of}")
    assert lost.value == pytest.approx(-1.2)
    assert since.value == pytest.approx((1 + 20 / 980) * 1.1 - 1)


def test_a_drawdown_is_the_fall_from_the_highest_so_far_and_starts_again_with_the_chain() -> None:
    drawdowns = running_drawdowns([None, 0.1, -0.2, 0.25, 0.1, None, -0.5])

    assert drawdowns == pytest.approx([0.0, 0.0, -0.2, 0.0, 0.0, 0.0, -0.5])


def test_a_loss_of_everything_is_a_drawdown_of_one_and_what_follows_is_new() -> None:
    assert running_drawdowns([0.2, -1.0, 0.1, -0.1]) == pytest.approx([0.0, -1.0, 0.0, -0.1])


@given(st.lists(st.floats(-0.9, 2.0), min_size=1))
def test_the_lowest_drawdown_of_a_chain_is_its_maximum_drawdown(returns: list[float]) -> None:
    lowest = min(running_drawdowns([None, *returns]))

    assert lowest == pytest.approx(max_drawdown(np.array(returns)), abs=1e-12)
