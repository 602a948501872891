"""The legs of trades: what is bought and sold, at which price, and what was held before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.gateway.books.ledger import Kind

Stored = Mapping[str, str | int | float | None]


@dataclass(frozen=True)
class Leg:
    """One line of the ledger that a trade is.

    `transaction_id`: of the line once it is booked. `quantity`: signed, bought positive; `price`:
    USD per share (per share of contract). `price_source`: "close", "adjusted_close", "quote_mid",
    "model" or "given"; `price_date`: the session it is of. `delta_adjusted`: USD, what it adds to
    that exposure; None where no delta is known.
    """

    transaction_id: UUID
    kind: Kind
    symbol: str
    underlying: str
    option_type: str | None
    strike: Decimal | None
    expiry: date | None
    multiplier: int
    investment_class: str
    quantity: Decimal
    price: Decimal
    fees: Decimal
    price_source: str
    price_date: date
    delta_adjusted: float | None

    def stored(self) -> Stored:
        """It as JSON; decimals, dates and ids as text."""
        plain = (int, float, type(None))
        return {
            field.name: value if isinstance(value, plain) else str(value)
            for field in fields(self)
            for value in [getattr(self, field.name)]
        }


def leg_of(row: Mapping[str, str]) -> Leg:
    """A leg as it was stored."""
    strike = row["strike"]
    expiry = row["expiry"]
    exposed = row["delta_adjusted"]
    return Leg(
        UUID(row["transaction_id"]),
        Kind(row["kind"]),
        row["symbol"],
        row["underlying"],
        row["option_type"],
        None if strike is None else Decimal(strike),
        None if expiry is None else date.fromisoformat(expiry),
        int(row["multiplier"]),
        row["investment_class"],
        Decimal(row["quantity"]),
        Decimal(row["price"]),
        Decimal(row["fees"]),
        row["price_source"],
        date.fromisoformat(row["price_date"]),
        None if exposed is None else float(exposed),
    )


@dataclass(frozen=True)
class Price:
    """What an instrument trades at on the session, USD per share, and how it moves.

    `delta`: per share (1 for stock), `underlying_price` of the same session; None where unknown.
    """

    price: Decimal
    day: date
    source: str
    delta: float | None
    underlying_price: Decimal | None


@dataclass(frozen=True)
class Holding:
    """What is held of an instrument, in the shares of the session: `short` is negative."""

    long: Decimal = Decimal(0)
    short: Decimal = Decimal(0)

    @property
    def net(self) -> Decimal:
        """Long and short together."""
        return self.long + self.short


class Holdings:
    """What the base holds and earlier trades made of it, by symbol."""

    def __init__(self, held: Iterable[tuple[str, Decimal]]) -> None:
        self._held: dict[str, Holding] = {}
        for symbol, quantity in held:
            self._add(symbol, quantity)

    def of(self, symbol: str) -> Holding:
        """What is held of an instrument now."""
        return self._held.get(symbol, Holding())

    def trade(self, symbol: str, quantity: Decimal) -> list[tuple[Kind, Decimal]]:
        """Buy or sell so much: the kinds of lines that this is, what closes first."""
        held = self.of(symbol)
        if quantity > 0:
            closed = min(quantity, -held.short)
            kinds = (Kind.BUY_TO_COVER, Kind.BUY)
        else:
            closed = max(quantity, -held.long)
            kinds = (Kind.SELL, Kind.SELL_SHORT)
        parts = (closed, quantity - closed)
        self._close(symbol, closed)
        self._add(symbol, quantity - closed)
        return [(kind, part) for kind, part in zip(kinds, parts, strict=True) if part]

    def _add(self, symbol: str, quantity: Decimal) -> None:
        held = self.of(symbol)
        if quantity > 0:
            self._held[symbol] = Holding(held.long + quantity, held.short)
        elif quantity < 0:
            self._held[symbol] = Holding(held.long, held.short + quantity)

    def _close(self, symbol: str, quantity: Decimal) -> None:
        held = self.of(symbol)
        if quantity > 0:
            self._held[symbol] = Holding(held.long, held.short + quantity)
        elif quantity < 0:
            self._held[symbol] = Holding(held.long + quantity, held.short)
