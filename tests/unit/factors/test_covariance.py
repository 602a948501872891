"""The factor covariance: weights, definiteness, shrinkage and missing days."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.factors.calculations.betas import over_market
from services.factors.calculations.covariance import (
    FactorCovariance,
    correlation,
    ewma_covariance,
    shrinkage_intensity,
)
from services.factors.tables import FactorCovariance as Stored
from shared.arrays import FloatArray
from shared.quant.returns import simple_returns
from shared.rows import rows_of
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
    products = pd.DataFrame(
        returns[:, :, None].repeat(7, axis=2).reshape(252, -1) * np.tile(returns, 7)
    )

    found = ewma_covariance(proxy_returns(), 0.94, 252)

    expected = (
        products.sort_index().ewm(alpha=0.06, adjust=True).mean().iloc[-1].to_numpy().reshape(7, 7)
    )
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


def assert_semi_definite(found: FactorCovariance) -> None:
    for matrix in (found.covariance, found.shrunk):
        np.testing.assert_array_equal(matrix, matrix.T)
        smallest = np.linalg.eigvalsh(matrix).min()
        assert smallest >= -1e-12 * max(np.trace(matrix), 1e-300)


@given(
    returns_with_gaps,
    st.floats(1e-3, 1.0),
    st.integers(70, 2520),
    st.lists(st.integers(0, 279), max_size=10),
)
def test_covariance_is_positive_semi_definite_for_all_returns(
    returns: FloatArray, decay: float, lookback: int, gaps: list[int]
) -> None:
    returns = returns.copy()
    returns.flat[gaps] = np.nan

    assert_semi_definite(ewma_covariance(returns, decay, lookback))


@given(st.floats(1e-3, 1.0), st.integers(60, 2520), st.booleans(), st.integers(0, 2000))
def test_real_factors_are_positive_semi_definite_for_every_decay_and_lookback(
    decay: float, lookback: int, relative: bool, ended: int
) -> None:
    returns = proxy_returns()[: len(proxy_returns()) - ended]

    found = ewma_covariance(
        over_market(returns, panel.FACTORS) if relative else returns, decay, lookback
    )

    assert_semi_definite(found)
    assert 0.0 <= found.shrinkage <= 1.0


def test_shrinkage_keeps_variances_and_draws_the_rest_to_zero() -> None:
    found = ewma_covariance(over_market(proxy_returns(), panel.FACTORS), 0.94, 252)

    off = ~np.eye(7, dtype=bool)
    np.testing.assert_allclose(np.diag(found.shrunk), np.diag(found.covariance), rtol=1e-14)
    np.testing.assert_allclose(
        found.shrunk[off], (1 - found.shrinkage) * found.covariance[off], rtol=1e-12
    )
    assert found.shrinkage == pytest.approx(0.102, abs=0.001)


def test_intensity_is_that_of_schaefer_and_strimmer_without_decay() -> None:
    """Their formula for the correlation matrix, pair by pair: sum of Var(r) over sum of r
    squared.
    """
    returns = over_market(proxy_returns(), panel.FACTORS)[-252:]
    days = len(returns)
    scaled = returns / np.sqrt((returns**2).mean(axis=0))
    variance = squares = 0.0
    for one in range(7):
        for other in range(one):
            products = scaled[:, one] * scaled[:, other]
            variance += ((products - products.mean()) ** 2).sum() / days / (days - 1)
            squares += products.mean() ** 2

    found = ewma_covariance(returns, 1.0, 252)

    assert found.shrinkage == pytest.approx(variance / squares, rel=1e-12)


def test_intensity_falls_with_the_days_behind_it() -> None:
    random = np.random.default_rng(8).multivariate_normal(
        np.zeros(2), [[1.0, 0.5], [0.5, 1.0]], 20_000
    )

    found = [ewma_covariance(random, 1.0, days).shrinkage for days in (60, 600, 20_000)]

    assert found == sorted(found, reverse=True)
    assert found[-1] < 1e-3


def test_factors_that_do_not_move_together_are_shrunk_to_none() -> None:
    independent = np.array([[1.0, 1.0], [1.0, -1.0]] * 50)
    weights = np.full(100, 0.01)

    assert shrinkage_intensity(independent, weights, np.eye(2)) == 1.0


def test_shrunk_estimate_is_nearer_to_the_truth() -> None:
    """Monte Carlo on a known covariance: less squared error than the estimate it starts from."""
    truth = 0.3 + 0.7 * np.eye(7)
    random = np.random.default_rng(9)
    raw = shrunk = 0.0
    for _ in range(200):
        sample = random.multivariate_normal(np.zeros(7), truth, 252)
        found = ewma_covariance(sample, 0.94, 252)
        raw += float(((found.covariance - truth) ** 2).sum())
        shrunk += float(((found.shrunk - truth) ** 2).sum())

    assert shrunk < 0.9 * raw


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

    records = rows_of(Stored, found.columns("absolute", panel.FACTORS))

    assert len(records) == 49
    names = ("covariance", "correlation", "shrunk_covariance", "shrinkage", "observations")
    assert {tuple(r[name] for name in names) for r in records} == {(None, None, None, None, 59)}


def test_factor_that_never_moves_has_no_correlation() -> None:
    found = correlation(np.array([[0.0, 0.0], [0.0, 0.04]]))

    assert np.isnan(found[0]).all()
    assert found[1, 1] == 1.0
