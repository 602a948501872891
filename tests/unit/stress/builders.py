"""What the tests of stress share: a definition as users write it, and contracts as they are
priced.
"""

from typing import Any

from services.stress.inputs import Contracts
from shared.quant.black_scholes import OptionColumns

_PRICED = (
    "call",
    "underlying_price",
    "strike",
    "years_to_expiry",
    "volatility",
    "rate",
    "dividend_yield",
)


def a_definition(**changes: Any) -> dict[str, Any]:
    """A scenario as it is saved: a mild fall of the market, unless said otherwise."""
    definition = {
        "scenario_id": "mine",
        "name": "Mine",
        "description": "A test.",
        "category": "custom",
        "severity": "mild",
        "shocks": {"Market": -0.10},
    }
    return {**definition, **changes}


def columns_of(contracts: Contracts, **moved: Any) -> OptionColumns:
    """As the pricing functions take them, with some columns moved."""
    return OptionColumns.of(**{name: moved.get(name, getattr(contracts, name)) for name in _PRICED})
