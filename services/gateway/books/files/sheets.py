"""A file as a whole: bytes to a sheet, a sheet to holdings."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from services.gateway.books.files.activity import trade_readings, transactions_sheet
from services.gateway.books.files.holdings import Holdings, Rules, Sheet
from services.gateway.books.files.instruments import underlying_of
from services.gateway.books.files.layouts import Source
from services.gateway.books.files.listed import (
    ListedReading,
    listed_holdings,
    listed_readings,
    listed_sheet,
)
from services.gateway.books.files.problems import Problem, UnreadableFile
from services.gateway.books.files.reading import LATEST_DATE
from services.gateway.books.files.records import (
    MAX_COLUMNS,
    Record,
    at_most_max_rows,
    records_of,
)
from services.gateway.books.files.schwab import (
    ExportReading,
    export_holdings,
    export_sheet,
    is_export,
)
from services.gateway.books.files.trade_columns import is_transactions, may_be_transactions
from services.gateway.books.files.trades import TradeReading


def sheet_of(data: bytes) -> Sheet:
    """The cells of a position file in any of the formats.

    Raises `UnreadableFile` when it is binary, empty, too large or has other columns.
    """
    records = records_of(data)
    line, first = next(((line, cells) for line, cells in records if cells), (1, None))
    if first is None:
        raise UnreadableFile(1, "empty", "the file is empty: it has no header and no rows")
    if len(first) > MAX_COLUMNS:
        raise UnreadableFile(line, "too_large", f"the header has more than {MAX_COLUMNS:,} columns")
    sheet = _sheet(line, first, records)
    if not sheet.rows and not sheet.problems:
        raise UnreadableFile(
            line, "empty", "the file is empty: there is a header but no row below it"
        )
    return sheet


def sheet_or_problem(data: bytes) -> Sheet | Problem:
    """The cells of a position file, or why it cannot be read."""
    try:
        return sheet_of(data)
    except UnreadableFile as error:
        return error.problem


def _sheet(line: int, header: list[str], records: Iterator[Record]) -> Sheet:
    """The rows below a header, in the format that it means."""
    if is_export(header):
        return export_sheet(line, header, records)
    if not may_be_transactions(header):
        return listed_sheet(line, header, records)
    every = list(at_most_max_rows(records))
    if is_transactions(header, (cells for _, cells in every if cells)):
        return transactions_sheet(line, header, every)
    return listed_sheet(line, header, iter(every))


def underlyings(sheet: Sheet) -> set[str]:
    """Every readable symbol of which must be known whether it has prices."""
    rules = Rules(LATEST_DATE, None, lambda _: True)
    readings: Iterable[ListedReading | ExportReading | TradeReading]
    if sheet.source is Source.TRANSACTIONS:
        readings = (each for each in trade_readings(sheet, rules) if each.trades)
    elif sheet.source is Source.SCHWAB:
        readings = (ExportReading(row, rules, LATEST_DATE) for row in sheet.rows)
    else:
        readings = listed_readings(sheet, rules)
    instruments = (reading.instrument() for reading in readings)
    return {underlying_of(instrument) for instrument in instruments if instrument is not None}


def holdings_of(sheet: Sheet, rules: Rules) -> Holdings:
    """The sheet's rows checked against the rules, with their problems by line.

    No problem follows from another. A file of transactions has no holdings: see `entries_of`.
    """
    if sheet.source is Source.TRANSACTIONS:
        message = "the file lists transactions, not positions: enter them into a portfolio"
        problem = Problem(sheet.line, None, "not_positions", message)
        return Holdings((), (problem,), ())
    judge = export_holdings if sheet.source is Source.SCHWAB else listed_holdings
    found = judge(sheet, rules)
    return replace(found, problems=tuple(sorted(found.problems, key=lambda problem: problem.line)))
