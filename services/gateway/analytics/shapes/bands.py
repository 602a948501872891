"""How far a day goes: the tails of past P&L, and of the moves of what a curve is drawn against."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.conventions import MINIMUM_OBSERVATIONS
from shared.quant.tail import tail_losses

CONFIDENCES = (95, 99)


@dataclass(frozen=True)
class Band:
    """One confidence: losses in USD, positive, and decimal moves; None where not measured.

    `move_down` and `move_up`: as few days went further down, or up, as days lose more than the VaR.
    """

    confidence: int
    value_at_risk: float | None
    expected_shortfall: float | None
    move_down: float | None
    move_up: float | None


def bands(pnl: Sequence[float], moves: Sequence[float]) -> list[Band]:
    """Of the P&L and the moves of past days; fewer than 60 of either give none of it."""
    return [_band(confidence, pnl, moves) for confidence in CONFIDENCES]


def _band(confidence: int, pnl: Sequence[float], moves: Sequence[float]) -> Band:
    loss, shortfall = _tail(pnl, confidence)
    down, _ = _tail(moves, confidence)
    up, _ = _tail([-move for move in moves], confidence)
    return Band(confidence, loss, shortfall, None if down is None else -down, up)


def _tail(values: Sequence[float], confidence: int) -> tuple[float | None, float | None]:
    if len(values) < MINIMUM_OBSERVATIONS:
        return None, None
    return tail_losses(values, confidence)


def returns_of(closes: Sequence[float | None]) -> list[float]:
    """P_t / P_(t-1) - 1 of neighbouring sessions; a close that is missing has none on its sides."""
    return [
        now / before - 1.0
        for before, now in pairwise(closes)
        if before is not None and now is not None and before > 0.0 and now > 0.0
    ]
