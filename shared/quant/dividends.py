"""Cash dividends, and European options under the escrowed model.

In that model only the price without future dividends moves. Source: Hull, *Options, Futures, and
Other Derivatives*, section 15.12. The spot is the present value of the dividends that go ex before
expiry, discounted at the option's rate, plus a remainder that follows geometric Brownian motion
with the option's volatility: the value is that with a continuous yield of the same forward.
American options move as a whole and fall by each dividend on its ex-date (`lattice.py`).
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from shared.arrays import ArrayColumns, BoolArray, FloatArray
from shared.quant.black_scholes import (
    CALENDAR_DAYS_PER_YEAR,
    POINTS_PER_UNIT,
    InvalidOption,
    OptionColumns,
    OptionValues,
    PricingInputs,
    option_prices,
    option_values,
)

LARGEST_SHARE = 0.5  # of the spot: expected dividends that are worth more are cut
SAME_DAY = 1e-9  # years: times of one day differ by rounding only


@dataclass(frozen=True)
class CashDividends(ArrayColumns):
    """Up to k dividends of each of n contracts, arrays of shape (n, k) made by `of`.

    `amount` is in currency per share, `years` the time to the ex-date on the clock of
    `years_to_expiry`. A slot that is not used has amount 0. Dividends at or before now, or after
    expiry, do not count.
    """

    amount: FloatArray
    years: FloatArray

    @classmethod
    def of(cls, amount: ArrayLike, years: ArrayLike) -> Self:
        """The arrays broadcast against each other and checked.

        Raises `InvalidOption` for an amount that is negative or not finite, or a time that is not
        finite.
        """
        amounts, times = np.broadcast_arrays(
            np.atleast_2d(np.asarray(amount, dtype=np.float64)),
            np.atleast_2d(np.asarray(years, dtype=np.float64)),
        )
        for column, values, valid in (
            ("dividend", amounts, np.isfinite(amounts) & (amounts >= 0.0)),
            ("ex_date", times, np.isfinite(times) | (amounts == 0.0)),
        ):
            if not valid.all():
                index = int(np.flatnonzero(~valid.all(axis=1))[0])
                raise InvalidOption(
                    column, "finite and not negative", index, float(values[~valid][0])
                )
        return cls(amounts, np.where(amounts > 0.0, times, 0.0))

    def gone_by(self, options: PricingInputs, years: FloatArray) -> FloatArray:
        """What goes ex after now and not after `years` (n,) or the expiry: USD per share, (n,)."""
        gone = self.counted(options) & (self.years <= years[:, None] + SAME_DAY)
        return np.asarray((self.amount * gone).sum(axis=1))

    def seen_after(self, years: FloatArray) -> Self:
        """The dividends as they lie `years` (n,) later; those gone ex by then do not count."""
        left = self.years - years[:, None]
        return replace(self, years=np.where(np.abs(left) <= SAME_DAY, 0.0, left))

    def within_spot(self, options: OptionColumns) -> Self:
        """Cut in proportion where they are worth more than half of the spot.

        A company whose price falls that far pays less than was expected of it.
        """
        worth = self.present_value(options)
        most = LARGEST_SHARE * options.underlying_price
        share = np.where(worth > most, most / np.maximum(worth, most), 1.0)
        return replace(self, amount=self.amount * share[:, None])

    def counted(self, options: PricingInputs) -> BoolArray:
        """True where a dividend goes ex after now and not after expiry; shape (n, k)."""
        return (
            (self.amount > 0.0)
            & (self.years > 0.0)
            & (self.years <= options.years_to_expiry[:, None])
        )

    def present_value(self, options: OptionColumns) -> FloatArray:
        """What the dividends that count are worth now, shape (n,)."""
        return np.asarray(self._worth(options).sum(axis=1))

    def weighted_years(self, options: OptionColumns) -> FloatArray:
        """Present value x years to the ex-date, summed: minus the rate derivative."""
        return np.asarray((self._worth(options) * self.years).sum(axis=1))

    def _worth(self, options: OptionColumns) -> FloatArray:
        counted = self.counted(options)
        rate = np.where(counted.any(axis=1), options.rate, 0.0)[
            :, None
        ]  # an expired option may have none
        return np.where(
            counted, self.amount * np.exp(-rate * np.where(counted, self.years, 0.0)), 0.0
        )


def escrowed(options: OptionColumns, dividends: CashDividends) -> OptionColumns:
    """The options on the part of the spot that is not dividend; `options` has shape (n,).

    Raises `InvalidOption` where the dividends are worth as much as the spot or more.
    """
    remainder = options.underlying_price - dividends.present_value(options)
    if (remainder <= 0.0).any():
        index = int(np.flatnonzero(remainder <= 0.0)[0])
        raise InvalidOption(
            "dividends",
            "worth less than the underlying",
            index,
            float(options.underlying_price[index]),
        )
    return replace(options, underlying_price=remainder)


def european_prices(options: OptionColumns, dividends: CashDividends | None = None) -> FloatArray:
    """European values per share; with dividends, the closed form on the escrowed spot."""
    return option_prices(options if dividends is None else escrowed(options, dividends))


def european_values(options: OptionColumns, dividends: CashDividends | None = None) -> OptionValues:
    """European values and Greeks; dividends enter theta and rho through the escrowed spot.

    The spot itself stays where it is: a day later its dividends are worth r times their value / 365
    more, and a higher rate makes them worth less, so that more of the spot is left to move.
    """
    if dividends is None:
        return option_values(options)
    values = option_values(escrowed(options, dividends))
    rate = np.where(options.expired, 0.0, options.rate)
    growth = rate * dividends.present_value(options) / CALENDAR_DAYS_PER_YEAR
    relief = dividends.weighted_years(options) / POINTS_PER_UNIT
    return replace(
        values, theta=values.theta - growth * values.delta, rho=values.rho + relief * values.delta
    )
