"""The factor covariance: weights, definiteness and missing days."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.factors.calculations.betas import over_market
from services.factors.calculations.covariance import correlation, ewma_covariance
from shared.quant.returns import FloatArray, simple_returns
from tests import panel


def proxy_returns() -> FloatArray:
    return simple_returns(panel.closes(*panel.PROXIES))


returns_with_gaps = arrays(
    np.float64,
    (70, 4),
    elements=st.one_of(st.floats(-0.5, 0.5), st.sampled_from([0.0, 0.01])),
    fill=st.just(0.01),
)


def test_covariance_agrees_with_pandas() -> None:
    """pandas' exponentially weighted mean of the products, on the same 252 days."""
    returns = proxy_returns()[-252:]
    products = pd.DataFrame(returns[:, :, None].repeat(7, axis=2).reshape(252, -1) * np.tile(returns, 7))

    found = ewma_covariance(proxy_returns(), 0.94, 252)

    expected = products.sort_index().ewm(alpha=0.06, adjust=True).mean().iloc[-1].to_numpy().reshape(7, 7)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-12)
    assert found.observations == 252


def test_no_decay_is_the_plain_second_moment() -> None:
    returns = proxy_returns()[-100:]

    found = ewma_covariance(proxy_returns(), 1.0, 100)

    np.testing.assert_allclose(found.covariance, returns.T @ returns / 100, rtol=1e-12)


@pytest.mark.parametrize("relative", [True, False])
def test_covariance_is_symmetric_and_definite_in_both_spaces(relative: bool) -> None:
    returns = over_market(proxy_returns(), panel.FACTORS) if relative else proxy_returns()

    found = ewma_covariance(returns, 0.94, 252)

    np.testing.assert_array_equal(found.covariance, found.covariance.T)
    assert np.linalg.eigvalsh(found.covariance).min() > 0.0
    np.testing.assert_array_equal(np.diag(found.correlation), 1.0)
    assert np.abs(found.correlation).max() == 1.0


@given(returns_with_gaps, st.floats(0.5, 1.0), st.lists(st.integers(0, 279), max_size=10))
def test_covariance_is_positive_semi_definite_whatever_the_returns(
    returns: FloatArray, decay: float, gaps: list[int]
) -> None:
    returns = returns.copy()
    returns.flat[gaps] = np.nan

    found = ewma_covariance(returns, decay, 70)

    smallest = np.linalg.eigvalsh(found.covariance).min()
    assert smallest >= -1e-12 * max(np.trace(found.covariance), 1e-300)


def test_incomplete_days_are_left_out() -> None:
    returns = proxy_returns()[-252:]
    gapped = returns.copy()
    gapped[-3, 2] = np.nan

    found = ewma_covariance(gapped, 1.0, 252)

    kept = np.delete(returns, -3, axis=0)
    assert found.observations == 251
    np.testing.assert_allclose(found.covariance, kept.T @ kept / 251, rtol=1e-12)


def test_too_few_days_give_null_for_every_pair() -> None:
    found = ewma_covariance(proxy_returns()[-59:], 0.94, 252)

    records = list(found.records("absolute", panel.FACTORS))

    assert len(records) == 49
    assert {(r["covariance"], r["correlation"], r["observations"]) for r in records} == {(None, None, 59)}


def test_factor_that_never_moves_has_no_correlation() -> None:
    found = correlation(np.array([[0.0, 0.0], [0.0, 0.04]]))

    assert np.isnan(found[0]).all()
    assert found[1, 1] == 1.0
