"""Tables that stand one below the other in a file: one of them is read, the lines of others named.

What is held is what transactions led to, so both are never read together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.gateway.books.files.holdings import Export, Sheet, Skipped
from services.gateway.books.files.layouts import means_positions
from services.gateway.books.files.mapping import Use, plain
from services.gateway.books.files.problems import UnreadableFile
from services.gateway.books.files.reading import MAX_CELL
from services.gateway.books.files.records import Record
from services.gateway.books.files.schwab import is_export, is_title
from services.gateway.books.files.statements import OTHER_SECTION, passed_of
from services.gateway.books.files.trade_columns import may_be_transactions

_SHORTEST = 3  # columns that a header has at least
_MORE = "another table of {use}, below the one that is read: send it as a separate file"


@dataclass(frozen=True)
class Section:
    """A table: its header, the line of this, and the records below."""

    line: int
    header: list[str]
    records: list[Record] = field(default_factory=list)


class Sections:
    """The tables of a file: the first as it comes, and those below it once it was read."""

    def __init__(self, header: Sequence[str], records: Iterable[Record]) -> None:
        self._header = [plain(name) for name in header]
        self._is_export = is_title(header) or is_export(header)  # which repeats its own header
        self._records = records
        self.below: list[Section] = []

    def first(self) -> Iterator[Record]:
        """The records of the first table; reads all others too."""
        for line, cells in self._records:
            if cells and self._begins_another(cells):
                self.below.append(Section(line, cells))
            elif self.below:
                self.below[-1].records.append((line, cells))
            else:
                yield line, cells

    def _begins_another(self, cells: Sequence[str]) -> bool:
        """Whether cells are a header that is known; the table's own, repeated, begins none."""
        if len(cells) < _SHORTEST or any(map(_is_figure, cells)):
            return False
        known = may_be_transactions(cells) or (means_positions(cells) and not self._is_export)
        return known and [plain(cell) for cell in cells] != self._header


def one_of(
    first: Sheet, below: Sequence[Section], read: Callable[[Section], Sheet], use: Use | None
) -> Sheet:
    """The first of the tables that list what is chosen, with the lines of the others as skipped.

    Default: the first that lists positions, else the first.
    """
    sheets = [first, *(_sheet_or_none(section, read) for section in below)]
    there = [sheet for sheet in sheets if sheet is not None and sheet.count]
    lists = tuple(each for each in Use if any(sheet.use is each for sheet in there))
    wanted = use or next(iter(lists), first.use)
    chosen = next((sheet for sheet in there if sheet.use is wanted), first)
    skipped = [
        *_of_table(chosen, first, [(row.line, _label(row.cells)) for row in first.rows]),
        *(
            line
            for section, sheet in zip(below, sheets[1:], strict=True)
            for line in _of_table(chosen, sheet, [(at, _first(row)) for at, row in section.records])
        ),
    ]
    export = chosen.export or Export((), None, None, ())
    together = sorted((*export.skipped, *skipped), key=lambda each: each.line)
    return replace(chosen, export=replace(export, skipped=tuple(together)), lists=lists)


def _sheet_or_none(section: Section, read: Callable[[Section], Sheet]) -> Sheet | None:
    try:
        return read(section)
    except UnreadableFile:
        return None


def _of_table(
    chosen: Sheet, sheet: Sheet | None, lines: Sequence[tuple[int, str]]
) -> Iterator[Skipped]:
    """The lines of a table that is not the chosen one."""
    if sheet is chosen:
        return
    problems = {problem.line: "" for problem in sheet.problems} if sheet else {}
    for line, label in sorted({**problems, **dict(lines)}.items()):
        if sheet is None or sheet.use is chosen.use:
            message = _MORE.format(use=chosen.use)
            yield Skipped(line, label[:MAX_CELL], OTHER_SECTION, message)
        else:
            yield passed_of(line, label, sheet.use)


def _is_figure(cell: str) -> bool:
    """Whether a cell is a day, a number or a price, which no header has."""
    return cell[:1].isdigit() and cell[-1:].isdigit()


def _label(cells: Mapping[str, str]) -> str:
    return cells.get("symbol") or cells.get("ticker") or ""


def _first(cells: Sequence[str] | None) -> str:
    return next(filter(None, cells or ()), "")
