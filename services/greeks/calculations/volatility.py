"""Realised volatility of an underlying over a window that matches an option's life."""

import math

import numpy as np

from shared.arrays import FloatArray
from shared.conventions import SESSIONS_PER_YEAR
from shared.quant.returns import log_returns

SHORTEST_WINDOW = 21
LONGEST_WINDOW = SESSIONS_PER_YEAR
FEWEST_RETURNS = 20


def volatility_window(sessions_left: int) -> int:
    """How many returns to look back on for an option that lives `sessions_left` more sessions."""
    return min(max(sessions_left, SHORTEST_WINDOW), LONGEST_WINDOW)


def one_session_returns(adjusted_closes: FloatArray) -> FloatArray:
    """The log returns between neighbouring sessions that both have a close, oldest first.

    `adjusted_closes` stands on consecutive sessions, NaN where a close is missing. A return across
    a gap covers more than one session and is left out.
    """
    returns = log_returns(adjusted_closes)
    return returns[~np.isnan(returns)]


def realised_volatility(returns: FloatArray) -> float:
    """Sample standard deviation (n - 1) of log returns, annualised with 252: a decimal per year.

    NaN for fewer than two returns.
    """
    if returns.size < 2:
        return math.nan
    return float(np.std(returns, ddof=1)) * math.sqrt(SESSIONS_PER_YEAR)
