"""What today's holdings would have made on each past day, for the historical value at risk."""

from collections.abc import Sequence

import numpy as np

from services.stress.calculations.repricing import States, price_changes
from services.stress.inputs import Indices, ShardBook
from shared.arrays import FloatArray
from shared.quant.cents import linear_pnl, whole_cents


def historical_pnl(book: ShardBook, returns: FloatArray, underlying: Indices) -> FloatArray:
    """P&L in whole cents by position and past day (positions, days), NaN where not measured.

    A loss is negative.

    `returns`: (underlyings, days) simple returns, oldest first, NaN where missing; `underlying`:
    (positions,) index into them. Stock: exposure x return. Options: quantity x multiplier x (the
    model's value after the underlying's move - its value before), volatility and rate unchanged and
    no time passing; each distinct contract is priced once.
    """
    pnl = linear_pnl(np.where(book.options, np.nan, book.exposure), returns[underlying])
    repriced = book.repriced
    still = States.still(returns.shape[1])
    changes = price_changes(book.contracts, returns[underlying[book.holder_of()]], still)
    pnl[repriced] = whole_cents(book.units[repriced, None] * changes[book.contract[repriced]])
    return pnl


def history_reasons(
    book: ShardBook, pnl: FloatArray, underlyings: Sequence[str]
) -> list[str | None]:
    """Why each position's vector is missing or has gaps; None for a complete one.

    `underlyings`: the symbol each position's returns are of.
    """
    gaps = np.isnan(pnl).sum(axis=1)
    unpriced = ~book.options & np.isnan(book.exposure)
    unknown = book.options & ~book.repriced
    return [
        _reason(
            bool(unpriced[place]), bool(unknown[place]), int(gap), pnl.shape[1], underlyings[place]
        )
        for place, gap in enumerate(gaps)
    ]


def _reason(unpriced: bool, unknown: bool, gaps: int, days: int, underlying: str) -> str | None:
    if unpriced:
        return "no price on or before the session"
    if unknown:
        return "no volatility, rate or underlying price to reprice with"
    if not gaps:
        return None
    missing = (
        f"{gaps} of the last {days} sessions" if gaps < days else f"any of the last {days} sessions"
    )
    return f"no return of {underlying} on {missing}"
