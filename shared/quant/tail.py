"""Which days of a window decide a historical value at risk."""

import math


def tail_place(days: int, confidence: int) -> tuple[int, float]:
    """(k, w) with VaR = -[(1 - w) P_(k) + w P_(k+1)], days ordered from the worst, the first P_(0).

    The linearly interpolated quantile (Hyndman and Fan, American Statistician 50, 1996, type 7):
    h = (days - 1)(1 - confidence / 100), k = floor(h), w = h - k. The expected shortfall is
    -mean(P_(0..k)).
    """
    rank = (days - 1) * ((100 - confidence) / 100)
    whole = math.floor(rank)
    return whole, rank - whole
