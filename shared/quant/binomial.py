"""American options on a binomial tree: for cash dividends, and where collocation fails.

Sources: Broadie & Detemple (1996), "American option valuation: new bounds, approximations, and a
comparison of existing methods", Review of Financial Studies 9(4): the binomial Black-Scholes tree
(closed form in place of the last step) with Richardson extrapolation of two trees. Dividends follow
the escrowed model (`dividends.py`).

An ex-date rarely falls on a step, and exercising a call a step too early costs a step of interest
on the strike. So on the last step before an ex-date the holder may also commit to exercise exactly
before it (a call keeps the dividend) or exactly after it (a put waits for the fall).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from shared.arrays import BoolArray, FloatArray
from shared.quant.black_scholes import OptionColumns, option_prices
from shared.quant.dividends import CashDividends, escrowed

STEPS = 400
BLOCK = 64  # contracts in one tree: a level of it fits a core's cache
ROUNDING = 1e-12
FARTHEST = 600.0  # of a node from the spot, as a logarithm: the limit of a float


@dataclass(frozen=True)
class TreeValues:
    """Value per share with its first two derivatives by the spot, shape (n,).

    `exercised` is True where exercising now is worth as much as waiting.
    """

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    exercised: BoolArray


def tree_prices(options: OptionColumns, dividends: CashDividends, steps: int = STEPS) -> FloatArray:
    """American values per share, shape (n,), of options with time left and some volatility."""
    return tree_values(options, dividends, steps).price


def tree_values(options: OptionColumns, dividends: CashDividends, steps: int = STEPS) -> TreeValues:
    """The extrapolated values with delta and gamma; the finer tree has `steps`, at least 8."""
    size = options.strike.size
    values = TreeValues(
        np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size, dtype=np.bool_)
    )
    for start in range(0, size, BLOCK):
        chosen = np.zeros(size, dtype=np.bool_)
        chosen[start : start + BLOCK] = True
        part = _extrapolated(options.take(chosen), dividends.take(chosen), steps)
        for field in fields(TreeValues):
            getattr(values, field.name)[chosen] = getattr(part, field.name)
    return values


def _extrapolated(options: OptionColumns, dividends: CashDividends, steps: int) -> TreeValues:
    """Twice the fine tree less the coarse one, not below intrinsic or the European value."""
    fine, coarse = (_Tree.of(options, dividends, n).rolled_back() for n in (steps, steps // 2))
    price, delta, gamma = (2.0 * f - c for f, c in zip(fine, coarse, strict=True))
    sign = np.where(options.call, 1.0, -1.0)
    payoff = np.maximum(sign * (options.underlying_price - options.strike), 0.0)
    price = np.maximum(price, np.maximum(payoff, option_prices(escrowed(options, dividends))))
    exercised = (payoff > 0.0) & (fine[0] <= payoff + ROUNDING * options.strike)
    return TreeValues(
        price=np.where(exercised, payoff, price),
        delta=np.where(exercised, sign, delta),
        gamma=np.where(exercised, 0.0, np.maximum(gamma, 0.0)),
        exercised=exercised,
    )


@dataclass(frozen=True)
class _Schedule:
    """The dividends of a block of contracts on the steps of their trees."""

    amount: FloatArray  # (k, n)
    years: FloatArray
    remaining: FloatArray  # (steps, n): what the dividends still to come are worth at each step
    before_ex_date: Mapping[
        int, list[tuple[int, int]]
    ]  # by step: the (slot, contract) that go ex before the next

    @classmethod
    def of(
        cls, options: OptionColumns, dividends: CashDividends, step_years: FloatArray, steps: int
    ) -> Self:
        """Dividends that do not count have no step."""
        counted = dividends.counted(options).T
        years = np.where(counted, dividends.years.T, 0.0)
        ex_step = np.where(counted, np.minimum((years / step_years).astype(np.intp), steps - 1), -1)
        worth = np.where(counted, dividends.amount.T * np.exp(-options.rate * years), 0.0)
        step = np.arange(steps)[:, None]
        remaining = np.zeros((steps, options.strike.size))
        for last, paid in zip(ex_step, worth, strict=True):
            remaining += np.where(step <= last, paid, 0.0)
        by_step: dict[int, list[tuple[int, int]]] = {}
        for slot, column in zip(*np.nonzero(counted), strict=True):
            by_step.setdefault(int(ex_step[slot, column]), []).append((slot, column))
        return cls(
            dividends.amount.T, years, remaining * np.exp(options.rate * step * step_years), by_step
        )


@dataclass(frozen=True)
class _Tree:
    """One tree per contract, of equally many steps; the last axis of every array is contracts.

    Times are counted from two steps before now, so that the level of now has three nodes, from
    which delta and gamma follow (Pelsser & Vorst 1994).
    """

    options: OptionColumns  # on the escrowed spot
    steps: int
    sign: FloatArray
    up: FloatArray  # factor of the spot
    discounted_up: FloatArray
    discounted_down: FloatArray
    step_years: FloatArray
    schedule: _Schedule

    @classmethod
    def of(cls, options: OptionColumns, dividends: CashDividends, steps: int) -> Self:
        """The trees of a block of options quoted on their full spot."""
        net = escrowed(options, dividends)
        step_years = net.years_to_expiry / steps
        up = np.exp(_spacing(net, step_years))
        chance = (np.exp((net.rate - net.dividend_yield) * step_years) - 1.0 / up) / (up - 1.0 / up)
        discount = np.exp(-net.rate * step_years)
        return cls(
            options=net,
            steps=steps,
            sign=np.where(net.call, 1.0, -1.0),
            up=up,
            discounted_up=discount * chance,
            discounted_down=discount * (1.0 - chance),
            step_years=step_years,
            schedule=_Schedule.of(options, dividends, step_years, steps),
        )

    def rolled_back(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Value, delta and gamma now."""
        powers = np.arange(-self.steps - 1, self.steps + 2)[:, None]
        distance = np.clip(powers * np.log(self.up), -FARTHEST, FARTHEST)
        spots = self.options.underlying_price * np.exp(distance)
        value = self._one_step_values(spots[::2])
        payoffs = self.sign * spots
        spare = np.empty_like(value)
        self._exercise(value, payoffs[::2], self.steps - 1, spare)
        for step in range(self.steps - 2, -1, -1):
            np.multiply(value[:-1], self.discounted_down, out=spare[: step + 3])
            value = value[1:]
            value *= self.discounted_up
            value += spare[: step + 3]
            level = slice(self.steps - 1 - step, self.steps + 4 + step, 2)
            self._exercise(value, payoffs[level], step, spare[: step + 3])
        below, now, above = value
        return now, *_slopes(spots[self.steps - 1 : self.steps + 4 : 2], below, now, above)

    def _one_step_values(self, spots: FloatArray) -> FloatArray:
        """European values a step before expiry: smooth, where the payoff has a kink."""
        columns = {f.name: getattr(self.options, f.name) for f in fields(OptionColumns)}
        last = columns | {"underlying_price": spots, "years_to_expiry": self.step_years}
        return option_prices(OptionColumns.of(**last))

    def _exercise(
        self, value: FloatArray, signed_spots: FloatArray, step: int, spare: FloatArray
    ) -> None:
        """Raise the values of a level to what exercise at it, or around a coming ex-date, pays."""
        np.add(
            signed_spots,
            self.sign * (self.schedule.remaining[step] - self.options.strike),
            out=spare,
        )
        np.maximum(value, spare, out=value)
        for slot, column in self.schedule.before_ex_date.get(step, ()):
            committed = self._committed(signed_spots[:, column], step, slot, column)
            np.maximum(value[:, column], committed, out=value[:, column])

    def _committed(self, signed_spots: FloatArray, step: int, slot: int, column: int) -> FloatArray:
        """What exercising one contract just before or just after an ex-date is worth, by node."""
        options = self.options
        sign = self.sign[column]
        wait = self.schedule.years[slot, column] - step * self.step_years[column]
        discount = np.exp(-options.rate[column] * wait)
        stock = np.exp(-options.dividend_yield[column] * wait) * signed_spots
        before = stock + sign * (
            self.schedule.remaining[step, column] - discount * options.strike[column]
        )
        after = before - sign * discount * self.schedule.amount[slot, column]
        return np.asarray(np.maximum(before, after))


def _spacing(options: OptionColumns, step_years: FloatArray) -> FloatArray:
    """ln(up): a standard deviation, wider where the drift would leave the probabilities' range."""
    drift = np.abs(options.rate - options.dividend_yield) * step_years
    return np.maximum(options.volatility * np.sqrt(step_years), 1.0001 * drift + 1e-12)


def _slopes(
    spots: FloatArray, below: FloatArray, now: FloatArray, above: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """First and second derivative of the parabola through three nodes, at the middle one."""
    low, middle, high = spots
    rise = (above - now) / (high - middle)
    fall = (now - below) / (middle - low)
    width = high - low
    return (rise * (middle - low) + fall * (high - middle)) / width, 2.0 * (rise - fall) / width
