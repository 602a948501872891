"""A file as a whole: bytes to a sheet, a sheet to holdings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from services.gateway.books.files.activity import trade_readings, transactions_sheet
from services.gateway.books.files.flex import flex_statement, is_xml
from services.gateway.books.files.headers import Header, find_header
from services.gateway.books.files.holdings import Holdings, Rules, Sheet
from services.gateway.books.files.instruments import underlying_of
from services.gateway.books.files.layouts import Source
from services.gateway.books.files.listed import (
    ListedReading,
    listed_holdings,
    listed_readings,
    listed_sheet,
)
from services.gateway.books.files.mapping import Profile, Use
from services.gateway.books.files.ofx import is_ofx, ofx_statement
from services.gateway.books.files.plain import one_of_each
from services.gateway.books.files.problems import Problem, UnreadableFile
from services.gateway.books.files.reading import LATEST_DATE
from services.gateway.books.files.records import (
    MAX_COLUMNS,
    MAX_TRANSACTIONS,
    Lines,
    Record,
    at_most_max_rows,
)
from services.gateway.books.files.schwab import (
    ExportReading,
    export_holdings,
    export_sheet,
    is_export,
    is_title,
)
from services.gateway.books.files.sections import Section, Sections, one_of
from services.gateway.books.files.tables import profiled_sheet
from services.gateway.books.files.texts import text_of
from services.gateway.books.files.trade_columns import is_transactions, may_be_transactions
from services.gateway.books.files.trades import TradeReading


def sheet_of(data: bytes, profiles: Sequence[Profile] = (), use: Use | None = None) -> Sheet:
    """The cells of a position file in any of the formats, or by one of the user's profiles.

    `use`: what to read of a file that lists both what is held and what was done. Raises
    `UnreadableFile` when it is binary, empty, too large or has other columns, or does not list what
    is to be read.
    """
    text = text_of(data)
    read = _of_statement if is_statement(text) else _of_lines
    sheet = read(text, profiles, use)
    if use is not None and use not in (sheet.lists or [sheet.use]):
        message = f"the file lists no {use}"
        raise UnreadableFile(sheet.line, "not_listed", message, field="use")
    if not sheet.rows and not sheet.problems:
        found = (
            "no position or transaction" if is_statement(text) else "a header but no row below it"
        )
        raise UnreadableFile(sheet.line, "empty", f"the file is empty: there is {found}")
    return sheet


def is_statement(text: str) -> bool:
    """Whether a file is a statement in XML or OFX, and not lines of cells."""
    return is_ofx(text) or is_xml(text)


def _of_statement(text: str, profiles: Sequence[Profile], use: Use | None) -> Sheet:
    if any(not profile.exact for profile in profiles):
        message = "the file is XML or OFX, which has no columns: leave the mapping out"
        raise UnreadableFile(1, "missing_column", message, field="mapping")
    statement = ofx_statement(text) if is_ofx(text) else flex_statement(text)
    return statement.sheet(use)


def _of_lines(text: str, profiles: Sequence[Profile], use: Use | None) -> Sheet:
    lines = Lines(text)
    header = find_header(lines, profiles)
    if header is None:
        raise UnreadableFile(1, "empty", "the file is empty: it has no header and no rows")
    return _sheet(header, lines, use)


def sheet_or_problem(
    data: bytes, profiles: Sequence[Profile] = (), use: Use | None = None
) -> Sheet | Problem:
    """The cells of a position file, or why it cannot be read."""
    try:
        return sheet_of(data, profiles, use)
    except UnreadableFile as error:
        return error.problem


def _sheet(header: Header, lines: Lines, use: Use | None) -> Sheet:
    """The rows below a header, in the format that it means."""
    if header.profile is not None:
        return profiled_sheet(header, lines, use)
    sections = Sections(header.cells, header.below(lines))
    first = _table(header.line, header.cells, sections.first())
    if not sections.below:
        return first
    return one_of(first, sections.below, _section, use)


def _section(section: Section) -> Sheet:
    return _table(section.line, section.header, iter(section.records))


def _table(line: int, cells: list[str], records: Iterator[Record]) -> Sheet:
    """The rows of a table, in the format that its header means."""
    if len(cells) > MAX_COLUMNS:
        raise UnreadableFile(line, "too_large", f"the header has more than {MAX_COLUMNS:,} columns")
    if is_title(cells) or is_export(cells):
        return export_sheet(line, cells, records)
    if not may_be_transactions(cells):
        return listed_sheet(line, cells, records)
    every = list(at_most_max_rows(records, MAX_TRANSACTIONS))
    if is_transactions(cells, (row for _, row in every if row)):
        return transactions_sheet(line, cells, every)
    return listed_sheet(line, cells, at_most_max_rows(every))


def underlyings(sheet: Sheet) -> set[str]:
    """Every readable symbol of which must be known whether it has prices."""
    rules = Rules(LATEST_DATE, None, lambda _: True)
    readings: Iterable[ListedReading | ExportReading | TradeReading]
    if sheet.source is Source.TRANSACTIONS:
        unlike = replace(sheet, rows=one_of_each(sheet.rows))
        readings = (each for each in trade_readings(unlike, rules) if each.trades)
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
