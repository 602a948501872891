"""Standard errors that allow for residuals whose size varies and which follow each other.

Source: Newey and West, Econometrica 55, 1987 (Bartlett kernel), with their lag rule of 1994, Review
of Economic Studies 61: floor(4 (n / 100)^(2/9)). Days without a return are left out and the others
treated as equally spaced (Datta and Du, Federal Reserve IFDP 1060, 2012), as statsmodels does after
dropping them.
"""

import numpy as np

from services.factors.calculations.regression import Fit, complete_days, definite
from services.factors.calculations.symmetric import inverse_roots, product, transposed_product
from shared.arrays import BoolArray, FloatArray, IntArray
from shared.quant.columnwise import accompanied, columnwise_product


def lags(observations: IntArray) -> IntArray:
    """How many days back residuals are allowed to follow each other: 3 for 60 days, 4 for 252."""
    return np.floor(4.0 * (observations / 100.0) ** (2.0 / 9.0)).astype(np.int64)


def standard_errors(
    returns: FloatArray, regressors: FloatArray, fit: Fit, regressor: int
) -> FloatArray:
    """Errors (S) of the coefficients of one of the K regressors; NaN where `fit` is not determined.

    `returns` (T x S, oldest first) and `regressors` (T x K) are those of `fit`. No small-sample
    correction.
    """
    if returns.shape[1] == 1:
        return standard_errors(accompanied(returns), regressors, fit.of([0, 0]), regressor)[:1]
    whole = complete_days(regressors)
    influence, usable = _influences(returns[whole], regressors[whole], fit, regressor)
    variance = long_run_variances(_without_gaps(influence, usable), lags(fit.observations))
    return np.where(fit.determined, np.sqrt(np.maximum(variance, 0.0)), np.nan)


def long_run_variances(influences: FloatArray, most: IntArray) -> FloatArray:
    """Variance of each column's sum (T x S), its products over up to `most` (S) days included.

    Bartlett's weights 1 - lag / (most + 1) keep it from turning negative.
    """
    variance = np.einsum("ts,ts->s", influences, influences)
    for lag in range(1, int(most.max(initial=0)) + 1):
        weight = np.maximum(1.0 - lag / (most + 1.0), 0.0)
        variance += 2.0 * weight * np.einsum("ts,ts->s", influences[lag:], influences[:-lag])
    return np.asarray(variance)


def _influences(
    returns: FloatArray, regressors: FloatArray, fit: Fit, regressor: int
) -> tuple[FloatArray, BoolArray]:
    """What each day adds to the coefficient's error (T x S), and which days count; 0 for others.

    e_t z_t with e the residual and z the row of (X'X)^-1 times the day's centred regressors.
    """
    usable = np.isfinite(returns)
    days = np.maximum(usable.sum(axis=0), 1)
    row = _inverse_row(fit, regressor)
    residuals = np.where(usable, returns - columnwise_product(regressors, fit.coefficients.T), 0.0)
    leverage = np.where(usable, columnwise_product(regressors, row), 0.0)
    residuals -= np.where(usable, residuals.sum(axis=0) / days, 0.0)
    leverage -= np.where(usable, leverage.sum(axis=0) / days, 0.0)
    return residuals * leverage, usable


def _inverse_row(fit: Fit, regressor: int) -> FloatArray:
    """The regressor's row (K x S) of the inverse moments.

    That of the identity where the asset is not determined.
    """
    roots = inverse_roots(definite(fit.moments, fit.determined))
    unit = np.zeros(roots.shape[1:])
    unit[regressor] = 1.0
    return transposed_product(roots, product(roots, unit))


def _without_gaps(influences: FloatArray, usable: BoolArray) -> FloatArray:
    """The days that count moved together, in their order; the zeros of the others follow them."""
    if usable.all():
        return influences
    return np.take_along_axis(influences, np.argsort(~usable, axis=0, kind="stable"), axis=0)
