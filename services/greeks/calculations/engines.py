"""What can value an option: engines take contracts as columns and return the published units.

A new model is a function and a line in `MODELS`; which contract gets which model is decided by
`model_of`.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

import numpy as np

from shared.quant.american import american_values
from shared.quant.black_scholes import (
    CALENDAR_DAYS_PER_YEAR,
    POINTS_PER_UNIT,
    OptionColumns,
    OptionValues,
    intrinsic_values,
)
from shared.quant.dividends import CashDividends, european_values

Model = Callable[[OptionColumns, CashDividends | None], OptionValues]

INTRINSIC = "intrinsic"
BLACK_SCHOLES_MERTON = "black_scholes_merton"
AMERICAN_COLLOCATION = "american_collocation"
AMERICAN_LATTICE = "american_lattice"
AMERICAN_TREE = "american_tree"
AMERICAN_MODELS: Mapping[str, str] = {
    "collocation": AMERICAN_COLLOCATION,
    "lattice": AMERICAN_LATTICE,
    "tree": AMERICAN_TREE,
}
MIBIAN = "mibian"


class Engine(StrEnum):
    """What values options that have time left."""

    DEFAULT = "default"  # American for equities and ETFs, European for index roots
    EUROPEAN = "european"  # all as European
    AMERICAN = "american"  # all as American
    MIBIAN = "mibian"  # all as European, by mibian


def model_of(engine: Engine, european: bool) -> str:
    """The model of a contract with time left; `european`: it can be exercised at expiry only."""
    if engine is Engine.MIBIAN:
        return MIBIAN
    if engine is Engine.EUROPEAN or (engine is Engine.DEFAULT and european):
        return BLACK_SCHOLES_MERTON
    return AMERICAN_COLLOCATION


def models_of(engine: Engine, european: bool) -> tuple[str | None, ...]:
    """What may have valued a contract under the engine; None: nothing could."""
    model = model_of(engine, european)
    methods = AMERICAN_MODELS.values() if model == AMERICAN_COLLOCATION else (model,)
    return (None, INTRINSIC, *methods)


def _intrinsic(options: OptionColumns, _: CashDividends | None) -> OptionValues:
    return intrinsic_values(options)


def mibian_values(options: OptionColumns, dividends: CashDividends | None = None) -> OptionValues:
    """The same values as Black-Scholes-Merton from mibian's Merton class, contract by contract.

    For comparison, not for speed. Every contract must have time left and a volatility above zero:
    mibian divides by both. Raises `ValueError` for cash dividends, which mibian does not know.
    """
    if dividends is not None:
        raise ValueError("mibian knows no cash dividends")
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
        price = merton.callPrice
        delta = merton.callDelta
        theta = merton.callTheta
        rho = merton.callRho
    else:
        price = merton.putPrice
        delta = merton.putDelta
        theta = merton.putTheta
        rho = merton.putRho
    return price, delta, merton.gamma, theta, merton.vega, rho


MODELS: Mapping[str, Model] = {
    INTRINSIC: _intrinsic,
    BLACK_SCHOLES_MERTON: european_values,
    AMERICAN_COLLOCATION: american_values,
    MIBIAN: mibian_values,
}
