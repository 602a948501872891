"""What a grid's amounts say of each other."""

from collections.abc import Sequence


def options_share(pnl: Sequence[float], options: Sequence[float]) -> list[float | None]:
    """The options' part of each P&L, four decimals; None where the P&L is zero."""
    return [
        round(part / total, 4) + 0.0 if total else None
        for total, part in zip(pnl, options, strict=True)
    ]
