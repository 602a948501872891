"""One door for European and American options: each contract by its own style of exercise."""

import numpy as np
from numpy.typing import ArrayLike

from shared.arrays import BoolArray, FloatArray
from shared.quant.american import american_prices, american_values
from shared.quant.black_scholes import OptionColumns, OptionValues
from shared.quant.dividends import CashDividends, european_prices, european_values


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
