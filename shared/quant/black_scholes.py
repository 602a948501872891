"""European options under Black-Scholes-Merton with a continuous dividend yield: value and Greeks in one call.

Sources: Black & Scholes (1973), Merton (1973); closed forms as in Hull, *Options, Futures, and Other
Derivatives*, chapters 15, 17 and 19. Units are the published ones: price per share; delta and gamma per 1.00
of the underlying; theta per calendar day (1/365 of a year); vega per volatility point (0.01); rho per
percentage point of rate (0.01).
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

CALENDAR_DAYS_PER_YEAR = 365.0
POINTS_PER_UNIT = 100.0  # a volatility point and a percentage point of rate are both 0.01

_DENSITY_AT_ZERO = 1.0 / math.sqrt(2.0 * math.pi)


class InvalidOption(ValueError):
    """An input no option can have; says which column, where and what (`column`, `index`, `value`)."""

    def __init__(self, column: str, requirement: str, index: int, value: float) -> None:
        super().__init__(f"{column} must be {requirement}, but contract {index} has {value}")
        self.column = column
        self.index = index
        self.value = value


@dataclass(frozen=True)
class OptionColumns:
    """What n European options are and what the market says, as arrays of one shape (made by `of`).

    `call` is True for calls. Prices are in currency per share; `volatility`, `rate` and `dividend_yield` are
    decimals per year, the latter two continuously compounded. `years_to_expiry` at or below zero is expired;
    the volatility, rate and dividend yield of an expired option are not looked at and may be NaN.
    """

    call: BoolArray
    underlying_price: FloatArray
    strike: FloatArray
    years_to_expiry: FloatArray
    volatility: FloatArray
    rate: FloatArray
    dividend_yield: FloatArray

    @classmethod
    def of(
        cls,
        *,
        call: ArrayLike,
        underlying_price: ArrayLike,
        strike: ArrayLike,
        years_to_expiry: ArrayLike,
        volatility: ArrayLike,
        rate: ArrayLike,
        dividend_yield: ArrayLike,
    ) -> Self:
        """The columns broadcast against each other and checked.

        Raises `InvalidOption` for a price or strike that is not positive and finite, a negative or non-finite
        volatility, or a rate, yield or time that is not finite; `ValueError` for shapes that do not fit.
        """
        numbers = (underlying_price, strike, years_to_expiry, volatility, rate, dividend_yield)
        calls, *columns = np.broadcast_arrays(
            np.asarray(call, dtype=np.bool_), *(np.asarray(column, dtype=np.float64) for column in numbers)
        )
        options = cls(calls, *columns)
        options._check()
        return options

    @property
    def expired(self) -> BoolArray:
        """True where the option is at or past its expiry."""
        return self.years_to_expiry <= 0.0

    def take(self, chosen: BoolArray) -> Self:
        """The contracts where `chosen` is True, in their order."""
        return replace(self, **{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def _check(self) -> None:
        spot, expired = self.underlying_price, self.expired
        _require("underlying_price", "positive and finite", spot, _positive(spot))
        _require("strike", "positive and finite", self.strike, _positive(self.strike))
        _require("years_to_expiry", "finite", self.years_to_expiry, np.isfinite(self.years_to_expiry))
        measurable = np.isfinite(self.volatility) & (self.volatility >= 0.0)
        _require("volatility", "finite and not negative", self.volatility, measurable | expired)
        _require("rate", "finite", self.rate, np.isfinite(self.rate) | expired)
        _require("dividend_yield", "finite", self.dividend_yield, np.isfinite(self.dividend_yield) | expired)


@dataclass(frozen=True)
class OptionValues:
    """Value and sensitivities of n options, per share, in the published units (see the module)."""

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    theta: FloatArray
    vega: FloatArray
    rho: FloatArray


def option_values(options: OptionColumns) -> OptionValues:
    """Value every option and its Greeks in one vectorised pass; the shape is that of `options`.

    At or past expiry the value is intrinsic and every Greek 0. At zero volatility the formulas take their
    limit: the discounted payoff at the forward (on the kink itself delta is the mean of both sides, gamma 0).
    """
    expired = options.expired
    if not expired.any():
        return _living_values(options)
    values = intrinsic_values(options)
    living = ~expired
    if living.any():
        _fill(values, living, _living_values(options.take(living)))
    return values


def option_prices(options: OptionColumns) -> FloatArray:
    """The value of every option per share, as in `option_values`, at about half the cost."""
    expired = options.expired
    prices = intrinsic_prices(options)
    if not expired.any():
        return _living_prices(options)
    living = ~expired
    if living.any():
        prices[living] = _living_prices(options.take(living))
    return prices


def intrinsic_prices(options: OptionColumns) -> FloatArray:
    """What exercising now would pay per share."""
    return np.maximum(_sign(options.call) * (options.underlying_price - options.strike), 0.0)


def intrinsic_values(options: OptionColumns) -> OptionValues:
    """What exercising now would pay, with every Greek 0: the value at and past expiry."""
    payoff = intrinsic_prices(options)
    return OptionValues(payoff, *(np.zeros_like(payoff) for _ in range(5)))


def _living_values(options: OptionColumns) -> OptionValues:
    """The closed forms; every option has time left."""
    sign, years = _sign(options.call), options.years_to_expiry
    root_years = np.sqrt(years)
    deviation = options.volatility * root_years
    carry = np.exp(-options.dividend_yield * years)
    d1 = _d1(options, deviation)

    weight = sign * carry * ndtr(sign * d1)
    spot_leg = options.underlying_price * weight
    strike_leg = sign * options.strike * np.exp(-options.rate * years) * ndtr(sign * (d1 - deviation))
    density = options.underlying_price * carry * _normal_density(d1)

    decay = density * options.volatility / (2.0 * root_years)
    theta = -decay - options.rate * strike_leg + options.dividend_yield * spot_leg
    return OptionValues(
        price=np.maximum(spot_leg - strike_leg, 0.0),  # rounding may leave a worthless option at -1e-17
        delta=weight,
        gamma=_ratio_or_zero(density, options.underlying_price**2 * deviation),
        theta=theta / CALENDAR_DAYS_PER_YEAR,
        vega=density * root_years / POINTS_PER_UNIT,
        rho=years * strike_leg / POINTS_PER_UNIT,
    )


def _living_prices(options: OptionColumns) -> FloatArray:
    sign, years = _sign(options.call), options.years_to_expiry
    deviation = options.volatility * np.sqrt(years)
    d1 = _d1(options, deviation)
    spot_leg = options.underlying_price * np.exp(-options.dividend_yield * years) * ndtr(sign * d1)
    strike_leg = options.strike * np.exp(-options.rate * years) * ndtr(sign * (d1 - deviation))
    return np.maximum(sign * (spot_leg - strike_leg), 0.0)


def _d1(options: OptionColumns, deviation: FloatArray) -> FloatArray:
    """ln(forward / strike) / deviation + deviation / 2; its limit (-inf, 0, inf) where deviation is zero."""
    log_moneyness = np.log(options.underlying_price / options.strike)
    log_moneyness = log_moneyness + (options.rate - options.dividend_yield) * options.years_to_expiry
    limit = np.where(log_moneyness == 0.0, 0.0, np.copysign(np.inf, log_moneyness))
    with np.errstate(over="ignore"):
        return np.divide(log_moneyness, deviation, out=limit, where=deviation > 0.0) + 0.5 * deviation


def _normal_density(x: FloatArray) -> FloatArray:
    with np.errstate(over="ignore", under="ignore"):
        return _DENSITY_AT_ZERO * np.exp(-0.5 * x * x)


def _ratio_or_zero(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0.0)


def _sign(call: BoolArray) -> FloatArray:
    return np.where(call, 1.0, -1.0)


def _fill(values: OptionValues, chosen: BoolArray, part: OptionValues) -> None:
    for field in fields(values):
        getattr(values, field.name)[chosen] = getattr(part, field.name)


def _positive(column: FloatArray) -> BoolArray:
    return np.isfinite(column) & (column > 0.0)


def _require(column: str, requirement: str, values: FloatArray, valid: BoolArray) -> None:
    if not valid.all():
        index = int(np.flatnonzero(~valid)[0])
        raise InvalidOption(column, requirement, index, float(values.flat[index]))
