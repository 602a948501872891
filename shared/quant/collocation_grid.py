"""Nodes, integration points and interpolation of the collocation method in `collocation`."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial.legendre import leggauss

from shared.arrays import FloatArray

BOUNDARY_NODES = 8
KERNEL_POINTS = 8
PREMIUM_POINTS = 16
PREMIUM_CLUSTERING = 1.5  # the integrand is steep near s = 0 when the spot is near the boundary


@dataclass(frozen=True)
class Grid:
    """Collocation nodes x = sqrt(time left / years) and the points of the integrals.

    The points are s / time = sin(theta)^2.

    `kernel_boundary` and `premium_boundary` map the values of a polynomial at the nodes (zero at
    expiry) to its values at the integration points; `*_weight` includes the derivative ds /
    d(theta) / time.
    """

    node: FloatArray  # (n, 1), the square root of the share of the life that is left
    kernel_sine: FloatArray  # (1, k, 1)
    kernel_weight: FloatArray
    kernel_boundary: FloatArray  # (n k, n)
    premium_sine: FloatArray  # (p, 1)
    premium_weight: FloatArray
    premium_boundary: FloatArray  # (p, n)


@lru_cache
def grid() -> Grid:
    """The one grid, computed at first use."""
    node = 0.5 * (1.0 + np.cos(np.arange(BOUNDARY_NODES) * np.pi / BOUNDARY_NODES))
    kernel_angle, kernel_weight = _angles(KERNEL_POINTS, 1.0)
    premium_angle, premium_weight = _angles(PREMIUM_POINTS, PREMIUM_CLUSTERING)
    return Grid(
        node=node[:, None],
        kernel_sine=np.sin(kernel_angle)[None, :, None],
        kernel_weight=kernel_weight[None, :, None],
        kernel_boundary=_interpolation(np.outer(node, np.cos(kernel_angle)).ravel()),
        premium_sine=np.sin(premium_angle)[:, None],
        premium_weight=premium_weight[:, None],
        premium_boundary=_interpolation(np.cos(premium_angle)),
    )


def _angles(points: int, clustering: float) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre angles in (0, pi/2), clustered towards 0, with weights for int_0^1 f(s) ds."""
    abscissa, weight = leggauss(points)
    share = 0.5 * (1.0 + abscissa)
    angle = 0.5 * np.pi * share**clustering
    angle_weight = 0.5 * weight * 0.5 * np.pi * clustering * share ** (clustering - 1.0)
    return angle, angle_weight * 2.0 * np.sin(angle) * np.cos(angle)


def _interpolation(x: FloatArray) -> FloatArray:
    """Barycentric interpolation from the Chebyshev nodes to `x`; zero at the last node, x = 0.

    Source: Berrut & Trefethen (2004), "Barycentric Lagrange interpolation", SIAM Review 46(3).
    """
    place = np.arange(BOUNDARY_NODES + 1)
    weight = np.where(place % 2 == 0, 1.0, -1.0) * np.where(place % BOUNDARY_NODES == 0, 0.5, 1.0)
    distance = (2.0 * x - 1.0)[:, None] - np.cos(place * np.pi / BOUNDARY_NODES)[None, :]
    met = np.abs(distance) < 1e-14
    share = weight / np.where(met, 1.0, distance)
    share /= share.sum(axis=1, keepdims=True)
    rows = met.any(axis=1)
    share[rows] = met[rows]
    return share[:, :BOUNDARY_NODES]
