"""A file as a whole: bytes to a sheet, a sheet to holdings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from services.gateway.books.files.activity import trade_readings, transactions_sheet
from services.gateway.books.files.cells import day_within
from services.gateway.books.files.holdings import Holdings, Rules, Sheet
from services.gateway.books.files.instruments import underlying_of
from services.gateway.books.files.known import profile_for
from services.gateway.books.files.layouts import Source
from services.gateway.books.files.listed import (
    ListedReading,
    listed_holdings,
    listed_readings,
    listed_sheet,
)
from services.gateway.books.files.mapped import mapped_sheet
from services.gateway.books.files.mapping import Profile, plain
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

MOST_ABOVE = 50  # records above a header that is looked for


def sheet_of(data: bytes, profiles: Sequence[Profile] = ()) -> Sheet:
    """The cells of a position file in any of the formats, or by one of the user's profiles.

    Raises `UnreadableFile` when it is binary, empty, too large or has other columns.
    """
    records = records_of(data)
    head = list(islice(records, MOST_ABOVE))
    mapped = _mapped(head, records, profiles)
    sheet = mapped or _unmapped(chain(head, records))
    if not sheet.rows and not sheet.problems:
        raise UnreadableFile(
            sheet.line, "empty", "the file is empty: there is a header but no row below it"
        )
    return sheet


def _mapped(
    head: Sequence[Record], records: Iterator[Record], profiles: Sequence[Profile]
) -> Sheet | None:
    """The rows below the first header that a profile of the user's or a broker's layout knows."""
    above: list[str] = []
    for place, (line, cells) in enumerate(head):
        profile = profile_for(cells, profiles) if cells else None
        if cells and profile:
            below = at_most_max_rows(chain(head[place + 1 :], records))
            day = next(filter(None, map(day_within, above)), None)
            return mapped_sheet(profile, line, cells, below, day)
        above += cells or []
    wanted = next((profile for profile in profiles if not profile.exact), None)
    if wanted is not None:
        raise _not_found(head, wanted)
    return None


def _not_found(head: Sequence[Record], wanted: Profile) -> UnreadableFile:
    """No line of the file is the header of a profile that was named."""
    names = set(map(plain, chain.from_iterable(cells or () for _, cells in head)))
    missing = [name for name in wanted.header if plain(name) not in names] or list(wanted.header)
    message = (
        f"no line of the file has the columns of the mapping: {', '.join(missing)} "
        f"{'is' if len(missing) == 1 else 'are'} missing"
    )
    return UnreadableFile(1, "missing_column", message, field=missing[0])


def _unmapped(records: Iterator[Record]) -> Sheet:
    """The rows in one of our own formats, whose header is the first line."""
    line, first = next(((line, cells) for line, cells in records if cells), (1, None))
    if first is None:
        raise UnreadableFile(1, "empty", "the file is empty: it has no header and no rows")
    if len(first) > MAX_COLUMNS:
        raise UnreadableFile(line, "too_large", f"the header has more than {MAX_COLUMNS:,} columns")
    return _sheet(line, first, records)


def sheet_or_problem(data: bytes, profiles: Sequence[Profile] = ()) -> Sheet | Problem:
    """The cells of a position file, or why it cannot be read."""
    try:
        return sheet_of(data, profiles)
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
