"""Statements of brokers in XML and OFX: what is held or what was done, by entry."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import ibflex.parser
import pytest

from services.gateway.books.files import (
    Entries,
    Holdings,
    Rules,
    Sheet,
    UnreadableFile,
    entries_of,
    holdings_of,
    sheet_of,
)
from services.gateway.books.files.instruments import symbol_of
from services.gateway.books.files.mapping import ColumnMapping, Meaning, Profile, Use
from shared.calendar import is_session
from tests.layouts import DONE, HELD, flex

RULES = Rules(date(2022, 12, 28), None, is_session)
OPTION = "AAPL230120C00150000"


def held(text: str) -> Holdings:
    return holdings_of(sheet_of(text.encode()), RULES)


def done(text: str) -> Entries:
    return entries_of(sheet_of(text.encode(), use=Use.TRANSACTIONS), RULES)


def refused(text: str) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as error:
        sheet_of(text.encode())
    return error.value


def passed(sheet: Sheet) -> list[tuple[str, str]]:
    return [(line.label, line.code) for line in sheet.export.skipped] if sheet.export else []


def test_flex_positions_are_read_and_unknown_classes_are_their_line_s_problem() -> None:
    sheet = sheet_of(flex(*HELD, *DONE).encode())
    found = holdings_of(sheet, RULES)

    assert [(each.symbol, each.quantity, each.entry_price) for each in found.accepted] == [
        ("AAPL", Decimal(150), Decimal("148.713333")),
        (OPTION, Decimal(-2), Decimal("4.2")),
    ]
    assert {each.entry_date for each in found.accepted} == {date(2022, 12, 28)}
    assert [(each.line, each.code) for each in found.problems] == [
        (7, "unsupported_currency"),
        (8, "unknown_class"),
        (8, "unsupported_multiplier"),
    ]
    assert sheet.export is not None
    assert (sheet.export.cash, sheet.export.total) == (Decimal("2500.25"), Decimal("21370.25"))
    assert [code for _, code in passed(sheet)] == [
        *["other_section"] * 4,
        "total",
        *["other_section"] * 3,
    ]
    assert sheet.lists == (Use.POSITIONS, Use.TRANSACTIONS)


def test_flex_trades_and_cash_are_entries_with_their_ids() -> None:
    found = done(flex(*HELD, *DONE))

    assert [
        (each.external_id, each.kind, each.quantity, each.price, each.amount, each.fees)
        for each in found.accepted
    ] == [
        ("70001", "buy", Decimal(10), Decimal(300), None, Decimal("1.50")),
        ("70002", "sell_short", Decimal(-1), Decimal("5.2"), None, Decimal(0)),
        ("cash 8001", "dividend", None, None, Decimal("34.5"), Decimal(0)),
        ("cash 8002", "fee", None, None, Decimal("5.18"), Decimal(0)),
        ("cash 8003", "withdrawal", None, None, Decimal(-500), Decimal(0)),
    ]
    assert [each.instrument and symbol_of(each.instrument) for each in found.accepted[:4]] == [
        *("BRK.B", "MSFT230120P00220000", "AAPL", None),
    ]
    assert [(each.line, each.code) for each in found.problems] == [(14, "unknown_class")]
    assert [warning.code for warning in found.warnings] == ["rebate_left_out"]
    assert [line.code for line in found.skipped] == ["derived"]


def test_another_parser_of_flex_finds_the_same() -> None:
    known = HELD[0].replace(' newAttribute="x"', "")
    text = flex(known, HELD[1], *DONE[:2])
    statement = ibflex.parser.parse(BytesIO(text.encode())).FlexStatements[0]

    ours = [(each.quantity, each.entry_price) for each in held(text).accepted]
    traded = [(each.external_id, each.quantity, each.price) for each in done(text).accepted]
    first = statement.OpenPositions[0]

    assert first.costBasisPrice is not None
    assert (first.position, round(first.costBasisPrice, 6)) == ours[0]
    assert [each.position for each in statement.OpenPositions] == [row[0] for row in ours]
    assert [(each.tradeID, each.quantity, each.tradePrice) for each in statement.Trades] == traded


def test_lots_of_a_position_replace_their_sum() -> None:
    lots = [
        HELD[0]
        .replace("SUMMARY", f'LOT" openDateTime="2022-0{month}-01;101500')
        .replace('"150"', '"75"')
        for month in (6, 7)
    ]
    sheet = sheet_of(flex(HELD[0], *lots, HELD[1]).encode())

    assert [
        (each.symbol, each.quantity, each.entry_date) for each in holdings_of(sheet, RULES).accepted
    ] == [
        ("AAPL", Decimal(75), date(2022, 6, 1)),
        ("AAPL", Decimal(75), date(2022, 7, 1)),
        (OPTION, Decimal(-2), date(2022, 12, 28)),
    ]
    assert passed(sheet) == [("AAPL", "total")]


def test_entries_on_one_line_are_counted() -> None:
    found = held(flex(*HELD, between=" "))

    assert [each.line for each in found.accepted] == [1, 2]
    assert sorted({each.line for each in found.problems}) == [3, 4]


BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
    '<!ENTITY c SYSTEM "file:///etc/passwd">]>\n'
)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (flex(HELD[0], before=BOMB), 2, "<!DOCTYPE"),
        (flex(HELD[0].replace("AAPL", "&a;")), 5, "broken"),
        (flex(HELD[0]).replace("</OpenPositions>", ""), 7, "broken"),
        (flex("<a>" * 3_000), 4, "deep"),
        ('<?xml version="1.0"?><Report><Line/></Report>', 1, "neither"),
        (flex(), 1, "empty"),
        ("<OFX><BANKMSGSRSV1><STMTRS></STMTRS></BANKMSGSRSV1></OFX>", 1, "INVSTMTRS"),
        ("<!DOCTYPE OFX><OFX><INVSTMTRS></INVSTMTRS></OFX>", 1, "<!DOCTYPE"),
    ],
)
def test_what_is_no_statement_or_declares_entities_is_refused(
    text: str, line: int, words: str
) -> None:
    error = refused(text)

    assert error.problem.line == line
    assert error.problem.code == ("empty" if words == "empty" else "invalid_xml")
    assert words in str(error)


def test_a_statement_has_no_columns_for_a_mapping() -> None:
    mapping = ColumnMapping(Use.POSITIONS, {"symbol": Meaning.SYMBOL})

    with pytest.raises(UnreadableFile, match="leave the mapping out"):
        sheet_of(flex(*HELD).encode(), [Profile("sent", ("symbol",), mapping)])


def test_what_a_file_does_not_list_is_refused_by_name() -> None:
    with pytest.raises(UnreadableFile, match="lists no transactions") as error:
        sheet_of(flex(*HELD).encode(), use=Use.TRANSACTIONS)
    with pytest.raises(UnreadableFile, match="lists no positions"):
        sheet_of(b"date,type,symbol,quantity,price\n2022-11-01,buy,A,1,1\n", use=Use.POSITIONS)

    assert (error.value.problem.field, error.value.problem.code) == ("use", "not_listed")


# --- days that are unclear ---


@pytest.mark.parametrize("day", ["01/02/2022", "13/02/2022", "2022/01/02", "01-Feb-22", "2022-1-2"])
def test_flex_days_in_other_forms_are_their_lines_problem(day: str) -> None:
    trade = DONE[0].replace("2022-11-01", day, 1)
    option = HELD[1].replace('20230120"', f'{day}"')
    text = flex(HELD[0].replace("20221228", day), option, trade)

    sold, lots = done(text), held(text)

    assert (sold.accepted, lots.accepted) == ((), ())
    assert [(each.field, each.code) for each in sold.problems] == [("date", "invalid_date")]
    assert sold.problems[0].message.startswith(f"tradeDate {day!r}")
    assert [(each.field, each.code) for each in lots.problems] == [
        ("reportDate", "invalid_date"),
        ("expiration_date", "invalid_date"),
    ]


@pytest.mark.parametrize("day", ["20221101", "2022-11-01;093000", "20221101, 09:30:00 EST"])
def test_flex_days_in_the_two_forms_are_read_with_a_time(day: str) -> None:
    (trade,) = done(flex(DONE[0].replace("2022-11-01", day, 1))).accepted

    assert trade.trade_date == date(2022, 11, 1)
