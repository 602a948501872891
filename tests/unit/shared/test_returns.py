"""Daily returns: what they are, and that a gap stays a gap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shared.quant.returns import log_returns, simple_returns

prices = arrays(np.float64, (6, 3), elements=st.floats(0.01, 1e5))


def test_simple_return_is_the_relative_change() -> None:
    closes = np.array([[100.0, 50.0], [110.0, 45.0]])

    returns = simple_returns(closes)

    np.testing.assert_allclose(returns, [[0.10, -0.10]], rtol=1e-14)


def test_missing_close_leaves_both_returns_missing() -> None:
    closes = np.array([100.0, np.nan, 110.0, 121.0])

    simple, logarithmic = simple_returns(closes), log_returns(closes)

    assert np.isnan(simple[:2]).all()
    assert simple[2] == pytest.approx(0.10)
    assert np.isnan(logarithmic[:2]).all()
    assert logarithmic[2] == pytest.approx(np.log(1.1))


@pytest.mark.parametrize("worthless", [0.0, -3.0])
def test_close_that_is_not_positive_counts_as_missing(worthless: float) -> None:
    closes = np.array([100.0, worthless, 100.0])

    assert np.isnan(simple_returns(closes)).all()
    assert np.isnan(log_returns(closes)).all()


def test_no_symbols_and_single_sessions_give_no_returns() -> None:
    assert simple_returns(np.empty((253, 0))).shape == (252, 0)
    assert simple_returns(np.array([[100.0, 50.0]])).shape == (0, 2)


@given(prices)
def test_log_return_is_the_log_of_one_plus_simple(closes: np.ndarray) -> None:
    np.testing.assert_allclose(
        log_returns(closes), np.log1p(simple_returns(closes)), rtol=1e-6, atol=1e-12
    )


@given(prices)
def test_log_returns_add_up_over_time(closes: np.ndarray) -> None:
    np.testing.assert_allclose(
        log_returns(closes).sum(axis=0), np.log(closes[-1] / closes[0]), atol=1e-9
    )
