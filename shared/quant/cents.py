"""Dollars in whole cents: only the smallest parts are rounded, and totals are their sums."""

import numpy as np

from shared.arrays import FloatArray


def whole_cents(dollars: FloatArray) -> FloatArray:
    """Each amount to the nearest cent (ties to the even one); never minus zero; NaN stays."""
    return np.round(dollars, 2) + 0.0


def linear_pnl(exposure: FloatArray, returns: FloatArray) -> FloatArray:
    """What P holdings without options make on D days: exposure x return in whole cents, P x D.

    `exposure`: (P,) signed USD; `returns`: P x D decimals. NaN where either is unknown.
    """
    return whole_cents(exposure[:, None] * returns)
