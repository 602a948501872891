"""Cells on their way into a spreadsheet and back: nothing is executed, nothing is changed."""

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.books.files import (
    Holding,
    Listed,
    disarmed,
    holdings_of,
    positions_file,
    rearmed,
    sheet_of,
    why_not_a_tag,
)
from services.gateway.books.files.tags import tags_in
from shared.spreadsheet import csv_text
from tests.unit.gateway.builders import AS_OF, rules


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "'=1", "''=1"),
        *("\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)"),
    ],
)
def test_what_a_spreadsheet_would_execute_gets_an_apostrophe(text: str) -> None:
    assert disarmed(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "AAPL", "'quoted", "1 = 1", "it's = fine"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert disarmed(text) == text


@given(st.text(st.sampled_from("=+-@\t\r\n\uff1d;|'a1 "), max_size=8))
def test_disarmed_text_comes_back_and_is_never_executable(text: str) -> None:
    assert rearmed(disarmed(text)) == text
    for cell in re.split(r"[;|]", disarmed(text)):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))


@pytest.mark.parametrize("separator", [";", "|", "\t"])
def test_cells_with_another_separator_are_quoted_and_hold_no_formula(separator: str) -> None:
    text = csv_text(["note", "more"], [[f"a{separator}=1", "plain"]])

    assert text == f'note,more\r\n"a{separator}\'=1",plain\r\n'
    assert list(csv.reader(io.StringIO(text)))[1] == [f"a{separator}'=1", "plain"]
    assert rearmed(f"a{separator}'=1") == f"a{separator}=1"


@given(st.lists(st.text(st.sampled_from('",;|\t\r\n a')), min_size=1, max_size=3))
def test_quoted_cells_are_read_back_by_any_reader_of_csv(cells: list[str]) -> None:
    text = csv_text(["a"], [cells])

    assert list(csv.reader(io.StringIO(text, newline="")))[1] == list(map(disarmed, cells))


def test_numbers_and_dates_are_written_plainly() -> None:
    one = Listed("XOM", Decimal("-100.500000"), Decimal("1E+2"), date(2022, 6, 1), "PUBLIC")

    (row,) = csv.DictReader(io.StringIO(positions_file([one])))

    assert (row["Quantity"], row["Entry Price Per Share"], row["Entry Date"]) == (
        "-100.5",
        "100",
        "2022-06-01",
    )


_words = (
    st.text(st.sampled_from("abcXYZ019 _-:="), min_size=1, max_size=20).map(str.strip).filter(bool)
)
_tags = st.lists(_words.filter(lambda word: why_not_a_tag(word) is None), max_size=5).map(
    lambda words: tags_in(",".join(words))
)
_subtypes = (
    st.text(st.sampled_from("=+-@'\"ab ,;|\uff1d\u00fc"), max_size=20)
    .map(str.strip)
    .map(lambda text: text or None)
)
_quantities = st.decimals(-999_999, 999_999, places=6).filter(bool)
_prices = st.decimals(Decimal("0.000001"), 999_999, places=6)
_days = st.dates(date(2000, 1, 1), AS_OF)


@given(_quantities, _prices, _days, _subtypes, _tags)
@settings(max_examples=300, deadline=None)
def test_what_is_written_is_read_back(
    quantity: Decimal, price: Decimal, day: date, subtype: str | None, tags: tuple[str, ...]
) -> None:
    written = Listed(
        *("XOM", quantity, price, day, "PUBLIC"),
        investment_subtype=subtype,
        exit_date=day,
        exit_price=price,
        tags=tags,
    )

    holdings = holdings_of(sheet_of(positions_file([written]).encode()), rules({"XOM"}))

    read_back = Holding(2, "XOM", quantity, price, day, tags, "PUBLIC", subtype, day, price)
    assert (holdings.accepted, holdings.problems) == ((read_back,), ())
