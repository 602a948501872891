"""Layouts of brokers: their columns, invented values; what is read and what is passed over."""

from datetime import date
from decimal import Decimal

import pytest

from services.gateway.books.files import (
    MAX_ROWS,
    Entries,
    Rules,
    Sheet,
    UnreadableFile,
    entries_of,
    holdings_of,
    sheet_of,
)
from services.gateway.books.files.instruments import symbol_of
from services.gateway.books.files.mapping import Use
from shared.calendar import is_session
from tests.layouts import (
    BLOTTER,
    FIRSTRADE,
    LOTS,
    MERRILL,
    ROBINHOOD,
    VANGUARD,
    ZERODHA,
)

RULES = Rules(date(2022, 12, 28), None, is_session)


def done(text: str) -> Entries:
    return entries_of(sheet_of(text.encode(), use=Use.TRANSACTIONS), RULES)


def passed(sheet: Sheet) -> list[tuple[str, str]]:
    return [(line.label, line.code) for line in sheet.export.skipped] if sheet.export else []


# --- two tables ---


def test_of_two_tables_the_chosen_one_is_read_and_every_line_is_in_the_receipt() -> None:
    sheet = sheet_of(VANGUARD.encode())
    entries = done(VANGUARD)
    traded = sheet_of(VANGUARD.encode(), use=Use.TRANSACTIONS)

    assert [
        (each.symbol, each.quantity, each.entry_price)
        for each in holdings_of(sheet, RULES).accepted
    ] == [("VTI", Decimal("42.75"), Decimal("189.3"))]
    assert sheet.export is not None
    assert sheet.export.cash == Decimal("812.44")
    assert passed(sheet) == [
        ("VMFXX", "cash"),
        ("VTI", "other_section"),
        ("VMFXX", "other_section"),
    ]
    assert [(each.instrument, each.quantity) for each in entries.accepted] == [
        ("VTI", Decimal("42.75"))
    ]
    assert [line.code for line in entries.skipped] == ["sweep"]
    assert passed(traded) == [("VTI", "other_section"), ("VMFXX", "cash")]


@pytest.mark.parametrize("trades", [1, 60])
def test_two_tables_in_the_other_order_are_both_found(trades: int) -> None:
    positions, transactions = VANGUARD.split("\n\n")
    header, *rows = transactions.splitlines()
    text = "\n".join([header, *rows[:1] * trades, rows[1], "", positions])

    sheet, traded = sheet_of(text.encode()), sheet_of(text.encode(), use=Use.TRANSACTIONS)

    assert sheet.lists == traded.lists == (Use.POSITIONS, Use.TRANSACTIONS)
    assert [each.symbol for each in holdings_of(sheet, RULES).accepted] == ["VTI"]
    assert len(done(text).accepted) == trades
    assert [code for _, code in passed(sheet)] == ["other_section"] * (trades + 1) + ["cash"]
    assert passed(traded) == [("VTI", "other_section"), ("VMFXX", "cash")]


def test_a_table_of_transactions_alone_has_no_positions() -> None:
    _, transactions = VANGUARD.split("\n\n")

    assert sheet_of(transactions.encode()).use is Use.TRANSACTIONS
    assert len(done(transactions).accepted) == 1


# --- lots ---


def test_lots_of_one_symbol_have_the_days_they_were_opened() -> None:
    sheet = sheet_of(LOTS.encode())

    assert [
        (each.symbol, each.quantity, each.entry_price, each.entry_date)
        for each in holdings_of(sheet, RULES).accepted
    ] == [
        ("IAU", Decimal(10), Decimal("31.02"), date(2022, 9, 23)),
        ("IAU", Decimal(-5), Decimal(32), date(2022, 10, 3)),
    ]
    assert sheet.export is not None
    assert (sheet.export.total, sheet.export.exported_on) == (
        Decimal("165.50"),
        date(2022, 12, 28),
    )
    assert passed(sheet) == [("total", "total")]


# --- transactions ---


@pytest.mark.parametrize(
    ("text", "expected", "skipped"),
    [
        (BLOTTER, [("buy", "AAPL", 200, "T-001"), ("sell_short", "SPY", -40, "T-003")], 0),
        (FIRSTRADE, [("sell", "SPY", -1, None), ("interest", None, None, None)], 0),
        (MERRILL, [("buy", "AAPL", 12, None)], 0),
        (
            ROBINHOOD,
            [
                ("sell_short", "AAPL230120C00150000", -2, None),
                ("buy", "AAPL", Decimal("12.481632"), None),
            ],
            1,
        ),
        (ZERODHA, [("buy", "AAPL", 120, "701"), ("sell", "MSFT", -80, "702")], 0),
    ],
    ids=["blotter", "firstrade", "merrill", "robinhood", "zerodha"],
)
def test_activity_of_brokers_is_read_as_transactions(
    text: str, expected: list[tuple[str, str | None, object, str | None]], skipped: int
) -> None:
    sheet = sheet_of(text.encode())
    found = entries_of(sheet, RULES)

    assert [
        (each.kind, each.instrument and symbol_of(each.instrument), each.quantity, each.external_id)
        for each in found.accepted
    ] == expected
    assert (found.problems, len(found.skipped)) == ((), skipped)
    assert sheet.count == len(expected) + skipped


def test_a_file_of_transactions_may_be_longer_than_one_of_positions() -> None:
    line = "2022-11-01,buy,AAPL,1,1\n"
    transactions = "date,type,symbol,quantity,price\n" + line * (MAX_ROWS + 1)
    positions = "ticker,quantity,entry_price,trade date,side\n" + "A,1,1,2022-11-01,long\n" * (
        MAX_ROWS + 1
    )

    assert sheet_of(transactions.encode()).count == MAX_ROWS + 1
    with pytest.raises(UnreadableFile) as error:
        sheet_of(positions.encode())
    assert error.value.problem.code == "too_many_rows"
