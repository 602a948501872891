"""Files of transactions: brokers' columns and words become lines of the ledger, or are refused."""

from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.gateway.books.files import (
    Entries,
    Entry,
    PriceHistory,
    Source,
    UnreadableFile,
    entries_of,
    holdings_of,
    sheet_of,
    underlyings,
)
from services.gateway.books.files.instruments import symbol_of
from services.gateway.books.files.trade_words import MEANINGS, Notice
from services.gateway.books.ledger import Kind
from services.gateway.books.schemas.ledger import ExternalId
from shared.spreadsheet import disarmed
from tests.unit.gateway.builders import codes, file_of, rules, sheet_if_readable

HEADER = "date,type,symbol,quantity,price,fees,amount,currency,id"
a_file = partial(file_of, header=HEADER)


def read(*rows: str, header: str = HEADER, known: set[str] | None = None) -> Entries:
    sheet = sheet_of(a_file(*rows, header=header))
    assert sheet.source is Source.TRANSACTIONS
    return entries_of(sheet, rules(known))


def read_one(*rows: str, header: str = HEADER) -> Entry:
    entries = read(*rows, header=header)
    assert entries.problems == ()
    (entry,) = entries.accepted
    return entry


def traded(entries: Entries) -> list[tuple[Kind, str, Decimal | None]]:
    return [
        (entry.kind, symbol_of(entry.instrument) if entry.instrument else "", entry.quantity)
        for entry in entries.accepted
    ]


def test_a_purchase_with_every_column_is_read() -> None:
    row = "2022-11-01,buy,AAPL,200,150.25,1.50,-30051.50,USD,T-1"

    assert read_one(row) == Entry(
        2, Kind.BUY, date(2022, 11, 1), "AAPL", Decimal(200), Decimal("150.25"),
        fees=Decimal("1.50"), external_id="T-1",
    )  # fmt: skip


@pytest.mark.parametrize("identity", ["T" * 100, "=" + "T" * 99, "=|-|+|" + "T" * 94])
def test_an_id_is_as_long_in_files_as_in_json(identity: str) -> None:
    assert TypeAdapter(ExternalId).validate_python(identity) == identity

    entry = read_one(f"2022-11-01,buy,AAPL,200,150.25,,,,{disarmed(identity)}")

    assert entry.external_id == identity
    with pytest.raises(ValidationError):
        TypeAdapter(ExternalId).validate_python(f"{identity}T")
    assert codes(read(f"2022-11-01,buy,AAPL,200,150.25,,,,{disarmed(identity)}T")) == [
        (2, "id", "too_long")
    ]


def test_an_id_that_an_export_disarmed_is_the_id_it_was() -> None:
    assert read_one("2022-11-01,buy,AAPL,200,150.25,,,USD,'=T-1").external_id == "=T-1"
    hidden = read("2022-11-01,buy,AAPL,200,150.25,,,USD,'=T\u200b1")
    assert [(each.field, each.code) for each in hidden.problems] == [("id", "invalid_text")]


# --- which files are transactions ---

BLOTTER = "trade_id,symbol,side,quantity,price,trade_date,settlement_date,account_id"
SIDED = "symbol,quantity,price,trade_date,side"


def test_blotter_with_a_side_is_one_transaction_a_row() -> None:
    entries = read(
        "T-1,AAPL,BUY,200,150.00,2022-11-01,2022-11-03,A",
        "T-2,XOM,SELL,150,112.00,2022-11-07,2022-11-09,A",
        "T-3,SPY,SHORT,40,380.00,2022-11-10,2022-11-14,A",
        header=BLOTTER,
    )

    assert traded(entries) == [
        (Kind.BUY, "AAPL", Decimal(200)),
        (Kind.SELL, "XOM", Decimal(-150)),
        (Kind.SELL_SHORT, "SPY", Decimal(-40)),
    ]
    assert [entry.external_id for entry in entries.accepted] == ["T-1", "T-2", "T-3"]


def test_tradebook_of_another_country_is_one_transaction_a_row() -> None:
    header = (
        "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,"
        "trade_id,order_id,order_execution_time"
    )
    entries = read(
        "AAPL,X1,2022-11-01,N,EQ,EQ,buy,false,120.000000,151.250000,701,9001,2022-11-01T09:16:10",
        "AAPL,X1,2022-12-12,N,EQ,EQ,sell,false,120.000000,144.1,702,9001,2022-12-12T14:59:59",
        header=header,
    )

    assert traded(entries) == [
        (Kind.BUY, "AAPL", Decimal(120)),
        (Kind.SELL, "AAPL", Decimal(-120)),
    ]
    assert [entry.external_id for entry in entries.accepted] == ["701", "702"]


def test_long_and_short_only_are_positions_and_a_buy_makes_trades() -> None:
    positions = sheet_of(
        a_file("AAPL,1,150,2022-11-01,LONG", "XOM,1,9,2022-11-01,SHORT", header=SIDED)
    )
    trades = sheet_of(a_file("AAPL,1,150,2022-11-01,BUY", "XOM,1,9,2022-11-01,SHORT", header=SIDED))

    assert (positions.source, trades.source) == (Source.FIVE_COLUMNS, Source.TRANSACTIONS)
    assert [each.quantity for each in holdings_of(positions, rules()).accepted] == [1, -1]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("ticker,quantity,entry_price,entry_date,side", "AAPL,1,150,2022-11-01,SELL"),
        ("symbol,quantity,price,trade_date,type", "AAPL,1,150,2022-11-01,S"),
        ("symbol,quantity,price,trade_date", "AAPL,1,150,2022-11-01"),
    ],
)
def test_entry_columns_or_no_word_of_trades_mean_positions(header: str, row: str) -> None:
    assert sheet_of(a_file(row, header=header)).source is Source.FIVE_COLUMNS


def test_transactions_have_no_holdings() -> None:
    holdings = holdings_of(sheet_of(a_file("2022-11-01,buy,AAPL,1,150,,,,")), rules())

    assert [problem.code for problem in holdings.problems] == ["not_positions"]


def test_what_is_traded_must_be_known_and_cash_need_not() -> None:
    rows = (
        "2022-11-01,buy,BRK-B,1,1,,,,",
        "2022-11-01,deposit,USD1,,,,5,,",
        "2022-11-01,x,Q,1,1,,,,",
    )

    assert underlyings(sheet_of(a_file(*rows))) == {"BRK.B"}
    assert codes(read("2022-11-01,buy,ZZZZ,1,1,,,,", known={"AAPL"})) == [
        (2, "symbol", "unknown_symbol")
    ]


# --- words ---


@pytest.mark.parametrize(
    ("words", "kind", "quantity"),
    [
        ("buy BOT bought purchase BTO B Reinvestment", Kind.BUY, 10),
        ("sell SLD sold sale STC S", Kind.SELL, -10),
        ("SHORT sell_short Sell-Short STO SS", Kind.SELL_SHORT, -10),
        ("cover buy_to_cover BTC Buy-To-Close", Kind.BUY_TO_COVER, 10),
        ("transfer_in ACATI", Kind.TRANSFER_IN, 10),
        ("transfer_out", Kind.TRANSFER_OUT, -10),
    ],
)
def test_words_of_trades_give_kind_and_sign(words: str, kind: Kind, quantity: int) -> None:
    for word in words.split():
        entry = read_one(f"2022-11-01,{word},AAPL,10,150,,,,")

        assert (entry.kind, entry.quantity) == (kind, Decimal(quantity)), word


@pytest.mark.parametrize(
    ("word", "amount", "kind", "signed"),
    [
        ("Deposit", "1000", Kind.DEPOSIT, "1000"),
        ("ACH", "1000", Kind.DEPOSIT, "1000"),
        ("ACH", "-1000", Kind.WITHDRAWAL, "-1000"),
        ("Wire", "($1,000.00)", Kind.WITHDRAWAL, "-1000"),
        ("Withdrawal", "1000", Kind.WITHDRAWAL, "-1000"),
        ("Withdrawal", "-1000", Kind.WITHDRAWAL, "-1000"),
        ("CDIV", "25.5", Kind.DIVIDEND, "25.5"),
        ("Qualified Dividend", "25.5", Kind.DIVIDEND, "25.5"),
        ("Dividend", "-25.5", Kind.DIVIDEND, "-25.5"),
        ("Interest", "-3", Kind.INTEREST, "-3"),
        ("Margin Interest", "3", Kind.INTEREST, "-3"),
        ("Borrow Fee", "3", Kind.BORROW_FEE, "-3"),
        ("ADR Fee", "-3", Kind.FEE, "-3"),
        ("Fee Refund", "3", Kind.FEE, "3"),
        ("Transfer In", "500", Kind.TRANSFER_IN, "500"),
        ("Transfer Out", "500", Kind.TRANSFER_OUT, "-500"),
        ("Transfer", "-500", Kind.WITHDRAWAL, "-500"),
    ],
)
def test_words_of_cash_give_kind_and_sign(word: str, amount: str, kind: Kind, signed: str) -> None:
    entry = read_one(f'2022-11-01,{word},AAPL,,,,"{amount}",,')

    assert (entry.kind, entry.amount) == (kind, Decimal(signed))
    assert (entry.quantity, entry.price, entry.fees) == (None, None, Decimal(0))
    assert (entry.instrument is not None) == (kind is Kind.DIVIDEND)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("YOU BOUGHT APPLE INC (AAPL) (Cash)", Kind.BUY),
        ("YOU SOLD APPLE INC (AAPL) (Margin)", Kind.SELL),
        ("YOU SOLD OPENING TRANSACTION AAPL (Margin)", Kind.SELL_SHORT),
        ("YOU BOUGHT CLOSING TRANSACTION AAPL (Margin)", Kind.BUY_TO_COVER),
    ],
)
def test_sentences_of_a_broker_are_read_by_how_they_begin(text: str, kind: Kind) -> None:
    header = "Run Date,Action,Symbol,Description,Type,Quantity,Price ($),Commission ($),Amount ($)"
    quantity = "-10" if "SOLD" in text else "10"

    entry = read_one(f"11/01/2022,{text},AAPL,APPLE INC,Margin,{quantity},150,,", header=header)

    assert (entry.kind, entry.trade_date) == (kind, date(2022, 11, 1))


@pytest.mark.parametrize(
    ("extra", "cells", "kind"),
    [
        ("position_effect", "SELL,TO OPEN", Kind.SELL_SHORT),
        ("position_effect", "BUY,CLOSE", Kind.BUY_TO_COVER),
        ("position_effect", "BUY,OPEN", Kind.BUY),
        ("long/short", "BUY,SHORT", Kind.BUY_TO_COVER),
        ("long/short", "SELL,LONG", Kind.SELL),
        ("side", "BUY,SHORT", Kind.BUY_TO_COVER),
        ("action", "Trade,SELL_TO_OPEN", Kind.SELL_SHORT),
        ("side", "BTO,BUY", Kind.BUY),
    ],
)
def test_columns_that_say_more_are_joined(extra: str, cells: str, kind: Kind) -> None:
    header = f"date,symbol,quantity,price,type,{extra}"

    assert read_one(f"2022-11-01,AAPL,10,150,{cells}", header=header).kind is kind


def test_columns_that_contradict_are_refused() -> None:
    entries = read("2022-11-01,AAPL,1,1,BUY,SELL", header="date,symbol,quantity,price,type,side")

    assert [code for _, _, code in codes(entries)] == ["types_disagree"]


def test_every_word_has_one_meaning_and_none_is_left_out() -> None:
    assert all(word == " ".join(word.lower().split()) for word in MEANINGS)
    entered = {each.kind for each in MEANINGS.values()}
    derived = {Kind.SPLIT, Kind.EXPIRY, Kind.EXERCISE, Kind.ASSIGNMENT, Kind.SYMBOL_CHANGE}

    assert set(Kind) - derived - {Kind.OPENING, Kind.EQUITY} <= entered


# --- layouts of brokers ---


def test_history_with_signed_sales_and_interest_is_read() -> None:
    header = (
        "Symbol,Quantity,Price,Action,Description,TradeDate,SettledDate,Interest,Amount,"
        "Commission,Fee"
    )
    entries = read(
        "SPY,3,372.50,BUY,SPDR,2022-11-04,2022-11-08,0.00,-1117.50,0.00,0.00",
        "SPY,-1,395.10,SELL,SPDR,2022-12-02,2022-12-06,0.00,395.08,0.00,0.02",
        ",0.00,,Interest,CREDIT BALANCE,2022-12-15,2022-12-15,0.00,0.44,0.00,0.00",
        header=header,
    )

    assert traded(entries) == [
        (Kind.BUY, "SPY", Decimal(3)),
        (Kind.SELL, "SPY", Decimal(-1)),
        (Kind.INTEREST, "", None),
    ]
    assert [entry.fees for entry in entries.accepted] == [0, Decimal("0.02"), 0]
    assert (entries.warnings, entries.problems) == ((), ())


ACTIVITY = (
    '"Activity Date","Process Date","Settle Date","Instrument","Description","Trans Code",'
    '"Quantity","Price","Amount"'
)


def activity(instrument: str, text: str, code: str, numbers: str, day: str = "12/16/2022") -> str:
    return f'"{day}","{day}","{day}","{instrument}","{text}","{code}",{numbers}'


def test_option_is_named_by_its_description() -> None:
    entries = read(
        activity("AAPL", "AAPL 1/20/2023 Call $150.00", "STO", '"2","$1.05","$209.90"'),
        activity("AAPL", "Apple\nCUSIP: 037833100", "Buy", '"12.481632","$151.25","($1,887.85)"'),
        header=ACTIVITY,
    )

    assert traded(entries) == [
        (Kind.SELL_SHORT, "AAPL230120C00150000", Decimal(-2)),
        (Kind.BUY, "AAPL", Decimal("12.481632")),
    ]
    assert entries.accepted[0].fees == Decimal("0.10")
    assert [(each.line, each.code) for each in entries.warnings] == [(2, "fees_derived")]


@pytest.mark.parametrize(
    "symbol",
    [
        *("AAPL  230120C00150000", "AAPL 01/20/2023 150.00 C", "-AAPL230120C150"),
        *("AAPL Jan 20 '23 $150 Call", "aapl230120c00150000"),
    ],
)
def test_option_is_read_in_any_broker_s_spelling(symbol: str) -> None:
    entry = read_one(f"2022-11-01,buy,{symbol},1,4.2,,,,")

    assert entry.instrument is not None
    assert symbol_of(entry.instrument) == "AAPL230120C00150000"


def test_type_in_the_description_counts_where_its_column_is_blank() -> None:
    header = '"Trade Date","Description","Type","Symbol/ CUSIP","Quantity","Price","Amount"'

    entry = read_one(
        '"11/01/2022","Purchase APPLE INC","","AAPL","12","$151.25","-$1,815.00"', header=header
    )

    assert (entry.kind, entry.price, entry.note) == (
        Kind.BUY,
        Decimal("151.25"),
        "Purchase APPLE INC",
    )


# --- what the system derives itself ---


def test_expiries_splits_and_sweeps_are_skipped_with_the_reason() -> None:
    rows = [f"2022-11-18,{word},AAPL,1,,,,," for word in ("OEXP", "Expired", "Split", "Sweep In")]

    entries = read(*rows)

    assert (entries.accepted, entries.problems) == ((), ())
    assert [(line.line, line.code) for line in entries.skipped] == [
        (2, "derived"),
        (3, "derived"),
        (4, "derived"),
        (5, "sweep"),
    ]


def test_shares_of_an_assignment_at_expiry_are_not_entered_twice() -> None:
    entries = read(
        activity("AAPL", "AAPL 12/16/2022 Put $145.00", "OASGN", '"1S","",""'),
        activity("AAPL", "Apple", "Buy", '"100","$145.00","($14,500.00)"', "12/19/2022"),
        activity("AAPL", "Apple", "Buy", '"100","$145.00","($14,500.00)"', "12/19/2022"),
        header=ACTIVITY,
    )

    assert [line.line for line in entries.skipped] == [2, 3]
    assert "line 2" in entries.skipped[1].message
    assert [entry.line for entry in entries.accepted] == [4]


def test_early_assignment_ends_the_option_and_keeps_its_shares() -> None:
    entries = read(
        activity("AAPL", "AAPL 1/20/2023 Call $130.00", "OASGN", '"2S","",""'),
        activity("AAPL", "Apple", "Sell", '"200","$130.00","$26,000.00"'),
        header=ACTIVITY,
    )

    assert traded(entries) == [
        (Kind.BUY_TO_COVER, "AAPL230120C00130000", Decimal(2)),
        (Kind.SELL, "AAPL", Decimal(-200)),
    ]
    assert entries.accepted[0].price == 0


def test_orders_that_were_not_executed_are_skipped() -> None:
    header = "date,side,symbol,quantity,price,status"
    rows = [f"2022-11-01,buy,AAPL,1,150,{word}" for word in ("Filled", "Cancelled", "Rejected")]

    entries = read(*rows, header=header)

    assert [entry.line for entry in entries.accepted] == [2]
    assert [(line.line, line.code) for line in entries.skipped] == [
        (3, "not_executed"),
        (4, "not_executed"),
    ]


# --- refusals ---


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("2022-11-01,buy,AAPL,-10,150,,,,", "quantity", "sign_disagrees"),
        ("2022-11-01,dividend,,,,,10,,", "symbol", "missing_value"),
        ("2022-11-01,OASGN,AAPL230120C00150000,0,,,,,", "quantity", "zero_quantity"),
        ("2022-11-01,deposit,,,,,-10,,", "amount", "sign_disagrees"),
        ("2022-11-01,deposit,,,,,0,,", "amount", "zero_amount"),
        ("2022-11-01,deposit,,,,,,,", "amount", "missing_value"),
        ("2022-11-01,deposit,,,,,1e13,,", "amount", "too_large"),
        ("2022-11-01,deposit,,,,,1000000000000000,,", "amount", "too_large"),
        (f"2022-11-01,deposit,,,,,{'9' * 30},,", "amount", "too_large"),
        (f"2022-11-01,buy,AAPL,1,{'9' * 30},,,,", "price", "too_large"),
        ("2022-11-01,buy,AAPL,1234567890123,150,,,,", "quantity", "too_large"),
        ("2022-11-01,buy,SPX230120P03800000,1234567890,60,,,,", "quantity", "too_large"),
        ("2022-11-01,buy,AAPL,10,,,,,", "price", "missing_value"),
        ("2022-11-01,buy,AAPL,10,0,,,,", "price", "price_not_positive"),
        ("2022-11-01,buy,AAPL,0,150,,,,", "quantity", "zero_quantity"),
        ("2022-11-01,buy,AAPL,,150,,,,", "quantity", "missing_value"),
        ("2022-11-01,buy,,10,150,,,,", "symbol", "missing_value"),
        ("2022-11-01,buy,AAPL1230120C00150000,1,5,,,,", "symbol", "unsupported_contract"),
        ("2022-11-01,buy,AAPL,10,150,,,EUR,", "currency", "unsupported_currency"),
        ("2022-11-01,deposit,,,,,10,GBP,", "currency", "unsupported_currency"),
        ("2022-12-29,buy,AAPL,10,150,,,,", "date", "date_in_future"),
        ("Z12345678,buy,AAPL,10,150,,,,", "date", "invalid_date"),
        ("13/01/2022,buy,AAPL,10,150,,,,", "date", "invalid_date"),
        (",buy,AAPL,10,150,,,,", "date", "missing_value"),
        ("2022-11-01,fiddle,AAPL,10,150,,,,", "type", "unknown_type"),
        ("2022-11-01,,AAPL,10,150,,,,", "type", "missing_value"),
        ("2022-11-01,merger,AAPL,10,150,,,,", "type", "unsupported_type"),
        ("2022-11-01,Buy Cancel,AAPL,10,150,,,,", "type", "unsupported_type"),
        ('2022-11-01,buy,AAPL,"1,250",150,,,,', "quantity", "thousands_separator"),
        ("2022-11-01,buy,AAPL221021C00150000,1,5,,,,", "date", "entry_after_expiry"),
        (f"2022-11-01,buy,AAPL,10,150,,,,{'x' * 101}", "id", "too_long"),
    ],
)
def test_each_rule_has_its_code_and_its_field(row: str, field: str, code: str) -> None:
    assert codes(read(row)) == [(2, field, code)]


def test_a_spin_off_is_named_by_its_symbol_and_date() -> None:
    entries = read("2022-11-01,spin off,XOM,10,,,,,")

    assert codes(entries) == [(2, "type", "unsupported_type")]
    assert entries.problems[0].message.startswith("XOM on 2022-11-01: mergers, spin-offs")


def test_multiplier_of_a_mini_contract_is_refused() -> None:
    header = "date,type,symbol,quantity,price,multiplier"
    entries = read(
        "2022-11-01,buy,AAPL230120C00150000,1,5,10",
        "2022-11-01,buy,AAPL230120C00150000,1,5,100",
        header=header,
    )

    assert codes(entries) == [(2, "multiplier", "unsupported_multiplier")]


def test_days_before_months_refuse_every_unclear_date_of_the_file() -> None:
    entries = read("25/11/2022,buy,AAPL,1,150,,,,", "11/12/2022,buy,AAPL,1,150,,,,")

    assert codes(entries) == [(2, "date", "invalid_date"), (3, "date", "invalid_date")]
    assert "day before the month" in entries.problems[1].message


@pytest.mark.parametrize(
    "text",
    [
        *("2022-11-01", "2022-11-01T09:16:10", "2022-11-01 09:16:10", "11/01/2022", "11/1/22"),
        *("20221101", "20221101;093000", "11/01/2022 09:30", "11/03/2022 as of 11/01/2022"),
    ],
)
def test_dates_are_read_as_brokers_write_them(text: str) -> None:
    assert read_one(f"{text},buy,AAPL,1,150,,,,").trade_date == date(2022, 11, 1)


# --- amounts ---


@pytest.mark.parametrize(
    ("kind", "fees", "amount", "code"),
    [
        *(("buy", "1", "-1501.00", None), ("buy", "1", "1501", None), ("sell", "1", "1499", None)),
        *(("buy", "", "-1501.00", "fees_derived"), ("sell", "", "1498.50", "fees_derived")),
        *(("buy", "", "-1500.04", None), ("buy", "1", "-1500.00", None)),
        *(("buy", "1", "-1501.50", "fees_derived"), ("transfer in", "", "0", None)),
    ],
)
def test_amount_is_compared_with_quantity_price_and_fees(
    kind: str, fees: str, amount: str, code: str | None
) -> None:
    entries = read(f"2022-11-01,{kind},AAPL,10,150.00,{fees},{amount},,")

    assert [warning.code for warning in entries.warnings] == ([code] if code else [])
    assert len(entries.accepted) == 1


@pytest.mark.parametrize(
    ("trade", "figures"),
    [
        (
            "buy,AAPL,10,150.00,1,-1700.00",
            ("1700.00", "10 x price 150 = 1500.00", "fees of 1.00"),
        ),
        ("sell,AAPL,10,150.00,,1700", ("1700.00", "1500.00", "fees of 0")),
        ("buy,AAPL,10,150.00,,-1490", ("1490.00", "1500.00", "fees of 0")),
        ("buy,AAPL,10,150.00,1,-1503", ("1503.00", "1500.00", "fees of 1.00")),
        ("buy,AAPL,10,150.00,,0", ("0.00", "1500.00", "fees of 0")),
        ("buy,AAPL230120C00150000,2,1.05,,-2.10", ("2.10", "2 x 100 x price 1.05 = 210.00", "0")),
        ("transfer in,AAPL,10,150.00,,15", ("15.00", "1500.00", "fees of 0")),
    ],
)
def test_an_amount_that_contradicts_the_trade_is_refused_with_the_figures(
    trade: str, figures: tuple[str, ...]
) -> None:
    entries = read(f"2022-11-01,{trade},,")

    assert codes(entries) == [(2, "amount", "amount_disagrees")]
    assert entries.accepted == ()
    assert all(figure in entries.problems[0].message for figure in figures)


def test_price_follows_from_the_amount_where_it_is_blank() -> None:
    entries = read("2022-11-01,buy,AAPL,10,,1,-1501,,")

    assert entries.accepted[0].price == Decimal(150)
    assert [warning.code for warning in entries.warnings] == ["price_derived"]


def test_worthless_option_is_sold_at_0() -> None:
    assert read_one("2022-11-01,sell,AAPL230120C00150000,1,0,,,,").price == 0


def test_price_of_other_shares_is_a_warning() -> None:
    history = PriceHistory(
        {("SPL", date(2022, 12, 1)): Decimal(400)}, {"SPL": ((date(2022, 12, 5), Decimal(4)),)}
    )
    sheet = sheet_of(a_file("2022-12-01,buy,SPL,40,105,,,,", "2022-12-01,buy,SPL,10,402,,,,"))

    entries = entries_of(sheet, rules(history=history))

    assert [(warning.line, warning.code) for warning in entries.warnings] == [(2, "other_shares")]


# --- repeated lines ---


def test_two_equal_fills_without_ids_are_entered_with_a_warning() -> None:
    row = "2022-11-01,buy,AAPL,10,150,,,,"

    entries = read(row, row)

    assert [entry.line for entry in entries.accepted] == [2, 3]
    assert [(warning.line, warning.code) for warning in entries.warnings] == [(3, "duplicate_row")]


def test_line_with_an_earlier_id_is_entered_once_or_refused() -> None:
    entries = read(
        "2022-11-01,buy,AAPL,10,150,,,,T1",
        "2022-11-01,buy,AAPL,10,150,,,,T1",
        "2022-11-01,buy,AAPL,11,150,,,,T1",
    )

    assert [entry.line for entry in entries.accepted] == [2]
    assert [(line.line, line.code) for line in entries.skipped] == [(3, "repeated_id")]
    assert codes(entries) == [(4, "id", "duplicate_id")]


def test_unread_columns_are_named_and_a_repeated_one_refuses_the_file() -> None:
    header = "date,type,symbol,quantity,price,Settlement Date,Account"

    assert sheet_of(a_file("2022-11-01,buy,A,1,1,x,y", header=header)).ignored == (
        "Settlement Date",
        "Account",
    )
    with pytest.raises(UnreadableFile, match="side more than once"):
        sheet_of(a_file("x,buy,A,1,1,buy", header="date,side,symbol,quantity,price,side"))


def judge(data: bytes) -> Entries | None:
    sheet = sheet_if_readable(data)
    if sheet is None or sheet.source is not Source.TRANSACTIONS:
        return None
    return entries_of(sheet, rules(known={"AAPL"}))


tokens = st.sampled_from(
    [
        *(",", ",", ",", "\n", '"', "AAPL", "buy", "sell short", "OASGN", "dividend", "2022-11-01"),
        *("11/31/2022", "1e5", "-3", "$1,000.00", "(5)", "0", "USD", "BRK/B", "1S", "'", " ", "."),
        *(
            "AAPL230120C00150000",
            "AAPL 1/20/2023 Call $150.00",
            "٣",
            "9" * 30,
            "deposit",
            "split",
            "1e999",
        ),
    ]
)


@given(st.lists(tokens, max_size=60))
@settings(max_examples=500, deadline=None)
def test_any_file_text_gives_an_answer(pieces: list[str]) -> None:
    text = "".join(pieces)

    judged = judge(f"{HEADER}\n{text}".encode())

    lines = text.count("\n") + 2
    if judged is None:
        return
    refused = {problem.line for problem in judged.problems}
    assert all(2 <= line <= lines for line in refused)
    assert refused.isdisjoint(entry.line for entry in judged.accepted)
    assert refused.isdisjoint(line.line for line in judged.skipped)


@given(
    st.sampled_from(
        sorted(word for word, each in MEANINGS.items() if each.kind not in set(Notice))
    ),
    st.decimals(min_value=Decimal("0.000001"), max_value=999_999, places=6),
    st.decimals(min_value=Decimal("0.01"), max_value=99_999, places=2),
)
@settings(max_examples=300, deadline=None)
def test_every_line_moves_either_shares_or_cash(
    word: str, quantity: Decimal, price: Decimal
) -> None:
    amount = max(round(quantity * price, 2), Decimal("0.01"))

    entries = read(f"2022-11-01,{word},AAPL,{quantity},{price},,{amount},,")

    (entry,) = entries.accepted
    assert (entry.quantity is None) != (entry.amount is None)
    assert entry.quantity is None or abs(entry.quantity) == quantity
