"""Options for the tests of pricing."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from shared.quant.black_scholes import OptionColumns

Range = tuple[float, float]
MARKETS = st.fixed_dictionaries(
    {
        "underlying_price": st.floats(1.0, 1_000.0),
        "strike": st.floats(1.0, 1_000.0),
        "years_to_expiry": st.floats(0.002, 5.0),
        "volatility": st.floats(0.01, 2.0),
        "rate": st.floats(-0.02, 0.15),
        "dividend_yield": st.floats(0.0, 0.10),
    }
)


def at_the_money(**given: Any) -> OptionColumns:
    """A one-year at-the-money put at 5 % rate and 20 % volatility, unless said otherwise."""
    defaults: dict[str, Any] = {
        "call": False,
        "underlying_price": 100.0,
        "strike": 100.0,
        "years_to_expiry": 1.0,
        "volatility": 0.20,
        "rate": 0.05,
        "dividend_yield": 0.0,
    }
    return OptionColumns.of(**(defaults | given))


def uniform_options(
    count: int,
    seed: int,
    price: Range = (5.0, 500.0),
    days: int = 1096,
    volatility: Range = (0.03, 1.2),
    rate: Range = (-0.01, 0.08),
    dividend_yield: Range = (0.0, 0.06),
) -> OptionColumns:
    """Deep in to deep out of the money, a day to three years, rates from -1 % to 8 %, unless said
    otherwise.
    """
    random = np.random.default_rng(seed)
    return OptionColumns.of(
        call=random.random(count) < 0.5,
        underlying_price=random.uniform(*price, count),
        strike=random.uniform(*price, count),
        years_to_expiry=random.integers(1, days, count) / 365.0,
        volatility=random.uniform(*volatility, count),
        rate=random.uniform(*rate, count),
        dividend_yield=random.uniform(*dividend_yield, count),
    )
