"""Lots that are entered and corrected as positions: which lines of the ledger that writes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from services.gateway.books.ledger import Kind, Ledger, Lot, Movement, Trade
from services.gateway.books.ledger.derivation import delivery_id
from services.gateway.books.queries.ledger import LotRow, TransactionRow

EXIT_TERMS = frozenset({"exit_date", "exit_price"})
_AMOUNT_HELD = frozenset({"symbol", "quantity"})
_LIFE = _AMOUNT_HELD | {"entry_date", "deleted"}
_CLASSES = frozenset({"investment_class", "investment_subtype"})
_DECIMALS = 6


@dataclass(frozen=True)
class Refusal:
    """Why the ledger does not allow an edit: a stable code, and a sentence with what to do."""

    code: str
    message: str


DELIVERED = Refusal(
    "lot_of_an_option",
    "the shares were delivered by an option: correct or reverse the option instead",
)


@dataclass(frozen=True)
class LotLines:
    """The lines of the ledger behind a lot.

    `opened_as`: the kind of the line that opened it, None when an option delivered it. `exits`: the
    lines that closed the last of it and name it. `sold`: signed, in the shares of the lot: what
    other lines of the ledger closed.
    """

    lot: Lot
    opened_as: Kind | None
    exits: tuple[UUID, ...] = ()
    sold: Decimal = Decimal(0)

    @property
    def closable(self) -> Decimal:
        """The share of the lot that an exit closes: what other lines left of it."""
        return (self.lot.quantity + self.sold) / self.lot.quantity

    def refusal(self, changed: Collection[str]) -> Refusal | None:
        """Why the lot cannot get other terms; None when it can."""
        if not changed:
            return None
        if self.opened_as is None:
            return DELIVERED
        if self.opened_as is not Kind.OPENING:
            return Refusal(
                "lot_of_a_trade",
                f"the lot was opened by a transaction ({self.opened_as}): reverse transaction "
                f"{self.lot.opened_by} and enter the right one",
            )
        if self.sold and (_LIFE & set(changed) or self._is_exited_twice(changed)):
            return Refusal(
                "lot_closed_by_trades",
                "other transactions closed the lot or a part of it: reverse them first",
            )
        return None

    def _is_exited_twice(self, changed: Collection[str]) -> bool:
        return bool(EXIT_TERMS & set(changed)) and (bool(self.exits) or not self.closable)


def lines_of_lots(trades: Iterable[Trade], ledger: Ledger) -> dict[UUID, LotLines]:
    """The lines behind each lot, by its id."""
    by_id = {trade.transaction_id: trade for trade in trades}
    return {lot.lot_id: _lines(lot, by_id) for lot in ledger.lots}


def _lines(lot: Lot, trades: Mapping[UUID, Trade]) -> LotLines:
    opening = trades.get(lot.opened_by)
    closings = [move for move in lot.movements[1:] if move.transaction_id in trades]
    exits = [move for move in closings if _is_exit(lot, move, trades[move.transaction_id])]
    sold = sum((move.quantity for move in closings if move not in exits), Decimal(0))
    return LotLines(
        lot,
        opening.kind if opening else None,
        tuple(move.transaction_id for move in exits),
        sold,
    )


def _is_exit(lot: Lot, move: Movement, trade: Trade) -> bool:
    return trade.lot_id == lot.lot_id and move.trade_date == lot.closed_on


def inheritances(
    before: Mapping[UUID, LotRow], after: Mapping[UUID, LotRow]
) -> tuple[dict[UUID, UUID], dict[UUID, UUID]]:
    """Between which lots tags pass, the heir first: shares that an option delivers carry its tags.

    From delivered lots that are gone to their options, so that they are not lost while the option
    is settled otherwise; and from options to the lots that they deliver now.
    """
    options = {
        delivery_id(lot_id): lot_id
        for lot_id, row in (*before.items(), *after.items())
        if row.expiry is not None
    }
    gone = {
        options[row.opened_by]: lot_id
        for lot_id, row in before.items()
        if lot_id not in after and row.opened_by in options and options[row.opened_by] in after
    }
    delivered = {
        lot_id: options[row.opened_by]
        for lot_id, row in after.items()
        if lot_id not in before and row.opened_by in options
    }
    return gone, delivered


@dataclass(frozen=True)
class Written:
    """What goes into the ledger: the lines that are undone, and the new ones."""

    reversed: Sequence[UUID] = ()
    lines: Sequence[TransactionRow] = ()


def entered(row: LotRow, source: str, line: int | None = None) -> Written:
    """The lines of a new lot; `line`: of the file that it comes from."""
    lines = [_opening(row, source, line)]
    if row.exit_date is not None:
        lines.append(_exit(row, row.exit_date, row.quantity, source, line))
    return Written((), lines)


def corrected(
    lot: LotLines, row: LotRow, changed: Collection[str], source: str, line: int | None = None
) -> Written:
    """The lines that give a lot other terms: of what is `changed`, and no others."""
    undone: list[UUID] = []
    lines: list[TransactionRow] = []
    if set(changed) - EXIT_TERMS:
        undone.append(lot.lot.opened_by)
        terms = _in_first_shares(row, lot.lot) if set(changed) <= _CLASSES else row
        lines.append(_opening(terms, source, line))
    if EXIT_TERMS & set(changed) or (lot.exits and _AMOUNT_HELD & set(changed)):
        undone += lot.exits
        if row.exit_date is not None:
            closed = round(row.quantity * lot.closable, _DECIMALS)
            lines.append(_exit(row, row.exit_date, closed, source, line))
    return Written(undone, lines)


def _in_first_shares(row: LotRow, lot: Lot) -> LotRow:
    """The row in the shares of the day that the lot was entered for."""
    return replace(
        row,
        symbol=lot.instrument.symbol,
        strike=lot.instrument.strike,
        quantity=lot.quantity,
        entry_price=lot.entry_price,
        stated_on=lot.stated_on,
    )


def _opening(row: LotRow, source: str, line: int | None) -> TransactionRow:
    price = row.entry_price
    return _trade(row, Kind.OPENING, row.entry_date, row.quantity, price, source, line)


def _exit(row: LotRow, day: date, closed: Decimal, source: str, line: int | None) -> TransactionRow:
    kind = Kind.SELL if closed > 0 else Kind.BUY_TO_COVER
    return _trade(row, kind, day, -closed, row.exit_price, source, line)


def _trade(
    row: LotRow,
    kind: Kind,
    day: date,
    quantity: Decimal,
    price: Decimal | None,
    source: str,
    line: int | None,
) -> TransactionRow:
    return TransactionRow(
        uuid4(),
        row.portfolio_id,
        kind,
        day,
        row.stated_on,
        source,
        symbol=row.symbol,
        underlying=row.underlying,
        option_type=row.option_type,
        strike=row.strike,
        expiry=row.expiry,
        multiplier=row.multiplier,
        investment_class=row.investment_class,
        investment_subtype=row.investment_subtype,
        quantity=quantity,
        price=price,
        lot_id=row.position_id,
        source_line=line,
    )
