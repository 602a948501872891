"""The twelve columns: options by symbol or by terms, classes, exits, one problem per bad cell."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.books.files import (
    Change,
    Held,
    Holding,
    Holdings,
    Source,
    Terms,
    changes_to,
    five_columns_template,
    holdings_of,
    sheet_of,
    too_many_tags,
    twelve_columns_template,
    underlyings,
)
from services.gateway.books.files.writing import TWELVE_HEADER
from tests.unit.gateway.builders import rules

STOCK = {
    "Symbol": "AAPL",
    "Quantity": "100",
    "Entry Price Per Share": "148.71",
    "Entry Date": "2022-06-01",
}
TERMS = {
    "Underlying Symbol": "AAPL",
    "Strike Price": "150",
    "Expiration Date": "2023-06-16",
    "Option Type": "CALL",
}
OPTION = {**STOCK, **TERMS, "Symbol": ""}
OCC = "AAPL230616C00150000"


def a_file(
    *rows: dict[str, str], columns: tuple[str, ...] = TWELVE_HEADER, end: str = "\n"
) -> bytes:
    lines = [columns, *([row.get(column, "") for column in columns] for row in rows)]
    return end.join(",".join(f'"{cell}"' for cell in line) for line in lines).encode()


def read(data: bytes, known: set[str] | None = None) -> Holdings:
    return holdings_of(sheet_of(data), rules(known))


def codes(holdings: Holdings) -> list[tuple[str | None, str]]:
    return [(problem.field, problem.code) for problem in holdings.problems]


def a_holding(**cells: str) -> Holding:
    (holding,) = read(a_file({**STOCK, **cells})).accepted
    return holding


def test_the_header_distinguishes_the_formats() -> None:
    five = b"symbol,qty,price,trade date\nAAPL,1,100,2022-06-01"

    assert sheet_of(five).source is Source.FIVE_COLUMNS
    assert sheet_of(a_file(STOCK)).source is Source.TWELVE_COLUMNS
    assert sheet_of(a_file(STOCK, columns=TWELVE_HEADER[:4])).source is Source.TWELVE_COLUMNS


def test_a_price_of_today_beside_the_entry_price_is_an_unknown_column() -> None:
    (holding,) = read(b"symbol,qty,price,trade date,entry_price\nAAPL,1,100,2022-06-01,90").accepted

    assert holding.entry_price == Decimal(90)


@pytest.mark.parametrize(
    "cells",
    [
        {"Symbol": OCC, **dict.fromkeys(TERMS, "")},
        {"Symbol": "AAPL  230616C00150000"},
        {"Symbol": ""},
        {"Symbol": "", "Option Type": "c", "Strike Price": "150.000"},
        {"Symbol": "aapl", "Underlying Symbol": ""},
        {"Symbol": "", "Investment Class": "options"},
    ],
)
def test_an_option_is_named_by_its_symbol_or_by_its_terms(cells: dict[str, str]) -> None:
    (holding,) = read(a_file({**OPTION, **cells})).accepted

    assert (holding.symbol, holding.underlying, holding.multiplier) == (OCC, "AAPL", 100)
    assert holding.investment_class == "OPTIONS"


def test_an_index_option_by_its_terms_keeps_its_root() -> None:
    (holding,) = read(a_file({**OPTION, "Underlying Symbol": "SPXW"})).accepted

    assert (holding.symbol, holding.underlying) == ("SPXW230616C00150000", "SPX")


def test_two_ways_to_name_one_option_are_two_lots_of_it() -> None:
    holdings = read(a_file(OPTION, {**STOCK, "Symbol": OCC}))

    assert [holding.symbol for holding in holdings.accepted] == [OCC, OCC]
    assert (holdings.problems, holdings.warnings) == ((), ())


SOLD_IN_PART = {**STOCK, "Quantity": "40", "Exit Date": "2022-12-15", "Exit Price Per Share": "137"}
BOUGHT_AGAIN = {**STOCK, "Entry Price Per Share": "149"}


def test_part_of_a_lot_sold_and_one_bought_again_that_day_are_lots() -> None:
    holdings = read(a_file({**STOCK, "Quantity": "60"}, SOLD_IN_PART, BOUGHT_AGAIN))

    assert [(holding.quantity, holding.exit_date) for holding in holdings.accepted] == [
        (Decimal(60), None),
        (Decimal(40), date(2022, 12, 15)),
        (Decimal(100), None),
    ]
    assert holdings.problems == ()


def test_an_exit_closes_a_position() -> None:
    holding = a_holding(**{"Exit Date": "2022-11-15", "Exit Price Per Share": "151.29"})

    assert (holding.exit_date, holding.exit_price) == (date(2022, 11, 15), Decimal("151.29"))


def test_an_option_may_end_worthless() -> None:
    assert a_holding(**{"Exit Date": "2022-11-15", "Exit Price Per Share": "0"}).exit_price == 0


def test_a_private_holding_needs_no_known_price_and_says_so() -> None:
    private = {
        "Symbol": "Acme-Series_A",
        "Investment Class": "Private",
        "Investment Subtype": "Venture",
    }

    holdings = read(a_file({**STOCK, **private}), known={"AAPL"})

    (holding,) = holdings.accepted
    assert (holding.symbol, holding.investment_class, holding.investment_subtype) == (
        "ACME-SERIES_A",
        "PRIVATE",
        "Venture",
    )
    assert [(warning.line, warning.code) for warning in holdings.warnings] == [
        (2, "no_market_price")
    ]


def test_underlyings_name_all_symbols_to_look_up() -> None:
    sheet = sheet_of(a_file(OPTION, {**STOCK, "Symbol": "ACME", "Investment Class": "PRIVATE"}))

    assert underlyings(sheet) == {"AAPL", "ACME"}


CLASS = "investment_class"
SUBTYPE = "investment_subtype"
UNDERLYING = "underlying_symbol"
STRIKE = "strike_price"
EXPIRY = "expiration_date"
KIND = "option_type"
EXIT = "exit_date"
EXIT_PRICE = "exit_price_per_share"
ONE_PROBLEM = [
    ({"Symbol": ""}, "symbol", "missing_value"),
    ({"Symbol": "", "Underlying Symbol": "AAPL"}, "symbol", "missing_value"),
    ({"Symbol": "ZZZZ"}, "symbol", "unknown_symbol"),
    ({"Symbol": "ZZZZ", "Investment Class": "FUND"}, CLASS, "unknown_class"),
    ({"Investment Class": "OPTIONS"}, CLASS, "class_disagrees"),
    ({"Symbol": OCC, "Investment Class": "PUBLIC"}, CLASS, "class_disagrees"),
    (
        {"Symbol": "ACME", "Investment Class": "PRIVATE", "Strike Price": "1"},
        STRIKE,
        "class_disagrees",
    ),
    ({"Symbol": OCC, "Investment Class": "PRIVATE"}, "symbol", "invalid_symbol"),
    ({"Symbol": "a/b", "Investment Class": "PRIVATE"}, "symbol", "invalid_symbol"),
    ({"Investment Class": "PRIVATE"}, "symbol", "symbol_is_listed"),
    ({"Investment Subtype": "x" * 51}, SUBTYPE, "too_long"),
    ({"Investment Subtype": "a\tb"}, SUBTYPE, "invalid_text"),
    ({"Investment Subtype": "a\u3164b"}, SUBTYPE, "invalid_text"),
    ({"Entry Price Per Share": "0"}, "entry_price_per_share", "price_not_positive"),
    ({"Entry Price Per Share": "$1"}, "entry_price_per_share", "not_a_number"),
    ({"Quantity": "1,000"}, "quantity", "thousands_separator"),
    ({"Entry Date": "2022-12-29", "Exit Date": "2022-12-01"}, "entry_date", "date_in_future"),
    ({"Exit Date": "2022-05-31", "Exit Price Per Share": "1"}, EXIT, "exit_before_entry"),
    ({"Exit Date": "31.12.2022", "Exit Price Per Share": "1"}, EXIT, "invalid_date"),
    ({"Exit Price Per Share": "1"}, EXIT, "missing_value"),
    ({"Exit Date": "2022-11-15", "Exit Price Per Share": "-1"}, EXIT_PRICE, "price_negative"),
    ({"Exit Date": "2022-11-15", "Exit Price Per Share": "x"}, EXIT_PRICE, "not_a_number"),
    (
        {"Exit Date": "2022-11-15", "Exit Price Per Share": "1.1234567"},
        EXIT_PRICE,
        "too_many_decimals",
    ),
    ({**TERMS, "Symbol": "", "Strike Price": ""}, STRIKE, "missing_value"),
    ({**TERMS, "Symbol": "", "Strike Price": "-1"}, STRIKE, "price_not_positive"),
    ({**TERMS, "Symbol": "", "Strike Price": "100000"}, STRIKE, "too_large"),
    ({**TERMS, "Symbol": "", "Strike Price": "1.2345"}, STRIKE, "too_many_decimals"),
    ({**TERMS, "Symbol": "", "Expiration Date": "June"}, EXPIRY, "invalid_date"),
    ({**TERMS, "Symbol": "", "Expiration Date": "2100-01-15"}, EXPIRY, "invalid_date"),
    ({**TERMS, "Symbol": "", "Expiration Date": "2022-05-20"}, "entry_date", "entry_after_expiry"),
    ({**TERMS, "Symbol": "", "Option Type": "straddle"}, KIND, "unknown_option_type"),
    ({**TERMS, "Symbol": "", "Underlying Symbol": ""}, UNDERLYING, "missing_value"),
    ({**TERMS, "Symbol": "", "Underlying Symbol": "TOOLONGROOT"}, UNDERLYING, "invalid_symbol"),
    ({**TERMS, "Symbol": "", "Underlying Symbol": "ZZZZ"}, UNDERLYING, "unknown_symbol"),
    ({**TERMS, "Underlying Symbol": "MSFT"}, UNDERLYING, "terms_disagree"),
    ({**TERMS, "Symbol": OCC, "Underlying Symbol": "MSFT"}, UNDERLYING, "terms_disagree"),
    ({**TERMS, "Symbol": OCC, "Strike Price": "155"}, STRIKE, "terms_disagree"),
    ({**TERMS, "Symbol": OCC, "Expiration Date": "2023-06-17"}, EXPIRY, "terms_disagree"),
    ({**TERMS, "Symbol": OCC, "Option Type": "PUT"}, KIND, "terms_disagree"),
    ({**TERMS, "Symbol": OCC, "Strike Price": "much"}, STRIKE, "not_a_number"),
]


@pytest.mark.parametrize(("cells", "field", "code"), ONE_PROBLEM)
def test_one_bad_cell_is_one_problem(cells: dict[str, str], field: str, code: str) -> None:
    holdings = read(a_file({**STOCK, **cells}), known={"AAPL", "MSFT"})

    assert codes(holdings) == [(field, code)]


def test_an_option_with_nothing_right_has_a_problem_per_cell() -> None:
    bad = {
        **OPTION,
        **{
            "Quantity": "0",
            "Entry Price Per Share": "-1",
            "Entry Date": "soon",
            "Investment Subtype": "x" * 51,
        },
        **{"Strike Price": "0", "Expiration Date": "never", "Option Type": "both"},
        **{"Exit Date": "later", "Exit Price Per Share": "some"},
    }

    assert sorted(codes(read(a_file(bad)))) == sorted(
        [
            ("quantity", "zero_quantity"),
            ("entry_price_per_share", "price_not_positive"),
            ("entry_date", "invalid_date"),
            (SUBTYPE, "too_long"),
            (STRIKE, "price_not_positive"),
            (EXPIRY, "invalid_date"),
            (KIND, "unknown_option_type"),
            (EXIT, "invalid_date"),
            (EXIT_PRICE, "not_a_number"),
        ]
    )


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"Exit Date": "2022-11-15"}, "exit_price_missing"),
        ({"Exit Date": "2023-01-15", "Exit Price Per Share": "1"}, "exit_in_future"),
        ({**TERMS, "Symbol": "", "Expiration Date": "2023-06-17"}, "expiry_not_a_session"),
    ],
)
def test_what_is_odd_is_loaded_with_a_warning(cells: dict[str, str], code: str) -> None:
    holdings = read(a_file({**STOCK, **cells}))

    assert len(holdings.accepted) == 1
    assert [warning.code for warning in holdings.warnings] == [code]


@pytest.mark.parametrize("template", [five_columns_template(), twelve_columns_template()])
def test_templates_have_no_problems(template: str) -> None:
    holdings = read(template.encode(), known={"AAPL", "MSFT", "XOM"})

    assert holdings.problems == ()
    assert len(holdings.accepted) >= 3


# --- meeting a portfolio ---

DAY = date(2022, 6, 1)


def met(held: Held, **cells: str) -> Change:
    (change,) = changes_to([held], [a_holding(**cells)])
    return change


def held(
    *tags: str, exit_date: date | None = None, exit_price: str | None = None, quantity: str = "100"
) -> Held:
    price = None if exit_price is None else Decimal(exit_price)
    size = Decimal(quantity)
    terms = Terms(size, Decimal("148.71"), "PUBLIC", None, exit_date, price)
    left = size if exit_date is None else Decimal(0)
    return Held(uuid4(), "AAPL", DAY, terms, left, frozenset(tags))


def test_a_file_silent_about_the_exit_does_not_open_a_position_again() -> None:
    change = met(held(exit_date=date(2022, 11, 15), exit_price="151"))

    assert (change.kind, change.changed) == ("unchanged", frozenset())
    assert change.terms.exit_date == date(2022, 11, 15)


def test_an_update_names_the_terms_that_it_changes() -> None:
    closed = met(held(), **{"Exit Date": "2022-11-15", "Exit Price Per Share": "151"})
    moved = met(
        held(exit_date=date(2022, 11, 15), exit_price="151"),
        **{"Exit Date": "2022-11-20", "Exit Price Per Share": "151"},
    )
    resized = met(held(quantity="90"))

    assert (closed.kind, set(closed.changed)) == ("updated", {"exit_date", "exit_price"})
    assert (moved.kind, set(moved.changed)) == ("updated", {"exit_date"})
    assert (resized.kind, set(resized.changed)) == ("updated", {"quantity"})


def test_a_subtype_changes_nothing_else() -> None:
    change = met(held(), **{"Investment Subtype": "Growth"})

    assert (change.kind, set(change.changed)) == ("updated", {"investment_subtype"})


def test_tags_carried_already_count_towards_the_twenty() -> None:
    carried = held(*(f"t{number}" for number in range(20)))
    (holding,) = read(
        b'ticker,quantity,entry_price,entry_date,tags\nAAPL,100,148.71,2022-06-01,"T1,new"'
    ).accepted

    changes = changes_to([carried], [holding])

    assert [(problem.line, problem.code) for problem in too_many_tags(changes)] == [
        (2, "too_many_tags")
    ]
    assert too_many_tags([met(carried)]) == []


# --- any file ---

ROWS = (
    STOCK,
    OPTION,
    {**STOCK, "Symbol": "ZZZZ", "Quantity": "0"},
    {**STOCK, "Symbol": "MSFT", "Exit Date": "2022-05-31"},
    {**STOCK, "Symbol": "XOM", "Exit Date": "2022-11-15", "Exit Price Per Share": "1"},
)
EXPECTED = read(a_file(*ROWS), known={"AAPL", "MSFT", "XOM"})
_letters = st.sampled_from((str.lower, str.upper, str.title, lambda word: word.replace(" ", "_")))


@given(
    st.permutations((*TWELVE_HEADER, "Comment")),
    _letters,
    st.sampled_from((b"", b"\xef\xbb\xbf")),
    st.sampled_from(("\n", "\r\n", "\r")),
)
@settings(max_examples=150, deadline=None)
def test_order_case_byte_order_mark_and_line_ends_change_nothing(
    columns: list[str], spelling: object, mark: bytes, end: str
) -> None:
    assert callable(spelling)
    header, *lines = a_file(*ROWS, columns=tuple(columns), end=end).decode().split(end)

    data = mark + end.join([spelling(header), *lines]).encode()

    assert read(data, known={"AAPL", "MSFT", "XOM"}) == EXPECTED


_FAULTS = st.fixed_dictionaries(
    {},
    optional={
        ("Quantity", "zero_quantity"): st.sampled_from(("0", "0.000", "-0")),
        ("Entry Price Per Share", "price_not_positive"): st.sampled_from(("0", "-5", "-0.1")),
        ("Entry Date", "invalid_date"): st.sampled_from(("2022-02-30", "1/2/2022", "x")),
        ("Investment Class", "unknown_class"): st.sampled_from(("FUND", "?", "public!")),
        ("Investment Subtype", "too_long"): st.just("s" * 51),
        ("Strike Price", "not_a_number"): st.sampled_from(("abc", "1..2", "nan")),
        ("Expiration Date", "invalid_date"): st.sampled_from(("soon", "2023-13-01")),
        ("Option Type", "unknown_option_type"): st.sampled_from(("BOTH", "X")),
        ("Exit Date", "invalid_date"): st.sampled_from(("gone", "2022-11-31")),
        ("Exit Price Per Share", "price_negative"): st.sampled_from(("-1", "-0.01")),
    },
)


@given(_FAULTS)
@settings(max_examples=200, deadline=None)
def test_every_bad_cell_is_its_own_problem_and_no_other(faults: dict[tuple[str, str], str]) -> None:
    sound = {**OPTION, "Exit Date": "2022-11-15", "Exit Price Per Share": "1"}
    row = {**sound, **{column: cell for (column, _), cell in faults.items()}}

    holdings = read(a_file(row), known={"AAPL"})

    expected = {(column.lower().replace(" ", "_"), code) for column, code in faults}
    assert set(codes(holdings)) == expected
    assert len(holdings.problems) == len(expected)
    assert len(holdings.accepted) == (0 if faults else 1)
