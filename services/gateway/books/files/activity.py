"""A file of transactions: its rows, and what each enters into the ledger."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from services.gateway.books.files.entries import Entries, Entry
from services.gateway.books.files.holdings import Row, Rules, Sheet, Skipped
from services.gateway.books.files.layouts import Source, snake_case
from services.gateway.books.files.plain import PlainLines
from services.gateway.books.files.problems import Problem
from services.gateway.books.files.reading import LATEST_DATE, Seen
from services.gateway.books.files.records import Record, shapely
from services.gateway.books.files.trade_columns import columns_of
from services.gateway.books.files.trades import (
    DAY_FIRST,
    Delivery,
    Shares,
    TradeReading,
    without_fillers,
)
from services.gateway.books.files.turning import left_out, turning_columns

_REQUIRED = ("date",)


def transactions_sheet(line: int, header: list[str], records: Sequence[Record]) -> Sheet:
    """The rows below a header; raises `UnreadableFile` when it names a column twice."""
    columns = columns_of(line, header)
    shaped, problems = shapely(records, columns, _REQUIRED)
    unread = {place: cell for place, cell in enumerate(header) if cell and not columns[place]}
    every = [cells for _, cells in shaped]
    turning = turning_columns(line, unread, every, of_positions=False)
    for place, cell in unread.items():
        columns[place] = name if (name := snake_case(cell)) in turning else ""
    texts: dict[str, str] = {}  # each cell's text once, however many lines have it
    read = {place: name for place, name in enumerate(columns) if name}
    rows = tuple(Row(number, _named(read, cells, texts), turning) for number, cells in shaped)
    ignored = left_out(unread, turning)
    return Sheet(Source.TRANSACTIONS, line, rows, problems, ignored=ignored)


def _named(read: Mapping[int, str], cells: Sequence[str], texts: dict[str, str]) -> dict[str, str]:
    """The cells of the columns that are read, by name; `read`: their names by place, ascending."""
    given = [cells[place] for place in read if place < len(cells)]
    return dict(zip(read.values(), map(texts.setdefault, given, given), strict=False))


def trade_readings(sheet: Sheet, rules: Rules) -> Iterator[TradeReading]:
    """Each row, about to be read."""
    day_first = is_day_first(sheet)
    return (TradeReading(without_fillers(row), rules, day_first=day_first) for row in sheet.rows)


def is_day_first(sheet: Sheet) -> bool:
    """Whether any of the days of a file is written before its month."""
    return any(map(DAY_FIRST.match, {row.cells.get("date", "") for row in sheet.rows}))


def days_traded(sheet: Sheet) -> set[date]:
    """The days of a file of transactions, as far as they can be read."""
    rules = Rules(LATEST_DATE, None, lambda _: True)
    one_of_each = {row.cells.get("date"): row for row in sheet.rows}
    alike = replace(sheet, rows=tuple(one_of_each.values()))
    days = (reading.traded_on() for reading in trade_readings(alike, rules))
    return {day for day in days if day is not None}


def entries_of(sheet: Sheet, rules: Rules) -> Entries:
    """The lines of a file of transactions held against every rule."""
    day_first = is_day_first(sheet)
    plain = PlainLines(rules, day_first=day_first)
    found = _Found()
    for each in sheet.rows:
        row = without_fillers(each)
        entry = plain.entry(row)
        if entry is None or not found.is_first(entry, row):
            reading = TradeReading(row, rules, day_first=day_first)
            read = reading.entry()
            plain.learn(reading, read)
            entry = found.take(reading, read)
        if entry is not None:
            found.accepted.append(entry)
    return found.entries(sheet)


class _Found:
    """What the lines so far are."""

    def __init__(self) -> None:
        self.accepted: list[Entry] = []
        self._skipped: list[Skipped] = []
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []
        self._deliveries: list[Delivery] = []
        self._seen = Seen()
        self._ids: dict[str, Row] = {}

    def is_first(self, entry: Entry, row: Row) -> bool:
        """Whether no earlier line has the id of the entry, or without one equals its row."""
        if entry.external_id is None:
            return self._seen.first(row) == row.line
        return self._ids.setdefault(entry.external_id, row) is row

    def take(self, reading: TradeReading, read: Entry | Skipped | None) -> Entry | None:
        """The entry of a line that was read in full, if it has one that may be entered."""
        found = _once(reading, read, self._ids, self._seen)
        self._problems += reading.problems
        self._deliveries += [reading.delivered] if reading.delivered else []
        if isinstance(found, Skipped):
            self._skipped.append(found)
            return None
        self._warnings += reading.warnings if found else []
        return found

    def entries(self, sheet: Sheet) -> Entries:
        """All of it, with what the sheet says of its rows."""
        kept, delivered = _without_deliveries(self.accepted, self._deliveries)
        lines = {entry.line for entry in self.accepted} if sheet.warnings else set()
        noted = [warning for warning in sheet.warnings if warning.line in lines]
        warnings = sorted((*self._warnings, *noted), key=_line)
        return Entries(
            tuple(kept),
            tuple(sorted((*sheet.problems, *self._problems), key=_line)),
            tuple(warning for warning in warnings if warning.line not in delivered),
            tuple(sorted((*self._skipped, *delivered.values()), key=_line)),
        )


def _line(found: Problem | Skipped) -> int:
    return found.line


def _once(
    reading: TradeReading, found: Entry | Skipped | None, ids: dict[str, Row], seen: Seen
) -> Entry | Skipped | None:
    """The line, unless an earlier one has its id or, by the rules, equals it."""
    if not isinstance(found, Entry):
        return found
    if found.external_id is None:
        seen.check(reading)
        return None if reading.problems else found
    row = reading.row
    first = ids.setdefault(found.external_id, row)
    if first is row:
        return found
    where = f"id {found.external_id!r} is on line {first.line} too"
    if first.cells == row.cells:
        return reading.skipped("repeated_id", f"{where}, and all else is equal: entered once")
    reading.complain("id", "duplicate_id", f"{where}, but the rows differ: give each its own id")
    return None


def _without_deliveries(
    entries: Sequence[Entry], deliveries: Sequence[Delivery]
) -> tuple[list[Entry], dict[int, Skipped]]:
    """The entries without the shares that options delivered at expiry; those, by their line.

    They are derived from the options, so they would be there twice.
    """
    waiting: dict[Shares, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        waiting[delivery.delivers].append(delivery)
    kept: list[Entry] = []
    skipped: dict[int, Skipped] = {}
    for entry in entries:
        alike = waiting.get((entry.instrument, entry.quantity, entry.price)) if waiting else None
        found = next((each for each in alike or () if each.is_in_time(entry)), None)
        if alike is None or found is None:
            kept.append(entry)
            continue
        alike.remove(found)
        message = f"the shares of line {found.line}: derived from the option at its expiry"
        symbol = found.contract.underlying
        skipped[entry.line] = Skipped(entry.line, symbol, "derived", message)
    return kept, skipped
