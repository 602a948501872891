"""Which days of a window decide a historical value at risk."""

import math
from collections.abc import Sequence


def tail_place(days: int, confidence: int) -> tuple[int, float]:
    """(k, w) with VaR = -[(1 - w) P_(k) + w P_(k+1)], days ordered from the worst, the first P_(0).

    The linearly interpolated quantile (Hyndman and Fan, American Statistician 50, 1996, type 7):
    h = (days - 1)(1 - confidence / 100), k = floor(h), w = h - k. The expected shortfall is
    -mean(P_(0..k)).
    """
    rank = (days - 1) * ((100 - confidence) / 100)
    whole = math.floor(rank)
    return whole, rank - whole


def tail_losses(pnl: Sequence[float], confidence: int) -> tuple[float, float]:
    """(VaR, expected shortfall) of at least one day of P&L, in its unit; losses are positive."""
    ordered = sorted(pnl)
    whole, part = tail_place(len(ordered), confidence)
    beyond = ordered[min(whole + 1, len(ordered) - 1)]
    worst = ordered[: whole + 1]
    return -((1.0 - part) * ordered[whole] + part * beyond), -math.fsum(worst) / len(worst)
