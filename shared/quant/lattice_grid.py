"""Values on the nodes of the lattice in `lattice`: normal steps, kinks, interpolation.

Arrays of shape (n, nodes) have a contract in a row, whose nodes are equally spaced in the logarithm
of the spot. Those at which exercise pays come first: a call's nodes descend.
"""

from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct

from shared.arrays import FloatArray
from shared.quant.black_scholes import OptionColumns
from shared.quant.columnwise import rowwise_product
from shared.quant.dividends import CashDividends

Places = NDArray[np.intp]

LARGEST_PRODUCT = 128  # nodes: beyond it a fast transform takes less time than a product


@cache
def _cosines(nodes: int) -> tuple[FloatArray, FloatArray]:
    """From values on nodes to the terms of their cosine series, and back: (nodes, nodes) each."""
    places = np.arange(nodes)
    waves = np.cos(np.outer(places + 0.5, places) * (np.pi / nodes))
    weights = np.where(places > 0, 2.0, 1.0) / nodes
    return waves * weights, np.ascontiguousarray(waves.T)


def expected(value: FloatArray, factor: FloatArray) -> FloatArray:
    """The mean of values (n, nodes) after a normal step; `factor` is of `step_factor`.

    Exact for the cosine series through the nodes; beyond its edges that goes on as in a mirror.
    """
    if value.shape[1] > LARGEST_PRODUCT:
        terms = dct(value, axis=1)
        terms *= factor
        return np.asarray(idct(terms, axis=1, overwrite_x=True))
    forward, back = _cosines(value.shape[1])
    terms = rowwise_product(value, forward)
    terms *= factor
    return rowwise_product(terms, back)


def step_factor(deviation: FloatArray, nodes: int) -> FloatArray:
    """What a normal step multiplies each cosine term by, (n, nodes).

    `deviation` (n,) is the step's, in halves of the width of the nodes: the term k is multiplied by
    exp(-(pi k deviation / 2)^2 / 2).
    """
    factor = np.multiply.outer(np.square(deviation), _damping(nodes))
    return np.asarray(np.exp(factor, out=factor))


@cache
def _damping(nodes: int) -> FloatArray:
    return np.asarray(-0.5 * np.square(np.arange(nodes) * (0.5 * np.pi)))


def positive_part(difference: FloatArray) -> FloatArray:
    """max(difference, 0), with what a sum over nodes misses of its integral added at the kink.

    A row of `difference` (n, nodes) that has a kink starts positive. By the formula of Euler and
    Maclaurin a slope p and a curvature c that end a share u of the way between two nodes are
    missing p B2(u) / 2 + c B3(u) / 6 at the kink, and -p B3(u) / 3 as a first moment, with
    Bernoulli's polynomials B2 and B3. Both nodes together get just that.
    """
    after = np.argmin(difference > 0.0, axis=1)
    row = np.flatnonzero(after)
    after = after[row]
    before, above, below = (difference[row, np.maximum(after - step, 0)] for step in (2, 1, 0))
    fall = above - below
    curvature = np.where(after > 1, before - 2.0 * above + below, 0.0)
    curvature = np.minimum(np.maximum(curvature, -fall), fall)  # another kink may be near
    u = above / fall
    u += 0.5 * curvature * u * (u - 1.0) / (fall - curvature * (u - 0.5))
    slope = fall - curvature * (u - 0.5)
    second = u * (u - 1.0) + 1.0 / 6.0
    third = u * (u - 0.5) * (u - 1.0)
    missing = 0.5 * slope * second + curvature * third / 6.0
    moved = u * missing - slope * third / 3.0
    part = np.maximum(difference, 0.0)
    part[row, after - 1] += missing - moved
    part[row, after] += moved
    return part


def interpolated(value: FloatArray, position: FloatArray) -> FloatArray:
    """The polynomial of degree five through the six nodes around each position, both (n, nodes).

    Newton's form. Positions are in nodes from the first one.
    """
    count, nodes = value.shape
    first = np.floor(position)
    first -= 2.0
    np.maximum(first, 0.0, out=first)
    np.minimum(first, nodes - 6.0, out=first)
    place = first.astype(np.intp)
    place += (np.arange(count) * nodes)[:, None]
    offset = np.subtract(position, first, out=first)
    differences = [value.ravel()]
    for _ in range(5):
        differences.append(differences[-1][1:] - differences[-1][:-1])
    result = differences[5].take(place)
    part = np.empty_like(value)
    weight = np.empty_like(value)
    for degree in range(4, -1, -1):
        np.subtract(offset, degree, out=weight)
        weight *= 1.0 / (degree + 1.0)
        result *= weight
        result += differences[degree].take(place, out=part, mode="clip")
    return result


@dataclass(frozen=True)
class Reading:
    """The polynomial of degree four through five nodes around a point, by contract.

    Value, and first and second derivative by the number of nodes.
    """

    value: FloatArray
    slope: FloatArray
    curvature: FloatArray

    @classmethod
    def of(cls, grid: FloatArray, row: Places, position: FloatArray) -> Self:
        """`grid` (k, nodes) read in `row` at `position` (n,), in nodes from the first one."""
        nearest = np.clip(np.rint(position), 2, grid.shape[1] - 3).astype(np.intp)
        u = position - nearest
        a, b, c, d, e = (grid[row, nearest + step] for step in range(-2, 3))
        first = (a - 8.0 * b + 8.0 * d - e) / 12.0
        second = (-a + 16.0 * b - 30.0 * c + 16.0 * d - e) / 24.0
        third = (-a + 2.0 * b - 2.0 * d + e) / 12.0
        fourth = (a - 4.0 * b + 6.0 * c - 4.0 * d + e) / 24.0
        return cls(
            c + u * (first + u * (second + u * (third + u * fourth))),
            first + u * (2.0 * second + u * (3.0 * third + u * 4.0 * fourth)),
            2.0 * second + u * (6.0 * third + u * 12.0 * fourth),
        )


def families(options: OptionColumns, dividends: CashDividends, dates: FloatArray) -> Places:
    """A number by contract, shape (n,): the same for contracts that differ in their spot alone."""
    terms = (options.call, options.strike, options.years_to_expiry, options.volatility)
    market = (options.rate, options.dividend_yield, dates)
    table = np.column_stack([*terms, *market, dividends.amount, dividends.years])
    order = np.lexsort(table.T)
    other = np.zeros(order.size, dtype=np.bool_)
    other[1:] = (np.diff(table[order], axis=0) != 0.0).any(axis=1)
    family = np.empty(order.size, dtype=np.intp)
    family[order] = np.cumsum(other)
    return family
