"""Implied volatility: European options in closed form, American ones by bracketing.

European source: Jäckel (2015), "Let's be rational", Wilmott 2015(75), from whom the normalisation
and the choice of what to iterate on are taken. The out-of-the-money price on the same strike,
divided by sqrt(forward x strike) and discounted, depends on x = -|ln(forward / strike)| and s =
volatility sqrt(T) only. Below its inflection point s = sqrt(2 |x|) the reciprocal of the logarithm
of the price is almost linear in s^2; above, the logarithm of its distance from the upper bound is.
Halley's iteration on these meets a float's precision in three to five rounds; a bracket that only
shrinks makes it safe. American prices have no such form and are bracketed by Chandrupatla's method
(1997, "A new hybrid quadratic/bisection algorithm", Advances in Engineering Software 28).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcx, ndtr, ndtri

from shared.arrays import BoolArray, FloatArray
from shared.quant.american import american_prices, methods
from shared.quant.black_scholes import OptionColumns
from shared.quant.dividends import CashDividends, escrowed
from shared.quant.lattice import Mesh
from shared.quant.lattice_volatility import LARGEST_VOLATILITY, Sought
from shared.quant.roots import bracketed_roots

LEAST_TIME_VALUE = 1e-9  # as a share of the spot: less than this says nothing about volatility
MOST_ROUNDS = 100
CLOSE_ENOUGH = 1e-7  # of the spot: a price on a lattice that is met
ROUGHLY = 1e-5  # on a coarse one
LAST_STEP = 2e-5  # of the spot: after a step for less than this, a hundredth of it is left at most

_LARGEST_DEVIATION = 60.0
_ROOT_HALF = np.sqrt(0.5)
_LOG_2_PI = np.log(2.0 * np.pi)
_DENSITY_AT_ZERO = np.sqrt(0.5 / np.pi)


class Reason(IntEnum):
    """Why a price has no implied volatility; `FOUND` when it has one."""

    FOUND = 0
    NO_PRICE = 1
    EXPIRED = 2
    BELOW_INTRINSIC = 3
    NO_TIME_VALUE = 4
    ABOVE_UPPER_BOUND = 5
    AT_INTRINSIC = 6
    BELOW_LOWER_BOUND = 7
    AT_UPPER_BOUND = 8

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.FOUND: "found",
    Reason.NO_PRICE: "there is no price",
    Reason.EXPIRED: "the option has expired",
    Reason.BELOW_INTRINSIC: "the price is below what exercise pays",
    Reason.NO_TIME_VALUE: "the price is at the option's lower bound: it has no time value",
    Reason.ABOVE_UPPER_BOUND: "the price is above the option's upper bound",
    Reason.AT_INTRINSIC: "the price is the option's intrinsic value: it has no time value",
    Reason.BELOW_LOWER_BOUND: "the price is below the option's lower bound",
    Reason.AT_UPPER_BOUND: "the price is at the option's upper bound",
}


@dataclass(frozen=True)
class ImpliedVolatilities:
    """Decimals per year, NaN where there is none, and the codes of `Reason`, in one shape."""

    volatility: FloatArray
    reason: NDArray[np.int8]


def implied_volatilities(
    options: OptionColumns, price: ArrayLike, dividends: CashDividends | None = None
) -> ImpliedVolatilities:
    """The volatilities at which European options are worth `price` per share, in their shape.

    The options' own volatility is not looked at. Never raises for a price: one that no volatility
    explains, or whose time value is below `LEAST_TIME_VALUE` of the spot, has a reason instead.
    """
    flat = options.flat() if dividends is None else escrowed(options.flat(), dividends)
    quoted = np.broadcast_to(np.asarray(price, dtype=np.float64), options.strike.shape).ravel()
    spot, strike = _discounted(flat)
    given = options.flat()
    intrinsic = _least(given, given.underlying_price, given.strike)
    bounds = _Bounds(intrinsic, _least(flat, spot, strike), np.where(flat.call, spot, strike))
    reason = _reasons(flat, quoted, bounds)
    found = reason == Reason.FOUND
    volatility = np.full(quoted.shape, np.nan)
    volatility[found] = _european(
        flat.take(found), spot[found], strike[found], (quoted - bounds.least)[found]
    )
    shape = options.strike.shape
    return ImpliedVolatilities(volatility.reshape(shape), reason.reshape(shape))


def american_implied_volatilities(
    options: OptionColumns, price: ArrayLike, dividends: CashDividends | None = None
) -> ImpliedVolatilities:
    """The same for American options, to 1e-9 of a year's volatility.

    With cash dividends: to 2e-7 of the spot in price.
    """
    flat = options.flat()
    quoted = np.broadcast_to(np.asarray(price, dtype=np.float64), options.strike.shape).ravel()
    still = _moving(flat, np.zeros(quoted.shape))
    least = american_prices(still, dividends, Mesh.of(still).coarser())
    intrinsic = _least(flat, flat.underlying_price, flat.strike)
    reason = _reasons(flat, quoted, _Bounds(intrinsic, least, _american_bound(flat)))
    volatility = np.full(quoted.shape, np.nan)
    found = reason == Reason.FOUND
    if dividends is not None:
        walked = found & (methods(flat, dividends) == "lattice")
        volatility[walked] = _by_premium(flat.take(walked), quoted[walked], dividends.take(walked))
    left = found & np.isnan(volatility)
    some = None if dividends is None else dividends.take(left)
    volatility[left] = _bracketed(flat.take(left), quoted[left], least[left], some)
    missed = found & np.isnan(volatility)
    reason[missed] = _beyond_volatility(flat, quoted, missed, dividends)
    shape = options.strike.shape
    return ImpliedVolatilities(volatility.reshape(shape), reason.reshape(shape))


def _discounted(options: OptionColumns) -> tuple[FloatArray, FloatArray]:
    """Spot less its yield, and strike less its interest, until expiry."""
    years = options.years_to_expiry
    with np.errstate(all="ignore"):  # an expired option may have no rate
        return (
            options.underlying_price * np.exp(-options.dividend_yield * years),
            options.strike * np.exp(-options.rate * years),
        )


def _least(options: OptionColumns, spot: FloatArray, strike: FloatArray) -> FloatArray:
    return np.maximum(np.where(options.call, spot - strike, strike - spot), 0.0)


@dataclass(frozen=True)
class _Bounds:
    """What exercise pays at once, and the least and the most that each option can be worth."""

    intrinsic: FloatArray
    least: FloatArray
    most: FloatArray


def _reasons(options: OptionColumns, price: FloatArray, bounds: _Bounds) -> NDArray[np.int8]:
    smallest = LEAST_TIME_VALUE * options.underlying_price
    time_value = price - bounds.least
    at_intrinsic = (bounds.intrinsic > 0.0) & (np.abs(price - bounds.intrinsic) <= smallest)
    cases: list[tuple[BoolArray, Reason]] = [
        (options.expired, Reason.EXPIRED),
        (~np.isfinite(price), Reason.NO_PRICE),
        (at_intrinsic & (time_value <= smallest), Reason.AT_INTRINSIC),
        (price < np.minimum(bounds.intrinsic, bounds.least) - smallest, Reason.BELOW_INTRINSIC),
        (time_value < -smallest, Reason.BELOW_LOWER_BOUND),
        (time_value <= smallest, Reason.NO_TIME_VALUE),
        (price > bounds.most + smallest, Reason.ABOVE_UPPER_BOUND),
        (price >= bounds.most, Reason.AT_UPPER_BOUND),
    ]
    conditions, codes = zip(*cases, strict=True)
    return np.asarray(np.select(conditions, codes, Reason.FOUND), dtype=np.int8)


# --- European ---


def _european(
    options: OptionColumns, spot: FloatArray, strike: FloatArray, time_value: FloatArray
) -> FloatArray:
    """By the out-of-the-money option on the strike, whose whole price is time value."""
    x = -np.abs(np.log(spot / strike))
    target = time_value / np.sqrt(spot * strike)
    inflection = np.sqrt(-2.0 * x)
    with np.errstate(
        all="ignore"
    ):  # at the money the inflection is at zero, where nothing lies below
        lower = target < np.where(x < 0.0, _price_and_slope(x, inflection)[0], 0.0)
    deviation = np.empty_like(x)
    deviation[lower] = _rounds(
        _below_inflection, x[lower], target[lower], inflection[lower], below=True
    )
    upper = ~lower
    deviation[upper] = _rounds(
        _above_inflection, x[upper], target[upper], inflection[upper], below=False
    )
    return deviation / np.sqrt(options.years_to_expiry)


Step = Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


def _rounds(
    step: Step, x: FloatArray, target: FloatArray, inflection: FloatArray, below: bool
) -> FloatArray:
    """Iterate each element until it is stable; a step that leaves its bracket halves it instead."""
    result = np.empty_like(x)
    at = np.arange(x.size)
    low = np.zeros_like(x) if below else inflection.copy()
    high = inflection.copy() if below else np.full_like(x, _LARGEST_DEVIATION)
    with np.errstate(all="ignore"):
        s = (_guess_below if below else _guess_above)(x, target, inflection)
        for _ in range(MOST_ROUNDS):
            error, change = step(x, target, s)
            low = np.where(error < 0.0, s, low)
            high = np.where(error > 0.0, s, high)
            moved = s + change
            inside = (moved >= low) & (moved <= high)
            moved = np.where(inside, moved, 0.5 * (low + high))
            done = np.abs(moved - s) <= 4e-16 * s
            done |= inside & (
                np.abs(change) <= 1e-9 * s
            )  # the third power of that is beyond a float
            result[at] = s = moved
            if done.all():
                break
            going = ~done
            at = at[going]
            x, target, s, low, high = (column[going] for column in (x, target, s, low, high))
    return result


def _guess_below(x: FloatArray, target: FloatArray, inflection: FloatArray) -> FloatArray:
    """From the price's asymptote for small s: density(x / s) s^3 / x^2."""
    level = -2.0 * np.log(target)
    s = np.minimum(-x / np.sqrt(level), inflection)
    for _ in range(2):
        curved = level - _LOG_2_PI + 6.0 * np.log(s) - 4.0 * np.log(-x) - 0.25 * s * s
        s = np.where(curved > 0.0, np.minimum(-x / np.sqrt(curved), inflection), inflection)
    return s


def _guess_above(x: FloatArray, target: FloatArray, inflection: FloatArray) -> FloatArray:
    """Exact at the money and in the limit of large s."""
    bound = np.exp(0.5 * x)
    s = -2.0 * ndtri((bound - target) / (bound + 1.0 / bound))
    return np.clip(s, inflection, _LARGEST_DEVIATION)


def _below_inflection(
    x: FloatArray, target: FloatArray, s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The error's sign and Halley's step on 1 / ln(price)."""
    price, slope = _price_and_slope(x, s)
    log_price = np.log(price)
    log_target = np.log(target)
    steepness = slope / price
    newton = (log_target - log_price) * log_price / (log_target * steepness)
    curvature = x * x / s**3 - 0.25 * s - steepness - 2.0 * steepness / log_price
    return log_price - log_target, newton / np.maximum(1.0 + 0.5 * newton * curvature, 0.5)


def _above_inflection(
    x: FloatArray, target: FloatArray, s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The error's sign and Halley's step on ln(bound - price)."""
    h = x / s
    t = 0.5 * s
    bound = np.exp(0.5 * x)
    gap = bound * ndtr(-h - t) + ndtr(h - t) / bound
    steepness = _DENSITY_AT_ZERO * np.exp(-0.5 * (h * h + t * t)) / gap
    excess = np.log(gap / np.maximum(bound - target, 1e-17 * bound))
    newton = excess / steepness
    curvature = x * x / s**3 - 0.25 * s + steepness
    return -excess, newton / np.maximum(1.0 + 0.5 * newton * curvature, 0.5)


def _price_and_slope(x: FloatArray, s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The normalised price and its derivative by s, without cancellation far out of the money."""
    h = x / s
    t = 0.5 * s
    scale = np.exp(-0.5 * (h * h + t * t))
    price = 0.5 * scale * (erfcx(-_ROOT_HALF * (h + t)) - erfcx(-_ROOT_HALF * (h - t)))
    return price, _DENSITY_AT_ZERO * scale


# --- American ---


def _american_bound(options: OptionColumns) -> FloatArray:
    """The highest value: a call below the stock, a put below its strike (grown if the rate < 0)."""
    with np.errstate(all="ignore"):
        growth = np.exp(np.maximum(-options.rate * options.years_to_expiry, 0.0))
        paid = np.exp(np.maximum(-options.dividend_yield * options.years_to_expiry, 0.0))
    return np.where(options.call, options.underlying_price * paid, options.strike * growth)


def _beyond_volatility(
    options: OptionColumns, price: FloatArray, missed: BoolArray, dividends: CashDividends | None
) -> NDArray[np.int8]:
    """Why no volatility gives the missed prices: the largest comes up to them, or does not."""
    cash = None if dividends is None else dividends.take(missed)
    part = options.take(missed)
    most = american_prices(_moving(part, np.full(missed.sum(), LARGEST_VOLATILITY)), cash)
    near = price[missed] - most <= LEAST_TIME_VALUE * part.underlying_price
    codes = np.where(near, Reason.AT_UPPER_BOUND, Reason.ABOVE_UPPER_BOUND)
    return np.asarray(codes, dtype=np.int8)


def _moving(options: OptionColumns, volatility: FloatArray) -> OptionColumns:
    return replace(options, volatility=volatility)


def _by_premium(options: OptionColumns, price: FloatArray, dividends: CashDividends) -> FloatArray:
    """The secant method from two good guesses, first on a coarse lattice; NaN where it has no end.

    A price on a lattice is dear, and the right to exercise is worth about the same at volatilities
    that are near: the guesses are the European volatility of the price, and of the price less what
    the right is worth there.
    """
    result = np.full(price.shape, np.nan)
    european = implied_volatilities(options, price, dividends).volatility
    some = np.flatnonzero(european > 0.0)
    sought = Sought(options.take(some), price[some], dividends.take(some))
    before = european[some]
    mesh = Mesh.of(_moving(sought.options, before))
    coarse = mesh.coarser()
    every = np.arange(some.size)
    over = sought.excess(before, every, coarse)
    now = implied_volatilities(sought.options, sought.price - over, sought.dividends).volatility
    rough, slope = sought.secants((before, over), now, coarse, ROUGHLY)
    over = sought.excess(rough, every, mesh)
    with np.errstate(all="ignore"):
        now = rough - over / slope
        small = np.abs(over) <= LAST_STEP * sought.options.underlying_price
    result[some] = now
    far = np.flatnonzero(~small | ~(now > 0.0))
    if far.size:
        rest = Sought(sought.options.take(far), sought.price[far], sought.dividends.take(far))
        start = rough[far], over[far]
        result[some[far]], _ = rest.secants(start, now[far], mesh.take(far), CLOSE_ENOUGH)
    return result


def _bracketed(
    options: OptionColumns, price: FloatArray, least: FloatArray, dividends: CashDividends | None
) -> FloatArray:
    """Between no volatility and the European implied one: the right to exercise only adds value."""
    at_least = implied_volatilities(options, price, dividends).volatility
    high = np.where(np.isnan(at_least), 1.0, at_least * (1.0 + 1e-9) + 1e-9)

    def excess(volatility: FloatArray, chosen: NDArray[np.intp]) -> FloatArray:
        mask = np.zeros(price.size, dtype=np.bool_)
        mask[chosen] = True
        part = None if dividends is None else dividends.take(mask)
        return american_prices(_moving(options.take(mask), volatility), part) - price[chosen]

    everything = np.arange(price.size)
    over = excess(high, everything)
    while (short := np.flatnonzero((over < 0.0) & (high < LARGEST_VOLATILITY))).size:
        high[short] *= 2.0
        over[short] = excess(high[short], short)
    return np.where(
        over < 0.0, np.nan, bracketed_roots(excess, np.zeros_like(high), least - price, high, over)
    )
