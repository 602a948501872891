"""Position Greeks: the contract's Greeks times what is held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.greeks.inputs import ContractValuation, HeldOption
from shared.arrays import Columns, FloatArray
from shared.conventions import GREEKS


@dataclass(frozen=True)
class PositionGreeks:
    """`greeks` is positions x Greeks in the units of the contract, NaN where `reasons` says why."""

    held: Sequence[HeldOption]
    greeks: FloatArray
    reasons: Sequence[str | None]

    def columns(self) -> Columns:
        """One row per position."""
        named = ("position_id", "portfolio_id", "contract", "underlying", "quantity", "multiplier")
        return {
            **{name: [getattr(option, name) for option in self.held] for name in named},
            **{greek: self.greeks[:, place] for place, greek in enumerate(GREEKS)},
            "reason": self.reasons,
        }


def position_greeks(
    held: Sequence[HeldOption], valuations: Mapping[str, ContractValuation]
) -> PositionGreeks:
    """Every position's Greeks, or the reason its contract has none.

    `valuations` has every contract that is held.
    """
    found = [valuations[option.contract] for option in held]
    per_share = [[getattr(valuation, greek) for greek in GREEKS] for valuation in found]
    greeks = scaled(
        np.array(per_share, dtype=np.float64).reshape(-1, len(GREEKS)),
        np.array([option.quantity for option in held], dtype=np.float64),
        np.array([option.multiplier for option in held], dtype=np.float64),
    )
    reasons = [valuation.reason for valuation in found]
    greeks[[reason is not None for reason in reasons]] = np.nan
    return PositionGreeks(held, greeks, reasons)


def scaled(per_share: FloatArray, quantity: FloatArray, multiplier: FloatArray) -> FloatArray:
    """Greek per share x signed quantity x multiplier, in the Greek's own unit; NaN stays NaN.

    `per_share` is positions x Greeks; `quantity` and `multiplier` have one entry per position.
    """
    return per_share * (quantity * multiplier)[:, None]
