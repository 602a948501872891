"""Lots with what closed them, and options with what their expiry would do, as they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from services.gateway.books.ledger import (
    Kind,
    Ledger,
    Lot,
    Market,
    Settlement,
    cents,
    restated,
)
from services.gateway.books.shapes import NOT_VALUED_SINCE
from shared.instruments import position_type

LEAST = Decimal("0.000001")


class Outcome(StrEnum):
    """What an option's expiry would do at the last close of its underlying."""

    EXERCISED = "exercised"
    ASSIGNED = "assigned"
    CASH_SETTLED = "cash_settled"
    WORTHLESS = "worthless"


@dataclass(frozen=True)
class Valued:
    """A lot as it was last valued; `split_factor`: shares of that day for one as entered."""

    symbol: str
    split_factor: Decimal
    quantity: Decimal
    valued_on: date | None
    price: Decimal | None
    market_value: Decimal | None
    unrealised_pnl: Decimal | None
    reason: str | None


@dataclass(frozen=True)
class Closing:
    """What a transaction closed of a lot; None where its price is not known."""

    transaction_id: UUID
    kind: Kind
    trade_date: date
    quantity: Decimal
    price: Decimal | None
    realised_pnl: Decimal | None


@dataclass(frozen=True)
class ShownLot:
    """A lot in the shares of its valuation, with its closings and P&L."""

    position_id: UUID
    opened_by: UUID
    symbol: str
    underlying: str
    position_type: str
    multiplier: int
    stated_on: date
    opened_quantity: Decimal
    quantity: Decimal
    entry_price: Decimal
    entry_date: date
    exit_date: date | None
    days_held: int
    cost: Decimal
    closings: list[Closing]
    realised_pnl: Decimal | None
    valued_on: date | None
    price: Decimal | None
    market_value: Decimal | None
    unrealised_pnl: Decimal | None
    reason: str | None


def shown_lot(lot: Lot, measured: Valued | None, day: date) -> ShownLot:
    """The lot as it is shown; `day`: until when it is held at least."""
    factor = Decimal(1) if measured is None else measured.split_factor
    closings = _closings(lot, factor)
    left = sum((movement.quantity for movement in lot.movements), Decimal(0))
    own = lot.instrument
    until = lot.closed_on or day
    last = _last_value(lot, restated(left, factor), measured)
    return ShownLot(
        position_id=lot.lot_id,
        opened_by=lot.opened_by,
        symbol=last.symbol,
        underlying=own.underlying,
        position_type=position_type(own.option_type, lot.quantity),
        multiplier=own.multiplier,
        stated_on=lot.stated_on,
        opened_quantity=restated(lot.quantity, factor),
        quantity=restated(left, factor),
        entry_price=lot.entry_price / factor,
        entry_date=lot.entry_date,
        exit_date=lot.closed_on,
        days_held=max((until - lot.entry_date).days, 0),
        cost=_cost(lot, left),
        closings=closings,
        realised_pnl=_total([closing.realised_pnl for closing in closings]),
        valued_on=last.valued_on,
        price=last.price,
        market_value=last.market_value,
        unrealised_pnl=last.unrealised_pnl,
        reason=last.reason,
    )


def _closings(lot: Lot, factor: Decimal) -> list[Closing]:
    """What closed the lot: each realises its cash less the cost of what it closed, to the cent."""
    closings = []
    left = lot.quantity
    for movement in lot.movements[1:]:
        before = _cost(lot, left)
        left += movement.quantity
        closings.append(
            Closing(
                movement.transaction_id,
                movement.kind,
                movement.trade_date,
                restated(movement.quantity, factor),
                None if movement.price is None else movement.price / factor,
                None if movement.cash is None else movement.cash - (before - _cost(lot, left)),
            )
        )
    return closings


def _cost(lot: Lot, quantity: Decimal) -> Decimal:
    return cents(quantity * lot.instrument.multiplier * lot.entry_price)


def _total(parts: Sequence[Decimal | None]) -> Decimal | None:
    """The sum; None where a part is unknown."""
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if len(known) == len(parts) else None


def _last_value(lot: Lot, left: Decimal, measured: Valued | None) -> Valued:
    """Value and P&L of what is left, if that is what was valued."""
    symbol = lot.instrument.symbol if measured is None else measured.symbol
    if lot.closed_on is not None:
        reason = f"closed on {lot.closed_on}"
    elif measured is None or abs(measured.quantity - left) > LEAST:
        reason = NOT_VALUED_SINCE
    else:
        return measured
    return Valued(symbol, Decimal(1), left, None, None, None, None, reason)


@dataclass(frozen=True)
class Totals:
    """What lots have earned: realised by closings, unrealised on what is left, and both.

    `unknown`: how many figures are not known, and in no sum.
    """

    lots: int
    realised_pnl: Decimal
    unrealised_pnl: Decimal
    total_pnl: Decimal
    unknown: int


def totals(shown: Sequence[ShownLot]) -> Totals:
    """The sums over lots."""
    realised = [lot.realised_pnl for lot in shown]
    unrealised = [lot.unrealised_pnl for lot in shown if lot.exit_date is None]
    closed = sum((part for part in realised if part is not None), Decimal(0))
    held = sum((cents(part) for part in unrealised if part is not None), Decimal(0))
    unknown = sum(part is None for part in (*realised, *unrealised))
    return Totals(len(shown), closed, held, closed + held, unknown)


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


@dataclass(frozen=True)
class ExpiringOption:
    """An option lot, and what its expiry would do; None where no close is known."""

    position_id: UUID
    symbol: str
    underlying: str
    option_type: str | None
    strike: Decimal | None
    expiry: date | None
    quantity: Decimal
    underlying_price: Decimal | None = None
    price_date: date | None = None
    in_the_money: bool | None = None
    intrinsic_value: Decimal | None = None
    outcome: Outcome | None = None
    shares: Decimal | None = None
    cash: Decimal | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Expiry:
    """The options that expire on one day; `cash`: of all of them together."""

    expiry: date
    last_session: date
    days_left: int
    cash: Decimal
    options: list[ExpiringOption]


def expiries(outlook: Outlook) -> list[Expiry]:
    """The options held, by expiry: what would happen to each of them."""
    lots = {lot.lot_id: lot for lot in outlook.ledger.lots}
    groups: dict[date, list[ExpiringOption]] = {}
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


def _expiry(outlook: Outlook, expiry: date, options: list[ExpiringOption]) -> Expiry:
    return Expiry(
        expiry,
        outlook.market.last_session(expiry),
        (expiry - outlook.day).days,
        sum((option.cash for option in options if option.cash is not None), Decimal(0)),
        sorted(options, key=lambda each: (each.symbol, str(each.position_id))),
    )


def unsettled(outlook: Outlook) -> list[ExpiringOption]:
    """The options whose last session has passed without a close of their underlying."""
    lots = {lot.lot_id: lot for lot in outlook.ledger.lots}
    past = [lots[lot_id] for lot_id in outlook.ledger.unsettled]
    return [
        _without_price(outlook, lot)
        for lot in sorted(past, key=lambda each: (each.instrument.symbol, str(each.lot_id)))
        if lot.instrument.expiry is not None
        and outlook.market.last_session(lot.instrument.expiry) <= outlook.day
    ]


def _option(outlook: Outlook, lot: Lot, settlement: Settlement) -> ExpiringOption:
    session_date, _ = outlook.closes[lot.instrument.underlying]
    return replace(
        _terms(outlook, lot, settlement.quantity),
        underlying_price=settlement.underlying_price,
        price_date=session_date,
        in_the_money=bool(settlement.shares or settlement.cash),
        intrinsic_value=settlement.intrinsic_value,
        outcome=_outcome(settlement),
        shares=settlement.shares,
        cash=settlement.cash,
    )


def _outcome(settlement: Settlement) -> Outcome:
    if settlement.shares:
        return Outcome.EXERCISED if settlement.quantity > 0 else Outcome.ASSIGNED
    return Outcome.CASH_SETTLED if settlement.cash else Outcome.WORTHLESS


def _without_price(outlook: Outlook, lot: Lot) -> ExpiringOption:
    own = lot.instrument
    last = outlook.market.last_session(own.expiry or date.max)
    on_the_day = f" on {last}, its last session," if last <= outlook.day else ""
    left = sum((movement.quantity for movement in lot.movements), Decimal(0))
    held = restated(left, 1 / _factor(outlook.market, lot, outlook.day))
    reason = f"no close of {own.underlying}{on_the_day} is known"
    return replace(_terms(outlook, lot, held), reason=reason)


def _terms(outlook: Outlook, lot: Lot, quantity: Decimal) -> ExpiringOption:
    own = outlook.market.listed(lot.instrument, lot.stated_on, outlook.day)
    return ExpiringOption(
        lot.lot_id,
        own.symbol,
        own.underlying,
        own.option_type,
        own.strike,
        own.expiry,
        quantity,
    )


def _factor(market: Market, lot: Lot, day: date) -> Decimal:
    """How many shares of the lot's own day one share of another day is."""
    last = lot.instrument.expiry or date.max
    underlying = lot.instrument.underlying
    ratio = market.shares(underlying, min(lot.stated_on, last)) / market.shares(
        underlying, min(day, last)
    )
    return Decimal(ratio.numerator) / Decimal(ratio.denominator)
