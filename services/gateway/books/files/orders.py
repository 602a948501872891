"""Orders for a broker as FIX 4.4: NewOrderSingle (35=D) each, or one NewOrderList (35=E).

Sources: FIX 4.4, volume 4 (order messages) and the component Instrument of volume 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from services.gateway.books.files.fix import ENCODING, Field, message
from services.gateway.books.ledger.inputs import Kind
from shared.spreadsheet import plain

BUY = "1"
SELL = "2"
SELL_SHORT = "5"
OPEN = "O"
CLOSE = "C"
MARKET = "1"
LIMIT = "2"
_NO_BIDDING = "3"
_EXCHANGE_SYMBOL = "8"  # what SecurityID is: the OCC symbol
_PUT_OR_CALL = {"P": "0", "C": "1"}
_OPENING = (Kind.BUY, Kind.SELL_SHORT)
_BUYING = (Kind.BUY, Kind.BUY_TO_COVER)
# Tags of texts that users write.
ACCOUNT = 1
SENDER = 49
TARGET = 56
TEXT = 58
ENCODED_TEXT = 355


@dataclass(frozen=True)
class Order:
    """What is to be bought or sold of one instrument.

    `quantity`: shares or contracts, bought above 0. `limit`: USD per share, None at the market.
    `underlying`, `option_type` ("C" or "P"), `strike` and `expiry` are those of an option.
    `order_id`: the same for the same order whenever it is written.
    """

    order_id: str
    kind: Kind
    symbol: str
    underlying: str
    quantity: Decimal
    limit: Decimal | None = None
    option_type: str | None = None
    strike: Decimal | None = None
    expiry: date | None = None
    multiplier: int = 1
    note: str = ""

    @property
    def side(self) -> str:
        """1 buys, 2 sells, 5 sells shares short.

        An option that is not held is sold to open (2 with the position effect O): only shares are
        marked as short, since only shares have to be borrowed (Regulation SHO, rule 200(g)).
        """
        if self.kind in _BUYING:
            return BUY
        is_short = self.kind is Kind.SELL_SHORT and self.option_type is None
        return SELL_SHORT if is_short else SELL


@dataclass(frozen=True)
class Envelope:
    """Who sends orders to whom, when, and for how long they are good.

    `account`: the broker's, if it needs one; `sent_at`, `transacted_at`: with a time zone;
    `first_number`: of the first message; `time_in_force`: the code of field 59.
    """

    sender: str
    target: str
    account: str | None
    sent_at: datetime
    transacted_at: datetime
    first_number: int
    time_in_force: str


def orders_file(orders: Sequence[Order], envelope: Envelope) -> bytes:
    """A NewOrderSingle for each order, one behind the other; raises `NotInFix`."""
    return b"".join(
        message("D", _header([order], envelope, place), _order(order, envelope))
        for place, order in enumerate(orders)
    )


def order_list_file(orders: Sequence[Order], envelope: Envelope, list_id: str) -> bytes:
    """One NewOrderList of all orders, to be executed without bids; raises `NotInFix`."""
    count = str(len(orders))
    body = [
        Field(66, "ListID", list_id),
        Field(394, "BidType", _NO_BIDDING),
        Field(68, "TotNoOrders", count),
        Field(73, "NoOrders", count),
    ]
    for number, order in enumerate(orders, start=1):
        order_id, *terms = _order(order, envelope)
        body += [order_id, Field(67, "ListSeqNo", str(number)), *terms]
    return message("E", _header(orders, envelope, 0), body)


def _header(orders: Sequence[Order], envelope: Envelope, place: int) -> list[Field]:
    encoded = any(not order.note.isascii() for order in orders)
    return [
        Field(SENDER, "SenderCompID", envelope.sender),
        Field(TARGET, "TargetCompID", envelope.target),
        Field(34, "MsgSeqNum", str(envelope.first_number + place)),
        Field(52, "SendingTime", _moment(envelope.sent_at)),
        *([Field(347, "MessageEncoding", ENCODING)] if encoded else []),
    ]


def _order(order: Order, envelope: Envelope) -> list[Field]:
    """The fields of an order, its id first."""
    account = envelope.account
    at_market = order.limit is None
    return [
        Field(11, "ClOrdID", order.order_id),
        *([Field(ACCOUNT, "Account", account)] if account is not None else []),
        *_instrument(order),
        Field(54, "Side", order.side),
        Field(60, "TransactTime", _moment(envelope.transacted_at)),
        Field(38, "OrderQty", plain(abs(order.quantity))),
        Field(40, "OrdType", MARKET if at_market else LIMIT),
        *([] if order.limit is None else [Field(44, "Price", plain(order.limit))]),
        Field(15, "Currency", "USD"),
        Field(59, "TimeInForce", envelope.time_in_force),
        *_text(order.note),
        Field(77, "PositionEffect", OPEN if order.kind in _OPENING else CLOSE),
    ]


def _instrument(order: Order) -> list[Field]:
    """What is traded; an option by its class and terms, and by its OCC symbol."""
    if order.option_type is None or order.strike is None or order.expiry is None:
        return [Field(55, "Symbol", order.symbol)]
    return [
        Field(55, "Symbol", order.underlying),
        Field(48, "SecurityID", order.symbol),
        Field(22, "SecurityIDSource", _EXCHANGE_SYMBOL),
        Field(167, "SecurityType", "OPT"),
        Field(200, "MaturityMonthYear", f"{order.expiry:%Y%m}"),
        Field(541, "MaturityDate", f"{order.expiry:%Y%m%d}"),
        Field(201, "PutOrCall", _PUT_OR_CALL[order.option_type]),
        Field(202, "StrikePrice", plain(order.strike)),
        Field(231, "ContractMultiplier", str(order.multiplier)),
    ]


def _text(note: str) -> list[Field]:
    """The note in ASCII, and as it is where it has other letters."""
    if not note:
        return []
    readable = Field(TEXT, "Text", note.encode("ascii", "replace").decode())
    if note.isascii():
        return [readable]
    length = Field(354, "EncodedTextLen", str(len(note.encode())))
    return [readable, length, Field(ENCODED_TEXT, "EncodedText", note, encoded=True)]


def _moment(moment: datetime) -> str:
    """A UTCTimestamp, in milliseconds."""
    exact = moment.astimezone(UTC)
    return f"{exact:%Y%m%d-%H:%M:%S}.{exact.microsecond // 1000:03d}"
