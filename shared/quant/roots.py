"""Roots of many monotone functions at once, each inside its bracket.

Source: Chandrupatla (1997), "A new hybrid quadratic/bisection algorithm for finding the zero of a
nonlinear function without using derivatives", Advances in Engineering Software 28.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from shared.arrays import FloatArray

MOST_ROUNDS = 100


def bracketed_roots(
    excess: Callable[[FloatArray, NDArray[np.intp]], FloatArray],
    low: FloatArray,
    at_low: FloatArray,
    high: FloatArray,
    at_high: FloatArray,
) -> FloatArray:
    """Roots of `excess(points, places)` between `low` and `high`, at which it has opposite signs.

    Inverse quadratic interpolation where three points lie on a monotone curve, bisection elsewhere.
    """
    result = high.copy()
    at = np.flatnonzero(at_high > 0.0)
    a = high[at]
    fa = at_high[at]
    b = low[at]
    fb = at_low[at]
    c = b
    fc = fb
    share = _secant_share(fa, fb)
    for _ in range(MOST_ROUNDS):
        if not at.size:
            break
        new = a + share * (b - a)
        at_new = excess(new, at)
        same = np.sign(at_new) == np.sign(fa)
        c = np.where(same, a, b)
        fc = np.where(same, fa, fb)
        b = np.where(same, b, a)
        fb = np.where(same, fb, fa)
        a = new
        fa = at_new
        best = np.where(np.abs(fa) < np.abs(fb), a, b)
        result[at] = best
        smallest = 0.5e-9 / np.maximum(np.abs(b - a), 1e-300)
        going = (smallest < 0.5) & (fa != 0.0)
        share = np.clip(_next_share(a, fa, b, fb, c, fc), smallest, 1.0 - smallest)
        at = at[going]
        a, fa, b, fb, c, fc, share = (part[going] for part in (a, fa, b, fb, c, fc, share))
    return result


def _secant_share(fa: FloatArray, fb: FloatArray) -> FloatArray:
    return np.clip(fa / (fa - fb), 0.05, 0.95)


def _next_share(
    a: FloatArray, fa: FloatArray, b: FloatArray, fb: FloatArray, c: FloatArray, fc: FloatArray
) -> FloatArray:
    """Where to look next, as a share of the way from `a` to `b`."""
    with np.errstate(all="ignore"):
        xi = (a - b) / (c - b)
        phi = (fa - fb) / (fc - fb)
        quadratic = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (
            fc - fb
        )
        smooth = (phi**2 < xi) & ((1.0 - phi) ** 2 < 1.0 - xi) & np.isfinite(quadratic)
    return np.where(smooth, quadratic, 0.5)
