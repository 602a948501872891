"""Ordinary least squares of many assets on the same regressors, each on its own days, in one batched solve.

Every asset may miss different days. The moments X'WX of all assets are one matrix product of the day mask
with the regressors' products, so there is no loop over assets and no grouping by missing-data pattern.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.quant.returns import FloatArray

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

MINIMUM_OBSERVATIONS = 60
CONDITION_LIMIT = 1e6  # beyond this the regressors are one another: the split of a coefficient means nothing


@dataclass(frozen=True)
class Fit:
    """S assets on K regressors with an intercept; NaN where an asset is not `determined`.

    `coefficients` and `standard_errors` are S x K, return per unit of regressor. `moments` is S x K x K,
    the regressors' centred cross products on the asset's days. `residual_variance` (S) is per day, on n - K
    - 1 degrees of freedom. `condition_number` (S) is that of the centred regressors scaled to unit
    variance, so neither units nor the intercept move it; infinite when they are collinear.
    """

    coefficients: FloatArray
    standard_errors: FloatArray
    t_statistics: FloatArray
    r_squared: FloatArray
    residual_variance: FloatArray
    condition_number: FloatArray
    observations: IntArray
    moments: FloatArray
    determined: BoolArray


@dataclass(frozen=True)
class _Moments:
    """Centred second moments of each asset's usable days, regressors in standardised units."""

    usable: BoolArray
    regressors: FloatArray
    regressor_means: FloatArray
    return_means: FloatArray
    squares: FloatArray
    cross: FloatArray
    observations: IntArray


def least_squares(returns: FloatArray, regressors: FloatArray, minimum: int = MINIMUM_OBSERVATIONS) -> Fit:
    """OLS with intercept of each column of `returns` (T x S) on all columns of `regressors` (T x K).

    A day counts for an asset when its return and every regressor are finite. An asset with fewer than
    `minimum` days, no degree of freedom, or collinear regressors is not determined.
    """
    standardised, scale = _standardised(regressors)
    moments = _moments(returns, standardised, complete_days(regressors))
    condition = _condition_numbers(moments.squares)
    enough = moments.observations >= max(minimum, regressors.shape[1] + 2)
    determined = enough & (condition < CONDITION_LIMIT)
    return _solved(returns, moments, scale, condition, determined)


def complete_days(regressors: FloatArray) -> BoolArray:
    """Which days (rows) have every regressor."""
    return np.asarray(np.isfinite(regressors).all(axis=1))


def _standardised(regressors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centred regressors of unit variance (0 on incomplete days) and their scales: X'X stays well behaved."""
    complete = complete_days(regressors)
    days = max(int(complete.sum()), 1)
    rows = np.where(complete[:, None], regressors, 0.0)
    centred = np.where(complete[:, None], rows - rows.sum(axis=0) / days, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / days)
    scale = np.where(spread > 0.0, spread, 1.0)
    return centred / scale, scale


def _moments(returns: FloatArray, regressors: FloatArray, complete: BoolArray) -> _Moments:
    usable = np.isfinite(returns) & complete[:, None]
    weights = usable.astype(np.float64)
    known = np.where(usable, returns, 0.0)
    observations = usable.sum(axis=0)
    days = np.maximum(observations, 1).astype(np.float64)
    regressor_means = weights.T @ regressors / days[:, None]
    return_means = known.sum(axis=0) / days
    sessions, factors = regressors.shape
    products = (regressors[:, :, None] * regressors[:, None, :]).reshape(sessions, factors * factors)
    raw_squares = (weights.T @ products).reshape(-1, factors, factors)
    mean_squares = regressor_means[:, :, None] * regressor_means[:, None, :] * days[:, None, None]
    cross = known.T @ regressors - regressor_means * (return_means * days)[:, None]
    return _Moments(
        usable, regressors, regressor_means, return_means, raw_squares - mean_squares, cross, observations
    )


def _condition_numbers(squares: FloatArray) -> FloatArray:
    """Square root of the ratio of extreme eigenvalues of the regressors' correlation; inf when degenerate."""
    spread = np.sqrt(np.maximum(np.einsum("skk->sk", squares), 0.0))
    varies = (spread > 0.0).all(axis=1)
    divisor = np.where(varies[:, None], spread, 1.0)
    correlation = squares / (divisor[:, :, None] * divisor[:, None, :])
    eigenvalues = np.linalg.eigvalsh(correlation)
    smallest, largest = eigenvalues[:, 0], eigenvalues[:, -1]
    regular = varies & (smallest > 0.0)
    return np.where(regular, np.sqrt(largest / np.where(regular, smallest, 1.0)), np.inf)


def _solved(
    returns: FloatArray, moments: _Moments, scale: FloatArray, condition: FloatArray, determined: BoolArray
) -> Fit:
    identity = np.eye(len(scale))
    inverse = np.linalg.inv(np.where(determined[:, None, None], moments.squares, identity))
    slopes = np.where(determined[:, None], (inverse @ moments.cross[:, :, None])[:, :, 0], np.nan)
    residual, total = _sums_of_squares(returns, moments, slopes)
    freedom = np.where(determined, moments.observations - len(scale) - 1, 1)
    variance = np.where(determined, residual / freedom, np.nan)
    errors = np.sqrt(variance[:, None] * np.einsum("skk->sk", inverse))
    return Fit(
        coefficients=slopes / scale,
        standard_errors=errors / scale,
        t_statistics=_ratio(slopes, errors),
        r_squared=1.0 - _ratio(residual, total),
        residual_variance=variance,
        condition_number=condition,
        observations=moments.observations,
        moments=moments.squares * (scale[:, None] * scale[None, :]),
        determined=determined,
    )


def _sums_of_squares(
    returns: FloatArray, moments: _Moments, slopes: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Residual and total sums of squares, from the residuals: y'y - b'X'y would cancel when R2 is near 1."""
    centred = np.where(moments.usable, returns - moments.return_means, 0.0)
    intercepts = (moments.regressor_means * slopes).sum(axis=1)
    fitted = moments.regressors @ slopes.T - intercepts
    residuals = np.where(moments.usable, centred - fitted, 0.0)
    determined = np.isfinite(slopes).all(axis=1)
    return np.where(determined, (residuals**2).sum(axis=0), np.nan), (centred**2).sum(axis=0)


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """The quotient, NaN where the denominator is 0 or unknown."""
    defined = denominator > 0.0
    return np.where(defined, numerator / np.where(defined, denominator, 1.0), np.nan)
