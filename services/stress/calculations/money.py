"""Dollars in whole cents: only the smallest parts are rounded, and totals are their sums."""

import numpy as np

from shared.arrays import FloatArray


def whole_cents(dollars: FloatArray) -> FloatArray:
    """Each amount to the nearest cent (ties to the even one); never minus zero; NaN stays."""
    return np.round(dollars, 2) + 0.0
