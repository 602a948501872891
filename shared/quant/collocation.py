"""American puts by spectral collocation of the early exercise boundary.

Source: Andersen, Lake & Offengenden (2016), "High-performance American option pricing", Journal of
Computational Finance 20(1). The value of an American put is the European one plus the interest
earned and the dividends forgone while the stock lies below the exercise boundary B (Kim 1990, Carr,
Jarrow & Myneni 1992):

    P = p + int_0^T [ r K exp(-r s) N(-d2) - q S exp(-q s) N(-d1) ] ds,  d1, d2 at S / B(T - s)

B solves a fixed-point equation (the paper's A or B); G = ln(B / B(0))^2 is a polynomial in
sqrt(time left) through Chebyshev nodes. Two things differ from the paper. The time integrals take s
= T sin(theta)^2, which is smooth at both ends where the paper's substitution is smooth at one: 16
Gauss-Legendre points then do what 48 did. The first guess is the closed form of Bjerksund &
Stensland (1993) instead of a root per node.

Everything is per unit of strike, and a call is a put with spot and strike, and rate and yield,
exchanged (McDonald & Schroder 1998), so this module knows only puts, in arrays of one dimension.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from shared.arrays import ArrayColumns, FloatArray
from shared.quant.collocation_grid import BOUNDARY_NODES, Grid, grid
from shared.quant.early_exercise import SpotValues
from shared.quant.normal import normal_density

BLOCK = 128  # boundaries solved together: their working arrays fit a core's cache
VALUES = 512  # contracts valued together, for the same reason
LONGEST_DRIFT = 6.0  # beyond it the value is the perpetual one to exp(-18)
# (largest drift of the group, fixed-point equation, iterations); the drift is (r - q) sqrt(T) /
# volatility. Equation A contracts fast when the stock drifts down into the put, B always, but
# slowly when it drifts up.
REGIMES = ((0.0, "A", 6), (1.0, "B", 8), (math.inf, "B", 16))

_TINY = 1e-300


@dataclass(frozen=True)
class Puts(ArrayColumns):
    """American puts per unit of strike, arrays of shape (n,).

    `log_moneyness` is ln(spot / strike); `years`, `volatility` and `rate` are positive (with a rate
    at or below zero a put is not exercised early unless the yield is lower still, which is not
    solved here). `drift` is (rate - yield) sqrt(years) / volatility of the contract itself: bumped
    copies carry the drift of their original, so that all of them are solved by the same equation.
    """

    log_moneyness: FloatArray
    years: FloatArray
    volatility: FloatArray
    rate: FloatArray
    dividend_yield: FloatArray
    drift: FloatArray


@dataclass(frozen=True)
class Boundaries:
    """ln(B / K) at the nodes (nodes, n), and its limit at expiry ln(min(1, r / q)), shape (n,)."""

    log: FloatArray
    at_expiry: FloatArray

    def take(self, chosen: NDArray[np.intp]) -> Self:
        """The boundaries at these places."""
        return type(self)(self.log[:, chosen], self.at_expiry[chosen])


def put_prices(puts: Puts, known: Boundaries | None = None) -> FloatArray:
    """American values per unit of strike, shape (n,); NaN where the boundary could not be found.

    Never below the European value or what exercising now pays. `known`: what `boundaries` found for
    the same puts at any spot, in place of solving them again.
    """
    return _by_block(puts, greeks=False, known=known).price


def put_values(puts: Puts) -> SpotValues:
    """The values of `put_prices` with delta and gamma by S / K, differentiated under the integral.

    Exercised is a put whose spot lies at or below the boundary: its value is what exercising pays.
    """
    return _by_block(puts, greeks=True)


def boundaries(puts: Puts) -> Boundaries:
    """The boundary of every put, which its spot does not change."""
    size = puts.years.size
    found = Boundaries(np.zeros((BOUNDARY_NODES, size)), np.zeros(size))
    for group, equation, iterations in _groups(puts):
        with np.errstate(all="ignore"):
            part = _distinct_boundaries(_shortened(puts.take(group)), equation, iterations)
        found.log[:, group] = part.log
        found.at_expiry[group] = part.at_expiry
    return found


def _groups(puts: Puts) -> Iterator[tuple[NDArray[np.intp], str, int]]:
    """Places of the puts that one equation solves, with its name and iterations."""
    lower = -math.inf
    for upper, equation, iterations in REGIMES:
        yield np.flatnonzero((puts.drift > lower) & (puts.drift <= upper)), equation, iterations
        lower = upper


def _by_block(puts: Puts, greeks: bool, known: Boundaries | None = None) -> SpotValues:
    values = SpotValues.zeros(puts.years.size)
    for group, equation, iterations in _groups(puts):
        with np.errstate(
            all="ignore"
        ):  # a boundary that cannot be found ends as NaN and is reported so
            some = _shortened(puts.take(group))
            boundary = (
                _distinct_boundaries(some, equation, iterations)
                if known is None
                else known.take(group)
            )
            for start in range(0, group.size, VALUES):
                block = np.arange(start, min(start + VALUES, group.size))
                part = _valued(some.take(block), boundary.take(block), greeks)
                values.fill(group[block], part)
    return values


def _shortened(puts: Puts) -> Puts:
    """Lives cut where the stock drifts away so fast that no later exercise adds anything."""
    pull = (puts.rate - puts.dividend_yield) / puts.volatility - 0.5 * puts.volatility
    longest = np.square(LONGEST_DRIFT / np.maximum(pull, _TINY))
    years = np.where(pull > 0.0, np.minimum(puts.years, longest), puts.years)
    return Puts(
        puts.log_moneyness, years, puts.volatility, puts.rate, puts.dividend_yield, puts.drift
    )


# --- quadrature and interpolation, the same for every contract ---


# --- the boundary ---


def _distinct_boundaries(puts: Puts, equation: str, iterations: int) -> Boundaries:
    """The boundary of every put, found once for those that differ in their spot alone."""
    first, place = _without_spot(puts)
    parts = [
        _boundary(puts.take(first[start : start + BLOCK]), equation, iterations)
        for start in range(0, first.size, BLOCK)
    ]
    if not parts:
        return Boundaries(np.zeros((BOUNDARY_NODES, 0)), np.zeros(0))
    log, at_expiry = (np.concatenate(arrays, axis=-1) for arrays in zip(*parts, strict=True))
    return Boundaries(log, at_expiry).take(place)


def _without_spot(puts: Puts) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The distinct puts by life, volatility, rate and yield, and every put's place among those."""
    columns = (puts.years, puts.volatility, puts.rate, puts.dividend_yield)
    order = np.lexsort(columns)
    other = np.zeros(order.size, dtype=np.bool_)
    other[:1] = True
    for column in columns:
        other[1:] |= np.diff(column[order]) != 0.0
    place = np.empty_like(order)
    place[order] = np.cumsum(other) - 1
    return order[other], place


def _boundary(puts: Puts, equation: str, iterations: int) -> tuple[FloatArray, FloatArray]:
    """ln(B / K) at the nodes (nodes, n), and its limit at expiry ln(min(1, r / q)), shape (n,)."""
    nodes = grid()
    at_expiry = np.log(np.minimum(1.0, puts.rate / np.maximum(puts.dividend_yield, _TINY)))
    boundary, perpetual = _first_guess(puts, at_expiry)
    step = _Kernel.of(puts, nodes)
    sides = step.sides_a if equation == "A" else step.sides_b
    for _ in range(iterations):
        numerator, denominator = sides(boundary, at_expiry)
        found = np.log(numerator) - np.log(denominator) - step.carry
        boundary = np.clip(found, perpetual, at_expiry)
    return boundary, at_expiry


def _first_guess(puts: Puts, at_expiry: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bjerksund & Stensland's (1993) boundary, and the perpetual one: no boundary lies lower."""
    root_years = np.sqrt(puts.years) * grid().node
    carry = (
        puts.dividend_yield - puts.rate
    ) / puts.volatility**2  # of the call that mirrors the put
    drift = carry + 0.5
    root = np.sqrt((carry - 0.5) ** 2 + 2.0 * puts.dividend_yield / puts.volatility**2)
    excess = np.where(
        drift > 0.0, 2.0 * puts.rate / puts.volatility**2 / (root + drift), root - drift
    )
    perpetual = np.where(np.isfinite(excess), -np.log1p(1.0 / np.maximum(excess, _TINY)), -np.inf)
    perpetual = np.minimum(perpetual, at_expiry)
    low = np.exp(-at_expiry)
    high = np.exp(-perpetual)
    speed = (carry * puts.volatility * root_years + 2.0) * puts.volatility * root_years
    reached = -np.expm1(-np.maximum(speed, 0.0) * low / np.maximum(high - low, _TINY))
    guess = np.where(np.isfinite(high), -np.log(low + (high - low) * reached), at_expiry)
    return guess, perpetual


@dataclass(frozen=True)
class _Kernel:
    """What the fixed-point equation needs in every iteration; (nodes, n) and (nodes, k, n)."""

    carry: FloatArray  # (r - q) time
    deviation: FloatArray  # volatility sqrt(time)
    drift: FloatArray
    inner_deviation: FloatArray  # the same for the time between two points of the boundary
    inner_drift: FloatArray
    interest: FloatArray  # r exp(r u) du
    dividend: FloatArray  # q exp(q u) du

    @classmethod
    def of(cls, puts: Puts, nodes: Grid) -> Self:
        """For a block of puts; u is the time left at the inner point, time - u what is between."""
        time = puts.years * nodes.node**2
        deviation = puts.volatility * np.sqrt(puts.years) * nodes.node
        inner_deviation = deviation[:, None, :] * nodes.kernel_sine
        skew = (puts.rate - puts.dividend_yield) / puts.volatility**2 - 0.5
        left = time[:, None, :] * (1.0 - nodes.kernel_sine**2)
        element = time[:, None, :] * nodes.kernel_weight
        return cls(
            carry=(puts.rate - puts.dividend_yield) * time,
            deviation=deviation,
            drift=skew * deviation,
            inner_deviation=inner_deviation,
            inner_drift=skew * inner_deviation,
            interest=puts.rate * np.exp(puts.rate * left) * element,
            dividend=puts.dividend_yield * np.exp(puts.dividend_yield * left) * element,
        )

    def sides_b(self, boundary: FloatArray, at_expiry: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Numerator and denominator of equation B, from the value at the boundary."""
        d2 = boundary / self.deviation + self.drift
        inner_d2 = self._inner_d2(boundary, at_expiry)
        interest = ndtr(inner_d2)
        interest *= self.interest
        inner_d2 += self.inner_deviation
        dividend = ndtr(inner_d2)
        dividend *= self.dividend
        return (
            ndtr(d2) + interest.sum(axis=1),
            ndtr(d2 + self.deviation) + dividend.sum(axis=1),
        )

    def sides_a(self, boundary: FloatArray, at_expiry: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Numerator and denominator of equation A, from the slope at the boundary."""
        d2 = boundary / self.deviation + self.drift
        d1 = d2 + self.deviation
        density = normal_density(d1)
        inner_d2 = self._inner_d2(boundary, at_expiry)
        inner_d1 = inner_d2 + self.inner_deviation
        interest = normal_density(inner_d2)
        interest /= self.inner_deviation
        interest *= self.interest
        inner_density = normal_density(inner_d1)
        dividend = ndtr(inner_d1)
        inner_density /= self.inner_deviation
        dividend += inner_density
        dividend *= self.dividend
        return (
            normal_density(d2) / self.deviation + interest.sum(axis=1),
            density / self.deviation + ndtr(d1) + dividend.sum(axis=1),
        )

    def _inner_d2(self, boundary: FloatArray, at_expiry: FloatArray) -> FloatArray:
        depth = grid().kernel_boundary @ np.square(boundary - at_expiry)
        np.sqrt(np.maximum(depth, 0.0, out=depth), out=depth)
        inner = depth.reshape(self.inner_deviation.shape)
        inner += (boundary - at_expiry)[:, None, :]
        inner /= self.inner_deviation
        inner += self.inner_drift
        return inner


# --- the value ---


def _valued(puts: Puts, boundary: Boundaries, greeks: bool) -> SpotValues:
    spot = np.exp(puts.log_moneyness)
    exercised = puts.log_moneyness <= boundary.log[0]
    payoff = np.maximum(1.0 - spot, 0.0)
    premium = _Premium.of(puts, boundary.log, boundary.at_expiry)
    european = _european(puts, spot)
    price = np.maximum(european + premium.price(puts, spot), np.maximum(european, payoff))
    price = np.where(exercised, payoff, price)
    if not greeks:
        return SpotValues(price, price, price, exercised)
    delta, gamma = _european_slopes(puts, spot)
    premium_delta, premium_gamma = premium.slopes(puts, spot)
    delta = np.where(exercised, -1.0, np.clip(delta + premium_delta, -1.0, 0.0))
    gamma = np.where(exercised, 0.0, np.maximum(gamma + premium_gamma, 0.0))
    return SpotValues(price, delta, gamma, exercised)


@dataclass(frozen=True)
class _Premium:
    """The early exercise premium's integrand at its points; arrays of shape (p, n)."""

    interest: FloatArray  # r exp(-r s) ds
    dividend: FloatArray  # q exp(-q s) ds
    deviation: FloatArray
    d1: FloatArray
    d2: FloatArray

    @classmethod
    def of(cls, puts: Puts, boundary: FloatArray, at_expiry: FloatArray) -> Self:
        """For a block of puts whose boundary is known; s is the time from now."""
        nodes = grid()
        squares = nodes.premium_boundary @ np.square(boundary - at_expiry)
        level = at_expiry - np.sqrt(np.maximum(squares, 0.0))
        deviation = puts.volatility * np.sqrt(puts.years) * nodes.premium_sine
        skew = (puts.rate - puts.dividend_yield) / puts.volatility**2 - 0.5
        d2 = (puts.log_moneyness - level) / deviation + skew * deviation
        elapsed = puts.years * nodes.premium_sine**2
        element = puts.years * nodes.premium_weight
        return cls(
            interest=puts.rate * np.exp(-puts.rate * elapsed) * element,
            dividend=puts.dividend_yield * np.exp(-puts.dividend_yield * elapsed) * element,
            deviation=deviation,
            d1=d2 + deviation,
            d2=d2,
        )

    def price(self, puts: Puts, spot: FloatArray) -> FloatArray:
        """The premium, shape (n,)."""
        earned = self.interest * ndtr(-self.d2) - spot * self.dividend * ndtr(-self.d1)
        return np.asarray(earned.sum(axis=0))

    def slopes(self, puts: Puts, spot: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Its first and second derivative by the spot."""
        steepness = 1.0 / self.deviation
        earning = self.interest * normal_density(self.d2) * steepness / spot
        paying = self.dividend * normal_density(self.d1) * steepness
        delta = -earning - self.dividend * ndtr(-self.d1) + paying
        gamma = (
            earning * (self.d2 * steepness + 1.0) / spot
            + paying * (1.0 - self.d1 * steepness) / spot
        )
        return delta.sum(axis=0), gamma.sum(axis=0)


def _european(puts: Puts, spot: FloatArray) -> FloatArray:
    d1, d2 = _d1_d2(puts)
    strike_leg = np.exp(-puts.rate * puts.years) * ndtr(-d2)
    return np.asarray(strike_leg - spot * np.exp(-puts.dividend_yield * puts.years) * ndtr(-d1))


def _european_slopes(puts: Puts, spot: FloatArray) -> tuple[FloatArray, FloatArray]:
    d1, _ = _d1_d2(puts)
    growth = np.exp(-puts.dividend_yield * puts.years)
    return -growth * ndtr(-d1), growth * normal_density(d1) / (
        spot * puts.volatility * np.sqrt(puts.years)
    )


def _d1_d2(puts: Puts) -> tuple[FloatArray, FloatArray]:
    deviation = puts.volatility * np.sqrt(puts.years)
    carry = (puts.rate - puts.dividend_yield) * puts.years
    d2 = (puts.log_moneyness + carry) / deviation - 0.5 * deviation
    return d2 + deviation, d2
