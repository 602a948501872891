"""Options for the tests of pricing."""

from typing import Any

from hypothesis import strategies as st

from shared.quant.black_scholes import OptionColumns

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
