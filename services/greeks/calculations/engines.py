"""What can value an option: every engine takes contracts as columns and answers in the published units.

A new engine is a function and a line in `ENGINES`; which contract goes to which is decided in `contracts.py`.
"""

from collections.abc import Callable, Mapping

import numpy as np

from shared.quant.black_scholes import (
    CALENDAR_DAYS_PER_YEAR,
    POINTS_PER_UNIT,
    OptionColumns,
    OptionValues,
    intrinsic_values,
    option_values,
)

Engine = Callable[[OptionColumns], OptionValues]

INTRINSIC = "intrinsic"
BLACK_SCHOLES_MERTON = "black_scholes_merton"
MIBIAN = "mibian"


def mibian_values(options: OptionColumns) -> OptionValues:
    """The same values from mibian's Merton class, contract by contract.

    For comparison, not for speed. Every contract must have time left and a volatility above zero: mibian
    divides by both.
    """
    rows = [_mibian_row(options, i) for i in range(options.strike.size)]
    return OptionValues(*np.array(rows, dtype=np.float64).reshape(-1, 6).T)


def _mibian_row(options: OptionColumns, i: int) -> tuple[float, ...]:
    import mibian  # loads scipy.stats, which is slow: only who asks for this engine waits

    spot = float(options.underlying_price[i])
    terms = [
        spot,
        float(options.strike[i]),
        float(options.rate[i]) * POINTS_PER_UNIT,
        float(options.dividend_yield[i])
        * spot,  # wants the year's dividend in currency and divides by the spot
        float(options.years_to_expiry[i]) * CALENDAR_DAYS_PER_YEAR,
    ]
    merton = mibian.Me(terms, volatility=float(options.volatility[i]) * POINTS_PER_UNIT)
    if options.call[i]:
        price, delta, theta, rho = merton.callPrice, merton.callDelta, merton.callTheta, merton.callRho
    else:
        price, delta, theta, rho = merton.putPrice, merton.putDelta, merton.putTheta, merton.putRho
    return price, delta, merton.gamma, theta, merton.vega, rho


ENGINES: Mapping[str, Engine] = {
    INTRINSIC: intrinsic_values,
    BLACK_SCHOLES_MERTON: option_values,
    MIBIAN: mibian_values,
}
