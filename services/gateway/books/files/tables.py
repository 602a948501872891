"""A file that a profile reads: rows below its header, a second table, or a symbol in a title."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

from services.gateway.books.files.activity import transactions_sheet
from services.gateway.books.files.brokers import broker_day
from services.gateway.books.files.cells import day_within
from services.gateway.books.files.headers import Header
from services.gateway.books.files.holdings import Export, Sheet, Skipped
from services.gateway.books.files.known import TITLED
from services.gateway.books.files.mapped import mapped_sheet
from services.gateway.books.files.mapping import Profile, Use, plain
from services.gateway.books.files.reading import MAX_CELL
from services.gateway.books.files.records import (
    MAX_ROWS,
    MAX_TRANSACTIONS,
    Lines,
    Record,
    at_most_max_rows,
)
from services.gateway.books.files.statements import passed_of

_TITLE = re.compile(
    r"(?P<symbol>.{1,40}?) lot details for .{1,80} as of .{1,40}, (?P<day>[\d/]{8,10})",
    re.IGNORECASE,
)
_TOTAL = "total"


@dataclass(frozen=True)
class _Second:
    """The table of transactions below or above one of positions."""

    line: int
    header: list[str]
    records: list[Record]


def profiled_sheet(header: Header, lines: Lines, use: Use | None) -> Sheet:
    """The rows below a header by its profile; `use`: which of two tables."""
    profile = header.profile
    if profile is None:
        raise ValueError("the header is of no profile")
    is_done = profile.mapping.use is Use.TRANSACTIONS or bool(profile.then)
    most = MAX_TRANSACTIONS if is_done else MAX_ROWS
    records = at_most_max_rows(header.below(lines), most)
    if profile.titled:
        cells = [*header.cells, TITLED]
        titled = [row for _, row in header.above if row]
        with_symbols = _with_symbols(titled, cells, records)
        return mapped_sheet(profile, header.line, cells, with_symbols, _day_of(titled))
    titles, done = _tables(header.above, profile)
    above = chain.from_iterable(row or () for _, row in titles)
    day = next(filter(None, map(day_within, above)), None)
    if not profile.then:
        return mapped_sheet(profile, header.line, header.cells, records, day)
    if done is None:
        first, done = _tables(records, profile)
    else:
        first = list(records)
    held = mapped_sheet(profile, header.line, header.cells, at_most_max_rows(first), day)
    return held if done is None else _one_of(held, done, use)


def _tables(records: Iterable[Record], profile: Profile) -> tuple[list[Record], _Second | None]:
    """The records before the table of transactions, and this one, which has its own header."""
    first: list[Record] = []
    second: _Second | None = None
    for line, cells in records:
        if second is not None:
            second.records.append((line, cells))
        elif cells and profile.continues_with(cells):
            second = _Second(line, cells, [])
        else:
            first.append((line, cells))
    return first, second


def _one_of(held: Sheet, second: _Second, use: Use | None) -> Sheet:
    """What is held, unless what was done is chosen or alone there; the other one is skipped."""
    done = transactions_sheet(second.line, second.header, second.records)
    lists = tuple(
        each for each, sheet in ((Use.POSITIONS, held), (Use.TRANSACTIONS, done)) if sheet.count
    )
    chosen = use or next(iter(lists), Use.POSITIONS)
    if chosen is Use.POSITIONS:
        return replace(_beside(held, done, Use.TRANSACTIONS), lists=lists)
    done = replace(done, layout=held.layout, export=Export((), None, None, ()))
    cash = held.export.skipped if held.export else ()
    beside = _beside(done, held, Use.POSITIONS)
    return replace(_skipping(beside, cash), lists=lists)


def _beside(chosen: Sheet, other: Sheet, use: Use) -> Sheet:
    """The sheet with the rows of the other table among those that are skipped."""
    labels = {row.line: row.cells.get("symbol", "") for row in other.rows}
    labels |= {problem.line: "" for problem in other.problems}
    return _skipping(chosen, [passed_of(line, labels[line], use) for line in sorted(labels)])


def _skipping(sheet: Sheet, more: Sequence[Skipped]) -> Sheet:
    if sheet.export is None:
        return sheet
    skipped = sorted((*sheet.export.skipped, *more), key=lambda each: each.line)
    return replace(sheet, export=replace(sheet.export, skipped=tuple(skipped)))


def _with_symbols(
    titles: Sequence[Sequence[str]], header: Sequence[str], records: Iterable[Record]
) -> Iterator[Record]:
    """The records with the symbol that the title above them names; titles themselves are none."""
    symbol = next((title["symbol"] for row in titles if (title := _title(row))), "")
    width = len(header) - 1
    for line, cells in records:
        title = _title(cells) if cells else None
        if title:
            symbol = title["symbol"]
        elif cells and cells[0].lower() == _TOTAL:
            value = [
                cell if plain(name) == "market value" else ""
                for name, cell in zip(header, cells, strict=False)
            ]
            yield line, [*value, *("" for _ in range(width - len(value))), _TOTAL]
        elif cells:
            yield line, [*cells[:width], *("" for _ in range(width - len(cells))), symbol]
        else:
            yield line, cells


def _title(cells: Sequence[str]) -> re.Match[str] | None:
    return _TITLE.fullmatch(cells[0][: 4 * MAX_CELL]) if cells else None


def _day_of(titles: Sequence[Sequence[str]]) -> date | None:
    days = (broker_day(title["day"]) for row in titles if (title := _title(row)))
    return next(filter(None, days), None)
