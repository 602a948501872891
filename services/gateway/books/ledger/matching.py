"""Which lots a trade opens and closes: the trades of one instrument, in order."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from uuid import UUID, uuid5

from services.gateway.books.ledger.inputs import Instrument, Kind, LotMethod, Market, Trade
from services.gateway.books.ledger.results import (
    PRICE_DECIMALS,
    QUANTITY_DECIMALS,
    Excess,
    Lot,
    Movement,
    Span,
    average_price,
    cash_moved,
    cents,
    restated,
)

LOT_NAMESPACE = UUID("b2a7f7f0-2b1e-5a54-8f0c-3f4f1c1d9b0a")
_NOTHING = Decimal("0.000001")
_ONE = Decimal(1)
# These always open another lot; the others close what is held on the other side first.
_OPENS = frozenset({Kind.OPENING, Kind.TRANSFER_IN, Kind.SELL_SHORT})
# These are meant to close, so opening a lot with the rest is worth a notice.
_CLOSES = frozenset({Kind.SELL, Kind.BUY_TO_COVER, Kind.TRANSFER_OUT})


@dataclass
class OpenLot:
    """A lot while its trades are being matched, in the shares of `stated_on`."""

    lot_id: UUID
    opened_by: UUID
    instrument: Instrument
    quantity: Decimal
    entry_price: Decimal
    entry_date: date
    stated_on: date
    market: Market
    remaining: Decimal
    movements: list[Movement] = field(default_factory=list)

    @property
    def expiry(self) -> date:
        """The expiry of an option; the last of all days for stock."""
        return self.instrument.expiry or date.max

    def shares(self, day: date) -> Fraction:
        """How many shares of `day` one share of long ago is; splits after expiry do not count."""
        return self.market.shares(self.instrument.underlying, min(day, self.expiry))

    def per(self, stated_on: date) -> Decimal:
        """How many of the lot's shares one share of another day is."""
        if stated_on == self.stated_on or not self.market.splits.get(self.instrument.underlying):
            return _ONE
        return _decimal(self.shares(self.stated_on) / self.shares(stated_on))

    def left_on(self, day: date) -> Decimal:
        """What remains, in the shares of `day`."""
        return restated(self.remaining, 1 / self.per(day))

    def comparable_price(self) -> Decimal:
        """The entry price per share of long ago, by which lots of one instrument are compared."""
        return self.entry_price * _decimal(self.shares(self.stated_on))

    def finished(self) -> Lot:
        """The lot as a result."""
        spans = _spans(self.movements, self.instrument.multiplier)
        return Lot(
            self.lot_id,
            self.opened_by,
            self.instrument,
            self.quantity,
            self.entry_price,
            self.entry_date,
            self.stated_on,
            tuple(self.movements),
            spans,
            None if self.remaining else self.movements[-1].trade_date,
        )


class Matching:
    """The lots of one instrument while its trades are entered, in order."""

    def __init__(self, market: Market, method: LotMethod) -> None:
        self._market = market
        self._method = method
        self._lots: list[OpenLot] = []
        # By whether they are long; closed ones may be among them.
        self._held: Mapping[bool, deque[OpenLot]] = {True: deque(), False: deque()}
        self.excesses: list[Excess] = []

    def lots(self) -> Iterator[Lot]:
        """Every lot, closed or not."""
        return (lot.finished() for lot in self._lots)

    def enter(self, trades: Iterable[Trade]) -> None:
        """Enter trades of the instrument, ascending."""
        for trade in trades:
            self._enter(trade)

    def _enter(self, trade: Trade) -> None:
        rest = trade.quantity
        if trade.kind not in _OPENS:
            for lot in self._closable(trade):
                rest = self._close_by(lot, trade, rest)
                if not rest:
                    return
        if trade.kind in _CLOSES:
            self.excesses.append(Excess(trade.transaction_id, rest))
        # What ends worthless closes lots and opens none: shares or contracts sold for nothing.
        if trade.price or (trade.price is not None and trade.kind not in _CLOSES):
            self._open(trade, rest, trade.price)

    def _closable(self, trade: Trade) -> Iterable[OpenLot]:
        """The lots that the trade may close, in the order in which it does.

        They are looked for one by one, so that a portfolio of many trades is not read for each.
        """
        held = self._held[trade.quantity < 0]
        while held and not held[0].remaining:
            held.popleft()
        while held and not held[-1].remaining:
            held.pop()
        against = (lot for lot in held if lot.remaining)
        if trade.lot_id is not None:
            return (lot for lot in against if lot.lot_id == trade.lot_id)
        match trade.lot_method or self._method:
            case LotMethod.LIFO:
                return (lot for lot in reversed(held) if lot.remaining)
            case LotMethod.HIGHEST_COST:
                return sorted(against, key=OpenLot.comparable_price, reverse=True)
            case _:
                return against

    def _close_by(self, lot: OpenLot, trade: Trade, rest: Decimal) -> Decimal:
        """Close what the trade's rest allows; what then remains of it, in its own shares."""
        factor = lot.per(trade.stated_on)
        wanted = round(rest * factor, QUANTITY_DECIMALS)
        all_of_it = abs(wanted) >= abs(lot.remaining) - _NOTHING
        moved = -lot.remaining if all_of_it else wanted
        used = round(moved / factor, QUANTITY_DECIMALS) if all_of_it else rest
        if abs(rest - used) < _NOTHING:
            used = rest
        cash = _part(trade, rest, used)
        price = None if trade.price is None else round(trade.price / factor, PRICE_DECIMALS)
        self._move(lot, trade.transaction_id, trade.kind, trade.trade_date, moved, price, cash)
        return rest - used

    def _open(self, trade: Trade, quantity: Decimal, price: Decimal) -> None:
        whole = quantity == trade.quantity and trade.kind not in _CLOSES
        lot_id = trade.lot_id if whole and trade.lot_id else None
        lot = OpenLot(
            lot_id or uuid5(LOT_NAMESPACE, str(trade.transaction_id)),
            trade.transaction_id,
            trade.instrument,
            quantity,
            price,
            trade.trade_date,
            trade.stated_on,
            self._market,
            Decimal(0),
        )
        self._lots.append(lot)
        self._held[quantity > 0].append(lot)
        cash = _part(trade, quantity, quantity)
        self._move(lot, trade.transaction_id, trade.kind, trade.trade_date, quantity, price, cash)

    def expire(self) -> list[OpenLot]:
        """The option lots still held past the close of their last session."""
        market = self._market
        return [
            lot
            for lot in self._lots
            if lot.remaining and market.last_session(lot.expiry) <= market.as_of
        ]

    def close(
        self, lot: OpenLot, transaction_id: UUID, kind: Kind, day: date, price: Decimal
    ) -> None:
        """Close the whole lot at a price per share of `day`."""
        quantity = lot.left_on(day)
        cash = cash_moved(-quantity, lot.instrument.multiplier, price)
        own = round(price / lot.per(day), PRICE_DECIMALS)
        self._move(lot, transaction_id, kind, day, -lot.remaining, own, cash)

    def _move(
        self,
        lot: OpenLot,
        transaction_id: UUID,
        kind: Kind,
        day: date,
        quantity: Decimal,
        price: Decimal | None,
        cash: Decimal | None,
    ) -> None:
        lot.remaining += quantity
        lot.movements.append(Movement(lot.lot_id, transaction_id, kind, day, quantity, price, cash))


def _part(trade: Trade, rest: Decimal, used: Decimal) -> Decimal | None:
    """What a part of what is left of a trade moves: all parts add up to the cash of its line."""
    if trade.price is None:
        return None
    multiplier = trade.instrument.multiplier
    before = cash_moved(rest, multiplier, trade.price)
    if used == rest:
        return before
    return before - cash_moved(rest - used, multiplier, trade.price)


def _decimal(factor: Fraction) -> Decimal:
    return Decimal(factor.numerator) / Decimal(factor.denominator)


def _spans(movements: Sequence[Movement], multiplier: int) -> tuple[Span, ...]:
    """What is left at the end of each day with a movement, until the next one.

    A lot that was opened and closed on one day is held over that day only.
    """
    if len(movements) == 1:  # what opened it was paid at its own price
        (opening,) = movements
        return (Span(opening.trade_date, None, opening.quantity, opening.price, None),)
    days = [(day, list(moved)) for day, moved in groupby(movements, key=_day)]
    if len(days) == 1 and not sum(movement.quantity for movement in movements):
        days = [(days[0][0], days[0][1][:1]), (days[0][0], days[0][1][1:])]
    spans: list[Span] = []
    held = Decimal(0)
    until_price: Decimal | None = None
    for place, (day, moved) in enumerate(days):
        before = held
        held += _quantity(moved)
        if not held:
            continue
        from_price = _from_price(moved, before, until_price, held, multiplier)
        following = days[place + 1] if place + 1 < len(days) else None
        until_price = _until_price(following[1], held, multiplier) if following else None
        spans.append(Span(day, following[0] if following else None, held, from_price, until_price))
    return tuple(spans)


def _day(movement: Movement) -> date:
    return movement.trade_date


def _until_price(moved: Sequence[Movement], held: Decimal, multiplier: int) -> Decimal | None:
    """What a span ends at: the average price of the closings of its last day."""
    price = average_price(moved)
    cash = _cash(moved)
    return price if -_quantity(moved) != held else _settled(price, held, multiplier, cash)


def _from_price(
    moved: Sequence[Movement],
    before: Decimal,
    until_price: Decimal | None,
    held: Decimal,
    multiplier: int,
) -> Decimal | None:
    """What a span begins at, so that what ended and what begins differ by the cash of the day."""
    cash = _cash(moved)
    if len(moved) == 1 and not before:
        return _settled(moved[0].price, held, multiplier, None if cash is None else -cash)
    if cash is None:
        return None
    ended = cents(before * multiplier * until_price) if before and until_price else Decimal(0)
    return round((ended - cash) / (held * multiplier), PRICE_DECIMALS)


def _quantity(moved: Sequence[Movement]) -> Decimal:
    """What movements have changed together."""
    if len(moved) == 1:
        return moved[0].quantity
    return sum((movement.quantity for movement in moved), Decimal(0))


def _cash(moved: Sequence[Movement]) -> Decimal | None:
    """What movements have moved together; None where that of one is unknown."""
    if len(moved) == 1:
        return moved[0].cash
    known = [movement.cash for movement in moved if movement.cash is not None]
    return sum(known, Decimal(0)) if len(known) == len(moved) else None


def _settled(
    price: Decimal | None, quantity: Decimal, multiplier: int, paid: Decimal | None
) -> Decimal | None:
    """The price, or where it does not come to what was paid to the cent, the one that does."""
    if price is None or paid is None or cents(quantity * multiplier * price) == paid:
        return price
    return round(paid / (quantity * multiplier), PRICE_DECIMALS)
