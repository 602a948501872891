"""Realised volatility: a value worked by hand, the window, gaps."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.greeks.calculations.volatility import (
    one_session_returns,
    realised_volatility,
    volatility_window,
)


def test_realised_volatility_worked_by_hand() -> None:
    """Returns +1, -1, +3 %: mean 1 %, deviations 0, -2, +2 %, variance 8e-4 / 2, times sqrt(252):
    31.75 %.
    """
    closes = 100.0 * np.exp(np.cumsum([0.0, 0.01, -0.01, 0.03]))

    volatility = realised_volatility(one_session_returns(closes))

    assert volatility == pytest.approx(0.02 * math.sqrt(252), rel=1e-12)
    assert volatility == pytest.approx(0.317490, abs=5e-7)


def test_steady_growth_has_no_volatility() -> None:
    closes = 100.0 * np.exp(0.001 * np.arange(30))

    assert realised_volatility(one_session_returns(closes)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("count", [0, 1])
def test_volatility_of_fewer_than_two_returns_is_unknown(count: int) -> None:
    assert math.isnan(realised_volatility(np.full(count, 0.01)))


@pytest.mark.parametrize(
    ("sessions_left", "window"), [(0, 21), (1, 21), (21, 21), (63, 63), (252, 252), (800, 252)]
)
def test_window_matches_the_life_within_bounds(sessions_left: int, window: int) -> None:
    assert volatility_window(sessions_left) == window


def test_missing_close_costs_the_two_returns_that_touch_it() -> None:
    closes = np.array([100.0, 101.0, np.nan, 103.0, 104.0])

    returns = one_session_returns(closes)

    np.testing.assert_allclose(returns, [math.log(101 / 100), math.log(104 / 103)])


def test_no_closes_have_no_returns() -> None:
    assert one_session_returns(np.empty(0)).size == 0


@given(scale=st.floats(0.01, 100.0), seed=st.integers(0, 1000))
def test_volatility_ignores_the_price_level(scale: float, seed: int) -> None:
    closes = 100.0 * np.exp(np.random.default_rng(seed).normal(0.0, 0.02, 60).cumsum())

    scaled = realised_volatility(one_session_returns(closes * scale))

    assert scaled == pytest.approx(realised_volatility(one_session_returns(closes)), rel=1e-9)
