"""Daily returns of adjusted closes, the one definition that factors and greeks share, and the
money-weighted return of dated amounts.

A gap stays a gap: a missing close makes the two returns that touch it missing. Nothing is filled
with zero or carried forward, because both would pull volatilities and betas towards zero.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.optimize import brentq

from shared.arrays import FloatArray as FloatArray

DAYS_A_YEAR = 365.0


def simple_returns(adjusted_closes: FloatArray) -> FloatArray:
    """P_t / P_{t-1} - 1 as decimals.

    `adjusted_closes` is sessions x symbols (or sessions alone), oldest first, NaN where a close is
    missing; a close that is not positive counts as missing. Gives one row fewer; fewer than two
    sessions give no rows.
    """
    closes = _positive(adjusted_closes)
    return closes[1:] / closes[:-1] - 1.0


def log_returns(adjusted_closes: FloatArray) -> FloatArray:
    """ln(P_t / P_{t-1}), with the shapes and gaps of `simple_returns`."""
    closes = _positive(adjusted_closes)
    return np.log(closes[1:] / closes[:-1])


def _positive(closes: FloatArray) -> FloatArray:
    return np.where(closes > 0.0, closes, np.nan)


@dataclass(frozen=True)
class MoneyWeightedReturn:
    """A rate, decimal per year with yearly compounding; None with the `reason`."""

    rate: float | None
    reason: str | None = None


def money_weighted_return(dated: Iterable[tuple[date, float]]) -> MoneyWeightedReturn:
    """The yearly rate at which amounts are worth nothing together: Excel's XIRR (actual/365).

    `dated`: what an investor paid (negative: NAV at the beginning, capital that came in) and
    received (positive: capital that left, NAV at the end), USD. The rate r solves
    sum a_i / (1 + r)^((d_i - d_0) / 365) = 0. Where several rates do, none is given. Source:
    Bacon, Practical Portfolio Performance Measurement and Attribution, 2nd edition, 2008, chapter 3
    (internal rate of return).
    """
    known = sorted((day, amount) for day, amount in dated if amount != 0.0)
    amounts = np.array([amount for _, amount in known])
    if not (amounts.min(initial=0.0) < 0.0 < amounts.max(initial=0.0)):
        return MoneyWeightedReturn(None, "the amounts do not change sign: no rate solves them")
    days = np.array([(day - known[0][0]).days for day, _ in known], dtype=np.float64)
    if not days[-1]:
        return MoneyWeightedReturn(None, "all amounts are of one day")
    share = days / days[-1]  # of the whole time

    roots = _growths(amounts, share)
    if len(roots) != 1:
        problem = "several rates solve the amounts" if roots else "no rate solves the amounts"
        return MoneyWeightedReturn(None, problem)
    growth_a_year = roots[0] * DAYS_A_YEAR / float(days[-1])
    if growth_a_year > _LARGEST_GROWTH:
        return MoneyWeightedReturn(None, "the time is too short for a yearly rate")
    return MoneyWeightedReturn(math.expm1(growth_a_year))


def _growths(amounts: FloatArray, share: FloatArray) -> list[float]:
    """The logarithms of growth over the whole time that make the amounts worth nothing together."""

    def worth(growth: float) -> float:
        return float(amounts @ np.exp(-growth * share))

    positive = np.exp(-np.outer(_GROWTHS, share)) @ amounts > 0.0
    changes = np.flatnonzero(positive[1:] != positive[:-1])
    return [_root(worth, _GROWTHS[at], _GROWTHS[at + 1]) for at in changes.tolist()]


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Between low and high, or the one that is the root but for rounding."""
    if function(low) * function(high) > 0.0:
        return min(low, high, key=lambda at: abs(function(at)))
    return float(brentq(function, low, high, xtol=1e-15))


# From a loss of all but e^-60 to a gain of e^60; near zero a step is 0.02 %.
_GROWTHS = (np.sinh(np.linspace(-8.0, 8.0, 3201)) * 60.0 / np.sinh(8.0)).tolist()
_LARGEST_GROWTH = 700.0  # what e^x can be a float of
