"""When contracts on the lattice pay dividends and may be exercised, and where its nodes lie."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.arrays import BoolArray, FloatArray
from shared.quant.black_scholes import OptionColumns
from shared.quant.dividends import SAME_DAY, CashDividends

Places = NDArray[np.intp]

WIDTH = 4.25  # standard deviations from the forward to the outermost node
NARROWEST = 1e-7  # deviation of the logarithm of the spot: what moves less stands still
LARGEST_LEVER = 4.0
LOWEST_SHARE = 1e-3  # of the forward: it is not centred lower by a dividend
# Whether to exercise now is decided by the next dates: in the first interval that has some, they
# lie closer the sooner they are, and are not too few.
FEWEST_FIRST = 6
FIRST_POWER = 2.0

_TINY_RATE = 1e-12  # below it a put waits longer than any contract lasts


@dataclass(frozen=True)
class Schedule:
    """Intervals between ex-dates of n contracts, from now to expiry, arrays (intervals, n).

    Contract i has the intervals 0 to `dividends[i]` (n,); the last ends at its expiry. `years` is
    an interval's length and `paid` the dividend at its end. At the end no exercise can pay for the
    time of `waiting`; before, it is possible at the interval's start and on `dates` dates;
    `soonest` (n,) is the first interval that has some. The
    middle of the nodes at the start and how far they reach are `center` and `half`, as logarithms
    of the spot.
    """

    dividends: Places
    years: FloatArray
    paid: FloatArray
    waiting: FloatArray
    dates: Places
    soonest: Places
    center: FloatArray
    half: FloatArray

    @classmethod
    def of(
        cls, options: OptionColumns, dividends: CashDividends, dates: FloatArray, reach: float
    ) -> Self:
        """For living options of shape (n,).

        `dates` (n,): how many there are if exercise may pay until expiry. `reach`: how far from the
        spots of the options, as a logarithm, others are to be read.
        """
        expiry = options.years_to_expiry
        # Exercised just before it, a call never sees a dividend of its last day.
        unseen = options.call[:, None] & (dividends.years >= expiry[:, None] - SAME_DAY)
        counted = dividends.counted(options) & ~unseen
        order = np.argsort(np.where(counted, dividends.years, np.inf), axis=1)
        order = order[:, : int(counted.sum(axis=1).max(initial=0))]
        ends = np.where(counted, dividends.years, expiry[:, None])
        ends = np.vstack([np.take_along_axis(ends, order, axis=1).T, expiry])
        paid = np.where(counted, dividends.amount, 0.0)
        paid = np.vstack([np.take_along_axis(paid, order, axis=1).T, np.zeros_like(expiry)])
        years = np.diff(ends, axis=0, prepend=0.0)
        waiting = _waiting(options, years, paid)
        center, half = _nodes(options, years, ends, paid, reach)
        often = np.ceil((years - waiting) / expiry * dates - SAME_DAY).astype(np.intp)
        soonest = np.argmax(often > 0, axis=0)
        first = soonest, np.arange(expiry.size)
        more = np.maximum(often[first] + often[first] // 2, FEWEST_FIRST)
        often[first] = np.where(often[first] > 0, more, 0)
        return cls(counted.sum(axis=1), years, paid, waiting, often, soonest, center, half)


def exercised_any_day(options: OptionColumns) -> BoolArray:
    """Where exercise may pay between ex-dates: it earns interest or a yield, or saves it."""
    earned = np.where(options.call, options.dividend_yield, options.rate)
    forgone = np.where(options.call, options.rate, options.dividend_yield)
    return np.asarray((earned > 0.0) | (forgone < 0.0))


def deviation(options: OptionColumns, years: FloatArray) -> FloatArray:
    """Of the logarithm of the spot after so many years, at least `NARROWEST`."""
    return np.asarray(np.maximum(options.volatility * np.sqrt(years), NARROWEST))


def _waiting(options: OptionColumns, years: FloatArray, paid: FloatArray) -> FloatArray:
    """A put waits for a dividend that is worth more than the interest on its strike until then."""
    waits = np.zeros_like(years)
    earning = ~options.call & (options.rate > 0.0) & (options.dividend_yield >= 0.0)
    interest = np.where(earning, np.maximum(options.rate, _TINY_RATE), 1.0)
    waits[:, earning] = (np.log1p(paid / options.strike) / interest)[:, earning]
    waits[:, ~exercised_any_day(options)] = np.inf
    return np.asarray(np.minimum(waits, years))


def _nodes(
    options: OptionColumns, years: FloatArray, ends: FloatArray, paid: FloatArray, reach: float
) -> tuple[FloatArray, FloatArray]:
    """Around the forward; the less of it a dividend leaves, the more that moves."""
    carry = options.rate - options.dividend_yield
    forward = options.underlying_price
    lever = np.ones_like(forward)
    center, half = np.empty((2, *years.shape))
    for interval in range(len(years)):
        center[interval] = np.log(forward)
        half[interval] = (WIDTH * deviation(options, ends[interval]) + reach) * lever
        before = forward * np.exp(carry * years[interval])
        forward = np.maximum(before - paid[interval], LOWEST_SHARE * before)
        lever = np.minimum(lever * before / forward, LARGEST_LEVER)
    return center, half
