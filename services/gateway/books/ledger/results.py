"""What is derived from a ledger's transactions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from services.gateway.books.ledger.inputs import Instrument, Kind

PRICE_DECIMALS = 12  # of averages: a cent of a million shares has eight
QUANTITY_DECIMALS = 6
_CENT = Decimal("0.01")
QUANTITY_STEP = Decimal("0.000001")
_HALF_A_MILLIONTH = Decimal("0.0000005")


def cents(usd: Decimal) -> Decimal:
    """A sum of money as an account moves it: to the cent, halves away from zero, as in SQL."""
    return usd.quantize(_CENT, ROUND_HALF_UP)


def cash_moved(quantity: Decimal, multiplier: int, price: Decimal) -> Decimal:
    """What a trade of a signed quantity moves: negative where something is bought."""
    return cents(-quantity * multiplier * price)


def restated(quantity: Decimal, shares: Decimal | int) -> Decimal:
    """A quantity in the shares of another day; `shares`: how many of those one of this day is.

    Quantities have six decimals: the whole number that it is within their rounding, so that a third
    of a contract is a whole one after 3:1; else to six decimals, halves away from zero. The same as
    in SQL (`positions_on`).
    """
    exact = quantity * shares
    whole = Decimal(round(exact))
    if abs(exact - whole) <= _HALF_A_MILLIONTH * shares:
        return whole
    return exact.quantize(QUANTITY_STEP, ROUND_HALF_UP)


@dataclass  # not frozen: docs/performance.md says why
class Movement:
    """What a transaction did to one lot.

    `quantity`: the signed change, in the shares of the lot; `price`: USD per such share,
    None where it is not known. `cash`: what it moved, USD to the cent: negative where something was
    bought; an opening counts like a purchase. None where the price is not known. What one
    transaction did to several lots adds up to the cash of its line.
    """

    lot_id: UUID
    transaction_id: UUID
    kind: Kind
    trade_date: date
    quantity: Decimal
    price: Decimal | None
    cash: Decimal | None


@dataclass  # not frozen: docs/performance.md says why
class Span:
    """The quantity of a lot at the end of each day from `held_from` to before `held_until`.

    `held_until` None: held ever since. P&L over the span is that of so much bought at `from_price`
    and sold at `until_price`, USD per share: on a day that closes a part, the span before ends at
    the average price of what was closed, and the span after begins so that the cash of the day is
    the difference. Where the price of a trade does not come to what was paid, to the cent, the span
    has the price that does. None where a price is not known, `until_price` also while it lasts.
    """

    held_from: date
    held_until: date | None
    quantity: Decimal
    from_price: Decimal | None
    until_price: Decimal | None


@dataclass  # not frozen: docs/performance.md says why
class Lot:
    """What one transaction opened: a signed quantity at one price since one day.

    All of it, its movements and spans too, in the shares of `stated_on`. `movements` ascend by
    day, the opening first. `closed_on`: when the last of it went, None while some is held.
    """

    lot_id: UUID
    opened_by: UUID
    instrument: Instrument
    quantity: Decimal
    entry_price: Decimal
    entry_date: date
    stated_on: date
    movements: Sequence[Movement]
    spans: Sequence[Span]
    closed_on: date | None

    @property
    def exit_price(self) -> Decimal | None:
        """The average price of what was closed, weighted by quantity; None where one is unknown."""
        return average_price(self.movements[1:])

    @property
    def is_simple(self) -> bool:
        """Whether its entry and exit prices say what its spans do: it was held in one piece."""
        if len(self.spans) != 1:
            return not self.spans
        (span,) = self.spans
        if span.quantity != self.quantity:  # a part was closed on the day of entry
            return False
        ends_alike = span.held_until is None or span.until_price == self.exit_price
        return ends_alike and span.from_price == self.entry_price


def average_price(movements: Sequence[Movement]) -> Decimal | None:
    """The average price of movements in one direction, weighted by quantity.

    None where one is unknown, and of none.
    """
    if len(movements) == 1 and movements[0].quantity:
        price = movements[0].price
        return None if price is None else round(price, PRICE_DECIMALS)
    moved = Decimal(0)
    paid = Decimal(0)
    for movement in movements:
        if movement.price is None:
            return None
        moved += movement.quantity
        paid += movement.quantity * movement.price
    return round(paid / moved, PRICE_DECIMALS) if moved else None


@dataclass(frozen=True)
class Settlement:
    """How an option lot ended at its expiry.

    `kind`: expiry (worthless), exercise (long) or assignment (short). `underlying_price`: the close
    of its last session, `intrinsic_value`: USD per share of contract. `shares`: the signed shares
    delivered, 0 where it was settled in cash or ended worthless; `cash`: what it moved, USD.
    """

    lot_id: UUID
    transaction_id: UUID
    kind: Kind
    settled_on: date
    instrument: Instrument
    quantity: Decimal
    underlying_price: Decimal
    intrinsic_value: Decimal
    shares: Decimal
    cash: Decimal


@dataclass(frozen=True)
class Excess:
    """A sale of more than was held long, or a purchase to cover more than was short.

    What exceeds it, `quantity` (signed), opened another lot where the line has a price above 0.
    """

    transaction_id: UUID
    quantity: Decimal


@dataclass(frozen=True)
class Ledger:
    """Everything derived from a portfolio's trades, ordered by the day it began and by content.

    `unsettled`: option lots past their expiry whose underlying has no close on the last session.
    """

    lots: Sequence[Lot]
    settlements: Sequence[Settlement]
    excesses: Sequence[Excess]
    unsettled: Sequence[UUID]
