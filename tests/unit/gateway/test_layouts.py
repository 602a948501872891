"""Layouts of brokers: their columns, invented values; what is read and what is passed over."""

from datetime import date
from decimal import Decimal

import pytest

from services.gateway.books.files import (
    Entries,
    Rules,
    Sheet,
    entries_of,
    holdings_of,
    sheet_of,
)
from services.gateway.books.files.instruments import symbol_of
from services.gateway.books.files.mapping import Use
from shared.calendar import is_session

RULES = Rules(date(2022, 12, 28), None, is_session)


def done(text: str) -> Entries:
    return entries_of(sheet_of(text.encode(), use=Use.TRANSACTIONS), RULES)


def passed(sheet: Sheet) -> list[tuple[str, str]]:
    return [(line.label, line.code) for line in sheet.export.skipped] if sheet.export else []


# --- two tables ---

VANGUARD = """\
Account Number,Investment Name,Symbol,Shares,Share Price,Total Value,
10,VANGUARD TOTAL STOCK MARKET ETF,VTI,42.75,189.30,8092.58,
10,Vanguard Federal Money Market Fund,VMFXX,812.44,1.0,812.44,

Account Number,Trade Date,Settlement Date,Transaction Type,Transaction Description,\
Investment Name,Symbol,Shares,Share Price,Principal Amount,Commission Fees,Net Amount,\
Accrued Interest,Account Type,
10,11/07/2022,11/09/2022,Buy,Buy,VANGUARD TOTAL,VTI,42.75,190.11,-8127.20,0.0,-8127.20,0.0,Cash,
10,11/07/2022,11/07/2022,Sweep out,Sweep,Federal,VMFXX,-8127.20,1.0,8127.20,0.0,8127.20,0.0,Cash,
"""


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


# --- lots ---

LOTS = """\
"IAU Lot Details for XXXX-0001 as of 02:45 AM ET, 12/28/2022"


"Open Date","Quantity","Price","Cost/Share","Market Value","Cost Basis","Holding Period",
"09/23/2022 13:42:07","10","$33.10","$31.02","$331.00","$310.20","Short Term",
"10/03/2022 09:30:00","-5","$33.10","$32.00","-$165.50","-$160.00","Short Term",
"Total","5","--","--","$165.50","$150.20","--",
"""


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

BLOTTER = """\
trade_id,symbol,side,quantity,price,trade_date,settlement_date,account_id
T-001,AAPL,BUY,200,150.00,2022-11-01,2022-11-03,ACC-7
T-003,SPY,SHORT,40,380.00,2022-11-10,2022-11-14,ACC-7
"""
FIRSTRADE = """\
Symbol,Quantity,Price,Action,Description,TradeDate,SettledDate,Interest,Amount,Commission,Fee,\
CUSIP,RecordType
SPY,-1,395.10,SELL,SPDR S&P 500,2022-12-02,2022-12-06,0.00,395.08,0.00,0.02,78462F103,Trade
,0.00,,Interest,INTEREST ON CREDIT,2022-12-15,2022-12-15,0.00,0.44,0.00,0.00,,Financial
"""
MERRILL = """\
"Trade Date","Settlement Date","Account","Description","Type","Symbol/ CUSIP","Quantity",\
"Price","Amount"
"11/01/2022","11/03/2022","51X-00001","Purchase APPLE INC","","AAPL","12","$151.25","-$1,815.00"
"""
ROBINHOOD = """\
"Activity Date","Process Date","Settle Date","Instrument","Description","Trans Code",\
"Quantity","Price","Amount"
"12/16/2022","12/16/2022","12/19/2022","AAPL","AAPL 1/20/2023 Call $150.00","STO","2","$1.05",\
"$209.90"
"11/01/2022","11/01/2022","11/03/2022","AAPL","Apple
CUSIP: 037833100","Buy","12.481632","$151.25","($1,887.85)"
"11/18/2022","11/18/2022","11/18/2022","SPY","Option Expiration for SPY 11/18/2022 Put $360.00",\
"OEXP","1S","",""
"""
ZERODHA = """\
symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,\
order_id,order_execution_time
AAPL,US01,2022-11-01,NSE,EQ,EQ,buy,false,120.000000,151.250000,701,9001,2022-11-01T09:16:10
MSFT,US02,2022-11-03,NSE,EQ,EQ,sell,false,80.000000,216.500000,702,9002,2022-11-03T10:05:44
"""


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
