"""Position files: what is read, what is said about the rest, and at which physical line."""

from datetime import date
from decimal import Decimal
from functools import partial
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.books.files import (
    MAX_ROWS,
    PUBLIC,
    Held,
    Holdings,
    Terms,
    UnreadableFile,
    changes_to,
    holdings_of,
    sheet_of,
    tags_in,
    underlyings,
    why_not_a_tag,
)
from services.gateway.books.files.reading import EARLIEST_DATE, LATEST_DATE
from services.gateway.edge.shapes import MAX_BYTES
from shared.contracts.event import EARLIEST_DAY, LATEST_DAY
from tests.unit.gateway.builders import AS_OF, codes, file_of, rules, sheet_if_readable

HEADER = "ticker,quantity,entry_price,entry_date,tags"
a_file = partial(file_of, header=HEADER)


def read(data: bytes, known: set[str] | None = None, as_of: date = AS_OF) -> Holdings:
    return holdings_of(sheet_of(data), rules(known, as_of))


def refusal(data: bytes) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        sheet_of(data)
    return caught.value


def test_good_row_becomes_an_exact_holding() -> None:
    (holding,) = read(a_file('aapl,-10.5,148.710001,2022-06-01,"tech, Core "')).accepted

    assert (holding.symbol, holding.quantity, holding.entry_price) == (
        "AAPL",
        Decimal("-10.5"),
        Decimal("148.710001"),
    )
    assert (holding.entry_date, holding.tags, holding.multiplier) == (
        date(2022, 6, 1),
        ("tech", "Core"),
        1,
    )


def test_option_is_its_own_instrument_with_multiplier_100() -> None:
    (holding,) = read(a_file("AAPL  230616C00150000,2,8.45,2022-11-01,")).accepted

    assert (holding.symbol, holding.underlying, holding.multiplier) == (
        "AAPL230616C00150000",
        "AAPL",
        100,
    )
    assert holding.option is not None
    assert (holding.option.strike, holding.option.option_type) == (Decimal(150), "C")


@pytest.mark.parametrize(
    "header",
    [
        "Symbol,QTY,Price,Trade Date,Tags",
        " SYMBOL , Qty , price , trade_date , tags ",
        "ticker,quantity,entry_price,entry_date",
    ],
)
def test_aliases_and_case_of_headers_do_not_matter(header: str) -> None:
    assert len(read(a_file("AAPL,1,100,2022-06-01", header=header)).accepted) == 1


def test_columns_come_in_any_order_and_unknown_ones_are_ignored() -> None:
    data = a_file(
        "2022-06-01,note,100,AAPL,3", header="entry_date,comment,entry_price,ticker,quantity"
    )

    (holding,) = read(data).accepted

    assert (holding.symbol, holding.quantity) == ("AAPL", Decimal(3))


def test_byte_order_mark_and_carriage_returns_are_read() -> None:
    data = b"\xef\xbb\xbf" + a_file("AAPL,1,100,2022-06-01,", "MSFT,1,100,2022-06-01,").replace(
        b"\n", b"\r\n"
    )

    assert [holding.line for holding in read(data).accepted] == [2, 3]


def test_line_numbers_are_physical_across_comments_blanks_and_quoted_newlines() -> None:
    data = a_file(
        "# comment", "", 'AAPL,1,100,2022-06-01,"a,\nb"', "# again", "MSFT,0,100,2022-06-01,"
    )

    holdings = read(data)

    assert [holding.line for holding in holdings.accepted] == [4]
    assert codes(holdings) == [(7, "quantity", "zero_quantity")]


def test_comment_mark_inside_a_quoted_cell_is_text() -> None:
    holdings = read(a_file('AAPL,1,100,2022-06-01,"a\n#b"'))

    assert codes(holdings) == [(2, "tags", "invalid_tag")]


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (",1,100,2022-06-01,", "ticker", "missing_value"),
        ("not a ticker,1,100,2022-06-01,", "ticker", "invalid_symbol"),
        ("AAPL230230C00150000,1,100,2022-06-01,", "ticker", "invalid_symbol"),
        ("AAPL,,100,2022-06-01,", "quantity", "missing_value"),
        ("AAPL,0,100,2022-06-01,", "quantity", "zero_quantity"),
        ("AAPL,0.0000001,100,2022-06-01,", "quantity", "too_many_decimals"),
        ('AAPL,"1,000",100,2022-06-01,', "quantity", "thousands_separator"),
        ("AAPL,nan,100,2022-06-01,", "quantity", "not_a_number"),
        ("AAPL,inf,100,2022-06-01,", "quantity", "not_a_number"),
        ("AAPL,1_0,100,2022-06-01,", "quantity", "not_a_number"),
        ("AAPL,١,100,2022-06-01,", "quantity", "not_a_number"),
        ("AAPL,1e12,100,2022-06-01,", "quantity", "too_large"),
        ("AAPL,1,0,2022-06-01,", "entry_price", "price_not_positive"),
        ("AAPL,-1,-5,2022-06-01,", "entry_price", "price_not_positive"),
        ("AAPL,1,$5,2022-06-01,", "entry_price", "not_a_number"),
        ("AAPL,1,5.1234567,2022-06-01,", "entry_price", "too_many_decimals"),
        ("AAPL,1,5,06/01/2022,", "entry_date", "invalid_date"),
        ("AAPL,1,5,20220601,", "entry_date", "invalid_date"),
        ("AAPL,1,5,2022-02-30,", "entry_date", "invalid_date"),
        ("AAPL,1,5,2022-12-29,", "entry_date", "date_in_future"),
        ("AAPL,1,5,1899-12-31,", "entry_date", "date_too_early"),
        ("AAPL,1,5,2200-01-01,", "entry_date", "date_too_late"),
        ("AAPL,1,5,9999-12-31,", "entry_date", "date_too_late"),
        ("AAPL221216C00150000,1,5,2022-12-19,", "entry_date", "entry_after_expiry"),
        ("AAPL,1,5,2022-06-01,a/b", "tags", "invalid_tag"),
        (f"AAPL,1,5,2022-06-01,{'x' * 51}", "tags", "invalid_tag"),
        (f'AAPL,1,5,2022-06-01,"{"/," * 1_001}"', "tags", "too_long"),
    ],
)
def test_each_rule_has_its_code_and_its_field(row: str, field: str, code: str) -> None:
    assert codes(read(a_file(row))) == [(2, field, code)]


def test_a_row_has_as_many_problems_as_it_has() -> None:
    holdings = read(a_file("!,0,-1,tomorrow,"), known={"AAPL"})

    assert [code for _, _, code in codes(holdings)] == [
        "invalid_symbol",
        "zero_quantity",
        "price_not_positive",
        "invalid_date",
    ]


def test_trailing_zeros_are_not_decimals() -> None:
    assert read(a_file("AAPL,1.50000000,100.000000000,2022-06-01,")).accepted[
        0
    ].quantity == Decimal("1.5")


def test_unknown_symbol_is_reported_only_when_something_is_known() -> None:
    data = a_file("ZZZZ,1,100,2022-06-01,", "AAPL230616C00150000,1,100,2022-06-01,")

    assert codes(read(data, known={"AAPL"})) == [(2, "ticker", "unknown_symbol")]
    assert codes(read(data, known=None)) == []


def test_underlyings_name_what_needs_a_price() -> None:
    sheet = sheet_of(
        a_file("msft,1,1,2022-06-01,", "AAPL230616C00150000,1,1,2022-06-01,", "?!,1,1,2022-06-01,")
    )

    assert underlyings(sheet) == {"MSFT", "AAPL"}


def test_several_lots_of_one_instrument_and_day_are_loaded_without_a_word() -> None:
    holdings = read(a_file("AAPL,100,130,2022-12-20,", "AAPL,50,131.5,2022-12-20,"))

    assert [(holding.quantity, holding.entry_price) for holding in holdings.accepted] == [
        (Decimal(100), Decimal(130)),
        (Decimal(50), Decimal("131.5")),
    ]
    assert (holdings.problems, holdings.warnings) == ((), ())


REPEATED = a_file("AAPL,1,100,2022-06-01,", "MSFT,1,1,2022-06-01,", "AAPL,1,100,2022-06-01,")


def test_row_equal_in_every_column_is_loaded_with_a_warning_of_both_lines() -> None:
    holdings = read(REPEATED)

    assert [holding.line for holding in holdings.accepted] == [2, 3, 4]
    (warning,) = holdings.warnings
    assert (warning.line, warning.code) == (4, "duplicate_row")
    assert "line 4 equals line 2" in warning.message


def test_row_equal_in_every_column_is_refused_on_request() -> None:
    refusing = rules(refuse_duplicates=True)

    holdings = holdings_of(sheet_of(REPEATED), refusing)

    assert codes(holdings) == [(4, None, "duplicate_row")]
    assert [holding.line for holding in holdings.accepted] == [2, 3]


@pytest.mark.parametrize(
    "row",
    [
        "AAPL,999999999999,1,2022-12-20,",
        "SPX230120P03800000,1234567890,60,2022-12-20,",
        "SPX230120P03800000,-30000000,60,2022-12-20,",
        "AAPL,100000000,100000,2022-12-20,",
    ],
)
def test_row_too_large_to_value_is_refused(row: str) -> None:
    assert codes(read(a_file(row))) == [(2, "quantity", "too_large")]


def test_largest_real_holdings_are_accepted() -> None:
    data = a_file("AAPL,15000000000,130,2022-12-20,", "SPX230120P03800000,1000000,60,2022-12-20,")

    assert len(read(data).accepted) == 2


@pytest.mark.parametrize("text", ["123456789", "Z12345678", "20221", "44915", "12-20"])
def test_account_number_as_a_date_is_named_as_no_date(text: str) -> None:
    holdings = read(a_file(f"AAPL,1,100,{text},"))

    assert codes(holdings) == [(2, "entry_date", "invalid_date")]
    assert f"entry_date '{text}' is not a date of the form YYYY-MM-DD" in (
        holdings.problems[0].message
    )


def test_unknown_columns_are_named() -> None:
    sheet = sheet_of(b"Ticker,Qty,Price,Trade Date,My Note,,Currency\nAAPL,1,100,2022-06-01,x,,USD")

    assert sheet.ignored == ("My Note",)


def test_two_contracts_of_one_underlying_and_two_dates_are_not_duplicates() -> None:
    rows = (
        "AAPL230616C00150000,1,5,2022-06-01,",
        "AAPL230616C00155000,1,5,2022-06-01,",
        "AAPL,1,5,2022-06-01,",
    )

    assert len(read(a_file(*rows, "AAPL,1,5,2022-06-02,")).accepted) == 4


def test_expiry_on_a_closed_day_is_accepted_with_a_warning() -> None:
    holdings = read(a_file("AAPL230617C00150000,1,5,2022-06-01,"))

    assert len(holdings.accepted) == 1
    assert [(warning.line, warning.code) for warning in holdings.warnings] == [
        (2, "expiry_not_a_session")
    ]


def test_unquoted_comma_is_one_problem_and_no_shifted_cells() -> None:
    assert codes(read(a_file("AAPL,1,000,100,2022-06-01,x"))) == [(2, None, "too_many_cells")]


def test_short_row_is_one_problem() -> None:
    assert codes(read(a_file("AAPL,1"))) == [(2, "entry_price", "too_few_cells")]


def test_unclosed_quote_costs_its_own_row_only() -> None:
    holdings = read(a_file('"AAPL,1,100,2022-06-01,', "MSFT,1,100,2022-06-01,"))

    assert codes(holdings) == [(2, None, "broken_quotes")]
    assert [holding.symbol for holding in holdings.accepted] == ["MSFT"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\n# only a comment\n", "empty"),
        (HEADER.encode(), "empty"),
        (b"\x00\x01\x02\xff", "not_text"),
        (b"ticker\x00,quantity", "not_text"),
        (b"PK\x03\x04rest of a workbook", "not_text"),
        ("Ärger".encode("latin-1"), "not_text"),
        (b"a,b,c\n1,2,3", "missing_column"),
        (b"ticker,symbol,quantity,entry_price,entry_date\nA,A,1,1,2022-01-03", "duplicate_column"),
        (b"x" * (MAX_BYTES + 1), "too_large"),
        (b"," * 1_000_001, "too_large"),
        (b"ticker" + b",x" * 1_000, "too_large"),
        (HEADER.encode() + b"\n" * 1_100_000, "too_many_rows"),
    ],
)
def test_unreadable_files_are_refused_with_a_code(data: bytes, code: str) -> None:
    assert refusal(data).problem.code == code


def test_every_missing_column_is_named() -> None:
    message = refusal(b"Symbol,Quantity,Cost,When\nAAPL,1,1,2022-01-03").problem.message

    assert "no column entry_price and no column entry_date" in message
    assert "found Symbol, Quantity, Cost, When" in message


def test_rows_beyond_the_limit_refuse_the_file() -> None:
    rows = [f"T{number},1,1,2022-01-03," for number in range(MAX_ROWS + 1)]

    assert refusal(a_file(*rows)).problem.code == "too_many_rows"
    assert len(sheet_of(a_file(*rows[:-1])).rows) == MAX_ROWS


def test_dates_of_files_have_the_bounds_of_all_dates() -> None:
    assert (EARLIEST_DATE, LATEST_DATE) == (EARLIEST_DAY, LATEST_DAY)


def test_quotes_that_never_close_stay_cheap() -> None:
    sheet = sheet_of(a_file(*['"a' for _ in range(MAX_ROWS)]))

    assert not sheet.rows
    assert len(sheet.problems) == MAX_ROWS


def test_tags_are_unique_in_any_case() -> None:
    assert tags_in(" Tech ,tech, growth  stocks,,") == ("Tech", "growth stocks")


def test_a_row_may_have_at_most_twenty_tags() -> None:
    tags = ",".join(f"t{number}" for number in range(21))

    assert codes(read(a_file(f'AAPL,1,1,2022-06-01,"{tags}"'))) == [(2, "tags", "too_many_tags")]


def test_tag_letters_of_any_script_are_allowed() -> None:
    assert why_not_a_tag("strategy:Überläufer_1") is None


def test_a_file_meets_a_portfolio_as_new_updated_or_unchanged() -> None:
    accepted = read(
        a_file(
            "AAPL,1,100,2022-06-01,",
            "MSFT,2,50,2022-06-01,",
            "XOM,3,20,2022-06-01,",
            "GE,1,9,2022-06-01,x",
        )
    ).accepted
    held = [
        held_at("AAPL", "1", "100", "kept"),
        held_at("MSFT", "1", "50"),
        held_at("GE", "1", "9"),
        held_at("IBM", "1", "1"),
    ]

    changes = changes_to(held, accepted)

    assert [(change.holding.symbol, change.kind) for change in changes] == [
        ("AAPL", "unchanged"),
        ("MSFT", "updated"),
        ("XOM", "new"),
        ("GE", "updated"),
    ]
    assert changes[1].was == held[1]


def held_at(symbol: str, quantity: str, price: str, *tags: str) -> Held:
    terms = Terms(Decimal(quantity), Decimal(price), PUBLIC)
    day = date(2022, 6, 1)
    return Held(uuid4(), symbol, day, terms, Decimal(quantity), frozenset(tags))


def judge(data: bytes) -> Holdings | None:
    sheet = sheet_if_readable(data)
    return holdings_of(sheet, rules(known={"AAPL"})) if sheet else None


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_no_bytes_raise_anything_but_a_refusal(data: bytes) -> None:
    judged = judge(data)

    assert judged is None or isinstance(judged, Holdings)


csv_like = st.text(st.sampled_from("AAPL,\"#\n\r0123456789.-eE;CP'\t nif"), max_size=200)


@given(csv_like)
@settings(max_examples=500, deadline=None)
def test_no_rows_raise_anything_and_lines_exist(text: str) -> None:
    data = f"{HEADER}\n{text}".encode()

    judged = judge(data)

    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 2
    assert judged is None or all(2 <= problem.line <= lines for problem in judged.problems)


quantities = st.decimals(min_value=-999_999, max_value=999_999, places=6).filter(bool)
prices = st.decimals(min_value=Decimal("0.000001"), max_value=999_999, places=6)
days = st.dates(date(2000, 1, 1), AS_OF)
words = st.text(st.sampled_from("abcXYZ019 _-:"), min_size=1, max_size=50).filter(
    lambda word: bool(word.strip())
)


@given(quantities, prices, days, st.lists(words, max_size=5))
@settings(max_examples=200, deadline=None)
def test_what_is_written_is_what_is_read(
    quantity: Decimal, price: Decimal, day: date, tags: list[str]
) -> None:
    data = a_file(f'AAPL,{quantity},{price},{day},"{",".join(tags)}"')

    (holding,) = read(data).accepted

    assert (holding.quantity, holding.entry_price, holding.entry_date) == (quantity, price, day)
    assert holding.tags == tags_in(",".join(tags))
