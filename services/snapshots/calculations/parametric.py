"""Parametric VaR and expected shortfall: normal P&L from the factor model, options by delta.

With X_u the delta-adjusted dollars on underlying u, b_u its betas, C the daily covariance of factor
returns and s_u^2 the variance of what the factors leave unexplained, independent between
underlyings: sigma^2 = F'C F + sum_u X_u^2 s_u^2 with F = sum_u X_u b_u; VaR_c = z_c sigma and ES_c
= sigma phi(z_c) / (1 - c), mean zero, losses positive. Source: RiskMetrics Technical Document, 4th
edition, 1996, sections 1.2 and 5.2; ES of the normal distribution: McNeil, Frey and Embrechts,
Quantitative Risk Management, 2005, example 2.18.
"""

import math
from dataclasses import dataclass

import numpy as np

from shared.arrays import ArrayColumns, BoolArray, FloatArray, IntArray
from shared.conventions import MINIMUM_OBSERVATIONS, NORMAL_QUANTILE
from shared.quant.columnwise import accompanied, columnwise_product


@dataclass(frozen=True)
class FactorModel:
    """Daily, by U underlyings and K factors: betas (U x K), covariance (K x K), variances (U).

    `specific_variance` is that of what the factors do not explain. NaN rows are underlyings without
    betas or with too few returns. `observations`: days behind the covariance.
    """

    betas: FloatArray
    covariance: FloatArray
    specific_variance: FloatArray
    observations: int

    @property
    def known(self) -> BoolArray:
        """Which underlyings the model can speak about."""
        return np.isfinite(self.betas).all(axis=1) & np.isfinite(self.specific_variance)


@dataclass(frozen=True)
class Exposures(ArrayColumns):
    """P positions of one portfolio: signed delta-adjusted USD (NaN where unknown) and weight.

    `underlying` is the row of each position's underlying in the factor model.
    """

    dollars: FloatArray
    underlying: IntArray
    weight: FloatArray


@dataclass(frozen=True)
class ParametricRisk:
    """The standard deviation of one day's P&L in USD with its two parts, and its coverage.

    `coverage`: the share of weight that was measured. NaN with a `reason` when there is nothing to
    measure.
    """

    deviation: float
    factor_deviation: float
    specific_deviation: float
    coverage: float | None
    reason: str | None

    def value_at_risk(self, confidence: int) -> float:
        """The loss not exceeded with that confidence (95 or 99), USD."""
        return NORMAL_QUANTILE[confidence] * self.deviation

    def expected_shortfall(self, confidence: int) -> float:
        """The mean loss beyond the VaR, USD."""
        quantile = NORMAL_QUANTILE[confidence]
        density = math.exp(-0.5 * quantile * quantile) / math.sqrt(2.0 * math.pi)
        return self.deviation * density / (1.0 - confidence / 100.0)


def parametric_risk(exposures: Exposures, model: FactorModel) -> ParametricRisk:
    """One portfolio's normal P&L.

    Positions without an exposure or an estimate are left out and lower the coverage.
    """
    measured = measured_positions(exposures, model)
    total = float(exposures.weight.sum())
    coverage = float(exposures.weight[measured].sum()) / total if total > 0.0 else None
    problem = _problem(measured, model)
    if problem:
        return ParametricRisk(math.nan, math.nan, math.nan, coverage, problem)
    dollars = np.bincount(
        exposures.underlying[measured], exposures.dollars[measured], minlength=len(model.betas)
    )
    factors = dollars @ np.nan_to_num(model.betas)
    factor_variance = max(float(factors @ model.covariance @ factors), 0.0)
    specific_variance = float(dollars**2 @ np.nan_to_num(model.specific_variance))
    return ParametricRisk(
        deviation=math.sqrt(factor_variance + specific_variance),
        factor_deviation=math.sqrt(factor_variance),
        specific_deviation=math.sqrt(specific_variance),
        coverage=coverage,
        reason=None,
    )


def measured_positions(exposures: Exposures, model: FactorModel) -> BoolArray:
    """Which positions (P) have an exposure that the model knows, or one of 0 (expired options)."""
    known = model.known[exposures.underlying] | (exposures.dollars == 0.0)
    return np.asarray(np.isfinite(exposures.dollars) & known)


def _problem(measured: BoolArray, model: FactorModel) -> str | None:
    if not np.isfinite(model.covariance).all():
        return "no factor covariance for the session"
    if not len(measured):
        return "no positions"
    return None if measured.any() else "no position has betas and a specific variance"


def specific_variances(
    returns: FloatArray, factor_returns: FloatArray, betas: FloatArray, decay: float
) -> FloatArray:
    """Variance per underlying of its returns less betas (U x K) times factor returns (T x K).

    `returns` is T x U. Mean zero and weighted decay^age like the factor covariance, so that both
    parts of the variance look at the same past. NaN with fewer than 60 days on which the return and
    every factor are known.
    """
    if len(betas) == 1:
        twice = accompanied(returns), factor_returns, np.repeat(betas, 2, axis=0), decay
        return specific_variances(*twice)[:1]
    residuals = returns - columnwise_product(factor_returns, betas.T)
    known = np.isfinite(residuals)
    weights = np.where(known, (decay ** np.arange(len(residuals))[::-1])[:, None], 0.0)
    total = weights.sum(axis=0)
    enough = known.sum(axis=0) >= MINIMUM_OBSERVATIONS
    variance = (weights * np.nan_to_num(residuals) ** 2).sum(axis=0)
    return np.where(enough, variance / np.where(enough, total, 1.0), np.nan)
