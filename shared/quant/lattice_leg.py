"""The lattice between two ex-dates, or from the last one to expiry."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from shared.arrays import BoolArray, FloatArray
from shared.quant.black_scholes import OptionColumns
from shared.quant.lattice_grid import Places, expected, interpolated, positive_part, step_factor
from shared.quant.lattice_schedule import FIRST_POWER, Schedule, deviation

# What exercise earns in a step, times this, is added to what it pays at the end of the step: that
# makes up for the days between the dates of exercise, except for terms of second order in a step.
# Measured against collocation (docs/decisions/0079-the-spot-falls-by-its-dividends.md).
SHARE_OF_A_STEP = 0.25


@dataclass(frozen=True)
class Leg:
    """An interval of n contracts, those with more dates first.

    While it is walked back, values are discounted to its start, and those of calls are without the
    spot that is delivered at its end. On a date exercise pays `constant` + `slope` times `spots`,
    the nodes at the start (n, nodes); both are arrays by date, as `elapsed` (years from the
    start): (dates + 1, n).
    """

    options: OptionColumns
    sign: FloatArray  # 1 for calls, -1 for puts
    years: FloatArray
    waiting: FloatArray
    dates: Places
    elapsed: FloatArray
    spots: FloatArray
    growth: FloatArray  # of the nodes until the end
    pace: FloatArray  # deviation of a year, in halves of the width of the nodes
    slope: FloatArray
    constant: FloatArray
    even: BoolArray  # all steps of the contract are equally long

    @classmethod
    def of(
        cls, options: OptionColumns, schedule: Schedule, interval: int, rows: Places, nodes: int
    ) -> Self:
        """`options` are those at `rows` of the schedule."""
        years = schedule.years[interval, rows]
        waiting = schedule.waiting[interval, rows]
        half = schedule.half[interval, rows]
        dates = schedule.dates[interval, rows]
        sign = np.where(options.call, 1.0, -1.0)
        spots = np.multiply.outer(half * sign / nodes, np.arange(nodes - 1.0, -nodes, -2.0))
        spots += schedule.center[interval, rows][:, None]
        np.exp(spots, out=spots)
        share = np.minimum(np.arange(dates[0] + 1)[:, None] / np.maximum(dates, 1), 1.0)
        soonest = schedule.soonest[rows] == interval
        elapsed = (years - waiting) * np.where(soonest, share**FIRST_POWER, share)
        life = options.years_to_expiry
        volatility = deviation(options, life) / np.sqrt(life)
        drift = options.rate - options.dividend_yield - 0.5 * volatility**2
        slope, constant = _payments(options, sign, elapsed, years)
        slope *= np.exp((drift - options.rate) * elapsed)
        constant *= np.exp(-options.rate * elapsed)
        walk = (spots, np.exp(drift * years), volatility / half, slope, constant)
        return cls(options, sign, years, waiting, dates, elapsed, *walk, ~soonest)

    def at_expiry(self) -> FloatArray:
        """Values at its end of contracts that expire then, (n, nodes)."""
        options = self.options
        spots = self.spots * self.growth[:, None]
        paid = spots - options.strike[:, None]
        paid *= self.sign[:, None]
        if self.dates.any():
            paid += self._earned(spots)
        value = positive_part(paid)
        spots *= options.call[:, None]
        value -= spots
        return value

    def before_dividend(
        self, value: FloatArray, schedule: Schedule, interval: int, rows: Places
    ) -> FloatArray:
        """Values at its end, from those at the start of the next interval: lower by the dividend.

        A dividend takes the spot no lower than the lowest node. Calls are exercised just before it.
        """
        options = self.options
        nodes = value.shape[1]
        half = schedule.half[interval + 1, rows]
        center = schedule.center[interval + 1, rows]
        edge = half * (1.0 - 1.0 / nodes)
        spots = self.spots * self.growth[:, None]
        after = spots - schedule.paid[interval, rows][:, None]
        np.maximum(after, np.exp(center - edge)[:, None], out=after)
        spots -= after
        np.minimum(after, np.exp(center + edge)[:, None], out=after)
        position = np.log(after, out=after)
        scale = -0.5 * nodes * self.sign / half
        position *= scale[:, None]
        position += (0.5 * (nodes - 1) - center * scale)[:, None]
        found = interpolated(value, position)
        if options.call.any():
            spots *= options.call[:, None]
            found -= spots
            gain = np.where(options.call, -options.strike, -np.inf)[:, None] - found
            if self.dates[options.call].any():
                gain += self._earned(self.spots * self.growth[:, None])
            found += positive_part(gain)
        return found

    def _earned(self, spots: FloatArray) -> FloatArray:
        """The share of what exercise earns in the last step, at its end."""
        options = self.options
        last = self.elapsed[self.dates, np.arange(self.dates.size)]
        before = self.elapsed[np.maximum(self.dates - 1, 0), np.arange(self.dates.size)]
        weight = SHARE_OF_A_STEP * (last - before) * self.sign
        earned = spots * (options.dividend_yield * weight)[:, None]
        earned -= (options.rate * options.strike * weight)[:, None]
        return np.asarray(np.maximum(earned, 0.0, out=earned))

    def rolled_back(self, value: FloatArray) -> FloatArray:
        """Values at its start from those at its end (n, nodes), in their place."""
        options = self.options
        nodes = value.shape[1]
        value *= np.exp(-options.rate * self.years)[:, None]
        self._wait(value)
        steps = self.pace * np.sqrt(np.diff(self.elapsed, axis=0))
        steps = np.where(self.even, steps[:1], steps)  # with any other contracts beside it
        count = np.count_nonzero(self.dates > np.arange(len(steps))[:, None], axis=1).tolist()
        same = step_factor(steps[0, : count[0]], nodes) if self.even.all() and count else None
        for date in range(len(steps) - 1, -1, -1):
            some = slice(0, count[date])
            factor = step_factor(steps[date, some], nodes) if same is None else same[some]
            value[some] = expected(value[some], factor)
            paid = self.spots[some] * self.slope[date, some, None]
            paid += self.constant[date, some, None]
            np.maximum(value[some], paid, out=value[some])
        if options.dividend_yield.any():
            lost = options.call * np.expm1(-options.dividend_yield * self.years)
            value += self.spots * lost[:, None]
        return value

    def _wait(self, value: FloatArray) -> None:
        """Take the values of those that wait back to their last date, in place."""
        row = np.flatnonzero(self.waiting > 0.0)
        if row.size:
            steps = self.pace[row] * np.sqrt(self.waiting[row])
            value[row] = expected(value[row], step_factor(steps, value.shape[1]))
        row = row[self.dates[row] > 0]
        if row.size:
            paid = self.spots[row] * self.slope[self.dates[row], row, None]
            paid += self.constant[self.dates[row], row, None]
            value[row] = np.maximum(value[row], paid)


def _payments(
    options: OptionColumns, sign: FloatArray, elapsed: FloatArray, years: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """What exercise pays on each date per unit of the spot and in money, (dates + 1, n) each.

    With its share of what exercise earns in the step before; of calls less the spot at the end.
    """
    weight = SHARE_OF_A_STEP * np.diff(elapsed, axis=0, prepend=0.0)
    slope = sign * (1.0 + options.dividend_yield * weight)
    slope -= options.call * np.exp(-options.dividend_yield * (years - elapsed))
    return slope, -sign * options.strike * (1.0 + options.rate * weight)
