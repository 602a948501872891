"""P&L and Greeks of a book against the move of spot, at several dates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from services.stress.calculations.grid import Axes, Grid, grid
from services.stress.calculations.repricing import Later, States
from services.stress.calculations.sizes import require_size_with_greeks
from services.stress.calculations.surface import Moved, points
from shared.arrays import FloatArray
from shared.quant.black_scholes import OptionValues
from shared.quant.dividends import LARGEST_SHARE
from shared.quant.pricing import values

PERCENT = 0.01


@dataclass(frozen=True)
class Curve:
    """By date and move, arrays of shape (days, spots).

    `grid`: the P&L, at one volatility. `greeks`: by name the dollar Greeks of the methodology,
    summed over the positions; and, of a book of one underlying with a known price, `delta` and
    `gamma` in shares. `prices`: of that underlying, None without one.
    """

    grid: Grid
    greeks: Mapping[str, FloatArray]
    prices: FloatArray | None


def curves(moved: Moved, axes: Axes, weighted: bool, price: float | None) -> list[Curve]:
    """The book at every date and move, a curve for each of the volatilities of `axes`.

    `weighted`: also the Greeks in which an underlying counts as its beta of SPY. `price`: of the
    one underlying today, None where there are several or it is not known. At and past expiry the
    Greeks of an option are 0. Raises `TooLarge` for all together.
    """
    count = len(axes.days) * len(axes.volatilities)
    require_size_with_greeks(moved.holdings.book, len(axes.spots), count)
    whole = grid(moved, axes)
    held = _Held.of(moved, axes)
    greeks = held.in_dollars()
    if weighted:
        greeks |= held.beta_weighted()
    if price is not None:
        greeks |= held.in_shares(price)
    prices = None if price is None else held.prices(price).reshape(axes.shape)
    return [
        Curve(
            grid=whole.at_volatility(place),
            greeks={name: each.reshape(axes.shape)[:, place] for name, each in greeks.items()},
            prices=None if prices is None else prices[:, place],
        )
        for place in range(len(axes.volatilities))
    ]


@dataclass(frozen=True)
class _Held:
    """What is held of the contracts, and their Greeks per share at every point.

    `units`, `weight`: (contracts,) of those that live today; `later` and `unit`: (contracts x
    points,). `moves`: (points,) of spot.
    """

    moved: Moved
    units: FloatArray
    weight: FloatArray
    moves: FloatArray
    later: Later
    unit: OptionValues
    spots: FloatArray

    @classmethod
    def of(cls, moved: Moved, axes: Axes) -> Self:
        book = moved.holdings.book
        contracts = book.contracts
        days, volatilities, moves = points(axes.days, axes.volatilities, axes.spots)
        states = States(np.zeros(len(days)), volatilities, days.astype(np.float64), axes.by_tenor)
        units = np.bincount(
            book.contract[moved.repriced],
            weights=book.units[moved.repriced],
            minlength=len(contracts.symbols),
        ).astype(np.float64)
        weights = moved.weight[book.holder_of()] if len(units) else np.zeros(0)
        living = np.flatnonzero(contracts.living & ~np.isnan(weights))
        weight = weights[living]
        every = states.take(np.tile(np.arange(len(days)), living.size))
        later = Later.of(contracts, np.repeat(living, len(days)), every)
        options, dividends = later.moved((weight[:, None] * moves).ravel())
        unit = values(options, later.american, dividends)
        spots = options.underlying_price
        return cls(moved, units[living], weight, moves, later, unit, spots)

    def in_dollars(self) -> dict[str, FloatArray]:
        """Dollar delta, gamma per 1 %, theta, vega and rho of all positions, (points,)."""
        delta = self._summed(self.unit.delta * self.spots) + self._linear()
        gamma = self._summed(self.unit.gamma * self.spots**2) * PERCENT
        return {
            "dollar_delta": delta,
            "dollar_gamma_1pct": gamma,
            "dollar_theta_1d": self._summed(self.unit.theta),
            "dollar_vega_1pt": self._summed(self.unit.vega),
            "dollar_rho_1pct": self._summed(self.unit.rho),
        }

    def beta_weighted(self) -> dict[str, FloatArray]:
        """Dollar delta x beta and dollar gamma x beta squared."""
        delta = self._summed(self.unit.delta * self.spots, 1) + self._linear(1)
        gamma = self._summed(self.unit.gamma * self.spots**2, 2) * PERCENT
        return {"dollar_delta_beta_weighted": delta, "dollar_gamma_1pct_beta_weighted": gamma}

    def in_shares(self, price: float) -> dict[str, FloatArray]:
        """Delta and gamma of positions in one underlying: shares, and shares per 1.00."""
        book = self.moved.holdings.book
        linear = self.moved.known & ~self.moved.repriced
        shares = float(book.exposure[linear].sum()) / price
        return {
            "delta": self._summed(self.unit.delta) + shares,
            "gamma": self._summed(self.unit.gamma),
        }

    def prices(self, price: float) -> FloatArray:
        """(points,) of the one underlying, without the dividends that have gone ex by then."""
        weights = self.moved.weight[self.moved.known]
        weight = float(weights[0]) if weights.size else 1.0
        moved = price * np.maximum(1.0 + weight * self.moves, 0.0)
        paid = self._by_contract(self.later.paid).max(axis=0, initial=0.0)
        return np.asarray(moved - np.minimum(paid, LARGEST_SHARE * moved))

    def _summed(self, per_share: FloatArray, power: int = 0) -> FloatArray:
        """Sum over contracts of what is held x the beta to some power."""
        total: FloatArray = (self.units * self.weight**power) @ self._by_contract(per_share)
        return total

    def _linear(self, power: int = 0) -> FloatArray:
        """Of what is not repriced: the exposure at the moved price x the beta to some power."""
        chosen = self.moved.known & ~self.moved.repriced
        exposure = self.moved.holdings.book.exposure[chosen]
        weight = self.moved.weight[chosen]
        total: FloatArray = (exposure * weight**power) @ (
            1.0 + np.maximum(weight[:, None] * self.moves, -1.0)
        )
        return total

    def _by_contract(self, column: FloatArray) -> FloatArray:
        return column.reshape(self.units.size, self.moves.size)
