"""The money-weighted return of dated amounts, apart from arrays: the gateway loads no numpy."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

DAYS_A_YEAR = 365.0


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
    amounts = [amount for _, amount in known]
    if not min(amounts, default=0.0) < 0.0 < max(amounts, default=0.0):
        return MoneyWeightedReturn(None, "the amounts do not change sign: no rate solves them")
    days = (known[-1][0] - known[0][0]).days
    if not days:
        return MoneyWeightedReturn(None, "all amounts are of one day")
    shares = [(day - known[0][0]).days / days for day, _ in known]
    growths = list(_growths(amounts, shares))
    if len(growths) != 1:
        problem = "several rates solve the amounts" if growths else "no rate solves the amounts"
        return MoneyWeightedReturn(None, problem)
    growth_a_year = growths[0] * DAYS_A_YEAR / days
    if growth_a_year > _LARGEST_GROWTH:
        return MoneyWeightedReturn(None, "the time is too short for a yearly rate")
    return MoneyWeightedReturn(math.expm1(growth_a_year))


def _growths(amounts: Sequence[float], shares: Sequence[float]) -> Iterator[float]:
    """The logarithms of growth over the whole time that make the amounts worth nothing together.

    `shares`: of the whole time, when each amount is due.
    """

    def worth(growth: float) -> float:
        terms = zip(amounts, shares, strict=True)
        return math.fsum(amount * math.exp(-growth * share) for amount, share in terms)

    if len(amounts) == 2:  # nothing came in or left: no rate has to be looked for
        growth = math.log(-amounts[1] / amounts[0])
        if abs(growth) < _GROWTHS[-1]:
            yield growth
        return
    gains = [worth(growth) > 0.0 for growth in _GROWTHS]
    for (low, high), (below, above) in zip(pairwise(_GROWTHS), pairwise(gains), strict=True):
        if below != above:
            yield _root(worth, low, high)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where the function changes sign between low and high, by halving to the last digit."""
    for end in (low, high):
        if function(end) == 0.0:
            return end
    rises = function(high) > 0.0
    while low < (middle := (low + high) / 2) < high:
        value = function(middle)
        if value == 0.0:
            return middle
        low, high = (low, middle) if (value > 0.0) == rises else (middle, high)
    return low


# From a loss of all but e^-60 to a gain of e^60, most finely near zero, which is one of them.
_GROWTHS = [math.sinh(step / 50) * 60.0 / math.sinh(8.0) for step in range(-400, 401)]
_LARGEST_GROWTH = 700.0  # what e^x can be a float of
