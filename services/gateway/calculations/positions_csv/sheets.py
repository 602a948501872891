"""A file as a whole: bytes to a sheet, a sheet to holdings."""

from collections.abc import Iterator

from services.gateway.calculations.positions_csv import schwab
from services.gateway.calculations.positions_csv.holdings import Holding, Holdings, Rules, Sheet
from services.gateway.calculations.positions_csv.instruments import underlying_of
from services.gateway.calculations.positions_csv.layouts import Source
from services.gateway.calculations.positions_csv.listed import LAYOUTS, ListedReading, listed_sheet
from services.gateway.calculations.positions_csv.problems import UnreadableFile
from services.gateway.calculations.positions_csv.reading import LATEST_DATE, Seen
from services.gateway.calculations.positions_csv.records import records_of


def sheet_of(data: bytes) -> Sheet:
    """The cells of a position file of whatever format.

    Raises `UnreadableFile` when it is binary, empty, too large or has other columns.
    """
    records = records_of(data)
    line, first = next(((line, cells) for line, cells in records if cells), (1, None))
    if first is None:
        raise UnreadableFile(1, "empty", "the file is empty: it has no header and no rows")
    read = schwab.export_sheet if schwab.is_export(first) else listed_sheet
    sheet = read(line, first, records)
    if not sheet.rows and not sheet.problems:
        raise UnreadableFile(line, "empty", "the file is empty: there is a header but no position below it")
    return sheet


def underlyings(sheet: Sheet) -> set[str]:
    """Every symbol about which must be known whether it has prices, as far as symbols can be read."""
    rules = Rules(LATEST_DATE, None, lambda _: True)
    instruments = (reading.instrument() for reading in _readings(sheet, rules))
    return {underlying_of(instrument) for instrument in instruments if instrument is not None}


def holdings_of(sheet: Sheet, rules: Rules) -> Holdings:
    """The sheet's rows held against the rules: problems by line, none of which follows from another."""
    seen = Seen()
    accepted: list[Holding] = []
    problems = list(sheet.problems)
    warnings = schwab.assumptions(sheet, rules) if sheet.source is Source.SCHWAB else []
    for reading in _readings(sheet, rules):
        holding = reading.holding(seen)
        problems += reading.problems
        if holding is not None:
            accepted.append(holding)
            warnings += reading.warnings
    return Holdings(tuple(accepted), tuple(sorted(problems, key=lambda p: p.line)), tuple(warnings))


def _readings(sheet: Sheet, rules: Rules) -> Iterator[ListedReading | schwab.ExportReading]:
    if sheet.source is Source.SCHWAB:
        entered = schwab.entry_date(sheet, rules)
        return (schwab.ExportReading(row, rules, entered) for row in sheet.rows)
    layout = LAYOUTS[sheet.source]
    return (ListedReading(row, rules, layout) for row in sheet.rows)
