"""Shares of a portfolio's risk by factor; what the factors leave is specific.

One day's P&L has the standard deviation sigma of parametric VaR, whose square is what the factors
make together and the specific variances. A part of sigma is its variance over sigma.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.gateway.analytics.shapes.cents import cents_adding_up
from services.gateway.analytics.shapes.metrics import SPECIFIC
from shared.conventions import NORMAL_QUANTILE
from shared.quant.risk_shares import variance_parts

PERCENT = Decimal(100)
ROUNDING = 1e-6  # of the variance: exposures are in whole cents


@dataclass(frozen=True)
class RiskPart:
    """A part of the deviation of one day's P&L: USD, and its share of the variance (decimal)."""

    contribution: Decimal
    share_of_risk: Decimal


@dataclass(frozen=True)
class RiskShares:
    """The parts by factor and the specific one: cents that add up, shares that add up to 1."""

    factors: Mapping[str, RiskPart]
    specific: RiskPart

    @property
    def systematic(self) -> RiskPart:
        """All factors together."""
        return _sum(self.factors.values())

    @property
    def total(self) -> RiskPart:
        """All parts: the deviation, and 1."""
        return _sum((self.systematic, self.specific))


def _sum(parts: Iterable[RiskPart]) -> RiskPart:
    every = tuple(parts)
    return RiskPart(
        sum((part.contribution for part in every), Decimal(0)),
        sum((part.share_of_risk for part in every), Decimal(0)),
    )


def deviation_of(parametric_var_95: float) -> float:
    """The standard deviation (USD) that a normal VaR of 95 % is a multiple of."""
    return parametric_var_95 / NORMAL_QUANTILE[95]


def risk_shares(
    exposures: Mapping[str, float],
    covariance: Mapping[tuple[str, str], float],
    deviation: float,
) -> RiskShares | None:
    """The parts of `deviation` (USD, above zero) by factor.

    `exposures`: USD by factor; `covariance`: daily, of every pair of those factors. None where the
    factors alone would exceed the deviation: the three are not of one calculation.
    """
    variance = deviation**2
    moved = variance_parts(exposures, covariance)
    specific = variance - sum(moved.values())
    if specific < -ROUNDING * variance:
        return None
    parts = _parts({**moved, SPECIFIC: max(specific, 0.0)}, deviation)
    return RiskShares({factor: parts[factor] for factor in exposures}, parts[SPECIFIC])


def _parts(variances: Mapping[str, float], deviation: float) -> dict[str, RiskPart]:
    """Variances (USD^2) as parts of their root, which is `deviation`, and as shares."""
    dollars = cents_adding_up([each / deviation for each in variances.values()])
    percent = cents_adding_up([100.0 * each / deviation**2 for each in variances.values()])
    return {
        name: RiskPart(contribution, share / PERCENT)
        for name, contribution, share in zip(variances, dollars, percent, strict=True)
    }
