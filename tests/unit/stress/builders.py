"""What the tests of stress share: a definition as users write it, and contracts as they are
priced.
"""

from dataclasses import fields
from typing import Any

import numpy as np

from services.stress.inputs import Contracts
from shared.quant.black_scholes import OptionColumns, PricingInputs

_PRICED = [each.name for each in fields(PricingInputs)]


def a_definition(**changes: Any) -> dict[str, Any]:
    """A scenario as it is saved: a mild fall of the market, unless said otherwise."""
    definition = {
        "scenario_id": "mine",
        "name": "Mine",
        "description": "A test.",
        "category": "custom",
        "severity": "mild",
        "shocks": {"market": -0.10},
    }
    return {**definition, **changes}


def no_contracts() -> Contracts:
    """Those of a shard without options."""
    columns: dict[str, Any] = dict.fromkeys(_PRICED, np.zeros(0))
    none = np.zeros(0, dtype=np.bool_)
    return Contracts(**{**columns, "call": none}, symbols=np.zeros(0, dtype=np.str_), american=none)


def columns_of(contracts: Contracts, **moved: Any) -> OptionColumns:
    """As the pricing functions take them, with some columns moved."""
    return OptionColumns.of(**{name: moved.get(name, getattr(contracts, name)) for name in _PRICED})
