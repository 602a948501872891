"""The lines of a ledger as they are shown: entered, or derived from market data; in one order."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from services.gateway.books.ledger import Kind, Settlement
from services.gateway.books.ledger.derivation import delivery_id
from services.gateway.books.ledger.inputs import exact
from services.gateway.books.queries.transactions import ENTERED, LineFilter, Mark

Row = Mapping[str, Any]
Line = dict[str, Any]
SYSTEM = "system"
DERIVED = frozenset(
    {Kind.SPLIT, Kind.DIVIDEND, Kind.EXPIRY, Kind.EXERCISE, Kind.ASSIGNMENT, Kind.SYMBOL_CHANGE}
)
TRADES = frozenset({Kind.BUY, Kind.SELL, Kind.SELL_SHORT, Kind.BUY_TO_COVER})
LINE_NAMESPACE = UUID("5f0c3a52-7c0e-5d7e-8a1b-b1f3f8d2c6e4")
MORNING, CLOSE = ENTERED - 1, ENTERED + 1
_NOTHING_SAID: Line = {
    "underlying": None,
    "option_type": None,
    "strike": None,
    "expiry": None,
    "multiplier": 1,
    "price": None,
    "amount": None,
    "fees": Decimal(0),
    "lot_id": None,
    "lot_method": None,
    "source": SYSTEM,
    "source_line": None,
    "external_id": None,
    "note": "",
    "reverses": None,
    "reversed_by": None,
    "counts": True,
    "created_at": None,
}


class InvalidMark(ValueError):
    """Text that names no place in a ledger."""


def mark_of(line: Row) -> Mark:
    """Where a line is in the ledger."""
    identity = "" if line["part"] == ENTERED else str(line["transaction_id"])
    return Mark(line["trade_date"], line["part"], line["sequence"], identity)


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


def entered_line(row: Row) -> Line:
    """A line that was entered, with what it did to cash."""
    counts = row["reverses"] is None and row["reversed_by"] is None
    return {**row, "part": ENTERED, "counts": counts, "cash": _cash(row)}


def _cash(row: Row) -> Decimal | None:
    """USD: null where a trade's price is not known; a reversal gives back the fees as well."""
    fees: Decimal = row["fees"] if row["reverses"] else -row["fees"]
    if row["kind"] in TRADES:
        if row["price"] is None:
            return None
        traded: Decimal = row["quantity"] * row["multiplier"] * row["price"]
        return fees - traded
    if row["kind"] == Kind.EQUITY or row["amount"] is None:
        return fees
    moved: Decimal = row["amount"]
    return fees + moved


def split_line(portfolio_id: UUID, row: Row) -> Line:
    """What a split added to (or took from) what was held of one instrument."""
    ratio = exact(row["ratio"])
    held: Decimal = row["quantity"]
    after = round(held * ratio.numerator / ratio.denominator, 6)
    terms = ("underlying", "option_type", "strike", "expiry", "multiplier")
    return {
        **_derived(portfolio_id, Kind.SPLIT, row["symbol"], row["ex_date"]),
        **{name: row[name] for name in terms},
        "quantity": after - held,
        "cash": Decimal(0),
        "note": f"{ratio.numerator}:{ratio.denominator}, {held.normalize():f} held before",
    }


def dividend_line(portfolio_id: UUID, row: Row) -> Line:
    """What the holders of a symbol received, or paid on what they were short."""
    return {
        **_derived(portfolio_id, Kind.DIVIDEND, row["symbol"], row["ex_date"]),
        "underlying": row["symbol"],
        "quantity": row["quantity"],
        "price": row["per_share"],
        "amount": row["amount"],
        "cash": row["amount"],
    }


def settlement_lines(portfolio_id: UUID, settlement: Settlement) -> list[Line]:
    """The end of an option lot, and the shares it delivered if it did."""
    own = settlement.instrument
    day = settlement.settled_on
    in_cash = settlement.cash if not settlement.shares else Decimal(0)
    paid = settlement.intrinsic_value if in_cash else Decimal(0)
    terms = ("underlying", "option_type", "strike", "expiry", "multiplier")
    ended = {
        **_derived(portfolio_id, settlement.kind, own.symbol, day, CLOSE),
        **{name: getattr(own, name) for name in terms},
        "transaction_id": settlement.transaction_id,
        "quantity": -settlement.quantity,
        "price": paid,
        "cash": in_cash,
        "lot_id": settlement.lot_id,
        "note": f"{own.underlying} closed at {settlement.underlying_price.normalize():f}",
    }
    if not settlement.shares:
        return [ended]
    delivered = {
        **_derived(portfolio_id, settlement.kind, own.underlying, day, CLOSE),
        "underlying": own.underlying,
        "transaction_id": delivery_id(settlement.lot_id),
        "sequence": 1,
        "quantity": settlement.shares,
        "price": round(-settlement.cash / settlement.shares, 6),
        "cash": settlement.cash,
        "note": f"delivered by {own.symbol}",
    }
    return [ended, delivered]


def _derived(portfolio_id: UUID, kind: Kind, symbol: str, day: date, part: int = MORNING) -> Line:
    identity = uuid5(LINE_NAMESPACE, f"{portfolio_id}/{kind}/{symbol}/{day}")
    return {
        **_NOTHING_SAID,
        "transaction_id": identity,
        "portfolio_id": portfolio_id,
        "kind": str(kind),
        "symbol": symbol,
        "trade_date": day,
        "stated_on": day,
        "sequence": 0,
        "part": part,
    }


def wants_entered(wanted: LineFilter) -> bool:
    """Whether lines that were entered can meet the conditions."""
    return not wanted.sources or set(wanted.sources) != {SYSTEM}


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
    every = sorted([*entered, *further], key=mark_of, reverse=newest_first)
    items = every[:limit]
    return items, written(mark_of(items[-1])) if len(every) > limit else None


def _meets(line: Line, wanted: LineFilter) -> bool:
    named = wanted.symbol in (None, line["symbol"], line["underlying"])
    late_enough = wanted.first is None or line["trade_date"] >= wanted.first
    early_enough = wanted.last is None or line["trade_date"] <= wanted.last
    of_kind = not wanted.kinds or line["kind"] in wanted.kinds
    return named and late_enough and early_enough and of_kind


def _behind(line: Line, after: Mark | None, *, newest_first: bool) -> bool:
    if after is None:
        return True
    return mark_of(line) < after if newest_first else mark_of(line) > after
