"""A file of transactions: its rows, and what each enters into the ledger."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from services.gateway.books.files.entries import Entries, Entry
from services.gateway.books.files.holdings import Row, Rules, Sheet, Skipped
from services.gateway.books.files.layouts import Source, snake_case
from services.gateway.books.files.problems import Problem
from services.gateway.books.files.reading import LATEST_DATE, Seen
from services.gateway.books.files.records import Record, shapely
from services.gateway.books.files.trade_columns import columns_of
from services.gateway.books.files.trades import DAY_FIRST, Delivery, TradeReading
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
    rows = tuple(Row(number, _named(columns, cells), turning) for number, cells in shaped)
    ignored = left_out(unread, turning)
    return Sheet(Source.TRANSACTIONS, line, rows, problems, ignored=ignored)


def _named(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The cells of the columns that are read, by name."""
    return {column: cell for column, cell in zip(columns, cells, strict=False) if column}


def trade_readings(sheet: Sheet, rules: Rules) -> Iterator[TradeReading]:
    """Each row, about to be read."""
    day_first = any(DAY_FIRST.match(row.cells.get("date", "")) for row in sheet.rows)
    return (TradeReading(row, rules, day_first=day_first) for row in sheet.rows)


def days_traded(sheet: Sheet) -> set[date]:
    """The days of a file of transactions, as far as they can be read."""
    rules = Rules(LATEST_DATE, None, lambda _: True)
    one_of_each = {row.cells.get("date"): row for row in sheet.rows}
    alike = replace(sheet, rows=tuple(one_of_each.values()))
    days = (reading.traded_on() for reading in trade_readings(alike, rules))
    return {day for day in days if day is not None}


def entries_of(sheet: Sheet, rules: Rules) -> Entries:
    """The lines of a file of transactions held against every rule."""
    seen = Seen()
    ids: dict[str, Row] = {}
    accepted: list[Entry] = []
    skipped: list[Skipped] = []
    problems = list(sheet.problems)
    warnings: list[Problem] = []
    noted = {warning.line: warning for warning in sheet.warnings}
    deliveries: list[Delivery] = []
    for reading in trade_readings(sheet, rules):
        found = _once(reading, reading.entry(), ids, seen)
        problems += reading.problems
        deliveries += [reading.delivered] if reading.delivered else []
        if isinstance(found, Skipped):
            skipped.append(found)
        elif found is not None:
            accepted.append(found)
            warnings += reading.warnings
            warnings += [noted[found.line]] if found.line in noted else []
    kept, delivered = _without_deliveries(accepted, deliveries)
    return Entries(
        tuple(kept),
        tuple(sorted(problems, key=lambda problem: problem.line)),
        tuple(warning for warning in warnings if warning.line not in delivered),
        tuple(sorted((*skipped, *delivered.values()), key=lambda one: one.line)),
    )


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
    waiting = list(deliveries)
    kept: list[Entry] = []
    skipped: dict[int, Skipped] = {}
    for entry in entries:
        delivery = next((each for each in waiting if each.is_of(entry)), None)
        if delivery is None:
            kept.append(entry)
            continue
        waiting.remove(delivery)
        message = f"the shares of line {delivery.line}: derived from the option at its expiry"
        symbol = delivery.contract.underlying
        skipped[entry.line] = Skipped(entry.line, symbol, "derived", message)
    return kept, skipped
