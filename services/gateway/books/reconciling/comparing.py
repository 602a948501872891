"""Differences between what a file says is held and what a portfolio holds. No input, no output."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

from services.gateway.books.files import Holding
from services.gateway.books.ledger import Instrument, Kind
from services.gateway.books.queries.reconciliation import HeldLot

CENT = Decimal("0.01")
_STEP = Decimal("0.000001")


class Aspect(StrEnum):
    """In what a file and a portfolio differ; missing and extra is what the portfolio is."""

    MISSING = "missing"
    EXTRA = "extra"
    QUANTITY = "quantity"
    COST = "cost"
    CASH = "cash"


class Entry(StrEnum):
    """As what differences are entered: trades move cash, transfers do not."""

    TRADES = "trades"
    TRANSFERS = "transfers"


@dataclass(frozen=True)
class Side:
    """What one of them has of an instrument.

    `quantity` is signed; `cost`: USD, signed as the quantity, None where it is not known; `price`:
    USD per share, the market's; `lots`: of the portfolio.
    """

    instrument: Instrument
    quantity: Decimal
    cost: Decimal | None
    price: Decimal | None
    lots: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """A line that removes a difference, or a part of it. `cash`: what it moves, USD."""

    kind: Kind
    instrument: Instrument | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal | None = None

    @property
    def cash(self) -> Decimal:
        """USD; 0 of transfers, and of what only opens."""
        if self.amount is not None:
            return self.amount
        if self.kind not in _TRADES or self.instrument is None:
            return Decimal(0)
        value = (self.quantity or Decimal(0)) * self.instrument.multiplier
        return -(value * (self.price or Decimal(0))).quantize(CENT, ROUND_HALF_UP)


_TRADES = (Kind.BUY, Kind.SELL, Kind.SELL_SHORT, Kind.BUY_TO_COVER)


@dataclass(frozen=True)
class Difference:
    """What differs of an instrument, or of cash, and the lines that remove it.

    `reason`: why there are none.
    """

    aspect: Aspect
    symbol: str | None
    file: Side | None
    portfolio: Side | None
    proposals: tuple[Proposal, ...] = ()
    reason: str | None = None

    @property
    def key(self) -> str:
        """What names it among the others."""
        return self.aspect.value if self.symbol is None else f"{self.aspect.value}:{self.symbol}"


def sides_of_file(holdings: Iterable[Holding], without_cost: Iterable[int]) -> dict[str, Side]:
    """What a file holds by symbol, its rows added up; `without_cost`: lines whose cost is assumed.

    Rows that say when they were left are not held.
    """
    assumed = set(without_cost)
    found: dict[str, Side] = {}
    for row in holdings:
        if row.exit_date is not None:
            continue
        units = row.quantity * row.multiplier
        price = row.market_value / units if row.market_value is not None else None
        cost = None if row.line in assumed else _cents(units * row.entry_price)
        side = Side(row.traded, row.quantity, cost, price and abs(price))
        found[row.symbol] = _added(found.get(row.symbol), side)
    return found


def sides_of_portfolio(lots: Iterable[HeldLot], prices: Mapping[str, Decimal]) -> dict[str, Side]:
    """What a portfolio holds by symbol, its lots added up."""
    found: dict[str, Side] = {}
    for lot in lots:
        own = lot.instrument
        cost = _cents(lot.quantity * own.multiplier * lot.entry_price)
        side = Side(own, lot.quantity, cost, prices.get(own.symbol), (lot.lot_id,))
        found[own.symbol] = _added(found.get(own.symbol), side)
    return found


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _added(one: Side | None, other: Side) -> Side:
    if one is None:
        return other
    cost = None if one.cost is None or other.cost is None else one.cost + other.cost
    return Side(
        one.instrument,
        one.quantity + other.quantity,
        cost,
        one.price if one.price is not None else other.price,
        one.lots + other.lots,
    )


def differences(
    file: Mapping[str, Side], portfolio: Mapping[str, Side], entry: Entry
) -> list[Difference]:
    """What differs, by symbol; what is equal in quantity and, where it is known, in cost does not.

    Costs are equal when they differ by no more than a cent, or than prices of six decimals round.
    """
    found = []
    for symbol in sorted({*file, *portfolio}):
        ours = portfolio.get(symbol)
        difference = _difference(symbol, file.get(symbol), ours, entry)
        if difference is not None:
            found.append(difference)
    return found


def _difference(
    symbol: str, file: Side | None, ours: Side | None, entry: Entry
) -> Difference | None:
    held = ours.quantity if ours else Decimal(0)
    wanted = file.quantity if file else Decimal(0)
    if abs(wanted - held) >= _STEP:
        aspect = Aspect.MISSING if not held else Aspect.EXTRA if not wanted else Aspect.QUANTITY
        proposals, reason = _moves(file, ours, wanted, held, entry)
        return Difference(aspect, symbol, file, ours, proposals, reason)
    if file is None or ours is None or not _costs_differ(file, ours):
        return None
    return Difference(Aspect.COST, symbol, file, ours)


def _costs_differ(file: Side, ours: Side) -> bool:
    if file.cost is None or ours.cost is None:
        return False
    rounding = _STEP * abs(ours.quantity) * ours.instrument.multiplier
    return abs(file.cost - ours.cost) > CENT + rounding


def _moves(
    file: Side | None, ours: Side | None, wanted: Decimal, held: Decimal, entry: Entry
) -> tuple[tuple[Proposal, ...], str | None]:
    """The lines that bring what is held to what is wanted: first what closes, then what opens."""
    change = wanted - held
    closes = Decimal(0)
    if held and (change > 0) != (held > 0):
        closes = -held if abs(change) > abs(held) else change
    opens = change - closes
    side = ours or file
    assert side is not None, "one of them has the instrument"
    found = []
    if closes:
        found.append((_closing(held, entry), closes, _price_of(file, ours)))
    if opens:
        found.append((_opening(opens, entry), opens, _opening_price(file, ours, opens, wanted)))
    if any(not price for _, _, price in found):
        return (), "no price of it is known: enter what happened to it as transactions"
    instrument = side.instrument
    return tuple(
        Proposal(kind, instrument, quantity, _rounded(price or Decimal(0)))
        for kind, quantity, price in found
    ), None


def _price_of(file: Side | None, ours: Side | None) -> Decimal | None:
    """The market's price in the file, else that of the last valuation."""
    if file is not None and file.price:
        return file.price
    return ours.price if ours is not None else None


def _closing(held: Decimal, entry: Entry) -> Kind:
    if entry is Entry.TRANSFERS:
        return Kind.TRANSFER_OUT
    return Kind.SELL if held > 0 else Kind.BUY_TO_COVER


def _opening(quantity: Decimal, entry: Entry) -> Kind:
    if entry is Entry.TRANSFERS:
        return Kind.TRANSFER_IN
    return Kind.BUY if quantity > 0 else Kind.SELL_SHORT


def _opening_price(
    file: Side | None, ours: Side | None, opens: Decimal, wanted: Decimal
) -> Decimal | None:
    """What the file says the new part cost, so that the costs agree afterwards; else the market's.

    Where the portfolio's cost is above the file's already, the file's average is used.
    """
    if file is None:
        return None
    multiplier = file.instrument.multiplier
    if file.cost is None:
        return _price_of(file, ours)
    same_side = ours is not None and ours.cost is not None and (ours.quantity > 0) == (wanted > 0)
    before = abs(ours.cost) if same_side and ours and ours.cost is not None else Decimal(0)
    part = (abs(file.cost) - before) / (abs(opens) * multiplier)
    return part if part > 0 else abs(file.cost) / (abs(wanted) * multiplier)


def _rounded(price: Decimal) -> Decimal:
    return price.quantize(_STEP, ROUND_HALF_UP)


def cash_difference(
    file: Decimal | None, portfolio: Decimal | None, moved: Sequence[Proposal]
) -> Difference | None:
    """What cash differs by after other lines have moved some; a deposit or withdrawal removes it.

    None where it is not known on either side, or agrees.
    """
    if file is None or portfolio is None:
        return None
    left = file - portfolio - sum((line.cash for line in moved), Decimal(0))
    if abs(file - portfolio) < CENT and abs(left) < CENT:
        return None
    if abs(left) < CENT:
        reason = "the other lines move as much cash: none is left to enter"
        return Difference(Aspect.CASH, None, None, None, (), reason)
    kind = Kind.DEPOSIT if left > 0 else Kind.WITHDRAWAL
    return Difference(Aspect.CASH, None, None, None, (Proposal(kind, amount=left),))
