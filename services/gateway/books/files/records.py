"""Bytes in, records out: each a list of stripped cells with the physical line it starts on."""

import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from services.gateway.books.files.mapping import Separator
from services.gateway.books.files.problems import Problem, UnreadableFile

MAX_ROWS = 10_000  # of positions
MAX_TRANSACTIONS = 100_000
MAX_COLUMNS = 1_000
_MAX_LINES_PER_ROW = 50  # bounds the work that an unclosed quote can cause
MAX_LINE = 500_000
MAX_LINES = MAX_ROWS * _MAX_LINES_PER_ROW  # bounds the memory that empty lines take
_QUOTE = '"'
_LONGEST_PLAIN = 100_000  # below the longest cell of the csv module
Record = tuple[int, list[str] | None]  # None: its quoting is broken


class Lines:
    """A file's lines, whose records may be read by one separator after another."""

    def __init__(self, text: str) -> None:
        """Raises `UnreadableFile` at more lines than any file may have."""
        if text.count("\n") + text.count("\r") > 2 * MAX_LINES:
            message = f"the file has more than {MAX_LINES:,} lines: split it"
            raise UnreadableFile(1, "too_many_rows", message)
        self._lines = io.StringIO(text, newline=None)

    def records(self, separator: Separator) -> Iterator[Record]:
        """All records without comments and blank lines; ends a reading that is under way."""
        self._lines.seek(0)
        return records_in(self._lines, separator)


def at_most_max_rows(records: Iterable[Record], most: int = MAX_ROWS) -> Iterator[Record]:
    """The records as they are; raises `UnreadableFile` at the first beyond the limit."""
    for count, record in enumerate(records, start=1):
        if count > most:
            message = f"the file has more than {most:,} rows: split it"
            raise UnreadableFile(record[0], "too_many_rows", message)
        yield record


def shapely(
    records: Iterable[Record], columns: Sequence[str], required: Sequence[str]
) -> tuple[list[tuple[int, list[str]]], tuple[Problem, ...]]:
    """The records whose quotes and number of cells fit the header, and the problems of others."""
    fitting: list[tuple[int, list[str]]] = []
    problems: list[Problem] = []
    width = len(columns)
    for number, cells in records:
        if cells is not None and len(cells) == width:
            fitting.append((number, cells))
            continue
        problem = misshapen(number, cells, columns, required)
        if problem:
            problems.append(problem)
        else:
            fitting.append((number, cells or []))
    return fitting, tuple(problems)


def misshapen(
    line: int, cells: list[str] | None, columns: Sequence[str], required: Sequence[str]
) -> Problem | None:
    """What is wrong with a record's quotes or number of cells, by the header."""
    if cells is None:
        message = "a quoted cell is not closed, or text follows its closing quote"
        return Problem(line, None, "broken_quotes", message)
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        message = (
            f"the row has {len(cells)} cells, the header {len(columns)}: quote cells that hold a "
            "separator"
        )
        return Problem(line, None, "too_many_cells", message)
    absent = [column for column in columns[len(cells) :] if column in required]
    if absent:
        return Problem(line, absent[0], "too_few_cells", f"the row ends before {', '.join(absent)}")
    return None


def records_in(
    text_lines: Iterable[str], separator: Separator = Separator.COMMA
) -> Iterator[Record]:
    """The records of lines, each of which is read once.

    Raises `UnreadableFile` at a line that is too long, and at the first record of empty cells
    beyond `MAX_ROWS`: spreadsheets leave some behind the rows, and each is work.
    """
    lines = _Ahead(text_lines)
    delimiter = separator.value
    blank = 0
    for here, line in lines:
        _check_length(here, line)
        bare = line.lstrip()
        if not bare or bare[0] == "#":
            continue
        cells: list[str] | None
        if _QUOTE in line or len(line) >= _LONGEST_PLAIN:
            cells, length = _next_record(lines.from_here(line, _MAX_LINES_PER_ROW), separator)
            lines.drop(length - 1)
        else:  # the same cells, in a fraction of the time
            cells = list(map(str.strip, line.split(delimiter)))
        if cells is None or any(cells):
            yield here, cells
            continue
        blank += 1
        if blank > MAX_ROWS:
            message = f"the file has more than {MAX_ROWS:,} rows without a value: delete them"
            raise UnreadableFile(here, "too_many_rows", message)


class _Ahead:
    """Numbered lines as they come, of which as many are held as a record may need."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._held: deque[str] = deque()  # those that follow the line of the moment
        self._number = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Each line with its number from 1; those that are dropped meanwhile are left out."""
        while True:
            line = self._held.popleft() if self._held else next(self._lines, None)
            if line is None:
                return
            self._number += 1
            yield self._number, line

    def from_here(self, line: str, count: int) -> Iterator[str]:
        """The line of the moment and those that follow, `count` at most; they stay the next."""
        yield line
        for place in range(count - 1):
            if place == len(self._held):
                following = next(self._lines, None)
                if following is None:
                    return
                self._held.append(following)
            yield self._held[place]

    def drop(self, count: int) -> None:
        """Go on after `count` more lines."""
        for _ in range(count):
            self._held.popleft()
        self._number += count


def _check_length(number: int, line: str) -> None:
    if len(line) > MAX_LINE:
        message = f"a line is longer than {MAX_LINE:,} characters"
        raise UnreadableFile(number, "too_large", message)


def _next_record(lines: Iterable[str], separator: Separator) -> tuple[list[str] | None, int]:
    """The cells of the record that starts with the first line, and how many lines it spans."""
    reader = csv.reader(lines, delimiter=separator.value, strict=True, skipinitialspace=True)
    try:
        cells = [cell.strip() for cell in next(reader)]
    except csv.Error:
        return None, 1  # go on with the very next line: one stray quote must not swallow the file
    return cells, reader.line_num
