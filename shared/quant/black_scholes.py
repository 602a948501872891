"""European options under Black-Scholes-Merton with a continuous yield: value and Greeks.

Sources: Black & Scholes (1973), Merton (1973); closed forms as in Hull, *Options, Futures, and
Other Derivatives*, chapters 15, 17 and 19. Units are the published ones: price per share; delta and
gamma per 1.00 of the underlying; theta per calendar day (1/365 of a year); vega per volatility
point (0.01); rho per percentage point of rate (0.01).
"""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from shared.arrays import ArrayColumns, BoolArray, FloatArray
from shared.quant.normal import normal_density, normal_distribution

CALENDAR_DAYS_PER_YEAR = 365.0
POINTS_PER_UNIT = 100.0  # a volatility point and a percentage point of rate are both 0.01

BLOCK = 8192  # options valued together


class InvalidOption(ValueError):
    """An input no option can have: `column`, `index` and `value` say which and where."""

    def __init__(self, column: str, requirement: str, index: int, value: float) -> None:
        super().__init__(f"{column} must be {requirement}, but contract {index} has {value}")
        self.column = column
        self.index = index
        self.value = value


@dataclass(frozen=True)
class PricingInputs(ArrayColumns):
    """What n options are and what the market says of them, as arrays of one shape.

    `call` is True for calls. Prices are in currency per share; `volatility`, `rate` and
    `dividend_yield` are decimals per year, the latter two continuously compounded.
    `years_to_expiry` at or below zero is expired.
    """

    call: BoolArray
    underlying_price: FloatArray
    strike: FloatArray
    years_to_expiry: FloatArray
    volatility: FloatArray
    rate: FloatArray
    dividend_yield: FloatArray

    @property
    def expired(self) -> BoolArray:
        """True where the option is at or past its expiry, so that no later move reaches it."""
        return self.years_to_expiry <= 0.0


@dataclass(frozen=True)
class OptionColumns(PricingInputs):
    """Inputs that can be priced, made by `of`.

    The volatility, rate and dividend yield of an expired option are not looked at and may be NaN.
    """

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

        Raises `InvalidOption` for a price or strike that is not positive and finite, a negative or
        non-finite volatility, or a rate, yield or time that is not finite; `ValueError` for shapes
        that do not fit.
        """
        numbers = (underlying_price, strike, years_to_expiry, volatility, rate, dividend_yield)
        calls, *columns = np.broadcast_arrays(
            np.asarray(call, dtype=np.bool_),
            *(np.asarray(column, dtype=np.float64) for column in numbers),
        )
        options = cls(calls, *columns)
        options._check()
        return options

    def flat(self) -> Self:
        """The same options in arrays of one dimension."""
        if self.strike.ndim == 1:
            return self
        return replace(
            self, **{field.name: getattr(self, field.name).ravel() for field in fields(self)}
        )

    def _check(self) -> None:
        spot = self.underlying_price
        expired = self.expired
        _require("underlying_price", "positive and finite", spot, _positive(spot))
        _require("strike", "positive and finite", self.strike, _positive(self.strike))
        _require(
            "years_to_expiry", "finite", self.years_to_expiry, np.isfinite(self.years_to_expiry)
        )
        measurable = np.isfinite(self.volatility) & (self.volatility >= 0.0)
        _require("volatility", "finite and not negative", self.volatility, measurable | expired)
        _require("rate", "finite", self.rate, np.isfinite(self.rate) | expired)
        _require(
            "dividend_yield",
            "finite",
            self.dividend_yield,
            np.isfinite(self.dividend_yield) | expired,
        )


@dataclass(frozen=True)
class OptionValues:
    """Value and sensitivities of n options, per share, in the published units (see the module)."""

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    theta: FloatArray
    vega: FloatArray
    rho: FloatArray

    def reshaped(self, shape: tuple[int, ...]) -> Self:
        """The same values in arrays of another shape."""
        if self.price.shape == shape:
            return self
        return replace(
            self, **{field.name: getattr(self, field.name).reshape(shape) for field in fields(self)}
        )

    def fill(self, chosen: BoolArray, part: "OptionValues") -> None:
        """Overwrite the values where `chosen` is True with `part`, in their order."""
        for field in fields(self):
            getattr(self, field.name)[chosen] = getattr(part, field.name)


def option_values(options: OptionColumns) -> OptionValues:
    """Value every option and its Greeks in one vectorised pass; the shape is that of `options`.

    At or past expiry the value is intrinsic and every Greek 0. At zero volatility the formulas take
    their limit: the discounted payoff at the forward (on the kink itself delta is the mean of both
    sides, gamma 0).
    """
    expired = options.expired
    if not expired.any():
        return _living_values(options)
    values = intrinsic_values(options)
    living = ~expired
    if living.any():
        values.fill(living, _living_values(options.take(living)))
    return values


def option_prices(options: OptionColumns) -> FloatArray:
    """The value of every option per share, as in `option_values`, at about half the cost."""
    expired = options.expired
    if not expired.any():
        return _living_prices(options)
    prices = intrinsic_prices(options)
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
    flat = options.flat()
    values = OptionValues(*np.empty((6, flat.strike.size)))
    with np.errstate(all="ignore"):  # the limits at zero volatility are put in after the division
        for block in _blocks(flat):
            _Block.of(flat, block).write(values, block)
    return values.reshaped(options.strike.shape)


def _living_prices(options: OptionColumns) -> FloatArray:
    flat = options.flat()
    prices = np.empty(flat.strike.shape)
    with np.errstate(all="ignore"):
        for block in _blocks(flat):
            legs = _Block.of(flat, block).legs()
            np.maximum(legs.spot_leg - legs.strike_leg, 0.0, out=prices[block])
    return prices.reshape(options.strike.shape)


def _blocks(options: OptionColumns) -> list[slice]:
    """Slices whose working arrays fit a core's cache."""
    return [slice(start, start + BLOCK) for start in range(0, options.strike.size, BLOCK)]


@dataclass(frozen=True)
class _Legs:
    """What the price is made of, and what the Greeks reuse; shape (n,)."""

    spot_weight: FloatArray  # +-exp(-q T) N(+-d1), the delta
    spot_leg: FloatArray
    strike_leg: FloatArray
    density: FloatArray  # S exp(-q T) n(d1)


@dataclass(frozen=True)
class _Block:
    """The columns of some options, contiguous; temporaries are reused to save memory traffic."""

    sign: FloatArray
    spot: FloatArray
    strike: FloatArray
    years: FloatArray
    volatility: FloatArray
    rate: FloatArray
    dividend_yield: FloatArray
    root_years: FloatArray
    deviation: FloatArray
    still: bool  # some deviation is zero, so that a quotient may have no value

    @classmethod
    def of(cls, options: OptionColumns, block: slice) -> Self:
        """The options of a block."""
        years = options.years_to_expiry[block]
        volatility = options.volatility[block]
        root_years = np.sqrt(years)
        deviation = volatility * root_years
        return cls(
            sign=_sign(options.call[block]),
            spot=options.underlying_price[block],
            strike=options.strike[block],
            years=years,
            volatility=volatility,
            rate=options.rate[block],
            dividend_yield=options.dividend_yield[block],
            root_years=root_years,
            deviation=deviation,
            still=not deviation.all(),
        )

    def legs(self) -> _Legs:
        """Both legs with the sign of the option."""
        d = np.empty((2, self.spot.size))
        d[0] = self._d1()
        np.subtract(d[0], self.deviation, out=d[1])
        d *= self.sign
        density = normal_density(d)
        weight = normal_distribution(d, density)
        weight *= self.sign
        spot_weight, strike_leg = weight
        carry = np.exp(-self.dividend_yield * self.years)
        spot_weight *= carry
        strike_leg *= self.strike
        strike_leg *= np.exp(-self.rate * self.years)
        spot_density = density[0]
        spot_density *= carry
        spot_density *= self.spot
        return _Legs(spot_weight, self.spot * spot_weight, strike_leg, spot_density)

    def _d1(self) -> FloatArray:
        """ln(forward / strike) / deviation + deviation / 2, or its limit where deviation is zero.

        The limit is -inf, 0 or inf.
        """
        d1 = np.log(self.spot / self.strike)
        d1 += (self.rate - self.dividend_yield) * self.years
        d1 /= self.deviation
        d1 += 0.5 * self.deviation
        if self.still:
            d1[np.isnan(d1)] = 0.0
        return d1

    def write(self, values: OptionValues, block: slice) -> None:
        """Write the block's values and Greeks in their places."""
        legs = self.legs()
        price = values.price[block]
        gamma = values.gamma[block]
        theta = values.theta[block]
        vega = values.vega[block]
        rho = values.rho[block]
        values.delta[block] = legs.spot_weight
        np.subtract(legs.spot_leg, legs.strike_leg, out=price)
        np.maximum(price, 0.0, out=price)  # rounding may leave a worthless option at -1e-17

        np.divide(legs.density, self.deviation, out=gamma)
        gamma /= np.square(self.spot)
        if self.still:
            gamma[np.isnan(gamma)] = 0.0
        np.multiply(legs.density, self.root_years, out=vega)
        vega *= 1.0 / POINTS_PER_UNIT
        np.multiply(legs.strike_leg, self.years, out=rho)
        rho *= 1.0 / POINTS_PER_UNIT

        np.multiply(legs.density, self.volatility, out=theta)
        theta /= self.root_years
        theta *= -0.5
        theta -= self.rate * legs.strike_leg
        theta += self.dividend_yield * legs.spot_leg
        theta *= 1.0 / CALENDAR_DAYS_PER_YEAR


def _sign(call: BoolArray) -> FloatArray:
    return np.asarray(call * 2.0 - 1.0, dtype=np.float64)


def _positive(column: FloatArray) -> BoolArray:
    return np.isfinite(column) & (column > 0.0)


def _require(column: str, requirement: str, values: FloatArray, valid: BoolArray) -> None:
    if not valid.all():
        index = int(np.flatnonzero(~valid)[0])
        raise InvalidOption(column, requirement, index, float(values.flat[index]))
