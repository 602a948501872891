"""Where a file's header is, what separates its cells, and which bytes are no text."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.gateway.books.files import Rules, UnreadableFile, holdings_of, sheet_of
from services.gateway.books.files.mapping import (
    ColumnMapping,
    DateFormat,
    DecimalMark,
    Meaning,
    Profile,
    Separator,
    Use,
)
from services.gateway.books.files.recognising import recognise
from shared.calendar import is_session

RULES = Rules(date(2022, 12, 28), None, is_session)
FIVE = ("ticker", "quantity", "entry_price", "entry_date", "tags")
ROW = ("AAPL", "100", "148.71", "2022-06-01", '"tech, core; a|b"')


def held(data: bytes) -> list[tuple[str, Decimal]]:
    found = holdings_of(sheet_of(data), RULES)
    return [(each.symbol, each.quantity) for each in found.accepted]


def refused(data: bytes, *profiles: Profile) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as error:
        sheet_of(data, profiles)
    return error.value


# --- our own columns ---


@pytest.mark.parametrize("separator", list(Separator))
def test_our_columns_are_read_by_any_separator(separator: Separator) -> None:
    row = (*ROW[:4], '"tech, core"')
    data = "\n".join(separator.join(cells) for cells in (FIVE, row)).encode()

    found = holdings_of(sheet_of(data), RULES)

    assert [(each.symbol, each.tags) for each in found.accepted] == [("AAPL", ("tech", "core"))]
    assert found.problems == ()


@pytest.mark.parametrize(
    "header",
    [
        b"ticker,quantity,entry_price,entry_date,tags",
        b"date,type,symbol,quantity,price",
        b'Symbol,Quantity,Price,Market Value,"Cost Basis",Security Type',
    ],
)
def test_lines_above_a_header_of_ours_are_passed_over(header: bytes) -> None:
    rows = {
        b"ticker": b"AAPL,1,100,2022-06-01,",
        b"date,t": b"2022-06-01,buy,AAPL,1,100",
        b"Symbol": b'AAPL,1,100,$100,$90,"Equity"',
    }
    title = b"Holdings of account 12, as of 28.12.2022; prices in USD\nprinted by x|y\n\n"

    sheet = sheet_of(title + header + b"\n" + rows[header[:6]])

    assert (sheet.line, len(sheet.rows), sheet.problems) == (4, 1, ())


def test_a_decimal_comma_is_refused_by_line_and_never_read_as_thousands() -> None:
    data = b"ticker;quantity;entry_price;entry_date\nAAPL;1.000,5;148,71;2022-06-01\n"

    found = holdings_of(sheet_of(data), RULES)

    assert [(each.field, each.code) for each in found.problems] == [
        ("quantity", "not_a_number"),
        ("entry_price", "not_a_number"),
    ]
    assert "choose the comma as decimal mark" in found.problems[0].message


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"ticker;quantity;entry_price;entry_date\nXOM;2;3;2022-06-01\nAAPL;1,5;7;2022-06-01\n",
         "quantity"),
        (b"date;type;symbol;quantity;price\n2022-06-01;buy;A;1;2\n2022-06-01;buy;A;1;148,71\n",
         "price"),
    ],
)  # fmt: skip
def test_a_decimal_comma_in_our_own_columns_is_recognised_with_its_fix(
    data: bytes, field: str
) -> None:
    found = recognise(data)

    assert found.sheet is not None
    assert found.problem is not None
    assert (found.problem.line, found.problem.field) == (3, field)
    assert "map the file's columns and choose the comma as decimal mark" in found.problem.message
    assert found.suggested is not None
    assert found.suggested.decimal_mark is DecimalMark.COMMA
    mapped = Profile("as suggested", FIVE[:0], found.suggested)
    assert recognise(data, [mapped]).problem is None


def test_decimal_points_and_separated_thousands_are_recognised_without_a_problem() -> None:
    data = b"ticker;quantity;entry_price;entry_date\nAAPL;1,500;7.5;2022-06-01\n"

    assert recognise(data).problem is None


# --- any other columns ---

BANK = """\
Depot 4711, Stand 28.12.2022
;;;
"Titel, ISIN";"Stueck";"Einstand";"Kauf"
"AAPL";"1.000,5";"148.710,00";"01.06.2022"
XOM;-50;5.100,00;02.06.2022
"""
MAPPING = ColumnMapping(
    Use.POSITIONS,
    {
        "Titel, ISIN": Meaning.SYMBOL,
        "Stueck": Meaning.QUANTITY,
        "Einstand": Meaning.COST,
        "Kauf": Meaning.DATE,
    },
    date_format=DateFormat.POINTS,
    decimal_mark=DecimalMark.COMMA,
)


def profile(mapping: ColumnMapping) -> Profile:
    return Profile("sent", tuple(mapping.columns), mapping)


def test_semicolons_and_decimal_commas_are_read_through_a_mapping() -> None:
    found = recognise(BANK.encode())
    sheet = sheet_of(BANK.encode(), [profile(MAPPING)])

    assert (found.line, found.separator) == (3, Separator.SEMICOLON)
    assert [column.name for column in found.columns] == list(MAPPING.columns)
    assert found.suggested is not None
    assert (found.suggested.separator, found.suggested.decimal_mark) == (";", ",")
    assert held_by(MAPPING) == [("AAPL", Decimal("1000.5")), ("XOM", Decimal(-50))]
    assert sheet.line == 3


def held_by(mapping: ColumnMapping) -> list[tuple[str, Decimal]]:
    found = holdings_of(sheet_of(BANK.encode(), [profile(mapping)]), RULES)
    return [(each.symbol, each.quantity) for each in found.accepted]


def test_a_mapping_may_say_separator_and_line_of_the_header() -> None:
    right = replace(MAPPING, separator=Separator.SEMICOLON, header_line=3)
    tabs = refused(BANK.encode(), profile(replace(MAPPING, separator=Separator.TAB)))
    above = refused(BANK.encode(), profile(replace(MAPPING, header_line=2)))

    assert held_by(right) == held_by(MAPPING)
    assert "separated by tabs" in str(tabs)
    assert (above.problem.line, above.problem.code) == (2, "missing_column")


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ('Name,Memo\nA,"x;y;z"\nB,"u;v;w"\n', Separator.COMMA),
        ('Name,"M;x"\nA,"a;b"\nB,"c;d"\n', Separator.COMMA),
        ("Name,Memo\nA,x;y;z\nB,u;v;w\n", Separator.COMMA),
        ('"Name, full";Memo\n"A, Inc.";x\n"B, Ltd.";y\n', Separator.SEMICOLON),
        ("Name;Kurs, USD;Menge\nAAPL;126,04;10\nXOM;108,38;5\n", Separator.SEMICOLON),
        ("Name\tMemo, long\nA, Inc.\tx\nB, Ltd.\ty\n", Separator.TAB),
        ("Name|Memo, long\nA, Inc.|x; y\n", Separator.PIPE),
        ("Konto;4711;EUR\nName,Memo,Art\nA,b,c\nD,e,f\n", Separator.COMMA),
    ],
)
def test_separators_within_cells_separate_nothing(text: str, separator: Separator) -> None:
    assert recognise(text.encode()).separator is separator


def test_a_user_may_say_where_the_header_is() -> None:
    chosen = recognise(BANK.encode(), separator=Separator.SEMICOLON, header_line=4)
    found = recognise(BANK.encode())

    assert [column.name for column in chosen.columns][:2] == ["AAPL", "1.000,5"]
    assert chosen.suggested is not None
    assert chosen.suggested.header_line == 4
    assert [(each.line, each.cells[:1]) for each in found.first_lines] == [
        (1, ("Depot 4711, Stand 28.12.2022",)),
        (3, ("Titel, ISIN",)),
        (4, ("AAPL",)),
        (5, ("XOM",)),
    ]
    with pytest.raises(UnreadableFile) as error:
        recognise(BANK.encode(), header_line=40)
    assert error.value.problem.line == 40


# --- no text ---

TEXT = "ticker,quantity\nM\u00fcnchen,1\n"


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (TEXT.encode("utf-16"), 1, "UTF-16"),
        (TEXT.encode("utf-16-le"), 1, "UTF-16"),
        (TEXT.encode("utf-16-be"), 1, "UTF-16"),
        (TEXT.encode("utf-32"), 1, "UTF-32"),
        (TEXT.encode("cp1252"), 2, "'\u00fc' in Windows-1252"),
        (b"PK\x03\x04" + bytes(100), 1, "archive"),
        (b"\x1f\x8b\x08" + bytes(100), 1, "gzip"),
        (b"a,b\n\x00", 1, "zero bytes"),
    ],
)
def test_bytes_that_are_no_utf_8_say_what_they_seem_to_be(
    data: bytes, line: int, words: str
) -> None:
    error = refused(data)

    assert (error.problem.line, error.problem.code) == (line, "not_text")
    assert words in str(error)
