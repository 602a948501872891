"""Which of a portfolio's underlyings are large enough to be correlated.

Value of an underlying: the signed sum of the delta-adjusted exposures (USD) of everything held on
it. Size and weight are gross: |value|, and |value| over the sum of |value|; so a short counts like
a long.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

LARGEST_KEPT = (
    1_000  # a matrix grows with the square: beyond this the smallest are left out, and said to be
)
Keep = Literal["both", "either", "value_only", "weight_only"]
View = Literal["portfolio", "longs", "shorts"]


@dataclass(frozen=True)
class Parameters:
    """What to correlate: `minimum_value` in USD, `minimum_weight` a share of gross value (0.01 is 1
    %).

    `lookback` counts daily returns, `minimum_observations` those that a pair must have in common.
    """

    lookback: int
    minimum_observations: int
    minimum_value: float
    minimum_weight: float
    keep: Keep
    cluster_threshold: float


@dataclass(frozen=True)
class Group:
    """An underlying and what a portfolio holds on it; `value` is null when no position could be
    measured.
    """

    symbol: str
    value: float | None
    positions: int
    positions_unmeasured: int
    tags: tuple[str, ...]
    sector: str | None

    @property
    def size(self) -> float:
        """|value| in USD, 0 when unknown."""
        return abs(self.value or 0.0)


@dataclass(frozen=True)
class LeftOut:
    """An underlying that is not in the matrix: a stable code and a sentence."""

    symbol: str
    code: str
    message: str
    value: float | None
    positions: int

    @classmethod
    def because(cls, group: Group, code: str, message: str) -> "LeftOut":
        """The group, left out."""
        return cls(group.symbol, code, message, group.value, group.positions)


@dataclass(frozen=True)
class Selection:
    """A portfolio's underlyings that are kept, the largest first, and the others; `gross` is their
    size, USD.
    """

    kept: tuple[Group, ...]
    left_out: tuple[LeftOut, ...]
    gross: float

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols kept."""
        return tuple(group.symbol for group in self.kept)

    @property
    def positions(self) -> tuple[int, int]:
        """How many positions are held on what is kept, and on the others."""
        kept = sum(group.positions for group in self.kept)
        return kept, sum(symbol.positions for symbol in self.left_out)

    def on_side(self, view: View) -> "Selection":
        """What of it has a positive value (longs) or a negative one (shorts)."""
        kept = tuple(group for group in self.kept if is_on(view, group.value))
        out = tuple(symbol for symbol in self.left_out if is_on(view, symbol.value))
        values = [*(group.value for group in kept), *(symbol.value for symbol in out)]
        return Selection(kept, out, sum((abs(value or 0.0) for value in values), 0.0))

    def without(self, reasons: Sequence[tuple[str, str] | None]) -> "Selection":
        """The same, with every kept group that has a (code, message) left out."""
        judged = tuple(zip(self.kept, reasons, strict=True))
        out = tuple(
            LeftOut.because(group, *reason) for group, reason in judged if reason is not None
        )
        kept = tuple(group for group, reason in judged if reason is None)
        return Selection(kept, (*self.left_out, *out), self.gross)


def is_on(view: View, value: float | None) -> bool:
    """Whether an underlying of this signed value, null when unknown, belongs to the view."""
    return view == "portfolio" or (
        value is not None and (value > 0.0 if view == "longs" else value < 0.0)
    )


def selection(groups: Sequence[Group], parameters: Parameters) -> Selection:
    """Keep the underlyings that are large by value and by weight, as `parameters.keep` says: at
    most 1,000.
    """
    ordered = tuple(sorted(groups, key=lambda group: (-group.size, group.symbol)))
    every = Selection(ordered, (), sum((group.size for group in ordered), 0.0))
    sized = every.without([_too_small(group, every.gross, parameters) for group in ordered])
    beyond = ("beyond_the_largest", f"only the {LARGEST_KEPT:,} largest are correlated")
    return sized.without(
        [beyond if rank >= LARGEST_KEPT else None for rank in range(len(sized.kept))]
    )


def _too_small(group: Group, gross: float, parameters: Parameters) -> tuple[str, str] | None:
    if group.value is None:
        return "no_exposure", "none of its positions has a price and a delta"
    if group.value == 0.0:
        return "no_value", "its delta-adjusted exposures add up to nothing"
    missed = dict(_missed(group.size, group.size / gross, parameters))
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
