"""American options with cash dividends: a trinomial lattice up to the last ex-date.

The escrowed model (`dividends.py`): the spot less the dividends still to come moves, and the
forward jumps down by each dividend on its ex-date. After the last ex-date the option is one without
dividends, whose value is known, so the lattice spans only the time before it:

- Every ex-date is the end of a step. A step's length enters the probabilities, not the spacing of
  the nodes, so that all of them recombine. The spacing makes the fourth moment of the whole walk
  that of the normal distribution (with equal steps: three-point Gauss-Hermite quadrature).
- A call without a yield is exercised just before an ex-date or never, a put at the end of any step
  after the dividend.
- A choice of the holder makes a kink between two nodes. The node next to it gets the difference
  between integral and sum. Against the same purpose: Pooley, Vetzal & Forsyth (2003), "Convergence
  remedies for non-smooth payoffs in option pricing", Journal of Computational Finance 6(4).
- The grid is five standard deviations wide and does not grow. Contracts that differ in their spot
  alone are read from one grid.

How far it is from the reference: `docs/decisions/0029-dividends-of-options.md`.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from shared.arrays import BoolArray, FloatArray
from shared.quant.black_scholes import OptionColumns
from shared.quant.dividends import CashDividends, escrowed
from shared.quant.early_exercise import SpotValues
from shared.quant.lattice_grid import (
    SHORTEST,
    Places,
    Reading,
    Schedule,
    exercised_only_before_dividends,
    families,
    kink,
)

FEWEST_STEPS = 32
MOST_STEPS = 512
STEPS_PER_DOLLAR = 4.0  # of the standard deviation of the price at expiry
WIDTH = 5.0  # standard deviations from the spot to the edge of the grid
SPARE_ALONE = 4  # nodes beyond it: to read one spot
SPARE_SHARED = 40  # where the spots of other contracts are read as well
BLOCK = 128  # contracts in one lattice: a level of it fits a core's cache
NARROWEST = 1e-6  # spacing of the logarithm
FARTHEST = 300.0  # of a node from the spot, as a logarithm: within a float's range
UNCLEAR = 1e-7  # of the strike: what is nearer to the exercise value is exercised

After = Callable[[OptionColumns], FloatArray]


def steps_for(options: OptionColumns, dividends: CashDividends) -> Places:
    """How many steps keep each contract's error below a cent: a power of two, shape (n,)."""
    deviation = options.volatility * np.sqrt(np.maximum(options.years_to_expiry, 0.0))
    dollars = options.strike * np.nan_to_num(deviation)  # the same at every spot
    by_size = np.clip(STEPS_PER_DOLLAR * dollars, FEWEST_STEPS, MOST_STEPS)
    wanted = np.maximum(by_size, 2.0 * dividends.counted(options).sum(axis=1))
    return np.asarray(2.0 ** np.ceil(np.log2(wanted)), dtype=np.intp)


def lattice_values(
    options: OptionColumns, dividends: CashDividends, after: After, steps: Places
) -> SpotValues:
    """Values of living options of shape (n,), each with a dividend that counts.

    `after` values options without dividends; `steps` are those of `steps_for`. Contracts that
    differ in their spot alone share a lattice around the first of them, as far as it reaches.
    Raises `InvalidOption` where the dividends are worth the spot or more.
    """
    net = escrowed(options, dividends)
    values = SpotValues.zeros(steps.size)
    family = families(options, dividends, steps)
    left = np.arange(steps.size)
    while left.size:
        _, first, place = np.unique(family[left], return_index=True, return_inverse=True)
        roots = left[first]
        shared = np.bincount(place) > 1
        reached = np.zeros(left.size, dtype=np.bool_)
        for block in _blocks(options.take(roots), steps[roots], shared):
            column = np.full(roots.size, -1)
            column[block] = np.arange(block.size)
            mine = np.flatnonzero(column[place] >= 0)
            spare = SPARE_SHARED if shared[block[0]] else SPARE_ALONE
            chosen = net.take(roots[block])
            schedule = Schedule.of(
                chosen, dividends.take(roots[block]), int(steps[roots[block[0]]])
            )
            grid = _grid(chosen, schedule, after, spare)
            reached[mine] = _read(values, grid, options, net, left[mine], column[place[mine]])
        left = left[~reached]
    return values


@dataclass(frozen=True)
class Lattices:
    """One lattice per contract around its spot, to be read at other spots.

    `block` and `column`, (n,): where a contract's lattice is among the `grids`.
    """

    grids: tuple["_Grid", ...]
    block: Places
    column: Places

    @classmethod
    def of(cls, options: OptionColumns, dividends: CashDividends, after: After) -> Self:
        """For living options of shape (n,), each with a dividend that counts.

        Raises `InvalidOption` where the dividends are worth the spot or more.
        """
        net = escrowed(options, dividends)
        steps = steps_for(options, dividends)
        grids: list[_Grid] = []
        number, column = np.zeros((2, steps.size), dtype=np.intp)
        shared = np.ones(steps.size, dtype=np.bool_)
        for block in _blocks(options, steps, shared):
            schedule = Schedule.of(net.take(block), dividends.take(block), int(steps[block[0]]))
            number[block] = len(grids)
            column[block] = np.arange(block.size)
            grids.append(_grid(net.take(block), schedule, after, SPARE_SHARED))
        return cls(tuple(grids), number, column)

    def read(self, rows: Places, options: OptionColumns, dividends: CashDividends) -> FloatArray:
        """Prices of the contracts at `rows` with the spots of `options`; NaN out of reach."""
        values = SpotValues.zeros(rows.size)
        values.price[:] = np.nan
        net = escrowed(options, dividends)
        for number in np.unique(self.block[rows]):
            mine = np.flatnonzero(self.block[rows] == number)
            _read(values, self.grids[number], options, net, mine, self.column[rows[mine]])
        return values.price


def _blocks(options: OptionColumns, steps: Places, shared: BoolArray) -> Iterator[Places]:
    """Places of contracts with equally many steps, the same times of exercise and grids as wide."""
    kind = 4 * steps + 2 * exercised_only_before_dividends(options) + shared
    for each in np.unique(kind):
        group = np.flatnonzero(kind == each)
        for start in range(0, group.size, BLOCK):
            yield group[start : start + BLOCK]


@dataclass(frozen=True)
class _Grid:
    """Values now on the nodes of k contracts, (2 m + 1, k), around the spots `middle`, (k,)."""

    value: FloatArray
    middle: FloatArray
    spacing: FloatArray
    reach: int  # nodes from the middle that can be read


def _read(
    values: SpotValues,
    grid: _Grid,
    options: OptionColumns,
    net: OptionColumns,
    places: Places,
    column: Places,
) -> BoolArray:
    """Write the values of the contracts at `places` from their grids; False where out of reach."""
    nodes = np.log(net.underlying_price[places] / grid.middle[column]) / grid.spacing[column]
    reached = np.abs(nodes) <= grid.reach
    places = places[reached]
    column = column[reached]
    reading = Reading.of(grid.value, column, nodes[reached])
    sign = np.where(options.call[places], 1.0, -1.0)
    payoff = np.maximum(sign * (options.underlying_price[places] - options.strike[places]), 0.0)
    exercised = (payoff > 0.0) & (reading.value <= payoff + UNCLEAR * options.strike[places])
    slope = reading.slope / grid.spacing[column]
    bend = reading.curvature / grid.spacing[column] ** 2 - slope
    spot = net.underlying_price[places]
    values.price[places] = np.where(exercised, payoff, reading.value)
    values.delta[places] = np.where(exercised, sign, slope / spot)
    values.gamma[places] = np.where(exercised, 0.0, np.maximum(bend / spot**2, 0.0))
    values.exercised[places] = exercised
    return reached


def _grid(net: OptionColumns, schedule: Schedule, after: After, spare: int) -> _Grid:
    """The lattices of one block rolled back to now."""
    lattice = _Lattice.of(net, schedule, spare)
    return _Grid(lattice.rolled_back(after), net.underlying_price, lattice.spacing, spare - 2)


@dataclass(frozen=True)
class _Lattice:
    """The walks of k contracts; spots are without the dividends still to come.

    `signed_spots` (2 m + 1, k) are those of the middle spot's nodes, negative for puts; `drift`
    (steps + 1, k) is the factor by which a step's nodes have moved.
    """

    options: OptionColumns
    schedule: Schedule
    spacing: FloatArray
    chance: FloatArray  # of a move up, and of one down: (steps, k)
    drift: FloatArray
    discount: FloatArray
    signed_spots: FloatArray
    sign: FloatArray

    @classmethod
    def of(cls, options: OptionColumns, schedule: Schedule, spare: int) -> Self:
        """The nodes and probabilities for options on the spot that moves."""
        step_years = schedule.step_years
        carry = options.rate - options.dividend_yield
        variance = options.volatility**2 * step_years
        per_step = np.square(step_years).sum(axis=0) / step_years.sum(axis=0)
        spacing = np.maximum(options.volatility * np.sqrt(3.0 * per_step), NARROWEST)
        chance = 0.5 * variance / spacing**2
        log_drift = carry * step_years - np.log1p(2.0 * chance * (np.cosh(spacing) - 1.0))
        drift = np.exp(np.cumsum(log_drift, axis=0))
        nodes = math.ceil(WIDTH * math.sqrt(len(step_years) / 3.0)) + spare
        distance = np.arange(-nodes, nodes + 1)[:, None] * spacing
        sign = np.where(options.call, 1.0, -1.0)
        return cls(
            options=options,
            schedule=schedule,
            spacing=spacing,
            chance=chance,
            drift=np.concatenate([np.ones((1, sign.size)), drift]),
            discount=np.exp(-options.rate * step_years),
            signed_spots=sign
            * options.underlying_price
            * np.exp(np.clip(distance, -FARTHEST, FARTHEST)),
            sign=sign,
        )

    def rolled_back(self, after: After) -> FloatArray:
        """The values now, (2 m + 1, k).

        Where exercise pays at any time, half as many dates of exercise show on the same nodes what
        twice as many would add.
        """
        steps = len(self.chance)
        early = not bool(exercised_only_before_dividends(self.options).all())
        value = self._at_the_last_ex_date(after)
        self._exercise(value, steps, early)
        if not early:
            for step in range(steps - 1, -1, -1):
                self._step(value, step)
                self._exercise(value, step, early)
            return value
        seldom = value.copy()
        for step in range(steps - 1, -1, -1):
            self._step(value, step)
            self._step(seldom, step)
            self._exercise(value, step, early)
            if step % 2 == 0:
                self._exercise(seldom, step, early)
        value += value - seldom
        self._exercise(value, 0, early)
        return value

    def _step(self, value: FloatArray, step: int) -> None:
        """One step back, in place; the edges go on as straight lines."""
        inner = value[:-2] + value[2:]
        inner *= self.discount[step] * self.chance[step]
        value[1:-1] *= self.discount[step] * (1.0 - 2.0 * self.chance[step])
        value[1:-1] += inner
        value[0] = 2.0 * value[1] - value[2]
        value[-1] = 2.0 * value[-2] - value[-3]

    def _at_the_last_ex_date(self, after: After) -> FloatArray:
        """What the option without dividends is worth then, smooth on the scale of the nodes."""
        spots = np.abs(self.signed_spots) * self.drift[-1]
        options = self.options
        left = np.maximum(options.years_to_expiry - self.schedule.step_years.sum(axis=0), 0.0)
        value = after(
            OptionColumns.of(
                call=options.call,
                underlying_price=spots,
                strike=options.strike,
                years_to_expiry=np.where(left > SHORTEST, left, 0.0),
                volatility=options.volatility,
                rate=options.rate,
                dividend_yield=options.dividend_yield,
            )
        )
        # The less time is left, the sharper the kink of the payoff, and the more of its first
        # harmonic is left in the sum.
        row, column, missing = kink(spots - options.strike)
        remains = np.exp(-2.0 * np.square(np.pi * options.volatility / self.spacing) * left)
        value[row, column] += remains[column] * missing
        return value

    def _exercise(self, value: FloatArray, step: int, early: bool) -> None:
        """Raise the values to what exercise then pays, also just before a dividend."""
        owed_before = self.schedule.owed_before[step]
        owed_after = self.schedule.owed_after[step]
        if early:
            paid = self.signed_spots * self.drift[step]
            paid += self.sign * (owed_after - self.options.strike)
            np.maximum(value, paid, out=value)
        falls = np.flatnonzero(self.options.call & (owed_before > owed_after))
        if falls.size and step:
            paid = self.signed_spots[:, falls] * self.drift[step, falls]
            paid += owed_before[falls] - self.options.strike[falls]
            paid -= value[:, falls]
            row, column, missing = kink(paid)
            np.maximum(paid, 0.0, out=paid)
            paid[row, column] += missing
            value[:, falls] += paid
