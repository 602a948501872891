"""What a reader of a snapshot should know about it; from the values, so that a rerun says the same.

Those of measured risk are in `risk`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from services.snapshots.calculations.valuation import Valuations
from shared.arrays import BoolArray
from shared.caveats import Caveat, CaveatCode

_SENTENCES: Mapping[CaveatCode, str] = {
    "price_missing": "no price is known: left out of every sum",
    "price_carried_forward": "no price on the session: the last one known is used",
    "price_basis_changed": "the close is adjusted for dividends and the one of the previous"
    " snapshot as traded, or the reverse: the daily P&L holds the difference",
    "underlying_price_missing": "no price of the underlying is known:"
    " left out of notional exposure",
    "greeks_missing": "no Greeks on the session: left out of the portfolio's Greeks",
    "delta_missing": "no delta on the session: left out of delta-adjusted exposure",
    "pnl_missing": "no price at the previous snapshot: left out of the daily P&L",
    "pnl_since_entry": "no price was known at the previous snapshot:"
    " the daily P&L starts from the entry price",
    "exit_price_missing": "closed without an exit price: left out of the daily P&L",
}


def snapshot_caveats(
    valuations: Valuations, without_greeks: BoolArray
) -> tuple[tuple[Caveat, ...], ...]:
    """Per snapshot: the gap before it, the splits since, then what its lines are missing.

    `without_greeks`: the lines of open options without Greeks on the session.
    """
    inputs = valuations.layout.inputs
    missing = _missing(valuations, without_greeks)
    return tuple(
        (
            *_gap(inputs.sessions, due.previous, due.session_date),
            *_splits(valuations, place),
            *_named(missing, place),
            *_in_price(valuations, place),
        )
        for place, due in enumerate(inputs.plan.due)
    )


def _gap(sessions: Sequence[date], previous: date | None, session_date: date) -> list[Caveat]:
    if previous is None:
        return []
    skipped = sessions[bisect_right(sessions, previous) : bisect_left(sessions, session_date)]
    message = "the P&L spans sessions that have no snapshot"
    names = [day.isoformat() for day in skipped]
    return [Caveat.naming("gap_since_previous_snapshot", message, names)] if names else []


def _splits(valuations: Valuations, place: int) -> list[Caveat]:
    """The splits since the snapshot before that changed positions held."""
    layout = valuations.layout
    due = layout.inputs.plan.due[place]
    if due.previous is None or not layout.inputs.splits:
        return []
    lines = valuations.active & (valuations.due == place)
    underlyings = layout.positions.underlying[valuations.position[lines]]
    held = set(zip(underlyings, valuations.symbol[lines], strict=True))
    message = "{}: quantity and entry price are adjusted"
    return [
        Caveat.naming("split_adjusted", message.format(split), symbols)
        for split in layout.inputs.splits
        if due.previous < split.ex_date <= due.session_date
        and (symbols := [symbol for underlying, symbol in held if underlying == split.symbol])
    ]


def _in_price(valuations: Valuations, place: int) -> list[Caveat]:
    """The dividends entered since the snapshot before that are in the price, and no income."""
    layout = valuations.layout
    entered = layout.inputs.in_price
    if not entered:
        return []
    since = np.flatnonzero(layout.within(entered)[place]).tolist()
    symbols = [entered[each].symbol for each in since]
    message = "a dividend was entered, and the prices are adjusted for it: it is no income"
    return [Caveat.naming("dividend_in_price", message, symbols)] if symbols else []


def _missing(valuations: Valuations, without_greeks: BoolArray) -> dict[CaveatCode, list[set[str]]]:
    """By code: the symbols concerned, per snapshot."""
    layout = valuations.layout
    active = valuations.active
    is_option = layout.positions.is_option[valuations.position]
    unpriced = np.isnan(valuations.price)
    measured = ~np.isnat(layout.previous[valuations.due])
    flagged: dict[CaveatCode, BoolArray] = {
        "price_missing": active & unpriced,
        "price_carried_forward": valuations.stale,
        "price_basis_changed": valuations.rebased,
        "underlying_price_missing": active & is_option & np.isnan(valuations.underlying_price),
        "greeks_missing": without_greeks,
        "delta_missing": active & np.isnan(valuations.delta),
        "pnl_missing": measured & ~unpriced & np.isnan(valuations.earned.base),
        "pnl_since_entry": ~unpriced & valuations.earned.since_entry,
        "exit_price_missing": ~active & unpriced,
    }
    return {
        code: _symbols_by_snapshot(valuations, where)
        for code, where in flagged.items()
        if where.any()
    }


def _symbols_by_snapshot(valuations: Valuations, where: BoolArray) -> list[set[str]]:
    symbols: list[set[str]] = [set() for _ in valuations.layout.inputs.plan.due]
    places = valuations.due[where].tolist()
    for place, symbol in zip(places, valuations.symbol[where].tolist(), strict=True):
        symbols[place].add(symbol)
    return symbols


def _named(missing: dict[CaveatCode, list[set[str]]], place: int) -> list[Caveat]:
    found = {code: symbols[place] for code, symbols in missing.items() if symbols[place]}
    return [Caveat.naming(code, _SENTENCES[code], symbols) for code, symbols in found.items()]
