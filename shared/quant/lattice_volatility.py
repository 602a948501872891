"""The volatility at which an option on the lattice has its price, by the secant method."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared.arrays import FloatArray
from shared.quant.american import american_prices
from shared.quant.black_scholes import OptionColumns
from shared.quant.dividends import CashDividends
from shared.quant.lattice import Mesh

LARGEST_VOLATILITY = 100.0  # 10,000 % per year
MOST_SECANTS = 8


@dataclass(frozen=True)
class Sought:
    """American options with cash dividends of shape (n,), and the prices to be met."""

    options: OptionColumns
    price: FloatArray
    dividends: CashDividends

    def excess(self, volatility: FloatArray, at: NDArray[np.intp], mesh: Mesh) -> FloatArray:
        """Values at `volatility` (n,) less the prices, of those at `at`; else NaN."""
        over = np.full(self.price.shape, np.nan)
        at = at[(volatility[at] > 0.0) & (volatility[at] < LARGEST_VOLATILITY)]
        moved = replace(self.options.take(at), volatility=volatility[at])
        values = american_prices(moved, self.dividends.take(at), mesh.take(at))
        over[at] = values - self.price[at]
        return over

    def secants(
        self, first: tuple[FloatArray, FloatArray], now: FloatArray, mesh: Mesh, close: float
    ) -> tuple[FloatArray, FloatArray]:
        """Volatilities that meet the prices to `close` x spot or NaN, and the last slopes.

        `first`: a volatility with its excess, `now` another one, all (n,).
        """
        before, over_before = first
        nearest = close * self.options.underlying_price
        result = np.where(np.abs(over_before) <= nearest, before, np.nan)
        slope = np.full(now.shape, np.nan)
        for _ in range(MOST_SECANTS):
            going = np.flatnonzero(np.isnan(result) & (now > 0.0))
            if not going.size:
                break
            over = self.excess(now, going, mesh)
            with np.errstate(all="ignore"):
                found = (over - over_before) / (now - before)
                slope = np.where(np.isfinite(found), found, slope)
                after = now - over / slope
            result = np.where(np.abs(over) <= nearest, now, result)
            before = now
            over_before = over
            now = after
        return result, slope
