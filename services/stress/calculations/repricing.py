"""Options priced again after their market moved: the model at the new inputs less at the old.

A contract's value is Black-Scholes-Merton's when it is European, an American one's otherwise
(`shared.quant.pricing`), with the dividends that greeks expected: they stay what they are in
dollars, up to half of the price after the move. No time passes. What does not move changes nothing:
the difference is exactly zero there.
"""

import numpy as np

from services.stress.inputs import Contracts, Indices
from shared.arrays import FloatArray
from shared.quant.black_scholes import CALENDAR_DAYS_PER_YEAR, OptionColumns
from shared.quant.pricing import prices

# Models know no price of zero and no negative volatility: moves beyond stop at these. What the
# difference to a price of zero is worth is below a hundredth of a percent of the underlying.
LOWEST_UNDERLYING = 1e-4  # of the price before the move
LOWEST_VOLATILITY = 1e-3
DAYS_OF_SHOCK = 30.0  # the tenor whose implied volatility takes a volatility shock in full


def price_changes(
    contracts: Contracts, returns: FloatArray, rates: FloatArray, volatilities: FloatArray
) -> FloatArray:
    """Change of value in dollars per share of every contract in every state: (contracts, states).

    `returns`: (contracts, states) decimal returns of the underlying; `rates`: (states,) added to
    the contract's rate, in decimals; `volatilities`: (states,) relative change of one-month implied
    volatility. NaN where the return or an input is not known; 0 for settled contracts.
    """
    living = contracts.repriceable & ~contracts.expired
    changes = np.where(contracts.expired[:, None], 0.0, np.full(returns.shape, np.nan))
    known = living[:, None] & ~np.isnan(returns)
    changes[known] = 0.0
    row, state = np.nonzero(known & ((returns != 0.0) | (rates != 0.0) | (volatilities != 0.0)))
    base = np.flatnonzero(living)
    still = np.zeros(base.size)
    values = _values(  # in one call, so that contracts share what does not depend on the move
        contracts,
        np.append(base, row),
        np.append(still, returns[row, state]),
        np.append(still, rates[state]),
        np.append(still, volatilities[state]),
    )
    before = np.full(len(living), np.nan)
    before[base] = values[: base.size]
    changes[row, state] = values[base.size :] - before[row]
    return changes


def _values(
    contracts: Contracts,
    chosen: Indices,
    move: FloatArray,
    rate: FloatArray,
    volatility: FloatArray,
) -> FloatArray:
    """Dollars per share of the chosen contracts (repeated as they are) after the moves."""
    if not chosen.size:
        return np.empty(0)
    options = OptionColumns.of(
        call=contracts.call[chosen],
        underlying_price=contracts.underlying_price[chosen]
        * np.maximum(1.0 + move, LOWEST_UNDERLYING),
        strike=contracts.strike[chosen],
        years_to_expiry=contracts.years_to_expiry[chosen],
        volatility=shocked_volatility(
            contracts.volatility[chosen], contracts.years_to_expiry[chosen], volatility
        ),
        rate=contracts.rate[chosen] + rate,
        dividend_yield=contracts.dividend_yield[chosen],
    )
    dividends = contracts.dividends
    if dividends is not None:
        dividends = dividends.take(chosen).within_spot(options)
    return prices(options, contracts.american[chosen], dividends)


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
