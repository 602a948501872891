"""Files that are read by a mapping: those of known brokers, and by a user's profile."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.gateway.books.files import Rules, Sheet, Source, UnreadableFile, entries_of, sheet_of
from services.gateway.books.files.cells import day_of, day_within, number_text
from services.gateway.books.files.mapping import (
    ColumnMapping,
    DateFormat,
    DecimalMark,
    Meaning,
    Multiplier,
    Profile,
    Sign,
    Use,
    fingerprint,
    problems_of,
)
from services.gateway.books.files.recognising import recognise
from services.gateway.books.files.sheets import holdings_of
from shared.calendar import is_session

RULES = Rules(date(2022, 12, 28), None, is_session)
OPTION = "AAPL230120C00150000"


def held(sheet: Sheet, rules: Rules = RULES) -> list[tuple[str, Decimal, Decimal, date]]:
    found = holdings_of(sheet, rules)
    assert found.problems == ()
    return [
        (each.symbol, each.quantity, each.entry_price, each.entry_date) for each in found.accepted
    ]


def skipped(sheet: Sheet) -> list[tuple[int, str]]:
    return [(line.line, line.code) for line in sheet.export.skipped] if sheet.export else []


# --- brokers ---

FIDELITY = b"""\
Account Number,Account Name,Symbol,Description,Quantity,Last Price,Current Value,\
Cost Basis Total,Average Cost Basis,Type
Z01,Individual,SPAXX**,HELD IN MONEY MARKET,,,$5321.10,,,Cash,
Z01,Individual,AAPL,APPLE INC,120,$126.04,$15124.80,"$17,840.00",$148.67,Margin,
Z01,Individual, -AAPL230120C150,AAPL JAN 20 2023 $150 CALL,-1,$0.18,-$18.00,$420.00,$4.20,Margin,
Z01,Individual,Pending Activity,,,,-$75.00,,,,

"The data and information in this spreadsheet is provided for information only."
"Date downloaded Dec-28-2022 6:41 p.m ET"
"""


def test_fidelity_cash_and_notes_are_no_positions_and_the_day_is_its_footer_s() -> None:
    sheet = sheet_of(FIDELITY)
    day = date(2022, 12, 28)

    assert held(sheet) == [
        ("AAPL", Decimal(120), Decimal("148.666667"), day),
        (OPTION, Decimal(-1), Decimal("4.2"), day),
    ]
    assert sheet.export is not None
    assert (sheet.layout, sheet.export.exported_on) == ("Fidelity positions", day)
    assert sheet.export.cash == Decimal("5246.10")
    assert skipped(sheet) == [(2, "cash"), (5, "cash"), (7, "note"), (8, "note")]


ETRADE = b"""\
Account Summary
Account,Net Account Value,Total Gain $
"Individual Brokerage -0001",41250.55,-2100.10

Symbol,Last Price $,Change $,Change %,Quantity,Price Paid $,Total Gain $,Value $
AAPL,126.04,-3.99,-3.07,100.0000,148.7100,-2267.0000,12604.0000
AAPL Jan 20 '23 $150 Call,0.18,-0.09,-33.33,-2.0000,4.2000,804.0000,-36.0000
CASH,,,,,,,1500.55,
TOTAL,,,,,29800.00,-2414.30,14068.55,

Generated at Dec 28 2022 05:12 PM ET
"""


def test_etrade_s_positions_are_below_its_summary() -> None:
    sheet = sheet_of(ETRADE)

    assert [row[:3] for row in held(sheet)] == [
        ("AAPL", Decimal(100), Decimal("148.71")),
        (OPTION, Decimal(-2), Decimal("4.2")),
    ]
    assert sheet.export is not None
    assert (sheet.export.cash, sheet.export.total) == (Decimal("1500.55"), Decimal("14068.55"))
    assert sheet.export.exported_on == date(2022, 12, 28)


FLEX = """\
"ReportDate","CurrencyPrimary","Symbol","Description","Quantity","MarkPrice","PositionValue",\
"CostBasisPrice","AssetClass","FXRateToBase"
"2022-12-28","USD","AAPL","APPLE INC","150","126.04","18906","148.71","STK","1"
"2022-12-28","USD","AAPL  230120C00150000","AAPL 20JAN23 150 C","-2","0.18","-36","4.2","OPT","1"
"2022-12-28","EUR","SAPX","EXAMPLE SE","25","97.10","2427.5","90.2","STK","1.0612"
"2022-12-28","USD","ESH3","ES MAR23","1","3850","192500","3800","FUT","1"
"""


def test_flex_refuses_other_currencies_and_unknown_asset_classes_by_line() -> None:
    sheet = sheet_of(FLEX.encode())
    found = holdings_of(sheet, RULES)

    assert [(each.symbol, each.quantity) for each in found.accepted] == [
        ("AAPL", Decimal(150)),
        (OPTION, Decimal(-2)),
    ]
    assert [(each.line, each.code) for each in found.problems] == [
        (4, "unsupported_currency"),
        (5, "unknown_class"),
    ]
    assert sheet.export is not None
    assert sheet.export.exported_on == date(2022, 12, 28)


TASTY = b"""\
Account,Symbol,Type,Quantity,Exp Date,DTE,Strike Price,Call/Put,Trade Price,Delta
5WT00001,SPY   230120P00370000,OPTION,-2,"Jan 20, 23",23d,370,PUT,5.55,61.2
5WT00001,AAPL,STOCK,100,--,--,--,--,148.71,100
"""
YAHOO = b"""\
Symbol,Current Price,Date,Time,Change,Trade Date,Purchase Price,Quantity,Commission,Comment
AAPL,126.04,2022/12/28,16:00 EST,-3.99,20221101,151.25,120,,
XOM,108.38,2022/12/28,16:00 EST,-1.81,20221107,112.40,-60,,short
"""


def test_tastytrade_options_are_their_occ_symbols() -> None:
    assert [row[:3] for row in held(sheet_of(TASTY))] == [
        ("SPY230120P00370000", Decimal(-2), Decimal("5.55")),
        ("AAPL", Decimal(100), Decimal("148.71")),
    ]


def test_yahoo_s_lots_have_their_trade_dates() -> None:
    sheet = sheet_of(YAHOO)

    assert held(sheet) == [
        ("AAPL", Decimal(120), Decimal("151.25"), date(2022, 11, 1)),
        ("XOM", Decimal(-60), Decimal("112.4"), date(2022, 11, 7)),
    ]
    assert not sheet.undated


# --- profiles ---

BANK = """\
Depot 4711;x
Titel,Kurs,Stueck,Einstand,Kauf,Richtung
AAPL,"126,04","1.000,5","148.710,00",01.06.2022,Long
AAPL 01/20/2023 150.00 C,"0,18",2,"840,00",01.12.2022,Verkauft
"""
MAPPING = ColumnMapping(
    Use.POSITIONS,
    {
        "Titel": Meaning.SYMBOL,
        "Stueck": Meaning.QUANTITY,
        "Einstand": Meaning.COST,
        "Kauf": Meaning.DATE,
        "Richtung": Meaning.SIDE,
    },
    sign=Sign.COLUMN,
    words={"verkauft": "short"},
    date_format=DateFormat.POINTS,
    decimal_mark=DecimalMark.COMMA,
)
HEADER = ("Titel", "Kurs", "Stueck", "Einstand", "Kauf", "Richtung")
PROFILE = Profile("My bank", HEADER, MAPPING, key="1", exact=True)


def by(mapping: ColumnMapping, text: str) -> Sheet:
    return sheet_of(text.encode(), [Profile("sent", tuple(mapping.columns), mapping)])


def test_a_profile_reads_commas_days_words_and_costs() -> None:
    sheet = sheet_of(BANK.encode(), [PROFILE])

    assert held(sheet) == [
        ("AAPL", Decimal("1000.5"), Decimal("148.635682"), date(2022, 6, 1)),
        (OPTION, Decimal(-2), Decimal("4.2"), date(2022, 12, 1)),
    ]
    assert (sheet.layout, sheet.profile, sheet.ignored) == ("My bank", "1", ("Kurs",))


def test_a_saved_profile_reads_no_file_with_another_header() -> None:
    with pytest.raises(UnreadableFile):
        sheet_of(BANK.replace("Kurs", "Kurs EUR").encode(), [PROFILE])


def test_a_mapping_that_is_sent_names_the_column_that_the_file_is_missing() -> None:
    with pytest.raises(UnreadableFile) as error:
        by(MAPPING, BANK.replace("Kauf,", "Datum,"))

    assert (error.value.problem.field, error.value.problem.code) == ("Kauf", "missing_column")


def test_cells_that_are_written_otherwise_are_problems_that_name_the_column() -> None:
    sheet = by(MAPPING, BANK.replace("01.06.2022", "2022-06-01").replace('"840,00"', "8.4e2"))

    assert [(each.line, each.field, each.code) for each in sheet.problems] == [
        (3, "entry_date", "invalid_date"),
        (4, "cost", "not_a_number"),
    ]
    assert "Kauf '2022-06-01' is not a date of the form DD.MM.YYYY" in sheet.problems[0].message
    assert sheet.count == 2


def test_a_column_that_is_ignored_may_still_not_be_another_currency() -> None:
    text = "S,Q,P,Ccy\nAAPL,1,100,USD\nMSFT,1,100,EUR\n"
    columns = {"S": Meaning.SYMBOL, "Q": Meaning.QUANTITY, "P": Meaning.PRICE}
    mapping = ColumnMapping(Use.POSITIONS, columns | {"Ccy": Meaning.IGNORED})

    found = holdings_of(by(mapping, text), RULES)

    assert [(each.line, each.code) for each in found.problems] == [(3, "unsupported_currency")]


@pytest.mark.parametrize(
    ("rule", "cells", "expected"),
    [
        (Multiplier.PRICE_PER_SHARE, "2,4.2", (Decimal(2), Decimal("4.2"))),
        (Multiplier.PRICE_PER_CONTRACT, "2,420", (Decimal(2), Decimal("4.2"))),
        (Multiplier.QUANTITY_IN_SHARES, "200,4.2", (Decimal(2), Decimal("4.2"))),
    ],
)
def test_options_are_counted_and_priced_by_the_rule_and_stock_is_not(
    rule: Multiplier, cells: str, expected: tuple[Decimal, Decimal]
) -> None:
    columns = {"S": Meaning.SYMBOL, "Q": Meaning.QUANTITY, "P": Meaning.PRICE}
    mapping = ColumnMapping(Use.POSITIONS, columns, multiplier=rule)

    option, stock = held(by(mapping, f"S,Q,P\n{OPTION},{cells}\nAAPL,100,150\n"))

    assert option[1:3] == expected
    assert stock[1:3] == (Decimal(100), Decimal(150))


def test_a_sign_may_be_the_other_way_round() -> None:
    columns = {"S": Meaning.SYMBOL, "Q": Meaning.QUANTITY, "P": Meaning.PRICE}
    mapping = ColumnMapping(Use.POSITIONS, columns, sign=Sign.INVERTED)

    assert [row[1] for row in held(by(mapping, "S,Q,P\nAAPL,100,1\nMSFT,-5,1\n"))] == [-100, 5]


def test_transactions_take_their_kind_from_a_word_or_from_the_sign() -> None:
    text = "Tag,Art,Titel,Stueck,Kurs,Betrag,Gebuehr,Steuer\n"
    text += '01.11.2022,Kauf,AAPL,10,"150,00",,"1,00","0,50"\n02.11.2022,Einzahlung,,,,"500,00",,\n'
    columns = {
        "Tag": Meaning.DATE,
        "Art": Meaning.TYPE,
        "Titel": Meaning.SYMBOL,
        "Stueck": Meaning.QUANTITY,
        "Kurs": Meaning.PRICE,
        "Betrag": Meaning.AMOUNT,
        "Gebuehr": Meaning.FEES,
        "Steuer": Meaning.FEES,
    }
    mapping = replace(
        MAPPING,
        use=Use.TRANSACTIONS,
        columns=columns,
        words={"kauf": "buy", "einzahlung": "deposit"},
    )

    sheet = by(mapping, text)
    entries = entries_of(sheet, RULES)

    assert entries.problems == ()
    assert [(each.kind, each.quantity, each.amount) for each in entries.accepted] == [
        ("buy", Decimal(10), None),
        ("deposit", None, Decimal(500)),
    ]
    assert entries.accepted[0].fees == Decimal("1.50")

    unnamed = ColumnMapping(
        Use.TRANSACTIONS,
        {"d": Meaning.DATE, "s": Meaning.SYMBOL, "q": Meaning.QUANTITY, "p": Meaning.PRICE},
    )
    signed = entries_of(by(unnamed, "d,s,q,p\n2022-11-01,AAPL,5,1\n2022-11-02,AAPL,-5,1\n"), RULES)
    assert [each.kind for each in signed.accepted] == ["buy", "sell"]


# --- mappings ---


def test_everything_that_makes_a_mapping_unusable_is_named() -> None:
    columns = {"A": Meaning.SYMBOL, "B": Meaning.SYMBOL, "C": Meaning.FEES, "D": Meaning.PRICE}
    mapping = ColumnMapping(Use.POSITIONS, columns, sign=Sign.COLUMN, words={"x": "maybe"})

    found = {(each.field, each.code) for each in problems_of(mapping, ["A", "B", "C"])}

    assert found == {
        ("columns.B", "repeated"),
        ("columns.C", "unexpected"),
        ("columns.D", "unknown_column"),
        ("words.x", "unknown_type"),
        ("columns", "missing_column"),
    }


def test_a_fingerprint_is_of_the_names_in_any_order_and_case() -> None:
    assert fingerprint(["A b", "C", ""]) == fingerprint(["c", "a  B"])
    assert fingerprint(["A", "B"]) != fingerprint(["A", "B", "C"])


# --- recognising ---


def test_an_unknown_file_is_described_with_a_mapping_to_begin_with() -> None:
    text = "Konto 1\n\nTicker,Amount held,Cost basis,Purchase date\n"
    text += 'AAPL,"1.000","14.871,50",28.06.2022\n'

    found = recognise(text.encode())

    assert (found.sheet, found.line) == (None, 3)
    assert found.problem is not None
    assert [(each.name, each.suggested) for each in found.columns] == [
        ("Ticker", Meaning.SYMBOL),
        ("Amount held", Meaning.QUANTITY),
        ("Cost basis", Meaning.COST),
        ("Purchase date", Meaning.DATE),
    ]
    assert found.columns[2].samples == ("14.871,50",)
    suggested = found.suggested
    assert suggested is not None
    assert (suggested.date_format, suggested.decimal_mark) == (
        DateFormat.POINTS,
        DecimalMark.COMMA,
    )
    read = by(suggested, text)
    assert held(read) == [("AAPL", Decimal(1000), Decimal("14.8715"), date(2022, 6, 28))]


def test_a_known_file_is_recognised_with_its_layout() -> None:
    found = recognise(ETRADE)
    own = recognise(BANK.encode(), [PROFILE])

    assert found.sheet is not None
    assert (found.sheet.layout, found.line) == ("E*TRADE portfolio", 5)
    assert own.sheet is not None
    assert (own.sheet.source, own.sheet.profile) == (Source.TWELVE_COLUMNS, "1")


# --- cells ---


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1,234.50", DecimalMark.POINT, "1234.50"),
        ("$(1,234.50)", DecimalMark.POINT, "-1234.50"),
        ("($1,234.50)", DecimalMark.POINT, "-1234.50"),
        ("1'234.50-", DecimalMark.POINT, "-1234.50"),
        ("1.234,50", DecimalMark.COMMA, "1234.50"),
        ("1 234,50", DecimalMark.COMMA, "1234.50"),
        ("1.234,50", DecimalMark.POINT, None),
        ("12,34.5", DecimalMark.POINT, None),
        ("€5", DecimalMark.POINT, None),
        (".", DecimalMark.POINT, None),
        ("\u22125", DecimalMark.POINT, "-5"),
    ],
)
def test_numbers_are_read_by_their_decimal_mark(
    text: str, mark: DecimalMark, number: str | None
) -> None:
    assert number_text(text, mark) == number


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2022-12-28T21:05:00", DateFormat.ISO),
        ("20221228", DateFormat.COMPACT),
        ("12/28/22", DateFormat.MONTH_FIRST),
        ("28/12/2022 10:00", DateFormat.DAY_FIRST),
        ("28.12.2022", DateFormat.POINTS),
        ("28-12-2022", DateFormat.DASHES),
        ("28 Dec 2022", DateFormat.NAMED),
    ],
)
def test_days_are_read_in_every_form(text: str, form: DateFormat) -> None:
    assert day_of(text, form) == date(2022, 12, 28)


def test_days_that_do_not_exist_are_none() -> None:
    assert day_of("2022-02-30", DateFormat.ISO) is None
    assert day_within("downloaded Foo-28-2022") is None
