"""Lots with what closed them, and options with what their expiry would do, as they are shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from services.gateway.books.ledger import Instrument, Ledger, Lot, Market, Movement, Settlement
from services.gateway.books.shapes import NOT_VALUED_SINCE
from shared.instruments import InvalidSymbol, occ_symbol, position_type

Row = Mapping[str, Any]
LEAST = Decimal("0.000001")


class Outcome(StrEnum):
    """What an option's expiry would do at the last close of its underlying."""

    EXERCISED = "exercised"
    ASSIGNED = "assigned"
    CASH_SETTLED = "cash_settled"
    WORTHLESS = "worthless"


def shown_lot(lot: Lot, measured: Row | None, day: date | None) -> dict[str, Any]:
    """A lot in the shares of its valuation, with its closings and P&L.

    `measured`: its position as it was last valued; `day`: until when it is held at least.
    """
    factor: Decimal = Decimal(1) if measured is None else measured["split_factor"]
    closings = [_closing(lot, movement, factor) for movement in lot.movements[1:]]
    realised = _total(closing["realised_pnl"] for closing in closings)
    left = sum((movement.quantity for movement in lot.movements), Decimal(0))
    own = lot.instrument
    until = lot.closed_on or day
    return {
        "position_id": lot.lot_id,
        "opened_by": lot.opened_by,
        "symbol": own.symbol if measured is None else measured["symbol"],
        "underlying": own.underlying,
        "position_type": position_type(own.option_type, lot.quantity),
        "multiplier": own.multiplier,
        "stated_on": lot.stated_on,
        "opened_quantity": round(lot.quantity * factor, 6),
        "quantity": round(left * factor, 6),
        "entry_price": lot.entry_price / factor,
        "entry_date": lot.entry_date,
        "exit_date": lot.closed_on,
        "days_held": None if until is None else max((until - lot.entry_date).days, 0),
        "cost": left * own.multiplier * lot.entry_price,
        "closings": closings,
        "realised_pnl": realised,
        **_unrealised(lot, round(left * factor, 6), measured),
    }


def _closing(lot: Lot, movement: Movement, factor: Decimal) -> dict[str, Any]:
    gain = None if movement.price is None else movement.price - lot.entry_price
    multiplier = lot.instrument.multiplier
    return {
        "transaction_id": movement.transaction_id,
        "kind": movement.kind,
        "trade_date": movement.trade_date,
        "quantity": round(movement.quantity * factor, 6),
        "price": None if movement.price is None else movement.price / factor,
        "realised_pnl": None if gain is None else -movement.quantity * multiplier * gain,
    }


def _total(parts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; None where a part is unknown."""
    known = list(parts)
    return None if None in known else sum((part for part in known if part), Decimal(0))


def _unrealised(lot: Lot, left: Decimal, measured: Row | None) -> dict[str, Any]:
    """Value and P&L of what is left, if that is what was valued."""
    names = ("valued_on", "price", "market_value", "unrealised_pnl")
    if lot.closed_on is not None:
        return {**dict.fromkeys(names), "reason": f"closed on {lot.closed_on}"}
    if measured is None or abs(measured["quantity"] - left) > LEAST:
        return {**dict.fromkeys(names), "reason": NOT_VALUED_SINCE}
    return {**{name: measured[name] for name in names}, "reason": measured["reason"]}


def totals(shown: Sequence[Row]) -> dict[str, Any]:
    """What lots have earned: realised by closings, unrealised on what is left, and both."""
    realised = [lot["realised_pnl"] for lot in shown]
    unrealised = [lot["unrealised_pnl"] for lot in shown if lot["exit_date"] is None]
    unknown = sum(part is None for part in (*realised, *unrealised))
    sums = [sum((part for part in parts if part), Decimal(0)) for parts in (realised, unrealised)]
    return {
        "lots": len(shown),
        "realised_pnl": sums[0],
        "unrealised_pnl": sums[1],
        "total_pnl": sums[0] + sums[1],
        "unknown": unknown,
    }


# --- expiries ---


@dataclass(frozen=True)
class Outlook:
    """Expiries as they would go at the last closes, on which they are based by underlying.

    `ledger`: of the options only, as if every expiry had come with those closes. `day`: the last
    session with data.
    """

    day: date
    market: Market
    closes: Mapping[str, tuple[date, Decimal]]
    ledger: Ledger


def expiries(outlook: Outlook) -> list[dict[str, Any]]:
    """The options held, by expiry: what would happen to each of them."""
    lots = {lot.lot_id: lot for lot in outlook.ledger.lots}
    groups: dict[date, list[dict[str, Any]]] = {}
    for settlement in outlook.ledger.settlements:
        expiry = settlement.instrument.expiry
        if expiry is not None and settlement.settled_on > outlook.day:
            option = _option(outlook, lots[settlement.lot_id], settlement)
            groups.setdefault(expiry, []).append(option)
    for lot_id in outlook.ledger.unsettled:
        expiry = lots[lot_id].instrument.expiry
        if expiry is not None and outlook.market.last_session(expiry) > outlook.day:
            option = _without_price(outlook, lots[lot_id])
            groups.setdefault(expiry, []).append(option)
    return [_expiry(outlook, expiry, groups[expiry]) for expiry in sorted(groups)]


def _expiry(outlook: Outlook, expiry: date, options: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "expiry": expiry,
        "last_session": outlook.market.last_session(expiry),
        "days_left": (expiry - outlook.day).days,
        "cash": sum((option["cash"] for option in options if option["cash"]), Decimal(0)),
        "options": sorted(options, key=lambda each: (each["symbol"], str(each["position_id"]))),
    }


def unsettled(outlook: Outlook) -> list[dict[str, Any]]:
    """The options whose last session has passed without a close of their underlying."""
    lots = {lot.lot_id: lot for lot in outlook.ledger.lots}
    past = [lots[lot_id] for lot_id in outlook.ledger.unsettled]
    return [
        _without_price(outlook, lot)
        for lot in sorted(past, key=lambda each: (each.instrument.symbol, str(each.lot_id)))
        if lot.instrument.expiry is not None
        and outlook.market.last_session(lot.instrument.expiry) <= outlook.day
    ]


def _option(outlook: Outlook, lot: Lot, settlement: Settlement) -> dict[str, Any]:
    in_the_money = bool(settlement.shares or settlement.cash)
    session_date, _ = outlook.closes[lot.instrument.underlying]
    return {
        **_terms(outlook, lot, settlement.quantity),
        "underlying_price": settlement.underlying_price,
        "price_date": session_date,
        "in_the_money": in_the_money,
        "intrinsic_value": settlement.intrinsic_value,
        "outcome": _outcome(settlement),
        "shares": settlement.shares,
        "cash": settlement.cash,
        "reason": None,
    }


def _outcome(settlement: Settlement) -> Outcome:
    if settlement.shares:
        return Outcome.EXERCISED if settlement.quantity > 0 else Outcome.ASSIGNED
    return Outcome.CASH_SETTLED if settlement.cash else Outcome.WORTHLESS


_NOTHING = ("underlying_price", "price_date", "in_the_money", "intrinsic_value")


def _without_price(outlook: Outlook, lot: Lot) -> dict[str, Any]:
    own = lot.instrument
    assert own.expiry is not None, "options only"
    last = outlook.market.last_session(own.expiry)
    on_the_day = f" on {last}, its last session," if last <= outlook.day else ""
    left = sum((movement.quantity for movement in lot.movements), Decimal(0))
    held = round(left / _factor(outlook.market, lot, outlook.day), 6)
    return {
        **_terms(outlook, lot, held),
        **dict.fromkeys((*_NOTHING, "outcome", "shares", "cash")),
        "reason": f"no close of {own.underlying}{on_the_day} is known",
    }


def _terms(outlook: Outlook, lot: Lot, quantity: Decimal) -> dict[str, Any]:
    own = lot.instrument
    strike = None if own.strike is None else own.strike * _factor(outlook.market, lot, outlook.day)
    return {
        "position_id": lot.lot_id,
        "symbol": _symbol(own, strike),
        "underlying": own.underlying,
        "option_type": own.option_type,
        "strike": strike,
        "expiry": own.expiry,
        "quantity": quantity,
    }


def _symbol(own: Instrument, strike: Decimal | None) -> str:
    """The symbol of the strike that a split left, where a symbol can name it."""
    if strike is None or strike == own.strike or not own.expiry or not own.option_type:
        return own.symbol
    try:
        return occ_symbol(own.root, own.expiry, own.option_type, round(strike, 3))
    except InvalidSymbol:
        return own.symbol


def _factor(market: Market, lot: Lot, day: date) -> Decimal:
    """How many shares of the lot's own day one share of another day is."""
    last = lot.instrument.expiry or date.max
    underlying = lot.instrument.underlying
    ratio = market.shares(underlying, min(lot.stated_on, last)) / market.shares(
        underlying, min(day, last)
    )
    return Decimal(ratio.numerator) / Decimal(ratio.denominator)
