"""Robust variances: the kernel against its definition, gaps, and what robustness is for."""

import numpy as np
import pytest
from statsmodels.stats.sandwich_covariance import S_hac_simple

from services.factors.calculations.newey_west import lags, long_run_variances, standard_errors
from services.factors.calculations.regression import least_squares
from shared.arrays import FloatArray


def autocorrelated(days: int, carried: float, seed: int) -> FloatArray:
    """A stationary first-order autoregression of unit innovations."""
    innovations = np.random.default_rng(seed).normal(size=days)
    values = np.empty(days)
    values[0] = innovations[0] / np.sqrt(1.0 - carried**2)
    for day in range(1, days):
        values[day] = carried * values[day - 1] + innovations[day]
    return values


@pytest.mark.parametrize(("days", "expected"), [(60, 3), (100, 4), (252, 4), (500, 5), (1000, 6)])
def test_lags_follow_the_published_rule(days: int, expected: int) -> None:
    assert lags(np.array([days])).tolist() == [expected]


def test_each_column_has_separate_lags() -> None:
    influences = np.random.default_rng(1).normal(size=(120, 3)).cumsum(axis=0)
    most = np.array([0, 3, 7])

    found = long_run_variances(influences, most)

    expected = [
        S_hac_simple(column[:, None], nlags=int(lag)).item()
        for column, lag in zip(influences.T, most, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_no_lag_is_whites_error() -> None:
    influences = np.random.default_rng(1).normal(size=(100, 2))

    np.testing.assert_allclose(
        long_run_variances(influences, np.zeros(2, dtype=np.int64)), (influences**2).sum(axis=0)
    )


def test_residuals_that_follow_each_other_widen_the_error() -> None:
    regressor = autocorrelated(2000, 0.6, seed=1)[:, None]
    returns = (0.5 * regressor[:, 0] + autocorrelated(2000, 0.6, seed=2))[:, None]
    fit = least_squares(returns, regressor)

    robust = standard_errors(returns, regressor, fit, regressor=0)

    assert robust[0] > 1.2 * fit.standard_errors[0, 0]


def test_error_is_unknown_where_the_coefficient_is() -> None:
    returns = np.random.default_rng(1).normal(size=(252, 2))
    returns[20:, 0] = np.nan
    regressors = np.random.default_rng(2).normal(size=(252, 2))

    found = standard_errors(returns, regressors, least_squares(returns, regressors), regressor=1)

    assert np.isnan(found[0])
    assert found[1] > 0.0


def test_days_without_regressors_count_for_no_asset() -> None:
    random = np.random.default_rng(6)
    returns, regressors = random.normal(size=(200, 3)), random.normal(size=(200, 2))
    gapped = regressors.copy()
    gapped[50:60, 0] = np.nan
    whole = np.isfinite(gapped).all(axis=1)

    found = standard_errors(returns, gapped, least_squares(returns, gapped), 1)

    kept, there = returns[whole], regressors[whole]
    np.testing.assert_allclose(
        found, standard_errors(kept, there, least_squares(kept, there), 1), rtol=1e-12
    )
