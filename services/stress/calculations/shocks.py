"""From scenarios to the shocks of every factor, of the yield and of volatilities.

Factor shocks are in the market-relative space: the market's return and each style's return over the
market. A given shock is the scenario's; any other is zero (direct) or its conditional expectation
(correlated).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from services.stress.inputs import MARKET_NAME, Indices, Scenario
from shared.arrays import FloatArray

# Singular values below this share of the largest count as zero: proxies that move as one give no
# leverage.
SINGULAR = 1e-10


@dataclass(frozen=True)
class Shocks:
    """What the market does in each scenario; 0 where the scenario gives nothing.

    `factors`: (scenarios, factors) decimal returns. `rates`: (scenarios,) change of yield in
    decimals. `volatilities`: (scenarios,) added to every option's volatility, in decimals.
    """

    factors: FloatArray
    rates: FloatArray
    volatilities: FloatArray

    @classmethod
    def of(cls, factors: FloatArray, every: Sequence[Scenario]) -> Self:
        """The scenarios' factor shocks as given; their own shocks of rate and volatility."""
        return cls(
            factors,
            np.array([each.rate_shock or 0.0 for each in every], dtype=np.float64),
            np.array([each.volatility_shock or 0.0 for each in every], dtype=np.float64),
        )

    @classmethod
    def joined(cls, parts: Sequence["Shocks"]) -> Self:
        """One scenario after the other."""
        return cls(
            np.concatenate([part.factors for part in parts]),
            np.concatenate([part.rates for part in parts]),
            np.concatenate([part.volatilities for part in parts]),
        )

    def distinct(self) -> tuple["Shocks", Indices]:
        """(the different ones, for every scenario the place of its shock among them)."""
        rows = np.column_stack([self.factors, self.rates, self.volatilities])
        _, first, place = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        different = Shocks(self.factors[first], self.rates[first], self.volatilities[first])
        return different, place.ravel()


def direct_shocks(every: Sequence[Scenario], factor_names: Sequence[str]) -> Shocks:
    """Given shocks as they are; every other factor stays (such a style moves with the market)."""
    return Shocks.of(np.nan_to_num(_given_shocks(every, factor_names)), every)


def correlated_shocks(
    every: Sequence[Scenario], factor_names: Sequence[str], covariance: FloatArray
) -> Shocks:
    """Given shocks as they are; every other factor takes its conditional expectation.

    `covariance`: (factors, factors) of the market-relative factor returns, rows as in
    `factor_names`. Rates and volatilities take the given shock only. Source: `conditional_shocks`.
    """
    rows = [conditional_shocks(covariance, row) for row in _given_shocks(every, factor_names)]
    return Shocks.of(np.array(rows).reshape(len(every), len(factor_names)), every)


def conditional_shocks(covariance: FloatArray, given: FloatArray) -> FloatArray:
    """The given shocks s, and for those that are NaN the expectation cov_us cov_ss^-1 s.

    Kupiec, "Stress Testing in a Value at Risk Framework", Journal of Derivatives, 1998. A singular
    cov_ss (factors that duplicate each other) takes the Moore-Penrose inverse: the same answer when
    the given shocks agree with the dependence, that of the nearest agreeing ones (least squares)
    when they do not.
    """
    known = ~np.isnan(given)
    weights = (
        np.linalg.pinv(covariance[np.ix_(known, known)], rcond=SINGULAR, hermitian=True)
        @ given[known]
    )
    shocks = given.copy()
    shocks[~known] = covariance[np.ix_(~known, known)] @ weights
    return shocks


def _given_shocks(every: Sequence[Scenario], factor_names: Sequence[str]) -> FloatArray:
    """(scenarios, factors) shocks over the market, NaN where the scenario gives none."""
    rows = [[_relative_shock(each, factor) for factor in factor_names] for each in every]
    return np.array(rows, dtype=np.float64).reshape(len(every), len(factor_names))


def _relative_shock(scenario: Scenario, factor: str) -> float:
    shock = scenario.shocks.get(factor, np.nan)
    if scenario.basis == "relative" or factor == MARKET_NAME:
        return shock
    return shock - scenario.shocks.get(MARKET_NAME, 0.0)
