"""A file as a whole: bytes to a sheet, a sheet to holdings."""

from collections.abc import Iterable
from dataclasses import replace

from services.gateway.books.files.holdings import Holdings, Rules, Sheet
from services.gateway.books.files.instruments import underlying_of
from services.gateway.books.files.layouts import Source
from services.gateway.books.files.listed import (
    ListedReading,
    listed_holdings,
    listed_readings,
    listed_sheet,
)
from services.gateway.books.files.problems import UnreadableFile
from services.gateway.books.files.reading import LATEST_DATE
from services.gateway.books.files.records import MAX_COLUMNS, records_of
from services.gateway.books.files.schwab import (
    ExportReading,
    export_holdings,
    export_sheet,
    is_export,
)


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
    read = export_sheet if is_export(first) else listed_sheet
    sheet = read(line, first, records)
    if not sheet.rows and not sheet.problems:
        raise UnreadableFile(
            line, "empty", "the file is empty: there is a header but no position below it"
        )
    return sheet


def underlyings(sheet: Sheet) -> set[str]:
    """Every readable symbol of which must be known whether it has prices."""
    rules = Rules(LATEST_DATE, None, lambda _: True)
    readings: Iterable[ListedReading | ExportReading]
    if sheet.source is Source.SCHWAB:
        readings = (ExportReading(row, rules, LATEST_DATE) for row in sheet.rows)
    else:
        readings = listed_readings(sheet, rules)
    instruments = (reading.instrument() for reading in readings)
    return {underlying_of(instrument) for instrument in instruments if instrument is not None}


def holdings_of(sheet: Sheet, rules: Rules) -> Holdings:
    """The sheet's rows checked against the rules, with their problems by line.

    No problem follows from another.
    """
    judge = export_holdings if sheet.source is Source.SCHWAB else listed_holdings
    found = judge(sheet, rules)
    return replace(found, problems=tuple(sorted(found.problems, key=lambda problem: problem.line)))
