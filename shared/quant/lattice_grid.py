"""Steps, grid and interpolation of the lattice in `lattice`."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.arrays import BoolArray, FloatArray
from shared.quant.black_scholes import OptionColumns
from shared.quant.dividends import CashDividends

Places = NDArray[np.intp]

SHORTEST = 1e-9  # years: two ex-dates that are nearer are one
_TINY = 1e-12


@dataclass(frozen=True)
class Schedule:
    """Steps from now to the last ex-date, of n contracts with equally many steps.

    `step_years` (steps, n). `owed_before` and `owed_after` (steps + 1, n): what the dividends still
    to come are worth at the start of each step and at the end of the last, in dollars of that
    moment, before and after a dividend that goes ex then.
    """

    step_years: FloatArray
    owed_before: FloatArray
    owed_after: FloatArray

    @classmethod
    def of(cls, options: OptionColumns, dividends: CashDividends, steps: int) -> Self:
        """Every contract has a dividend that counts and at least as many steps as dividends."""
        counted = dividends.counted(options)
        last = np.where(counted, dividends.years, 0.0).max(axis=1)
        years = np.where(counted, dividends.years, last[:, None])
        order = np.argsort(years, axis=1)
        years = np.take_along_axis(years, order, axis=1).T
        amount = np.take_along_axis(np.where(counted, dividends.amount, 0.0), order, axis=1).T
        span = np.diff(years, axis=0, prepend=0.0)
        pairs = ~exercised_only_before_dividends(options)
        count = np.where(pairs, 2 * _shared_out(span, steps // 2), _shared_out(span, steps))
        ex_step = np.cumsum(count, axis=0)
        length = span / np.maximum(count, 1)
        at = np.arange(steps + 1)[:, None]
        step_years = np.zeros((steps, last.size))
        owed_before, owed_after = np.zeros((2, steps + 1, last.size))
        worth = amount * np.exp(-options.rate * years)
        for slot in range(len(years)):
            within = (at[:-1] >= ex_step[slot] - count[slot]) & (at[:-1] < ex_step[slot])
            step_years += np.where(within, length[slot], 0.0)
            owed_before += np.where(at <= ex_step[slot], worth[slot], 0.0)
            owed_after += np.where(at < ex_step[slot], worth[slot], 0.0)
        elapsed = np.concatenate([np.zeros((1, last.size)), np.cumsum(step_years, axis=0)])
        growth = np.exp(options.rate * elapsed)
        return cls(step_years, owed_before * growth, owed_after * growth)


def _shared_out(span: FloatArray, steps: int) -> Places:
    """How many of the steps each span of time gets, (spans, n): one at least, then by length."""
    long = span > SHORTEST
    share = span / span.sum(axis=0)
    spare = steps - long.sum(axis=0)
    count = long + np.floor(share * spare).astype(np.intp) * long
    missing = steps - count.sum(axis=0)
    column = np.arange(span.shape[1])
    while (missing > 0).any():
        longest = np.where(long, span / np.maximum(count, 1), 0.0).argmax(axis=0)
        count[longest, column] += missing > 0
        missing -= 1
    return np.asarray(count, dtype=np.intp)


def kink(difference: FloatArray) -> tuple[Places, Places, FloatArray]:
    """What a sum over the nodes misses of the integral of max(difference, 0).

    `difference` (nodes, n) turns positive once. Rows, columns and what to add there: with the kink
    a share u of the way between two nodes, the slope up to it x (u^2 / 2 - u / 2 + 1/12), added to
    the nearer one. Slope and place are of the parabola through the last three nodes below: above,
    another kink may be near.
    """
    below = difference < 0.0
    row, column = np.nonzero(below[2:-1] & ~below[3:])
    first, second, last = (difference[row + step, column] for step in range(3))
    rise = last - second
    bend = rise - (second - first)
    share = np.clip(-last / np.maximum(rise, _TINY), 0.0, 1.0)
    for _ in range(2):
        slope = np.maximum(rise + bend * (share + 0.5), _TINY * (1.0 + rise))
        excess = last + rise * share + 0.5 * bend * share * (share + 1.0)
        share = np.clip(share - excess / slope, 0.0, 1.0)
    slope = np.maximum(rise + bend * (share + 0.5), 0.0)
    missing = slope * (0.5 * share * (share - 1.0) + 1.0 / 12.0)
    return row + 2 + (share > 0.5), column, missing


@dataclass(frozen=True)
class Reading:
    """The polynomial of degree four through five nodes around a point, by contract.

    Value, and first and second derivative by the number of nodes.
    """

    value: FloatArray
    slope: FloatArray
    curvature: FloatArray

    @classmethod
    def of(cls, grid: FloatArray, column: Places, nodes: FloatArray) -> Self:
        """`grid` (2 m + 1, k) read in `column` at `nodes` from its middle, both of shape (n,)."""
        nearest = np.rint(nodes).astype(np.intp)
        u = nodes - nearest
        middle = len(grid) // 2 + nearest
        a, b, c, d, e = (grid[middle + step, column] for step in range(-2, 3))
        first = (a - 8.0 * b + 8.0 * d - e) / 12.0
        second = (-a + 16.0 * b - 30.0 * c + 16.0 * d - e) / 24.0
        third = (-a + 2.0 * b - 2.0 * d + e) / 12.0
        fourth = (a - 4.0 * b + 6.0 * c - 4.0 * d + e) / 24.0
        return cls(
            c + u * (first + u * (second + u * (third + u * fourth))),
            first + u * (2.0 * second + u * (3.0 * third + u * 4.0 * fourth)),
            2.0 * second + u * (6.0 * third + u * 12.0 * fourth),
        )


def families(options: OptionColumns, dividends: CashDividends, steps: Places) -> Places:
    """A number by contract, shape (n,): the same for contracts that differ in their spot alone."""
    terms = (options.call, options.strike, options.years_to_expiry, options.volatility)
    market = (options.rate, options.dividend_yield, steps)
    table = np.column_stack([*terms, *market, dividends.amount, dividends.years])
    order = np.lexsort(table.T)
    other = np.zeros(order.size, dtype=np.bool_)
    other[1:] = (np.diff(table[order], axis=0) != 0.0).any(axis=1)
    family = np.empty(order.size, dtype=np.intp)
    family[order] = np.cumsum(other)
    return family


def exercised_only_before_dividends(options: OptionColumns) -> BoolArray:
    """Calls that forgo interest and no yield by exercise: only a dividend makes up for that."""
    return options.call & (options.rate >= 0.0) & (options.dividend_yield <= 0.0)
