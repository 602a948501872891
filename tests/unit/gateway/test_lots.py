"""Which lines of a ledger give a lot other terms."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from services.gateway.books.ledger import Instrument, Kind, Market, Trade, derived
from services.gateway.books.lots import LotLines, corrected, entered, lines_of_lots
from services.gateway.books.queries.ledger import LotRow, TransactionRow

BOOK, LOT = UUID(int=1), UUID(int=2)
ENTERED, CLOSED = date(2022, 6, 1), date(2022, 12, 20)
ROW = LotRow(
    position_id=LOT,
    portfolio_id=BOOK,
    symbol="AAPL",
    instrument="stock",
    underlying="AAPL",
    option_type=None,
    strike=None,
    expiry=None,
    multiplier=1,
    quantity=Decimal(100),
    entry_price=Decimal(150),
    entry_date=ENTERED,
    exit_price=None,
    exit_date=None,
    investment_class="PUBLIC",
    investment_subtype=None,
    stated_on=ENTERED,
    opened_by=None,
)
EXITED = replace(ROW, exit_date=CLOSED, exit_price=Decimal(160))


def a_trade(line: TransactionRow) -> Trade:
    assert line.symbol is not None
    assert line.underlying is not None
    assert line.quantity is not None
    return Trade(
        line.transaction_id,
        line.kind,
        line.trade_date,
        Instrument(line.symbol, line.underlying),
        line.quantity,
        line.price,
        line.stated_on,
        line.lot_id,
    )


def a_sale(quantity: int, day: date = CLOSED, lot_id: UUID | None = None) -> Trade:
    stock = Instrument("AAPL", "AAPL")
    sold = Decimal(-quantity)
    return Trade(UUID(int=9), Kind.SELL, day, stock, sold, Decimal(160), day, lot_id)


def lot_of(row: LotRow, *sales: Trade) -> LotLines:
    trades = [*map(a_trade, entered(row, "api").lines), *sales]
    return lines_of_lots(trades, derived(trades, Market(CLOSED)))[LOT]


def test_a_lot_and_its_exit_are_two_lines_that_close_it() -> None:
    lot = lot_of(EXITED)

    assert lot.opened_as is Kind.OPENING
    assert (len(lot.exits), lot.sold) == (1, Decimal(0))
    assert lot.lot.closed_on == CLOSED


@pytest.mark.parametrize(
    ("changed", "undone", "written"),
    [
        ({"entry_price"}, 1, [Kind.OPENING]),
        ({"quantity"}, 2, [Kind.OPENING, Kind.SELL]),
        ({"exit_price"}, 1, [Kind.SELL]),
        ({"entry_price", "exit_price"}, 2, [Kind.OPENING, Kind.SELL]),
    ],
)
def test_only_the_lines_that_change_are_written_again(
    changed: set[str], undone: int, written: list[Kind]
) -> None:
    correction = corrected(lot_of(EXITED), EXITED, changed, "api")

    assert len(correction.reversed) == undone
    assert [line.kind for line in correction.lines] == written
    assert {line.lot_id for line in correction.lines} == {LOT}


def test_an_exit_closes_what_sales_left() -> None:
    lot = lot_of(ROW, a_sale(40))

    correction = corrected(lot, replace(ROW, exit_date=CLOSED), {"exit_date"}, "api")

    assert lot.refusal({"exit_date"}) is None
    assert [line.quantity for line in correction.lines] == [-60]


@pytest.mark.parametrize("changed", [{"quantity"}, {"exit_price"}])
def test_a_lot_that_a_sale_closed_keeps_its_quantity(changed: set[str]) -> None:
    refusal = lot_of(ROW, a_sale(100)).refusal(changed)

    assert refusal is not None
    assert refusal.code == "lot_closed_by_trades"


def test_other_terms_of_a_lot_that_a_sale_closed_may_change() -> None:
    lot = lot_of(ROW, a_sale(100))

    assert lot.refusal({"entry_price", "investment_subtype"}) is None
    assert lot.refusal(()) is None


def test_a_sale_of_a_part_that_names_the_lot_is_no_exit() -> None:
    lot = lot_of(ROW, a_sale(40, lot_id=LOT))

    assert lot.exits == ()
    assert (lot.sold, lot.closable) == (Decimal(-40), Decimal("0.6"))


def test_shorts_are_closed_by_purchases() -> None:
    opening, closing = entered(replace(EXITED, quantity=Decimal(-5)), "file", 7).lines

    assert [opening.kind, closing.kind] == [Kind.OPENING, Kind.BUY_TO_COVER]
    assert [opening.quantity, closing.quantity] == [-5, 5]
    assert closing.source_line == 7
