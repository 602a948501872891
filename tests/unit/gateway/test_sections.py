"""Tables that stand one below the other: one is read, and the lines of the others are named."""

import pytest

from services.gateway.books.files import Source, UnreadableFile, entries_of, holdings_of, sheet_of
from services.gateway.books.files.mapping import Use
from tests.unit.gateway.builders import rules

POSITIONS = (
    "ticker,quantity,entry_price,entry_date,tags\nAAPL,1,100,2022-06-01,\nXOM,2,90,2022-06-02,"
)
TRANSACTIONS = (
    "date,type,symbol,quantity,price\n2022-06-01,buy,AAPL,3,150\n2022-06-02,sell,XOM,4,80"
)
OTHER = "Symbol,Quantity,Entry Price Per Share,Entry Date,Exit Date\nIBM,5,130,2022-06-03,"


def file_of(*tables: str) -> bytes:
    return "\n\n".join(tables).encode()


@pytest.mark.parametrize("tables", [(POSITIONS, TRANSACTIONS), (TRANSACTIONS, POSITIONS)])
def test_positions_are_read_beside_transactions_and_every_other_line_is_named(
    tables: tuple[str, str],
) -> None:
    data = file_of(*tables)
    sheet = sheet_of(data)

    assert (sheet.source, sheet.lists) == (
        Source.FIVE_COLUMNS,
        (Use.POSITIONS, Use.TRANSACTIONS),
    )
    assert [each.symbol for each in holdings_of(sheet, rules()).accepted] == ["AAPL", "XOM"]
    assert holdings_of(sheet, rules()).problems == ()
    first = data.decode().split("\n").index("2022-06-01,buy,AAPL,3,150") + 1
    assert sheet.export is not None
    assert [(each.line, each.code) for each in sheet.export.skipped] == [
        (first, "other_section"),
        (first + 1, "other_section"),
    ]
    assert "use=transactions" in sheet.export.skipped[0].message


@pytest.mark.parametrize("tables", [(POSITIONS, TRANSACTIONS), (TRANSACTIONS, POSITIONS)])
def test_transactions_are_read_where_they_are_chosen(tables: tuple[str, str]) -> None:
    sheet = sheet_of(file_of(*tables), use=Use.TRANSACTIONS)

    found = entries_of(sheet, rules())
    assert (sheet.source, len(found.accepted), found.problems) == (Source.TRANSACTIONS, 2, ())
    assert sheet.export is not None
    assert [each.label for each in sheet.export.skipped] == ["AAPL", "XOM"]
    assert "use=positions" in sheet.export.skipped[0].message


def test_a_second_table_of_the_same_kind_is_named_and_not_read_as_rows_of_the_first() -> None:
    sheet = sheet_of(file_of(POSITIONS, OTHER))

    assert (len(sheet.rows), sheet.lists) == (2, (Use.POSITIONS,))
    assert sheet.export is not None
    [skipped] = sheet.export.skipped
    assert (skipped.line, skipped.label, skipped.code) == (6, "IBM", "other_section")
    assert "send it as a separate file" in skipped.message


def test_every_line_of_three_tables_is_read_or_named() -> None:
    sheet = sheet_of(file_of(POSITIONS, TRANSACTIONS, OTHER))

    assert sheet.export is not None
    lines = [row.line for row in sheet.rows] + [each.line for each in sheet.export.skipped]
    assert sorted(lines) == [2, 3, 6, 7, 10]


def test_a_header_that_is_repeated_begins_no_other_table() -> None:
    sheet = sheet_of(file_of(POSITIONS, POSITIONS))

    assert sheet.export is None
    assert [row.line for row in sheet.rows] == [2, 3, 5, 6, 7]


def test_a_kind_that_no_table_lists_is_refused() -> None:
    with pytest.raises(UnreadableFile) as refused:
        sheet_of(file_of(POSITIONS, OTHER), use=Use.TRANSACTIONS)

    assert refused.value.problem.code == "not_listed"
