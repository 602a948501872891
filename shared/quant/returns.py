"""Daily returns of adjusted closes: the one definition that factors and greeks share.

A gap stays a gap: a missing close makes the two returns that touch it missing. Nothing is filled
with zero or carried forward, because both would pull volatilities and betas towards zero.
"""

import numpy as np

from shared.arrays import FloatArray as FloatArray


def simple_returns(adjusted_closes: FloatArray) -> FloatArray:
    """P_t / P_{t-1} - 1 as decimals.

    `adjusted_closes` is sessions x symbols (or sessions alone), oldest first, NaN where a close is
    missing; a close that is not positive counts as missing. Gives one row fewer; fewer than two
    sessions give no rows.
    """
    closes = _positive(adjusted_closes)
    return closes[1:] / closes[:-1] - 1.0


def log_returns(adjusted_closes: FloatArray) -> FloatArray:
    """ln(P_t / P_{t-1}), with the shapes and gaps of `simple_returns`."""
    closes = _positive(adjusted_closes)
    return np.log(closes[1:] / closes[:-1])


def _positive(closes: FloatArray) -> FloatArray:
    return np.where(closes > 0.0, closes, np.nan)
