"""What each position earned since the snapshot before: by its price, by trading, and as income."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.snapshots.calculations.layout import Layout
from services.snapshots.calculations.lines import Lines
from services.snapshots.calculations.metrics import cents
from services.snapshots.inputs import Dividend
from shared.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class Prices:
    """Prices of lines, USD per share of the session, NaN where unknown.

    `now`: the last one known at the session's end, `before`: at the previous snapshot's;
    `begun` and `ended`: what the line's span begins and ends at. `value_before`: what the line was
    worth at the previous snapshot, USD to the cent.
    """

    now: FloatArray
    before: FloatArray
    begun: FloatArray
    ended: FloatArray
    value_before: FloatArray


@dataclass(frozen=True)
class Earnings:
    """What each line earned since the previous snapshot, USD to the cent.

    All of a lot is on its home line, so that a part sold counts for the position that is left, and
    the lines add up to the portfolio. `pnl`: price moves and dividends, NaN where neither is known
    or there is no previous snapshot. `trades` is the part of it from trading away from the close:
    what it differs by from the P&L of the previous snapshot's holdings, held on to the session's
    close, and from `income`. So a trade at the close counts nothing in it. `base`: the price that
    P&L starts from; `since_entry`: that is the span's own although it was held before, because no
    price was known then.
    """

    pnl: FloatArray
    trades: FloatArray
    income: FloatArray
    base: FloatArray
    since_entry: BoolArray


def earnings(layout: Layout, lines: Lines, size: FloatArray, prices: Prices) -> Earnings:
    """Of lines of so many shares (`size`, contracts times multiplier, signed).

    A span held from the previous snapshot p to the session t earns size·P_t - size·P_p, both to the
    cent, so that the P&L of days adds up to that of the time between them; one that began after p
    starts from its own price instead of P_p, one that ended ends at its own price instead of P_t.
    Where no price was known at p, the span's own is the base there too. Trades: size·(P_t - begun)
    where it began since p, size·(ended - P_t) where it ended, size·(ended - begun) for both. A
    closed position without any price at t counts with its base for P_t.
    """
    unpriced = lines.held_before & np.isnan(prices.before)
    carried = lines.held_before & ~unpriced
    base = np.where(carried, prices.before, prices.begun)
    begun = np.where(carried, prices.value_before, cents(size * prices.begun))
    now = cents(size * prices.now)
    ended = cents(size * prices.ended)
    moved = cents(np.where(lines.active, now, ended) - begun)
    close = np.where(np.isnan(now), begun, now)
    away = np.where(lines.active, 0.0, cents(ended - close))
    trades = np.where(lines.held_before, away, moved)
    income = _paid(layout, lines, layout.inputs.dividends)
    price_pnl = lines.gathered(moved)
    pnl = np.where((income != 0.0) & np.isnan(price_pnl), 0.0, price_pnl) + income
    measured = ~np.isnat(lines.previous)
    traded = lines.gathered(np.where(measured & np.isfinite(moved), trades, 0.0))
    return Earnings(
        pnl=np.where(measured, cents(pnl), np.nan),
        trades=cents(traded),
        income=cents(income),
        base=base,
        since_entry=measured & unpriced & ~np.isnan(prices.begun),
    )


def _paid(layout: Layout, lines: Lines, dividends: Sequence[Dividend]) -> FloatArray:
    """The dividends since the previous snapshot on the home lines of their positions, USD."""
    paid = np.zeros(len(lines.due))
    if not dividends:
        return paid
    held = layout.positions.position_id[lines.position].tolist()
    home = dict(zip(zip(lines.due.tolist(), held, strict=True), lines.home.tolist(), strict=True))
    for due, place in np.argwhere(layout.within(dividends)).tolist():
        if (line := home.get((due, dividends[place].position_id))) is not None:
            paid[line] += dividends[place].amount
    return paid
