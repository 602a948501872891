"""Charles Schwab's export of positions: what is a position, what is not, and what is assumed."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.books.files import (
    Holdings,
    Sheet,
    Source,
    UnreadableFile,
    entry_date,
    holdings_of,
    sheet_of,
)
from services.gateway.books.files.brokers import money
from tests.unit.gateway.builders import AS_OF, codes, rules

TITLE = '"Positions for account Individual ...123 as of 04:05 PM ET, 12/21/2022"'
OLD_HEADER = (
    '"Symbol","Description","Quantity","Price","Price Change $","Price Change %","Market Value",'
    '"Day Change $",'
    '"Day Change %","Cost Basis","Gain/Loss $","Gain/Loss %","Ratings","Reinvest Dividends?",'
    '"Capital Gains?",'
    '"% Of Account","Security Type"'
)
NEW_HEADER = (
    '"Symbol","Description","Qty (Quantity)","Price","Price Chng $ (Price Change $)",'
    '"Price Chng % (Price Change %)",'
    '"Mkt Val (Market Value)","Day Chng $ (Day Change $)","Day Chng % (Day Change %)","Cost Basis",'
    '"Gain $ (Gain/Loss $)","Gain % (Gain/Loss %)","Ratings","Reinvest?","Reinvest Capital Gains?",'
    '"% of Acct (% of Account)","Asset Type",'
)


def a_row(
    symbol: str,
    quantity: str,
    basis: str,
    kind: str = "Equity",
    price: str = "$1.00",
    value: str = "$0.00",
) -> str:
    cells = [
        *(symbol, f"{symbol} INC", quantity, price, "$0.10", "1%", value, "$1.00", "1%", basis),
        *("$1.00", "1%", "--", "No", "N/A", "1%", kind),
    ]
    return ",".join(f'"{cell}"' for cell in cells)


STOCK = a_row("AAPL", "1,250.5", "$148,710.50", value="$157,613.02")
SHORT = a_row("XOM", "-200", "-$19,302.00", value="-$21,676.00")
CALL = a_row("AAPL 01/20/2023 150.00 C", "-2", "$1,690.00", "Option", value="-$50.00")
CASH = a_row("Cash & Cash Investments", "--", "--", "Cash and Money Market", "--", "$3,096.90")
FUND = a_row("SWVXX", "1,200", "$1,200.00", "Cash and Money Market", value="$1,200.00")
TOTAL = a_row("Account Total", "--", "N/A", "--", "--", "$140,183.92")
EXPORT = "\n".join([TITLE, "", OLD_HEADER, STOCK, SHORT, CALL, CASH, TOTAL])


def sheet(text: str) -> Sheet:
    return sheet_of(text.encode())


def read(
    text: str, known: set[str] | None = None, as_of: date = AS_OF, entry_date: date | None = None
) -> Holdings:
    return holdings_of(sheet(text), rules(known, as_of, entry_date=entry_date))


def an_export(*rows: str) -> str:
    return "\n".join([TITLE, '"","",""', OLD_HEADER, *rows])


def test_the_export_is_recognised_and_its_positions_are_read() -> None:
    stock, short, call = read(EXPORT).accepted

    assert sheet(EXPORT).source is Source.SCHWAB
    assert (stock.symbol, stock.quantity, stock.entry_price) == (
        "AAPL",
        Decimal("1250.5"),
        Decimal("118.920832"),
    )
    assert (short.symbol, short.quantity, short.entry_price) == (
        "XOM",
        Decimal(-200),
        Decimal("96.51"),
    )
    assert (call.symbol, call.quantity, call.entry_price) == (
        "AAPL230120C00150000",
        Decimal(-2),
        Decimal("8.45"),
    )
    assert {holding.entry_date for holding in (stock, short, call)} == {date(2022, 12, 21)}
    assert [holding.line for holding in (stock, short, call)] == [4, 5, 6]


def test_what_is_no_position_is_named_with_what_becomes_of_it() -> None:
    export = sheet(EXPORT).export

    assert export is not None
    assert (export.accounts, export.exported_on, export.cash) == (
        ("Individual ...123",),
        date(2022, 12, 21),
        Decimal("3096.90"),
    )
    assert [(line.line, line.label, line.code) for line in export.skipped] == [
        (7, "Cash & Cash Investments", "cash"),
        (8, "Account Total", "total"),
    ]


def test_what_is_assumed_of_every_position_is_said_once() -> None:
    warnings = read(EXPORT).warnings

    assert [(warning.line, warning.code) for warning in warnings] == [
        (1, "entry_date_assumed"),
        (1, "entry_price_derived"),
    ]
    assert "2022-12-21" in warnings[0].message


def test_the_newer_header_with_its_trailing_comma_reads_the_same() -> None:
    newer = [row + "," for row in (STOCK, SHORT, CALL, CASH)]
    total = TOTAL.replace("Account Total", "Positions Total") + ","

    text = "\n".join([TITLE.replace("12/21/2022", "2022/12/21"), "", NEW_HEADER, *newer, total])

    assert read(text) == read(EXPORT)


def test_an_export_without_its_title_is_recognised_by_its_header() -> None:
    holdings = read("\n".join([OLD_HEADER, STOCK, TOTAL]))

    assert [holding.entry_date for holding in holdings.accepted] == [AS_OF]
    assert "does not say its day" in holdings.warnings[0].message


def test_the_entry_date_is_what_was_asked_for_or_no_later_than_the_day_of_reading() -> None:
    later = EXPORT.replace("12/21/2022", "06/01/2023")

    asked = read(later, entry_date=date(2022, 6, 1))

    assert {holding.entry_date for holding in asked.accepted} == {date(2022, 6, 1)}
    assert {holding.entry_date for holding in read(later).accepted} == {AS_OF}
    assert entry_date(sheet(EXPORT), rules()) == date(2022, 12, 21)


def test_money_funds_and_margin_count_as_cash() -> None:
    margin = CASH.replace("$3,096.90", "-$5,000.00")

    export = sheet(an_export(STOCK, FUND, margin)).export

    assert export is not None
    assert export.cash == Decimal("-3800.00")
    assert [line.label for line in export.skipped] == ["SWVXX", "Cash & Cash Investments"]


def test_every_account_of_an_export_is_read() -> None:
    text = "\n".join(
        [
            '"Positions for All-Accounts as of 09:15 AM ET, 12/21/2022"',
            "",
            '"Individual ...111"',
            OLD_HEADER,
            STOCK,
            CASH,
            TOTAL,
            "",
            '"Roth IRA ...222"',
            OLD_HEADER,
            SHORT,
            CASH,
            TOTAL,
        ]
    )

    export = sheet(text).export

    assert [holding.symbol for holding in read(text).accepted] == ["AAPL", "XOM"]
    assert export is not None
    assert (export.accounts, export.cash) == (
        ("Individual ...111", "Roth IRA ...222"),
        Decimal("6193.80"),
    )


def test_one_stock_in_two_accounts_is_added_up_at_its_average_price() -> None:
    more = a_row("AAPL", "100", "$13,000.00", value="$13,545.00")

    holdings = read(an_export(STOCK, '"Roth IRA ...222"', OLD_HEADER, more))

    (holding,) = holdings.accepted
    assert (holding.line, holding.quantity, holding.entry_price) == (
        4,
        Decimal("1350.5"),
        Decimal("119.741207"),
    )
    assert holding.market_value == Decimal("171158.02")
    assert (holdings.warnings[-1].line, holdings.warnings[-1].code) == (7, "added_up")


def test_long_and_short_of_one_stock_are_not_added() -> None:
    short = a_row("AAPL", "-100", "$13,000.00")

    holdings = read(an_export(STOCK, short, STOCK))

    assert codes(holdings) == [(5, "symbol", "long_and_short")]
    assert [holding.quantity for holding in holdings.accepted] == [Decimal(2501)]


def test_without_cost_basis_the_export_s_own_price_stands_in_and_is_said() -> None:
    holdings = read(
        an_export(a_row("AAPL", "10", "--", price="$135.45"), a_row("XOM", "1", "Incomplete"))
    )

    assert [holding.entry_price for holding in holdings.accepted] == [Decimal("135.45"), Decimal(1)]
    assert [(warning.line, warning.code) for warning in holdings.warnings[2:]] == [
        (4, "entry_price_from_market"),
        (5, "entry_price_from_market"),
    ]


def test_a_share_class_behind_a_slash_is_written_with_a_dot() -> None:
    assert [
        holding.symbol for holding in read(an_export(a_row("BRK/B", "2", "$600.00"))).accepted
    ] == ["BRK.B"]


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (a_row("912797KX4", "1,000", "$980.00", "Fixed Income"), "symbol", "invalid_symbol"),
        (a_row("ZZZZ", "1", "$1.00"), "symbol", "unknown_symbol"),
        (a_row("--", "1", "$1.00"), "symbol", "missing_value"),
        (a_row("AAPL", "--", "$1.00"), "quantity", "missing_value"),
        (a_row("AAPL", "ten", "$1.00"), "quantity", "not_a_number"),
        (a_row("AAPL", "0", "$1.00"), "quantity", "zero_quantity"),
        (a_row("AAPL", "0.1234567", "$1.00"), "quantity", "too_many_decimals"),
        (a_row("AAPL", "1", "$0.00"), "cost_basis", "price_not_positive"),
        (a_row("AAPL", "1", "--", price="--"), "price", "missing_value"),
        (a_row("AAPL", "0.000001", "$99,999,999,999.00"), "cost_basis", "too_large"),
        (a_row("AAPL 13/20/2023 150.00 C", "1", "$1.00"), "symbol", "invalid_symbol"),
        (a_row("AAPL 01/20/2023 150.0001 C", "1", "$1.00"), "symbol", "invalid_symbol"),
        (a_row("AAPL 01/20/2023 150000 C", "1", "$1.00"), "symbol", "invalid_symbol"),
        (a_row("ZZZZ 01/20/2023 150 P", "1", "$1.00"), "symbol", "unknown_symbol"),
        (a_row("AAPL 12/16/2022 150 P", "1", "$1.00"), "entry_date", "entry_after_expiry"),
    ],
)
def test_a_bad_row_has_one_problem(row: str, field: str, code: str) -> None:
    assert codes(read(an_export(row), known={"AAPL"})) == [(4, field, code)]


@pytest.mark.parametrize(
    ("text", "code"),
    [(TITLE, "missing_column"), (an_export(), "empty"), (an_export(CASH, TOTAL), "empty")],
)
def test_an_export_without_positions_is_refused(text: str, code: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        sheet(text)

    assert caught.value.problem.code == code


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$3,096.90", "3096.90"),
        ("-$16,531.98", "-16531.98"),
        ("$-5.00", "-5.00"),
        ("($5.00)", "-5.00"),
        ("+$1", "1"),
        (".5", "0.5"),
        ("--", None),
        ("N/A", None),
        ("12.5%", None),
        ("1,00", None),
        ("", None),
    ],
)
def test_money_is_a_number_or_nothing(text: str, number: str | None) -> None:
    assert money(text) == (None if number is None else Decimal(number))


@given(st.text(st.sampled_from("AAPL$,.()-+0123456789/ C\"\n%*'"), max_size=200))
@settings(max_examples=400, deadline=None)
def test_no_rows_raise_anything(text: str) -> None:
    data = f"{TITLE}\n{OLD_HEADER}\n{text}"

    try:
        holdings = read(data, known={"AAPL"})
    except UnreadableFile as error:
        holdings = Holdings((), (error.problem,), ())

    assert all(problem.line >= 1 for problem in holdings.problems)


_amounts = st.decimals(Decimal("0.01"), Decimal("99999999"), places=2)


@given(st.integers(-100_000, 100_000).filter(bool), _amounts)
@settings(max_examples=200, deadline=None)
def test_entry_price_times_quantity_is_the_cost_basis(quantity: int, basis: Decimal) -> None:
    holdings = read(an_export(a_row("AAPL", f"{quantity:,}", f"${basis:,}")))

    for holding in holdings.accepted:
        assert abs(holding.entry_price * abs(quantity) - basis) <= Decimal("0.0000005") * abs(
            quantity
        )
    assert len(holdings.accepted) + len(holdings.problems) == 1
