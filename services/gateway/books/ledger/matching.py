"""Which lots a trade opens and closes: the trades of one instrument, in order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from uuid import UUID, uuid5

from services.gateway.books.ledger.inputs import Instrument, Kind, LotMethod, Market, Trade
from services.gateway.books.ledger.results import (
    PRICE_DECIMALS,
    Excess,
    Lot,
    Movement,
    Span,
    average_price,
)

LOT_NAMESPACE = UUID("b2a7f7f0-2b1e-5a54-8f0c-3f4f1c1d9b0a")
QUANTITY_DECIMALS = 6
_NOTHING = Decimal("0.000001")
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

    def per(self, stated_on: date) -> Fraction:
        """How many of the lot's shares one share of another day is."""
        return self.shares(self.stated_on) / self.shares(stated_on)

    def on(self, day: date) -> tuple[Decimal, Decimal]:
        """What remains, and the strike, in the shares of `day`."""
        factor = _decimal(self.per(day))
        strike = self.instrument.strike or Decimal(0)
        return round(self.remaining / factor, QUANTITY_DECIMALS), round(strike * factor, 6)

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
        if trade.price is not None:
            self._open(trade, rest, trade.price)

    def _closable(self, trade: Trade) -> list[OpenLot]:
        """The lots that the trade may close, in the order in which it does."""
        against = [
            lot
            for lot in self._lots
            if lot.remaining and (lot.remaining > 0) != (trade.quantity > 0)
        ]
        if trade.lot_id is not None:
            return [lot for lot in against if lot.lot_id == trade.lot_id]
        match trade.lot_method or self._method:
            case LotMethod.LIFO:
                return against[::-1]
            case LotMethod.HIGHEST_COST:
                return sorted(against, key=OpenLot.comparable_price, reverse=True)
            case _:
                return against

    def _close_by(self, lot: OpenLot, trade: Trade, rest: Decimal) -> Decimal:
        """Close what the trade's rest allows; what then remains of it, in its own shares."""
        factor = _decimal(lot.per(trade.stated_on))
        wanted = round(rest * factor, QUANTITY_DECIMALS)
        all_of_it = abs(wanted) >= abs(lot.remaining) - _NOTHING
        moved = -lot.remaining if all_of_it else wanted
        used = round(moved / factor, QUANTITY_DECIMALS) if all_of_it else rest
        if abs(rest - used) < _NOTHING:
            used = rest
        cash = _cash(lot.instrument, used, trade.price)
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
        cash = _cash(trade.instrument, quantity, price)
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
        quantity, _ = lot.on(day)
        cash = _cash(lot.instrument, -quantity, price)
        own = round(price / _decimal(lot.per(day)), PRICE_DECIMALS)
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


def _cash(instrument: Instrument, quantity: Decimal, price: Decimal | None) -> Decimal | None:
    return None if price is None else round(-quantity * instrument.multiplier * price, 6)


def _decimal(factor: Fraction) -> Decimal:
    return Decimal(factor.numerator) / Decimal(factor.denominator)


def _spans(movements: Sequence[Movement], multiplier: int) -> tuple[Span, ...]:
    """What is left at the end of each day with a movement, until the next one."""
    days = [(day, list(moved)) for day, moved in groupby(movements, key=_day)]
    spans: list[Span] = []
    held = Decimal(0)
    until_price: Decimal | None = None
    for place, (day, moved) in enumerate(days):
        before = held
        held += sum((movement.quantity for movement in moved), Decimal(0))
        if not held:
            continue
        from_price = _from_price(moved, before, until_price, held, multiplier)
        following = days[place + 1] if place + 1 < len(days) else None
        until_price = average_price(following[1]) if following else None
        spans.append(Span(day, following[0] if following else None, held, from_price, until_price))
    return tuple(spans)


def _day(movement: Movement) -> date:
    return movement.trade_date


def _from_price(
    moved: Sequence[Movement],
    before: Decimal,
    until_price: Decimal | None,
    held: Decimal,
    multiplier: int,
) -> Decimal | None:
    """What a span begins at, so that what ended and what begins differ by the cash of the day."""
    if len(moved) == 1 and not before:
        return moved[0].price
    cash = Decimal(0)
    for movement in moved:
        if movement.cash is None:
            return None
        cash += movement.cash
    ended = before * until_price if before and until_price is not None else Decimal(0)
    return round((ended - cash / multiplier) / held, PRICE_DECIMALS)
