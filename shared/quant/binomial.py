"""American options on a binomial tree: where collocation fails.

Sources: Broadie & Detemple (1996), "American option valuation: new bounds, approximations, and a
comparison of existing methods", Review of Financial Studies 9(4): the binomial Black-Scholes tree
(closed form in place of the last step) with Richardson extrapolation of two trees.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from shared.arrays import FloatArray
from shared.quant.black_scholes import OptionColumns, option_prices
from shared.quant.early_exercise import SpotValues

STEPS = 400
BLOCK = 64  # contracts in one tree: a level of it fits a core's cache
ROUNDING = 1e-12
FARTHEST = 600.0  # of a node from the spot, as a logarithm: the limit of a float


def tree_prices(options: OptionColumns, steps: int = STEPS) -> FloatArray:
    """American values per share, shape (n,), of options with time left and some volatility."""
    return tree_values(options, steps).price


def tree_values(options: OptionColumns, steps: int = STEPS) -> SpotValues:
    """The extrapolated values with delta and gamma; the finer tree has `steps`, at least 8."""
    size = options.strike.size
    values = SpotValues.zeros(size)
    for start in range(0, size, BLOCK):
        block = slice(start, start + BLOCK)
        values.fill(block, _extrapolated(options.take(block), steps))
    return values


def _extrapolated(options: OptionColumns, steps: int) -> SpotValues:
    """Twice the fine tree less the coarse one, not below intrinsic or the European value."""
    fine, coarse = (_Tree.of(options, n).rolled_back() for n in (steps, steps // 2))
    price, delta, gamma = (2.0 * f - c for f, c in zip(fine, coarse, strict=True))
    sign = np.where(options.call, 1.0, -1.0)
    payoff = np.maximum(sign * (options.underlying_price - options.strike), 0.0)
    price = np.maximum(price, np.maximum(payoff, option_prices(options)))
    exercised = (payoff > 0.0) & (fine[0] <= payoff + ROUNDING * options.strike)
    return SpotValues(
        price=np.where(exercised, payoff, price),
        delta=np.where(exercised, sign, delta),
        gamma=np.where(exercised, 0.0, np.maximum(gamma, 0.0)),
        exercised=exercised,
    )


@dataclass(frozen=True)
class _Tree:
    """One tree per contract, of equally many steps; the last axis of every array is contracts.

    Times are counted from two steps before now, so that the level of now has three nodes, from
    which delta and gamma follow (Pelsser & Vorst 1994).
    """

    options: OptionColumns
    steps: int
    sign: FloatArray
    up: FloatArray  # factor of the spot
    discounted_up: FloatArray
    discounted_down: FloatArray
    step_years: FloatArray

    @classmethod
    def of(cls, options: OptionColumns, steps: int) -> Self:
        """The trees of a block of options."""
        step_years = options.years_to_expiry / steps
        up = np.exp(_spacing(options, step_years))
        chance = (np.exp((options.rate - options.dividend_yield) * step_years) - 1.0 / up) / (
            up - 1.0 / up
        )
        discount = np.exp(-options.rate * step_years)
        return cls(
            options=options,
            steps=steps,
            sign=np.where(options.call, 1.0, -1.0),
            up=up,
            discounted_up=discount * chance,
            discounted_down=discount * (1.0 - chance),
            step_years=step_years,
        )

    def rolled_back(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Value, delta and gamma now."""
        powers = np.arange(-self.steps - 1, self.steps + 2)[:, None]
        distance = np.clip(powers * np.log(self.up), -FARTHEST, FARTHEST)
        spots = self.options.underlying_price * np.exp(distance)
        value = self._one_step_values(spots[::2])
        payoffs = self.sign * spots
        spare = np.empty_like(value)
        self._exercise(value, payoffs[::2], spare)
        for step in range(self.steps - 2, -1, -1):
            np.multiply(value[:-1], self.discounted_down, out=spare[: step + 3])
            value = value[1:]
            value *= self.discounted_up
            value += spare[: step + 3]
            level = slice(self.steps - 1 - step, self.steps + 4 + step, 2)
            self._exercise(value, payoffs[level], spare[: step + 3])
        below, now, above = value
        return now, *_slopes(spots[self.steps - 1 : self.steps + 4 : 2], below, now, above)

    def _one_step_values(self, spots: FloatArray) -> FloatArray:
        """European values a step before expiry: smooth, where the payoff has a kink."""
        columns = {f.name: getattr(self.options, f.name) for f in fields(OptionColumns)}
        last = columns | {"underlying_price": spots, "years_to_expiry": self.step_years}
        return option_prices(OptionColumns.of(**last))

    def _exercise(self, value: FloatArray, signed_spots: FloatArray, spare: FloatArray) -> None:
        """Raise the values of a level to what exercise at it pays."""
        np.subtract(signed_spots, self.sign * self.options.strike, out=spare)
        np.maximum(value, spare, out=value)


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
