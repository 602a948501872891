"""Sums of option Greeks by expiry, and by strike or by underlying."""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

PERCENT = 0.01
MEASURES = (
    "dollar_delta",
    "dollar_gamma_1pct",
    "dollar_theta_1d",
    "dollar_vega_1pt",
    "dollar_rho_1pct",
)
Greeks = Mapping[str, float]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class HeldOption:
    """An option position: Greeks of the whole position in its own units, None where not known.

    `underlying_price`: USD per share, of the session `priced_on`.
    """

    position_id: UUID
    underlying: str
    strike: Decimal
    expiry: date
    quantity: Decimal
    underlying_price: float | None
    priced_on: date | None
    greeks: Greeks | None

    @property
    def dollars(self) -> Greeks | None:
        """Delta x S, gamma x S^2 / 100, and theta, vega and rho as they are; USD."""
        greeks = self.greeks
        spot = self.underlying_price
        if greeks is None or spot is None:
            return None
        return {
            "dollar_delta": greeks["delta"] * spot,
            "dollar_gamma_1pct": greeks["gamma"] * spot**2 * PERCENT,
            "dollar_theta_1d": greeks["theta"],
            "dollar_vega_1pt": greeks["vega"],
            "dollar_rho_1pct": greeks["rho"],
        }


@dataclass(frozen=True)
class Sides:
    """Sums in dollars over positions held long, held short, and both; None without any known."""

    positions: int
    positions_left_out: int
    long: Greeks | None
    short: Greeks | None
    net: Greeks | None

    @classmethod
    def of(cls, held: Sequence[HeldOption]) -> "Sides":
        """The sums of these positions."""
        known = [(each.quantity > 0, dollars) for each in held if (dollars := each.dollars)]
        return cls(
            positions=len(held),
            positions_left_out=len(held) - len(known),
            long=summed(dollars for is_long, dollars in known if is_long),
            short=summed(dollars for is_long, dollars in known if not is_long),
            net=summed(dollars for _, dollars in known),
        )


def summed(amounts: Iterable[Greeks]) -> Greeks | None:
    """Greek by Greek; None of nothing."""
    found = list(amounts)
    if not found:
        return None
    return {name: math.fsum(each[name] for each in found) for name in found[0]}


def by_key(
    held: Iterable[HeldOption], key: Callable[[HeldOption], Key]
) -> dict[Key, list[HeldOption]]:
    """The positions by what `key` says of each, in the order of their first one."""
    groups: dict[Key, list[HeldOption]] = {}
    for each in held:
        groups.setdefault(key(each), []).append(each)
    return groups


def with_shares(options: Sides, stock: float | None) -> Greeks | None:
    """Options and shares together: a share has dollar delta and no other Greek.

    `stock`: the shares' dollar delta, None where none is valued. None where neither is known.
    """
    nothing = dict.fromkeys(MEASURES, 0.0) if options.positions == 0 and stock is not None else None
    greeks = options.net or nothing
    if greeks is None:
        return None
    return {**greeks, "dollar_delta": greeks["dollar_delta"] + (stock or 0.0)}
