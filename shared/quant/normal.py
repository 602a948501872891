"""The standard normal distribution for arrays: half the time of a call per element, as exact.

Source: Taylor's theorem about the point itself, N(x0) = N(x) - h n(x) + ..., solved for N(x), with
N(x0) from a table at every 1/512; the derivatives of the density are the density times Hermite
polynomials (Abramowitz & Stegun 26.2.28-31). The truncated term is below 1e-16. In the lower tail
the relative error is below 1e-12 down to x = -8 and below 1e-9 down to -38, beyond which the value
is a constant below 1e-315.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from shared.arrays import FloatArray

_DENSITY_AT_ZERO = 1.0 / math.sqrt(2.0 * math.pi)
_POINTS_PER_UNIT = 512.0
_LARGEST = 38.0
_TABLE: FloatArray = ndtr(
    np.arange(-_LARGEST * _POINTS_PER_UNIT, _LARGEST * _POINTS_PER_UNIT + 1) / _POINTS_PER_UNIT
)


def normal_density(x: FloatArray) -> FloatArray:
    """exp(-x^2 / 2) / sqrt(2 pi); any shape, 0 at both infinities."""
    power = np.square(x)
    power *= -0.5
    np.exp(power, out=power)
    power *= _DENSITY_AT_ZERO
    return power


def normal_distribution(x: FloatArray, density: FloatArray) -> FloatArray:
    """P(X <= x) of the same shape, given `density` = `normal_density(x)`; NaN gives NaN."""
    x = np.minimum(np.maximum(x, -_LARGEST), _LARGEST)
    place = np.rint(x * _POINTS_PER_UNIT)
    step = place / -_POINTS_PER_UNIT
    step += x
    place += _LARGEST * _POINTS_PER_UNIT
    nearest = _TABLE.take(_as_index(place), mode="clip")
    nearest += _taylor(x, step) * density
    return nearest


def _as_index(place: FloatArray) -> NDArray[np.int32]:
    with np.errstate(invalid="ignore"):  # a NaN has any place: its Taylor terms are NaN
        return place.astype(np.int32)


def _taylor(x: FloatArray, h: FloatArray) -> FloatArray:
    """(N(x) - N(x - h)) / n(x), in place.

    It is h (1 + h (x / 2 + h ((x^2 - 1) / 6 + h (x^3 - 3 x) / 24))).
    """
    square = np.square(x)
    sum_ = square - 3.0
    sum_ *= x
    sum_ *= h
    sum_ *= 1.0 / 24.0
    square -= 1.0
    square *= 1.0 / 6.0
    for coefficient in (square, 0.5 * x, 1.0):
        sum_ += coefficient
        sum_ *= h
    return sum_
