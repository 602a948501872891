"""Options priced again after their market moved: the model at the new inputs less at the old.

A contract's value is Black-Scholes-Merton's when it is European, an American one's otherwise
(`shared.quant.pricing`), with the dividends that greeks expected: they stay what they are in
dollars, up to half of the price after the move. Where days pass, they are calendar days: the
contract is priced at its time to expiry less the days, at its intrinsic value from its expiry on.
The return of the underlying includes its dividends, so its price falls by those that go ex in
between, as the model expects. What does not move changes nothing: the difference is exactly zero
there.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from services.stress.inputs import Contracts, Indices
from shared.arrays import ArrayColumns, BoolArray, FloatArray
from shared.quant.black_scholes import CALENDAR_DAYS_PER_YEAR, OptionColumns
from shared.quant.dividends import LARGEST_SHARE, CashDividends
from shared.quant.pricing import prices

# Models know no price of zero and no negative volatility: moves beyond stop at these. What the
# difference to a price of zero is worth is below a hundredth of a percent of the underlying.
LOWEST_UNDERLYING = 1e-4  # of the price before the move
LOWEST_VOLATILITY = 1e-3
DAYS_OF_SHOCK = 30.0  # the tenor whose implied volatility takes a volatility shock in full
LAST_MOMENT = 1e-6  # days: less is left by rounding only


@dataclass(frozen=True)
class States:
    """What else happens in each state of the market, beside the moves of underlyings: (states,).

    `rates`: added to every rate, in decimals. `volatilities`: relative change of implied
    volatility, of the one-month one where `by_tenor` (longer tenors move less), else of every one.
    `days`: calendar days that pass.
    """

    rates: FloatArray
    volatilities: FloatArray
    days: FloatArray
    by_tenor: bool = True

    @classmethod
    def still(cls, count: int, by_tenor: bool = True) -> Self:
        """Nothing happens in any of them."""
        return cls(np.zeros(count), np.zeros(count), np.zeros(count), by_tenor)

    @property
    def moving(self) -> BoolArray:
        """(states,) True where something happens."""
        moving: BoolArray = (self.rates != 0.0) | (self.volatilities != 0.0) | (self.days != 0.0)
        return moving

    def take(self, chosen: Indices) -> Self:
        """These states, repeated as they are."""
        columns = (self.rates[chosen], self.volatilities[chosen], self.days[chosen])
        return type(self)(*columns, self.by_tenor)

    def followed_by(self, others: Self) -> Self:
        """These and then the others; volatilities by tenor as here."""
        return type(self)(
            np.append(self.rates, others.rates),
            np.append(self.volatilities, others.volatilities),
            np.append(self.days, others.days),
            self.by_tenor,
        )


@dataclass(frozen=True)
class Later(ArrayColumns):
    """Contracts in states of the market, (n,), before their underlyings move.

    `options`: on the price of today, with the years, volatility and rate of the state. `paid`: USD
    per share of dividends that have gone ex by then; `dividends`: those still to come.
    """

    options: OptionColumns
    american: BoolArray
    paid: FloatArray
    dividends: CashDividends | None

    @classmethod
    def of(cls, contracts: Contracts, chosen: Indices, states: States) -> Self:
        """The chosen contracts (repeated as they are), each in the state of its place."""
        years = contracts.years_to_expiry[chosen]
        left = years_left(years, states.days)
        tenor = left if states.by_tenor else np.zeros_like(left)
        options = OptionColumns.of(
            call=contracts.call[chosen],
            underlying_price=contracts.underlying_price[chosen],
            strike=contracts.strike[chosen],
            years_to_expiry=left,
            volatility=shocked_volatility(contracts.volatility[chosen], tenor, states.volatilities),
            rate=contracts.rate[chosen] + states.rates,
            dividend_yield=contracts.dividend_yield[chosen],
        )
        american = contracts.american[chosen]
        if contracts.dividends is None:
            return cls(options, american, np.zeros(len(chosen)), None)
        passed = states.days / CALENDAR_DAYS_PER_YEAR
        expected = contracts.dividends.take(chosen)
        paid = expected.gone_by(replace(options, years_to_expiry=years), passed)
        return cls(options, american, paid, expected.seen_after(passed))

    def spots(self, returns: FloatArray) -> FloatArray:
        """(n,) prices of the underlyings after their returns, without the dividends paid."""
        moved = self.options.underlying_price * np.maximum(1.0 + returns, LOWEST_UNDERLYING)
        return np.asarray(moved - np.minimum(self.paid, LARGEST_SHARE * moved))

    def moved(self, returns: FloatArray) -> tuple[OptionColumns, CashDividends | None]:
        """What the pricing functions take, after the returns."""
        options = replace(self.options, underlying_price=self.spots(returns))
        dividends = self.dividends
        return options, None if dividends is None else dividends.within_spot(options)


def price_changes(contracts: Contracts, returns: FloatArray, states: States) -> FloatArray:
    """Change of value in dollars per share of every contract in every state: (contracts, states).

    `returns`: (contracts, states) decimal returns of the underlying. NaN where the return or an
    input is not known; 0 for contracts that are settled today. None falls by more than it is worth.
    """
    living = contracts.living
    changes = np.where(contracts.expired[:, None], 0.0, np.full(returns.shape, np.nan))
    known = living[:, None] & ~np.isnan(returns)
    changes[known] = 0.0
    row, state = np.nonzero(known & ((returns != 0.0) | states.moving))
    base = np.flatnonzero(living)
    # In one call, so that contracts share what does not depend on the move.
    every = States.still(base.size, states.by_tenor).followed_by(states.take(state))
    later = Later.of(contracts, np.append(base, row), every)
    options, dividends = later.moved(np.append(np.zeros(base.size), returns[row, state]))
    values = prices(options, later.american, dividends)
    before = np.full(len(living), np.nan)
    before[base] = values[: base.size]
    changes[row, state] = values[base.size :] - before[row]
    return contracts.bounded(changes)


def years_left(years_to_expiry: FloatArray, days: FloatArray) -> FloatArray:
    """Years to expiry once so many calendar days have passed; 0 from the expiry on."""
    left = years_to_expiry * CALENDAR_DAYS_PER_YEAR - days
    later = np.where(left < LAST_MOMENT, 0.0, left / CALENDAR_DAYS_PER_YEAR)
    return np.asarray(np.where(days == 0.0, years_to_expiry, later))


def shocked_volatility(
    volatility: FloatArray, years_to_expiry: FloatArray, shock: FloatArray | float
) -> FloatArray:
    """Volatility x (1 + shock x weight), weight = min(1, sqrt(30 / days to expiry)).

    Implied volatility of longer tenors moves less than the one-month one that `shock` is the
    relative change of: by the square root of time, the usual weighting of vega by tenor. A fall
    stops at `LOWEST_VOLATILITY`, or where it was if that is lower.
    """
    days = years_to_expiry * CALENDAR_DAYS_PER_YEAR
    with np.errstate(divide="ignore"):
        weight = np.minimum(1.0, np.sqrt(DAYS_OF_SHOCK / days))
    moved: FloatArray = np.maximum(
        volatility * (1.0 + shock * weight), np.minimum(volatility, LOWEST_VOLATILITY)
    )
    return moved
