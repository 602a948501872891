"""Which of a portfolio's underlyings are large enough to be correlated.

Value of an underlying: the signed sum of the delta-adjusted exposures (USD) of everything held on
it. Size and weight are gross: |value|, and |value| over the sum of |value|; so a short counts like
a long.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from services.factors.inputs import HeldPortfolio, HeldUnderlying

# A matrix grows with the square: beyond this the smallest are left out, and reported as such.
LARGEST_KEPT = 1_000
Keep = Literal["both", "either", "value_only", "weight_only"]
View = Literal["portfolio", "longs", "shorts"]


@dataclass(frozen=True)
class Parameters:
    """What to correlate: `minimum_value` in USD, `minimum_weight` a share of gross value.

    `lookback` counts daily returns, `minimum_observations` those that a pair must have in common.
    """

    lookback: int
    minimum_observations: int
    minimum_value: float
    minimum_weight: float
    keep: Keep
    cluster_threshold: float


@dataclass(frozen=True)
class LeftOut:
    """An underlying that is not in the matrix: a stable code and a sentence."""

    symbol: str
    code: str
    message: str
    value: float | None
    positions: int

    @classmethod
    def because(cls, held: HeldUnderlying, code: str, message: str) -> "LeftOut":
        """The underlying, left out."""
        return cls(held.symbol, code, message, held.value, held.positions)


@dataclass(frozen=True)
class Selection:
    """A portfolio's underlyings that are kept, the largest first, and the others.

    `gross` is the size of all of them, USD.
    """

    portfolio_id: UUID
    kept: tuple[HeldUnderlying, ...]
    left_out: tuple[LeftOut, ...]
    gross: float

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols kept."""
        return tuple(held.symbol for held in self.kept)

    @property
    def positions(self) -> tuple[int, int]:
        """How many positions are held on what is kept, and on the others."""
        kept = sum(held.positions for held in self.kept)
        return kept, sum(symbol.positions for symbol in self.left_out)

    def on_side(self, view: View) -> "Selection":
        """What of it has a positive value (longs) or a negative one (shorts)."""
        kept = tuple(held for held in self.kept if is_on(view, held.value))
        out = tuple(symbol for symbol in self.left_out if is_on(view, symbol.value))
        values = [*(held.value for held in kept), *(symbol.value for symbol in out)]
        gross = sum((abs(value or 0.0) for value in values), 0.0)
        return replace(self, kept=kept, left_out=out, gross=gross)

    def without(self, reasons: Sequence[tuple[str, str] | None]) -> "Selection":
        """The same, with every kept underlying that has a (code, message) left out."""
        judged = tuple(zip(self.kept, reasons, strict=True))
        out = tuple(LeftOut.because(held, *reason) for held, reason in judged if reason is not None)
        kept = tuple(held for held, reason in judged if reason is None)
        return replace(self, kept=kept, left_out=(*self.left_out, *out))


def is_on(view: View, value: float | None) -> bool:
    """Whether an underlying of this signed value, null when unknown, belongs to the view."""
    return view == "portfolio" or (
        value is not None and (value > 0.0 if view == "longs" else value < 0.0)
    )


def selection(portfolio: HeldPortfolio, parameters: Parameters) -> Selection:
    """Keep what is large by value and by weight, as `parameters.keep` says: at most 1,000."""
    ordered = tuple(sorted(portfolio.underlyings, key=lambda held: (-held.size, held.symbol)))
    gross = sum((held.size for held in ordered), 0.0)
    every = Selection(portfolio.portfolio_id, ordered, (), gross)
    sized = every.without([_too_small(held, gross, parameters) for held in ordered])
    beyond = ("beyond_the_largest", f"only the {LARGEST_KEPT:,} largest are correlated")
    return sized.without(
        [beyond if rank >= LARGEST_KEPT else None for rank in range(len(sized.kept))]
    )


def kept_symbols(chosen: Sequence[Selection]) -> list[str]:
    """The symbols that one of the selections keeps, sorted."""
    return sorted({symbol for selected in chosen for symbol in selected.symbols})


def _too_small(
    held: HeldUnderlying, gross: float, parameters: Parameters
) -> tuple[str, str] | None:
    if held.value is None:
        return "no_exposure", "none of its positions has a price and a delta"
    if held.value == 0.0:
        return "no_value", "its delta-adjusted exposures add up to nothing"
    missed = dict(_missed(held.size, held.size / gross, parameters))
    fails = {
        "both": bool(missed),
        "either": len(missed) == 2,
        "value_only": "value" in missed,
        "weight_only": "weight" in missed,
    }
    return (
        ("below_" + "_and_".join(missed), " and ".join(missed.values()))
        if fails[parameters.keep]
        else None
    )


def _missed(size: float, weight: float, parameters: Parameters) -> Iterator[tuple[str, str]]:
    """The minimums that count and are not reached, each with a sentence."""
    if size < parameters.minimum_value and parameters.keep != "weight_only":
        yield "value", f"its value of {size:,.2f} USD is below {parameters.minimum_value:,.2f} USD"
    if weight < parameters.minimum_weight and parameters.keep != "value_only":
        yield "weight", f"its weight of {weight:.2%} is below {parameters.minimum_weight:.2%}"
