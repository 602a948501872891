"""Dollars in whole cents: amounts are rounded once, at the smallest part, so every sum is of what
is shown.
"""

import numpy as np

from services.stress.calculations.books import Floats


def whole_cents(dollars: Floats) -> Floats:
    """Each amount to the nearest cent (ties to the even one); never minus zero; NaN stays."""
    return np.round(dollars, 2) + 0.0
