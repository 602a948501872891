"""From scenarios to the shocks of every factor, of the yield and of volatilities.

Factor shocks are in the market-relative space: the market's return and each style's return over the
market. A scenario gives those directly ("over_market") or the returns of the proxies themselves
("absolute"). What it gives is held; every other factor stays at zero over the market (direct) or
takes its conditional expectation (correlated).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from services.stress.inputs import MARKET, Indices, Scenario
from shared.arrays import FloatArray
from shared.conventions import SESSIONS_PER_YEAR

# Singular values below this share of the largest count as zero: proxies that move as one give no
# leverage.
SINGULAR = 1e-10


@dataclass(frozen=True)
class Shocks:
    """What the market does in each scenario; 0 where the scenario gives nothing.

    `factors`: (scenarios, factors) decimal returns. `rates`: (scenarios,) change of yield in
    decimals. `volatilities`: (scenarios,) relative change of one-month implied volatility.
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

    def of_scenarios(self, chosen: slice) -> Self:
        """The shocks of some of the scenarios."""
        return type(self)(self.factors[chosen], self.rates[chosen], self.volatilities[chosen])

    def at_still_volatility(self) -> "Shocks":
        """The same without the moves of volatility."""
        return Shocks(self.factors, self.rates, np.zeros_like(self.volatilities))

    def distinct(self) -> tuple["Shocks", Indices]:
        """(the different ones, for every scenario the place of its shock among them)."""
        rows = np.column_stack([self.factors, self.rates, self.volatilities])
        _, first, place = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        different = Shocks(self.factors[first], self.rates[first], self.volatilities[first])
        return different, place.ravel()


def direct_shocks(every: Sequence[Scenario], factor_ids: Sequence[str]) -> Shocks:
    """Given shocks as they are; every other factor stays (such a style moves with the market)."""
    rows = [_over_market(each, _given(each, factor_ids), factor_ids) for each in every]
    return Shocks.of(np.nan_to_num(_matrix(rows, factor_ids)), every)


def correlated_shocks(
    every: Sequence[Scenario], factor_ids: Sequence[str], covariance: FloatArray
) -> Shocks:
    """Given shocks as they are; every other factor takes its conditional expectation.

    `covariance`: (factors, factors) of the market-relative factor returns, rows as in `factor_ids`.
    Expectations are taken among the returns that the scenario's basis names, so a proxy's given
    return is held whether or not the market's is given. Rates and volatilities take the given shock
    only. Source: `conditional_shocks`.
    """
    rows = [
        _over_market(
            each,
            conditional_shocks(_in_basis(each, covariance, factor_ids), _given(each, factor_ids)),
            factor_ids,
        )
        for each in every
    ]
    return Shocks.of(_matrix(rows, factor_ids), every)


def plausibility(
    every: Sequence[Scenario], factor_ids: Sequence[str], covariance: FloatArray | None
) -> FloatArray:
    """(scenarios,) Mahalanobis distance of the given shocks, in yearly deviations.

    d = sqrt(s' (252 cov_ss)^-1 s) over the factors that the scenario shocks, in its basis; 1 is a
    yearly move of one standard deviation. NaN where it shocks no factor, or without a covariance.
    `covariance`: daily, as for `correlated_shocks`. Source: Mahalanobis 1936; Kritzman and Li,
    "Skulls, Financial Turbulence, and Risk Management", Financial Analysts Journal, 2010. A
    singular covariance takes the Moore-Penrose inverse.
    """
    if covariance is None:
        return np.full(len(every), np.nan)
    return np.array(
        [
            _distance(_in_basis(each, covariance, factor_ids), _given(each, factor_ids))
            for each in every
        ]
    )


def _distance(covariance: FloatArray, given: FloatArray) -> float:
    known = ~np.isnan(given)
    if not known.any():
        return float("nan")
    yearly = covariance[np.ix_(known, known)] * SESSIONS_PER_YEAR
    inverse = np.linalg.pinv(yearly, rcond=SINGULAR, hermitian=True)
    return float(np.sqrt(given[known] @ inverse @ given[known]))


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


def proxy_returns(factors: FloatArray, factor_ids: Sequence[str]) -> FloatArray:
    """(scenarios, factors) returns of the proxies themselves: a style's over the market's plus it.

    `factors`: (scenarios, factors) market-relative shocks.
    """
    if MARKET not in factor_ids:
        return factors
    own: FloatArray = factors @ _own_returns(factor_ids).T
    return own


def _given(scenario: Scenario, factor_ids: Sequence[str]) -> FloatArray:
    """(factors,) shocks in the scenario's basis, NaN where it gives none."""
    return np.array([scenario.shocks.get(each, np.nan) for each in factor_ids], dtype=np.float64)


def _over_market(scenario: Scenario, shocks: FloatArray, factor_ids: Sequence[str]) -> FloatArray:
    """(factors,) shocks in the scenario's basis as the market-relative space has them."""
    if scenario.basis == "over_market" or MARKET not in factor_ids:
        return shocks
    place = factor_ids.index(MARKET)
    market = shocks[place]
    relative: FloatArray = shocks - np.nan_to_num(market)
    relative[place] = market
    return relative


def _in_basis(scenario: Scenario, covariance: FloatArray, factor_ids: Sequence[str]) -> FloatArray:
    """The covariance of the returns that the scenario's basis names."""
    if scenario.basis == "over_market" or MARKET not in factor_ids:
        return covariance
    own = _own_returns(factor_ids)
    return own @ covariance @ own.T


def _own_returns(factor_ids: Sequence[str]) -> FloatArray:
    """(factors, factors) matrix that makes market-relative returns the proxies' own."""
    own = np.eye(len(factor_ids))
    own[:, factor_ids.index(MARKET)] = 1.0
    return own


def _matrix(rows: Sequence[FloatArray], factor_ids: Sequence[str]) -> FloatArray:
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(factor_ids))
