"""Columns that turn the sign, the unit or the currency of a position: applied or refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.books.files import (
    Holdings,
    PriceHistory,
    UnreadableFile,
    holdings_of,
    sheet_of,
)
from services.gateway.books.files.layouts import MODIFIERS
from tests.unit.gateway.builders import file_of, rules

CALL = "AAPL230616C00150000"


def read(header: str, *rows: str) -> Holdings:
    base = "ticker,quantity,entry_price,entry_date"
    return holdings_of(sheet_of(file_of(*rows, header=f"{base},{header}")), rules())


def read_one(header: str, cell: str, symbol: str = "AAPL", quantity: str = "100") -> Holdings:
    return read(header, f"{symbol},{quantity},150,2022-12-01,{cell}")


def quantities(holdings: Holdings) -> list[Decimal]:
    return [holding.quantity for holding in holdings.accepted]


def codes(holdings: Holdings) -> list[tuple[str | None, str]]:
    return [(problem.field, problem.code) for problem in holdings.problems]


@pytest.mark.parametrize(
    "header",
    [
        *("side", "Side", "Action", "Trade Type", "trade_type", "Long/Short", "LONG_SHORT"),
        *("L/S", "Position Type", "Position Side", "Direction", "Buy/Sell", "B/S", "Type"),
    ],
)
def test_short_makes_the_quantity_negative_in_any_sign_column(header: str) -> None:
    assert quantities(read_one(header, "SHORT")) == [Decimal(-100)]


@pytest.mark.parametrize(
    "word", ["SHORT", "Sell", "SELL SHORT", "sell_short", "Sell-Short", "SS", "STO", "S", "sld"]
)
def test_every_word_for_short_is_one(word: str) -> None:
    assert quantities(read_one("side", word)) == [Decimal(-100)]
    assert quantities(read_one("side", word, quantity="-100")) == [Decimal(-100)]


@pytest.mark.parametrize("word", ["LONG", "buy", "Bought", "BTO", "B", "Buy To Open", ""])
def test_every_word_for_long_leaves_the_quantity(word: str) -> None:
    assert quantities(read_one("side", word)) == [Decimal(100)]


def test_long_with_a_quantity_below_0_is_refused_by_line() -> None:
    holdings = read(
        "side", "MSFT,1,240,2022-12-01,LONG", "AAPL,-100,150,2022-12-01,LONG", "XOM,1,1,2022-12-01,"
    )

    assert [(problem.line, problem.code) for problem in holdings.problems] == [
        (3, "sign_disagrees")
    ]
    assert quantities(holdings) == [Decimal(1), Decimal(1)]


def test_two_columns_that_disagree_are_refused() -> None:
    assert codes(read_one("side,position type", "SHORT,LONG")) == [("side", "sign_disagrees")]
    assert quantities(read_one("side,position type", "SELL,SHORT")) == [Decimal(-100)]


@pytest.mark.parametrize("word", ["Sell to close", "BTC", "cover", "hedge", "2"])
def test_word_that_is_no_side_of_a_position_is_refused(word: str) -> None:
    assert codes(read_one("side", word)) == [("side", "unknown_side")]


@pytest.mark.parametrize(
    ("word", "quantity"), [("LC", 100), ("SC", -100), ("Long Call", 100), ("short call", -100)]
)
def test_side_of_an_option_signs_an_option(word: str, quantity: int) -> None:
    assert quantities(read_one("position_type", word, CALL)) == [Decimal(quantity)]
    assert codes(read_one("position_type", word)) == [("position_type", "terms_disagree")]


def test_type_call_beside_a_stock_is_refused() -> None:
    assert codes(read_one("type", "CALL")) == [("type", "terms_disagree")]
    assert quantities(read_one("type", "Call", CALL)) == [Decimal(100)]


@pytest.mark.parametrize("word", ["Cash", "Margin", "Stock", "S", "ETF"])
def test_type_that_is_no_side_leaves_the_row_alone(word: str) -> None:
    assert quantities(read_one("type", word)) == [Decimal(100)]


@pytest.mark.parametrize("word", ["OPEN", "Held", "active", "", "Filled"])
def test_open_positions_are_read(word: str) -> None:
    assert quantities(read_one("Status", word)) == [Decimal(100)]


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("CLOSED", "position_closed"),
        ("sold", "position_closed"),
        ("Cancelled", "position_closed"),
        ("pending", "position_closed"),
        ("perhaps", "unknown_status"),
    ],
)
def test_position_that_is_not_held_is_refused_by_line(word: str, code: str) -> None:
    assert codes(read_one("Status", word)) == [("status", code)]


def test_closed_position_with_its_exit_is_read() -> None:
    (holding,) = read_one("status,exit date,exit price", "CLOSED,2022-12-15,137").accepted

    assert (holding.exit_date, holding.exit_price) == (date(2022, 12, 15), Decimal(137))


@pytest.mark.parametrize("header", ["Currency", "CurrencyPrimary", "ccy", "Trade Currency"])
def test_other_currencies_than_dollars_are_refused_by_line(header: str) -> None:
    holdings = read(header, "AAPL,1,150,2022-12-01,USD", "SAPX,1,90,2022-12-01,EUR")

    assert [(problem.line, problem.code) for problem in holdings.problems] == [
        (3, "unsupported_currency")
    ]
    assert "only USD" in holdings.problems[0].message


@pytest.mark.parametrize(
    ("symbol", "multiplier", "accepted"),
    [
        *(("AAPL", "1", True), ("AAPL", "", True), ("AAPL", "100", False), ("AAPL", "1.0", True)),
        *((CALL, "100", True), (CALL, "10", False), (CALL, "1", False)),
    ],
)
def test_multiplier_must_be_the_instruments(symbol: str, multiplier: str, accepted: bool) -> None:
    holdings = read_one("Multiplier", multiplier, symbol)

    assert codes(holdings) == ([] if accepted else [("multiplier", "unsupported_multiplier")])


@pytest.mark.parametrize(
    ("word", "problems"), [("shares", []), ("lots", [("unit", "unsupported_unit")])]
)
def test_unit_must_be_shares_or_contracts(word: str, problems: list[tuple[str, str]]) -> None:
    assert codes(read_one("Unit", word)) == problems


@pytest.mark.parametrize("root", ["AAPL1", "XSP7"])
def test_adjusted_and_mini_contracts_are_refused_with_what_to_do(root: str) -> None:
    holdings = read_one("side", "", f"{root}230616C00150000")

    assert codes(holdings) == [("ticker", "unsupported_contract")]
    assert "leave the row out" in holdings.problems[0].message


def test_share_class_in_two_spellings_is_one_instrument_with_its_option() -> None:
    rows = ("BRK.B,100,300,2022-12-28,", "BRK-B,100,300,2022-12-28,")
    holdings = read("tags", *rows, "BRKB230120C00300000,-1,5,2022-12-28,")

    assert {(holding.symbol, holding.underlying) for holding in holdings.accepted} == {
        ("BRK.B", "BRK.B"),
        ("BRKB230120C00300000", "BRK.B"),
    }
    assert (len(holdings.accepted), holdings.problems, holdings.warnings) == (3, (), ())


# --- lots across a split ---

ACROSS = b"ticker,quantity,entry_price,entry_date\nSPL,10,420,2022-12-01\nSPL,40,107,2022-12-08"
HISTORY = PriceHistory(
    {("SPL", date(2022, 12, 1)): Decimal(400), ("SPL", date(2022, 12, 8)): Decimal(101)},
    {"SPL": ((date(2022, 12, 5), Decimal(4)),)},
)


def across(**more: Any) -> Holdings:
    return holdings_of(sheet_of(ACROSS), rules(**more))


def test_price_a_known_split_away_from_its_close_is_a_warning() -> None:
    holdings = across(history=HISTORY)

    (warning,) = holdings.warnings
    assert (warning.line, warning.field, warning.code) == (2, "entry_price", "other_shares")
    assert "4.2 times the close" in warning.message
    assert "stated_on=entry_date" in warning.message
    assert [holding.stated_on for holding in holdings.accepted] == [None, None]


def test_rows_in_the_shares_of_their_entry_dates_are_right() -> None:
    holdings = across(history=HISTORY, shares_of_entry_date=True)

    assert holdings.warnings == ()
    assert [holding.stated_on for holding in holdings.accepted] == [
        date(2022, 12, 1),
        date(2022, 12, 8),
    ]


def test_price_in_todays_shares_is_a_warning_where_it_should_be_of_its_day() -> None:
    data = b"ticker,quantity,entry_price,entry_date\nSPL,40,105,2022-12-01"
    given = rules(shares_of_entry_date=True, history=HISTORY)

    holdings = holdings_of(sheet_of(data), given)

    assert [warning.code for warning in holdings.warnings] == ["other_shares"]
    assert "stated_on" in holdings.warnings[0].message


def test_no_split_and_no_close_is_no_warning() -> None:
    assert across().warnings == ()
    assert across(history=PriceHistory(HISTORY.closes)).warnings == ()
    assert across(history=PriceHistory({}, HISTORY.splits)).warnings == ()
    assert across(history=HISTORY, stated_on=date(2022, 12, 1)).warnings[0].line == 3


# --- names that no rule knows ---


@pytest.mark.parametrize(
    "header",
    [
        *("Long / Short", "BuySell", "SIDE:", "Order Side", "Side Code", "Pos Type", "Short/Long"),
        *("Sell/Buy", "Long/Short Indicator", "Direction Indicator", "longshort"),
    ],
)
def test_a_side_is_read_in_any_punctuation_and_under_more_names(header: str) -> None:
    assert quantities(read_one(header, "SHORT")) == [Decimal(-100)]


def test_a_sign_is_a_side() -> None:
    assert quantities(read_one("Qty Sign", "-")) == [Decimal(-100)]
    assert quantities(read_one("Sign", "+")) == [Decimal(100)]


@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("Position", "SHORT", "unknown_side"),
        ("Open/Close", "SELL SHORT", "unknown_side"),
        ("Activity", "Sell", "unknown_side"),
        ("Is Short", "Y", "unknown_side"),
        ("Short Quantity", "100", "unknown_side"),
        ("Dr/Cr", "CR", "unknown_side"),
        ("Trading Currency", "EUR", "unsupported_currency"),
        ("Base Currency", "EUR", "unsupported_currency"),
        ("Currency (Local)", "EUR", "unsupported_currency"),
        ("Cur", "EUR", "unsupported_currency"),
        ("Denominated in", "EUR", "unsupported_currency"),
        ("FX Rate", "1.08", "unsupported_multiplier"),
        ("Pricing Factor", "0.01", "unsupported_multiplier"),
        ("Lot Size", "10", "unsupported_multiplier"),
        ("Mult", "10", "unsupported_multiplier"),
        ("Units", "thousands", "unsupported_unit"),
        ("Price Unit", "pence", "unsupported_unit"),
        ("Price Type", "pence", "unsupported_unit"),
        ("Order State", "CANCELLED", "unknown_status"),
        ("Void", "yes", "unknown_status"),
        ("Put/Call", "PUT", "terms_disagree"),
        ("Kind", "Put", "terms_disagree"),
    ],
)
def test_a_column_that_would_turn_a_row_refuses_it(header: str, cell: str, code: str) -> None:
    found = read_one(header, cell)

    assert [each.code for each in found.problems] == [code]
    assert found.accepted == ()


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        *(("Position", "Long"), ("Is Short", "No"), ("Short Quantity", "0"), ("Units", "100")),
        *(("Trading Currency", "USD"), ("FX Rate", "1.0000"), ("Cancelled", "false")),
        *(("Order State", "Filled"), ("Lot Size", "1"), ("Price Unit", "USD per share")),
        *(("Rating", "Sell"), ("Comments", "sold"), ("Exchange", "LSE"), ("Country", "CAN")),
        *(("Account", "Cash"), ("Dr/Cr", ""), ("Put/Call", "--"), ("Sector", "Energy")),
    ],
)
def test_a_column_that_changes_nothing_lets_the_row_pass(header: str, cell: str) -> None:
    assert quantities(read_one(header, cell)) == [Decimal(100)]


def test_a_short_position_may_say_so_in_any_column() -> None:
    assert quantities(read_one("Position", "Short", quantity="-100")) == [Decimal(-100)]
    assert quantities(read_one("Kind", "Call", symbol=CALL)) == [Decimal(100)]


def test_only_what_turns_no_row_is_ignored_and_named() -> None:
    header = b"ticker,quantity,entry_price,entry_date,Broker,FX Rate,Position\n"

    sheet = sheet_of(header + b"AAPL,100,150,2022-12-01,IB,1.1,SHORT\n")

    assert sheet.ignored == ("Broker",)
    assert [each.field for each in holdings_of(sheet, rules()).problems] == ["fx_rate", "position"]


def test_two_turning_columns_of_one_name_are_refused() -> None:
    with pytest.raises(UnreadableFile) as refused:
        read("FX Rate,fx_rate", "AAPL,100,150,2022-12-01,1,2")

    assert refused.value.problem.code == "duplicate_column"


cells = st.text(st.sampled_from("SHORTLONGBUYEsell 01.-,/$'\""), max_size=20)


@given(st.sampled_from(sorted(MODIFIERS)), cells, st.sampled_from(["AAPL", CALL]))
@settings(max_examples=300, deadline=None)
def test_any_cell_of_these_columns_gives_an_answer(field: str, cell: str, symbol: str) -> None:
    quoted = cell.replace('"', '""')
    data = f'ticker,quantity,entry_price,entry_date,{field}\n{symbol},1,1,2022-06-01,"{quoted}"'

    try:
        sheet = sheet_of(data.encode())
    except UnreadableFile:
        return
    holdings = holdings_of(sheet, rules())

    assert len(holdings.accepted) == (0 if holdings.problems else 1)


# --- a file of positions that is one of trades ---


@pytest.mark.parametrize(("buy", "sell"), [("BUY", "SELL"), ("Bought", "sold"), ("B", "S")])
def test_an_instrument_bought_and_sold_is_refused_with_what_to_do(buy: str, sell: str) -> None:
    found = read(
        "action",
        f"MSFT,5,240,2022-11-30,{buy}",
        f"aapl,100,150,2022-12-01,{buy}",
        f"AAPL,40,151,2022-12-02,{sell}",
        f"AAPL,10,152,2022-12-05,{sell}",
    )

    assert [(each.line, each.code) for each in found.problems] == [
        (line, "bought_and_sold") for line in (3, 4, 5)
    ]
    assert "line 3 buys AAPL and line 4 sells it: send trades" in found.problems[0].message
    assert quantities(found) == [Decimal(5)]


@pytest.mark.parametrize(
    "rows",
    [
        ("AAPL,100,150,2022-12-01,BUY", "XOM,40,100,2022-12-02,SELL"),
        ("AAPL,100,150,2022-12-01,LONG", "AAPL,40,150,2022-12-02,SHORT"),
        ("AAPL,100,150,2022-12-01,SELL", "AAPL,40,150,2022-12-02,SELL"),
        ("AAPL,100,150,2022-12-01,BUY", f"{CALL},1,5,2022-12-02,SELL"),
    ],
)
def test_longs_and_shorts_of_a_file_are_positions(rows: tuple[str, str]) -> None:
    assert len(read("action", *rows).accepted) == 2
