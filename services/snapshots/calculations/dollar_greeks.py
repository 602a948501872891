"""The Greeks of a portfolio in dollars, which add up over underlyings as share Greeks do not.

Of a position: dollar delta q m S delta (the delta-adjusted exposure, in whole cents as snapshots
have it: the sum is their net exposure); dollar gamma q m gamma S^2 / 100, what a rise of the
underlying of 1 % adds to it; theta, vega and rho are in USD as they are. Weighted by beta, each
underlying counts as its beta of SPY: dollar delta x beta, dollar gamma x beta^2, so that the sums
say what a move of the market does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.snapshots.calculations.metrics import USD, Metric, cents
from services.snapshots.calculations.parametric import Exposures
from shared.arrays import ArrayColumns, FloatArray

NO_POSITIONS = "no positions"
NOTHING_KNOWN = "no position has the inputs"


@dataclass(frozen=True)
class OptionGreeks(ArrayColumns):
    """P positions: USD per the Greek's own unit, 0 for stock, NaN where not known."""

    dollar_gamma: FloatArray
    theta: FloatArray
    vega: FloatArray
    rho: FloatArray


def dollar_greeks(
    view: str, exposures: Exposures, greeks: OptionGreeks, market_betas: FloatArray
) -> Iterator[Metric]:
    """The sums over one portfolio or one side of it.

    `market_betas` (U): of each underlying, NaN where unknown. A position without the inputs of a
    sum is left out of it and lowers its coverage.
    """
    beta = market_betas[exposures.underlying]
    by_name = {
        "dollar_delta": cents(exposures.dollars),
        "dollar_gamma_1pct": greeks.dollar_gamma,
        "dollar_theta_1d": greeks.theta,
        "dollar_vega_1pt": greeks.vega,
        "dollar_rho_1pct": greeks.rho,
        "dollar_delta_beta_weighted": exposures.dollars * beta,
        "dollar_gamma_1pct_beta_weighted": _weighted_gamma(greeks.dollar_gamma, beta),
    }
    for name, amounts in by_name.items():
        yield _summed(name, view, amounts, exposures.weight)


def _weighted_gamma(dollar_gamma: FloatArray, beta: FloatArray) -> FloatArray:
    """Nothing is nothing, also where the beta is not known."""
    return np.where(dollar_gamma == 0.0, 0.0, dollar_gamma * beta**2)


def _summed(name: str, view: str, amounts: FloatArray, weight: FloatArray) -> Metric:
    if not len(amounts):
        return Metric.missing(name, USD, NO_POSITIONS, view)
    known = np.isfinite(amounts)
    if not known.any():
        return Metric.missing(name, USD, NOTHING_KNOWN, view)
    total = float(weight.sum())
    coverage = float(weight[known].sum()) / total if total > 0.0 else None
    return Metric(name, view, float(amounts[known].sum()), USD, coverage=coverage)
