"""What a contract's own market price says about its volatility."""

import numpy as np

from shared.arrays import BoolArray, FloatArray
from shared.quant.black_scholes import OptionColumns
from shared.quant.dividends import CashDividends
from shared.quant.implied_volatility import (
    ImpliedVolatilities,
    Reason,
    american_implied_volatilities,
    implied_volatilities,
)


def quoted_volatilities(
    options: OptionColumns, price: FloatArray, american: BoolArray, dividends: CashDividends | None
) -> ImpliedVolatilities:
    """The volatility behind each price, by the contract's exercise style; NaN with a reason.

    Shape (n,), as `price` and `american`.
    """
    volatility = np.full(price.shape, np.nan)
    reason = np.full(price.shape, Reason.NO_PRICE, dtype=np.int8)
    for chosen, invert in (
        (american, american_implied_volatilities),
        (~american, implied_volatilities),
    ):
        part = None if dividends is None else dividends.take(chosen)
        found = invert(options.take(chosen), price[chosen], part)
        volatility[chosen] = found.volatility
        reason[chosen] = found.reason
    return ImpliedVolatilities(volatility, reason)
