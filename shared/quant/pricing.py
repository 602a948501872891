"""One door for European and American options: each contract by its own style of exercise."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from shared.arrays import BoolArray, FloatArray
from shared.quant.american import american_prices, american_values
from shared.quant.black_scholes import (
    CALENDAR_DAYS_PER_YEAR,
    POINTS_PER_UNIT,
    OptionColumns,
    OptionValues,
    option_prices,
    option_values,
)
from shared.quant.dividends import CashDividends, escrowed


def prices(
    options: OptionColumns, american: ArrayLike, dividends: CashDividends | None = None
) -> FloatArray:
    """The value of every option per share; `american`: it may be exercised before expiry.

    `american` broadcasts against the options. With `dividends` (one row per contract, options of
    shape (n,)) both styles follow the escrowed model. At or past expiry the value is intrinsic.
    """
    may_exercise = np.broadcast_to(np.asarray(american, dtype=np.bool_), options.strike.shape)
    if may_exercise.all():
        return american_prices(options, dividends)
    result = european_prices(options, dividends)
    if may_exercise.any():
        early = None if dividends is None else dividends.take(may_exercise)
        result[may_exercise] = american_prices(options.take(may_exercise), early)
    return result


def values(
    options: OptionColumns, american: ArrayLike, dividends: CashDividends | None = None
) -> OptionValues:
    """The value and the five Greeks of every option, with the arguments of `prices`."""
    may_exercise: BoolArray = np.broadcast_to(
        np.asarray(american, dtype=np.bool_), options.strike.shape
    )
    if may_exercise.all():
        return american_values(options, dividends)
    result = european_values(options, dividends)
    if may_exercise.any():
        early = None if dividends is None else dividends.take(may_exercise)
        result.fill(may_exercise, american_values(options.take(may_exercise), early))
    return result


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
