"""Exponentially weighted covariance of daily factor returns, as measured and drawn to its diagonal.

Sources: RiskMetrics Technical Document, 4th edition, 1996, section 5.2 (zero mean, decay 0.94 for
daily data); Ledoit and Wolf, Journal of Empirical Finance 10, 2003 (intensity), with Schaefer and
Strimmer's target D, Statistical Applications in Genetics and Molecular Biology 4, 2005 (variances
kept, correlations drawn to 0).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.factors.calculations.regression import complete_days
from shared.arrays import BoolArray, Columns, FloatArray
from shared.conventions import MINIMUM_OBSERVATIONS

_TINY = 1e-300


@dataclass(frozen=True)
class FactorCovariance:
    """K x K daily covariance and correlation with the number of days behind them.

    `shrunk` is the covariance with everything off the diagonal times (1 - `shrinkage`). NaN
    everywhere with fewer than 60 days; a correlation with a factor that never moved is NaN.
    """

    covariance: FloatArray
    correlation: FloatArray
    shrunk: FloatArray
    shrinkage: float
    observations: int

    def columns(self, space: str, factors: Sequence[str]) -> Columns:
        """One row per ordered pair of factors, the diagonal included."""
        pairs = len(factors) ** 2
        return {
            "space": [space] * pairs,
            "factor_a": [factor for factor in factors for _ in factors],
            "factor_b": [factor for _ in factors for factor in factors],
            "covariance": self.covariance.ravel(),
            "correlation": self.correlation.ravel(),
            "shrunk_covariance": self.shrunk.ravel(),
            "shrinkage": [self.shrinkage] * pairs,
            "observations": [self.observations] * pairs,
        }


def ewma_covariance(returns: FloatArray, decay: float, lookback: int) -> FactorCovariance:
    """Covariance of `returns` (T x K, oldest first) over `lookback` days, weighted decay^age.

    Only days on which every factor has a return count (the weights are rescaled to 1), so the
    result is a sum of outer products and positive semi-definite by construction.
    """
    recent = returns[-lookback:]
    complete = complete_days(recent)
    observations = int(complete.sum())
    if observations < MINIMUM_OBSERVATIONS:
        unknown = np.full((returns.shape[1], returns.shape[1]), np.nan)
        return FactorCovariance(unknown, unknown, unknown, np.nan, observations)
    weights = _weights(complete, decay)
    weighted = recent[complete] * np.sqrt(weights)[:, None]
    covariance = weighted.T @ weighted
    intensity = shrinkage_intensity(recent[complete], weights, covariance)
    shrunk = (1.0 - intensity) * covariance + intensity * np.diag(np.diag(covariance))
    return FactorCovariance(covariance, correlation(covariance), shrunk, intensity, observations)


def shrinkage_intensity(returns: FloatArray, weights: FloatArray, covariance: FloatArray) -> float:
    """How far to draw correlations to 0 for the least expected squared error: 0 (not at all) to 1.

    The estimation variance of the correlations over their squares, both summed off the diagonal. A
    correlation is the mean of its days' products z_i z_j (T days, `weights` summing to 1), so its
    variance is the sum of the squared weights times the squared deviations of those products, over
    1 - the sum of squared weights. Fewer effective days or weaker correlations give more; 1 where
    no factor moves with another.
    """
    known = np.nan_to_num(correlation(covariance))
    deviations = np.sqrt(np.diag(covariance))
    scaled = returns / np.where(deviations > 0.0, deviations, 1.0)
    errors = scaled[:, :, None] * scaled[:, None, :] - known
    concentration = float((weights**2).sum())
    variance = np.einsum("t,tij->ij", weights**2, errors**2) / max(1.0 - concentration, _TINY)
    off = ~np.eye(len(known), dtype=bool)
    signal = float((known[off] ** 2).sum())
    return min(1.0, float(variance[off].sum()) / signal) if signal > 0.0 else 1.0


def _weights(complete: BoolArray, decay: float) -> FloatArray:
    """decay^age of the complete days, summing to 1."""
    ages = np.arange(len(complete))[::-1][complete]
    weights = decay ** (ages - ages.min())
    return np.asarray(weights / weights.sum())


def correlation(covariance: FloatArray) -> FloatArray:
    """The correlations of a covariance matrix: 1 on the diagonal, NaN for what never moves."""
    deviations = np.sqrt(np.diag(covariance))
    moves = deviations > 0.0
    divisor = np.where(moves, deviations, 1.0)
    scaled = np.clip(covariance / divisor[:, None] / divisor[None, :], -1.0, 1.0)
    np.fill_diagonal(scaled, 1.0)
    return np.where(moves[:, None] & moves[None, :], scaled, np.nan)
