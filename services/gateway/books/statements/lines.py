"""The lines of a ledger as they are shown: entered, or derived from market data; in one order."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from services.gateway.books.keeping import SYSTEM
from services.gateway.books.ledger import Instrument, Kind, Settlement, cash_moved, restated
from services.gateway.books.ledger.derivation import delivery_id
from services.gateway.books.ledger.inputs import exact
from services.gateway.books.queries.transactions import (
    ENTERED,
    DividendDue,
    EnteredLine,
    LineFilter,
    Mark,
    SplitHeld,
)

DERIVED = frozenset(
    {Kind.SPLIT, Kind.DIVIDEND, Kind.EXPIRY, Kind.EXERCISE, Kind.ASSIGNMENT, Kind.SYMBOL_CHANGE}
)
TRADES = frozenset({Kind.BUY, Kind.SELL, Kind.SELL_SHORT, Kind.BUY_TO_COVER})
LINE_NAMESPACE = UUID("5f0c3a52-7c0e-5d7e-8a1b-b1f3f8d2c6e4")
MORNING = ENTERED - 1
CLOSE = ENTERED + 1


@dataclass(frozen=True)
class Line:
    """A line of the ledger.

    `part` and `sequence`: as in its mark. `cash`: what it did to cash, USD, fees included; None
    where a price is not known. `created_at`: None for what is derived.
    """

    transaction_id: UUID
    portfolio_id: UUID
    kind: Kind
    trade_date: date
    stated_on: date
    part: int
    sequence: int
    symbol: str | None
    underlying: str | None
    option_type: str | None = None
    strike: Decimal | None = None
    expiry: date | None = None
    multiplier: int = 1
    quantity: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    fees: Decimal = Decimal(0)
    cash: Decimal | None = None
    lot_id: UUID | None = None
    lot_method: str | None = None
    source: str = SYSTEM
    source_line: int | None = None
    external_id: str | None = None
    note: str = ""
    reverses: UUID | None = None
    reversed_by: UUID | None = None
    created_at: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether it neither reverses nor is reversed."""
        return self.reverses is None and self.reversed_by is None

    @property
    def mark(self) -> Mark:
        """Where it is in the ledger."""
        identity = "" if self.part == ENTERED else str(self.transaction_id)
        return Mark(self.trade_date, self.part, self.sequence, identity)


class InvalidMark(ValueError):
    """Text that names no place in a ledger."""


def written(mark: Mark) -> str:
    """The mark as a word in a URL."""
    text = f"{mark.day}/{mark.part}/{mark.sequence}/{mark.identity}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(word: str) -> Mark:
    """The mark that a word was written for; raises `InvalidMark`."""
    try:
        text = urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode()
        day, part, sequence, identity = text.split("/")
        mark = Mark(date.fromisoformat(day), int(part), int(sequence), identity)
    except ValueError as error:
        raise InvalidMark(word) from error
    if not 0 <= mark.sequence < 2**63:
        raise InvalidMark(word)
    return mark


def entered_line(row: EnteredLine) -> Line:
    """A line that was entered, with what it did to cash."""
    own = {**vars(row), "kind": Kind(row.kind)}
    return Line(**own, part=ENTERED, cash=_cash(row))


def _cash(row: EnteredLine) -> Decimal | None:
    """USD; a reversal gives back the fees as well."""
    fees = row.fees if row.reverses else -row.fees
    if row.kind in TRADES and row.quantity is not None:
        if row.price is None:
            return None
        return fees + cash_moved(row.quantity, row.multiplier, row.price)
    if row.kind == Kind.EQUITY or row.amount is None:
        return fees
    return fees + row.amount


def split_line(portfolio_id: UUID, row: SplitHeld) -> Line:
    """What a split added to (or took from) what was held of one instrument."""
    ratio = exact(row.ratio)
    after = restated(row.quantity, Decimal(ratio.numerator) / ratio.denominator)
    return replace(
        _derived(portfolio_id, Kind.SPLIT, row.symbol, row.underlying, row.ex_date),
        **_option_terms(row),
        quantity=after - row.quantity,
        cash=Decimal(0),
        note=f"{ratio.numerator}:{ratio.denominator}, {row.quantity.normalize():f} held before",
    )


def dividend_line(portfolio_id: UUID, row: DividendDue) -> Line:
    """What the holders of a symbol received, or paid on what they were short."""
    return replace(
        _derived(portfolio_id, Kind.DIVIDEND, row.symbol, row.symbol, row.ex_date),
        quantity=row.quantity,
        price=row.per_share,
        amount=row.amount,
        cash=row.amount,
    )


def settlement_lines(portfolio_id: UUID, settlement: Settlement) -> list[Line]:
    """The end of an option lot, and the shares it delivered if it did."""
    own = settlement.instrument
    delivers = bool(settlement.shares)
    in_cash = Decimal(0) if delivers else settlement.cash
    day = settlement.settled_on
    ended = replace(
        _derived(portfolio_id, settlement.kind, own.symbol, own.underlying, day),
        transaction_id=settlement.transaction_id,
        part=CLOSE,
        **_option_terms(own),
        quantity=-settlement.quantity,
        price=settlement.intrinsic_value if in_cash else Decimal(0),
        cash=in_cash,
        lot_id=settlement.lot_id,
        note=f"{own.underlying} closed at {settlement.underlying_price.normalize():f}",
    )
    if not delivers:
        return [ended]
    delivered = replace(
        _derived(portfolio_id, settlement.kind, own.underlying, own.underlying, day),
        transaction_id=delivery_id(settlement.lot_id),
        part=CLOSE,
        sequence=1,
        quantity=settlement.shares,
        price=round(-settlement.cash / settlement.shares, 6),
        cash=settlement.cash,
        note=f"delivered by {own.symbol}",
    )
    return [ended, delivered]


def _option_terms(row: SplitHeld | Instrument) -> dict[str, Any]:
    names = ("option_type", "strike", "expiry", "multiplier")
    return {name: getattr(row, name) for name in names}


def _derived(portfolio_id: UUID, kind: Kind, symbol: str, underlying: str, day: date) -> Line:
    identity = uuid5(LINE_NAMESPACE, f"{portfolio_id}/{kind}/{symbol}/{day}")
    return Line(identity, portfolio_id, kind, day, day, MORNING, 0, symbol, underlying)


def wants_entered(wanted: LineFilter) -> bool:
    """Whether lines that were entered can meet the conditions."""
    return set(wanted.sources) != {SYSTEM}


def wants_derived(wanted: LineFilter) -> bool:
    """Whether derived lines can meet the conditions."""
    of_kind = not wanted.kinds or not DERIVED.isdisjoint(wanted.kinds)
    return of_kind and (not wanted.sources or SYSTEM in wanted.sources)


def page(
    entered: Sequence[Line],
    derived: Iterable[Line],
    wanted: LineFilter,
    after: Mark | None,
    limit: int,
    *,
    newest_first: bool,
) -> tuple[list[Line], str | None]:
    """Up to `limit` lines behind the mark, and the mark for the next page, None on the last."""
    further = [
        line
        for line in derived
        if _meets(line, wanted) and _behind(line, after, newest_first=newest_first)
    ]
    every = sorted([*entered, *further], key=lambda line: line.mark, reverse=newest_first)
    items = every[:limit]
    return items, written(items[-1].mark) if len(every) > limit else None


def _meets(line: Line, wanted: LineFilter) -> bool:
    named = wanted.symbol in (None, line.symbol, line.underlying)
    late_enough = wanted.first is None or line.trade_date >= wanted.first
    early_enough = wanted.last is None or line.trade_date <= wanted.last
    of_kind = not wanted.kinds or line.kind in wanted.kinds
    return named and late_enough and early_enough and of_kind


def _behind(line: Line, after: Mark | None, *, newest_first: bool) -> bool:
    if after is None:
        return True
    return line.mark < after if newest_first else line.mark > after
