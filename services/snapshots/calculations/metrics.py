"""One measured number, and what all measures share: units, views, what is missing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import numpy as np

from services.snapshots.inputs import PortfolioDay
from shared.arrays import Columns, FloatArray

PORTFOLIO = "portfolio"
LONGS = "longs"
SHORTS = "shorts"
VIEWS = (PORTFOLIO, LONGS, SHORTS)

USD = "USD"
MICRO_DOLLARS = 6  # decimals of stored estimates, so that stored parts and totals add up
_LAST_DIGITS = 1e-6  # of a cent: 1.005 USD is less than that in a float
DECIMAL = "decimal"
DECIMAL_A_YEAR = "decimal per year"
RATIO = "ratio"


def cents(usd: FloatArray) -> FloatArray:
    """Values to the cent, halves away from zero: as accounts move money, and SQL rounds it."""
    hundredths = np.floor(np.abs(usd) * 100 + 0.5 + _LAST_DIGITS)
    return np.asarray(np.copysign(hundredths, usd) / 100 + 0.0)


@dataclass(frozen=True)
class Metric:
    """A number of one portfolio on one session, or None with the `reason`.

    `view`: the whole portfolio, its positions of positive or those of negative quantity.
    `observations`: how many returns or days of P&L are behind it, from `first_day` to `last_day`;
    `coverage`: the share of gross delta-adjusted exposure (the cost where that is not known), and
    of days, that had the inputs; None where the notion does not apply.
    """

    name: str
    view: str
    value: float | None
    unit: str
    observations: int | None = None
    coverage: float | None = None
    reason: str | None = None
    first_day: date | None = None
    last_day: date | None = None

    def rounded(self) -> float | None:
        """The value to micro-dollars, or to twelve decimals.

        The last digits of a float depend on what else was computed in the same call; a stored
        number must not.
        """
        if self.value is None:
            return None
        return round(self.value, MICRO_DOLLARS if self.unit == USD else 12) + 0.0  # no minus zero

    def because(self, cause: str) -> "Metric":
        """The same, a missing one with the cause beside its reason."""
        return self if self.reason is None else replace(self, reason=f"{self.reason}; {cause}")

    @classmethod
    def missing(
        cls, name: str, unit: str, reason: str, view: str = PORTFOLIO, **known: int | None
    ) -> "Metric":
        """A metric that could not be measured."""
        return cls(name, view, None, unit, known.get("observations"), None, reason)


@dataclass(frozen=True)
class DayMetrics:
    """Metrics with the portfolio and the session that each is of."""

    portfolios: tuple[UUID, ...]
    measured: Sequence[tuple[PortfolioDay, Metric]]

    def columns(self) -> Columns:
        """Of `risk_metrics`: one row per metric."""
        found = [metric for _, metric in self.measured]
        return {
            "portfolio_id": [self.portfolios[portfolio] for (portfolio, _), _ in self.measured],
            "as_of": [session_date for (_, session_date), _ in self.measured],
            "metric": [metric.name for metric in found],
            "view": [metric.view for metric in found],
            "value": [metric.rounded() for metric in found],
            "unit": [metric.unit for metric in found],
            "observations": [metric.observations for metric in found],
            "coverage": [metric.coverage for metric in found],
            "reason": [metric.reason for metric in found],
            "first_day": [metric.first_day for metric in found],
            "last_day": [metric.last_day for metric in found],
        }


NO_VARIATION = "the returns do not vary"
NO_DOWNSIDE = "no return is below the rate"  # by more than rounding


def measured(
    name: str, unit: str, value: float, observations: int, unvaried: str = NO_VARIATION
) -> Metric:
    """A metric of the whole portfolio; `unvaried` says why a ratio's denominator is nothing."""
    if not math.isfinite(value):
        return Metric.missing(name, unit, unvaried, observations=observations)
    return Metric(name, PORTFOLIO, value, unit, observations)


def shortage(found: int, needed: int, what: str = "returns") -> str | None:
    """ "12 returns, 60 needed", or None when there are enough."""
    return None if found >= needed else f"{found} {what}, {needed} needed"
