"""Exponentially weighted covariance of daily factor returns.

Source: RiskMetrics Technical Document, 4th edition, 1996, section 5.2 (zero mean, decay 0.94 for daily data).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.factors.calculations.records import Record, flat, records
from services.factors.calculations.regression import MINIMUM_OBSERVATIONS, complete_days
from shared.quant.returns import FloatArray


@dataclass(frozen=True)
class FactorCovariance:
    """K x K daily covariance and correlation with the number of days behind them.

    NaN everywhere with fewer than 60 days; a correlation with a factor that never moved is NaN.
    """

    covariance: FloatArray
    correlation: FloatArray
    observations: int

    def records(self, space: str, factors: Sequence[str]) -> Iterator[Record]:
        """One record per ordered pair of factors, the diagonal included."""
        pairs = len(factors) ** 2
        return records(
            space=[space] * pairs,
            factor_a=[factor for factor in factors for _ in factors],
            factor_b=[factor for _ in factors for factor in factors],
            covariance=flat(self.covariance),
            correlation=flat(self.correlation),
            observations=[self.observations] * pairs,
        )


def ewma_covariance(returns: FloatArray, decay: float, lookback: int) -> FactorCovariance:
    """Covariance of `returns` (T x K, oldest first), weight decay^age, over the last `lookback` days.

    Only days on which every factor has a return count (the weights are rescaled to 1), so the result is a sum
    of outer products and positive semi-definite by construction.
    """
    recent = returns[-lookback:]
    complete = complete_days(recent)
    observations = int(complete.sum())
    if observations < MINIMUM_OBSERVATIONS:
        unknown = np.full((returns.shape[1], returns.shape[1]), np.nan)
        return FactorCovariance(unknown, unknown, observations)
    ages = np.arange(len(recent))[::-1][complete]
    weights = decay ** (ages - ages.min())
    weighted = recent[complete] * np.sqrt(weights / weights.sum())[:, None]
    covariance = weighted.T @ weighted
    return FactorCovariance(covariance, correlation(covariance), observations)


def correlation(covariance: FloatArray) -> FloatArray:
    """The correlation matrix of a covariance matrix; exactly 1 on the diagonal, NaN for what never moves."""
    deviations = np.sqrt(np.diag(covariance))
    moves = deviations > 0.0
    divisor = np.where(moves, deviations, 1.0)
    scaled = np.clip(covariance / divisor[:, None] / divisor[None, :], -1.0, 1.0)
    np.fill_diagonal(scaled, 1.0)
    return np.where(moves[:, None] & moves[None, :], scaled, np.nan)
