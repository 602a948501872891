"""Position files: bytes in, holdings and problems out.

Format A has the columns ticker, quantity, entry_price, entry_date and tags.

Three steps, so that the caller can look symbols up in between: `sheet_of(data)` reads cells,
`underlyings(sheet)` names what must be known, `holdings_of(sheet, rules)` applies every rule. The first raises
`UnreadableFile`; after that a bad row is a value, never an exception.
"""

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice

from shared.instruments import (
    OPTION_MULTIPLIER,
    STOCK_MULTIPLIER,
    InvalidSymbol,
    OptionContract,
    looks_like_option,
    parse_occ,
    parse_ticker,
)

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 10_000
MAX_TAGS = 20
MAX_TAG_LENGTH = 50
EARLIEST_DATE = date(1900, 1, 1)
LARGEST_NUMBER = Decimal(10) ** 12  # what the columns of the positions table hold
_SMALLEST_STEP = Decimal("0.000001")
_MAX_CELL = 64  # no number, date or symbol is longer
_MAX_LINES_PER_ROW = 50  # bounds the work that an unclosed quote can cause

REQUIRED_COLUMNS = ("ticker", "quantity", "entry_price", "entry_date")
OPTIONAL_COLUMNS = ("tags",)
_ALIASES = {"symbol": "ticker", "qty": "quantity", "price": "entry_price", "trade_date": "entry_date"}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class Problem:
    """What is wrong: the physical line (1 is the first), the column, a stable code, a sentence."""

    line: int
    field: str | None
    code: str
    message: str


class UnreadableFile(ValueError):
    """The file as a whole cannot be understood: no row of it was looked at."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True)
class Row:
    """One record: the physical line it starts on, and its cells by column name (stripped)."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """A readable file: its rows, and the rows whose quoting or width made no sense."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Holding:
    """One valid row. `quantity` is signed; `entry_price` is USD per share, also of an option."""

    line: int
    symbol: str
    option: OptionContract | None
    quantity: Decimal
    entry_price: Decimal
    entry_date: date
    tags: tuple[str, ...]

    @property
    def underlying(self) -> str:
        """The symbol whose price drives the holding."""
        return self.option.underlying if self.option else self.symbol

    @property
    def multiplier(self) -> int:
        """Shares per unit of quantity."""
        return OPTION_MULTIPLIER if self.option else STOCK_MULTIPLIER


@dataclass(frozen=True)
class Rules:
    """What a row is held against. `known_underlyings` None means that nothing is known about symbols yet."""

    as_of: date
    known_underlyings: Collection[str] | None
    is_session: Callable[[date], bool]


@dataclass(frozen=True)
class Holdings:
    """The rows that may be loaded with what is odd about them, and what is wrong with the others."""

    accepted: tuple[Holding, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


# --- reading ---


def sheet_of(data: bytes) -> Sheet:
    """The cells of a CSV file; raises `UnreadableFile` when it is binary, empty, too large or has other columns."""
    if len(data) > MAX_BYTES:
        raise _unreadable(1, "too_large", f"the file is larger than {MAX_BYTES // 1024**2} MB")
    records = _records(_text(data))
    line, header = next(((line, cells) for line, cells in records if cells), (1, None))
    if header is None:
        raise _unreadable(1, "empty", "the file is empty: it has no header and no rows")
    columns = _columns(line, header)
    sheet = _rows(records, columns)
    if not sheet.rows and not sheet.problems:
        raise _unreadable(line, "empty", "the file is empty: there is a header but no row below it")
    return sheet


def _unreadable(line: int, code: str, message: str, field: str | None = None) -> UnreadableFile:
    return UnreadableFile(Problem(line, field, code, message))


def _text(data: bytes) -> str:
    if data.startswith(b"PK\x03\x04"):
        raise _unreadable(
            1, "not_text", "the file is a spreadsheet or an archive, not CSV: export it as CSV (UTF-8)"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unreadable(
            line, "not_text", f"the file is not UTF-8 text (byte {error.start + 1}): save it as UTF-8"
        ) from None
    if "\x00" in text:
        raise _unreadable(1, "not_text", "the file is binary, not CSV: it holds zero bytes")
    return text


def _records(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """Each record, comments and blanks left out, with its first physical line; None when its quoting is broken."""
    lines = list(io.StringIO(text, newline=None))
    here = 0
    while here < len(lines):
        if not lines[here].strip() or lines[here].lstrip().startswith("#"):
            here += 1
            continue
        cells, length = _next_record(islice(lines, here, here + _MAX_LINES_PER_ROW))
        if cells is None or any(cells):
            yield here + 1, cells
        here += length


def _next_record(lines: Iterable[str]) -> tuple[list[str] | None, int]:
    """The cells of the record that starts with the first line, and how many lines it spans."""
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    try:
        cells = [cell.strip() for cell in next(reader)]
    except csv.Error:
        return None, 1  # go on with the very next line: one stray quote must not swallow the file
    return cells, reader.line_num


def _columns(line: int, header: Sequence[str]) -> list[str]:
    """The column name of each cell; raises `UnreadableFile` when one is missing or there twice."""
    names = [_column_name(cell) for cell in header]
    missing = [column for column in REQUIRED_COLUMNS if column not in names]
    if missing:
        expected = ", ".join(REQUIRED_COLUMNS + OPTIONAL_COLUMNS)
        found = ", ".join(cell[:40] for cell in header[:20])
        message = (
            f"the header has no column {' and no column '.join(missing)}; expected {expected}; found {found}"
        )
        raise _unreadable(line, "missing_column", message, field=missing[0])
    for column in REQUIRED_COLUMNS + OPTIONAL_COLUMNS:
        if names.count(column) > 1:
            raise _unreadable(
                line, "duplicate_column", f"the header names {column} more than once", field=column
            )
    return names


def _column_name(cell: str) -> str:
    name = "_".join(cell.lower().replace("_", " ").split())
    return _ALIASES.get(name, name)


def _rows(records: Iterator[tuple[int, list[str] | None]], columns: Sequence[str]) -> Sheet:
    rows: list[Row] = []
    problems: list[Problem] = []
    for count, (line, cells) in enumerate(records, start=1):
        if count > MAX_ROWS:
            raise _unreadable(line, "too_many_rows", f"the file has more than {MAX_ROWS:,} rows: split it")
        problem = _misshapen(line, cells, columns)
        if problem:
            problems.append(problem)
        else:
            rows.append(Row(line, dict(zip(columns, cells or (), strict=False))))
    return Sheet(tuple(rows), tuple(problems))


def _misshapen(line: int, cells: list[str] | None, columns: Sequence[str]) -> Problem | None:
    if cells is None:
        return Problem(
            line, None, "broken_quotes", "a quoted cell is not closed, or text follows its closing quote"
        )
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        message = f"the row has {len(cells)} cells, the header {len(columns)}: quote cells that hold a comma"
        return Problem(line, None, "too_many_cells", message)
    absent = [column for column in columns[len(cells) :] if column in REQUIRED_COLUMNS]
    if absent:
        return Problem(line, absent[0], "too_few_cells", f"the row ends before {', '.join(absent)}")
    return None


# --- rules ---


def underlyings(sheet: Sheet) -> set[str]:
    """Every symbol whose price a row of the sheet needs, as far as symbols can be read."""
    instruments = (_instrument(row.cells["ticker"]) for row in sheet.rows if row.cells["ticker"])
    return {_priced_by(instrument) for instrument in instruments if not isinstance(instrument, InvalidSymbol)}


def holdings_of(sheet: Sheet, rules: Rules) -> Holdings:
    """The sheet's rows held against the rules: problems by line, none of which follows from another."""
    accepted: list[Holding] = []
    problems = list(sheet.problems)
    warnings: list[Problem] = []
    first_seen: dict[tuple[str, date], int] = {}
    for row in sheet.rows:
        reading = _Reading(row, rules)
        holding = reading.holding(first_seen)
        problems += reading.problems
        warnings += reading.warnings if holding else ()
        accepted += [holding] if holding else []
    return Holdings(tuple(accepted), tuple(sorted(problems, key=lambda p: p.line)), tuple(warnings))


class _Reading:
    """One row being read: collects what is wrong with it."""

    def __init__(self, row: Row, rules: Rules) -> None:
        self.row = row
        self.rules = rules
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def holding(self, first_seen: dict[tuple[str, date], int]) -> Holding | None:
        instrument = self._known_instrument()
        quantity = self._quantity()
        price = self._price()
        entered = self._entry_date()
        tags = self._tags()
        if instrument is not None and entered is not None:
            self._check_lifetime(instrument, entered)
            self._check_first(_symbol(instrument), entered, first_seen)
        if self.problems or instrument is None or quantity is None or price is None or entered is None:
            return None
        option = instrument if isinstance(instrument, OptionContract) else None
        return Holding(self.row.line, _symbol(instrument), option, quantity, price, entered, tags)

    def _complain(self, field: str, code: str, message: str) -> None:
        self.problems.append(Problem(self.row.line, field, code, message))

    def _cell(self, field: str) -> str | None:
        """The cell's text; None, with a problem, when there is none or it cannot be meant."""
        text = self.row.cells[field]
        if not text:
            self._complain(field, "missing_value", f"{field} is empty")
        elif len(text) > _MAX_CELL:
            self._complain(field, "too_long", f"{field} is longer than {_MAX_CELL} characters")
        else:
            return text
        return None

    def _known_instrument(self) -> str | OptionContract | None:
        text = self._cell("ticker")
        instrument = None if text is None else _instrument(text)
        if isinstance(instrument, InvalidSymbol):
            self._complain("ticker", "invalid_symbol", str(instrument))
            return None
        known = self.rules.known_underlyings
        if instrument is not None and known is not None and _priced_by(instrument) not in known:
            message = f"no market data provider knows {_priced_by(instrument)}"
            self._complain("ticker", "unknown_symbol", message)
        return instrument

    def _number(self, field: str) -> Decimal | None:
        text = self._cell(field)
        if text is None:
            return None
        if not _NUMBER.fullmatch(text):
            self._complain(field, *_why_not_a_number(field, text))
            return None
        value = Decimal(text)
        if abs(value) >= LARGEST_NUMBER:
            self._complain(field, "too_large", f"{field} must be below {LARGEST_NUMBER:,}")
            return None
        if value.quantize(_SMALLEST_STEP) != value:
            self._complain(field, "too_many_decimals", f"{field} {text} has more than 6 decimals")
            return None
        return value.quantize(_SMALLEST_STEP)

    def _quantity(self) -> Decimal | None:
        quantity = self._number("quantity")
        if quantity == 0:
            self._complain(
                "quantity", "zero_quantity", "quantity is 0: leave the row out, or state what is held"
            )
        return quantity

    def _price(self) -> Decimal | None:
        price = self._number("entry_price")
        if price is not None and price <= 0:
            message = "entry_price must be above 0, also for shorts: the sign belongs to the quantity"
            self._complain("entry_price", "price_not_positive", message)
        return price

    def _entry_date(self) -> date | None:
        text = self._cell("entry_date")
        day = None if text is None else _date(text)
        if text is not None and day is None:
            self._complain(
                "entry_date", "invalid_date", f"entry_date {text!r} is not a date of the form YYYY-MM-DD"
            )
        elif day is not None and day > self.rules.as_of:
            message = f"entry_date {day} lies after {self.rules.as_of}, the day the file is read for"
            self._complain("entry_date", "date_in_future", message)
        elif day is not None and day < EARLIEST_DATE:
            self._complain("entry_date", "date_too_early", f"entry_date {day} lies before {EARLIEST_DATE}")
        return day

    def _tags(self) -> tuple[str, ...]:
        tags = tags_in(self.row.cells.get("tags", ""))
        for tag in tags:
            if problem := why_not_a_tag(tag):
                self._complain("tags", "invalid_tag", problem)
        if len(tags) > MAX_TAGS:
            self._complain(
                "tags", "too_many_tags", f"the row has {len(tags)} tags; at most {MAX_TAGS} are allowed"
            )
        return tags

    def _check_lifetime(self, instrument: str | OptionContract, entered: date) -> None:
        if not isinstance(instrument, OptionContract):
            return
        if entered > instrument.expiry:
            message = f"entry_date {entered} lies after the option's expiry {instrument.expiry}"
            self._complain("entry_date", "entry_after_expiry", message)
        if not self.rules.is_session(instrument.expiry):
            message = f"expiry {instrument.expiry} is not a NYSE session: the session before it is meant"
            self.warnings.append(Problem(self.row.line, "ticker", "expiry_not_a_session", message))

    def _check_first(self, symbol: str, entered: date, first_seen: dict[tuple[str, date], int]) -> None:
        first = first_seen.setdefault((symbol, entered), self.row.line)
        if first != self.row.line:
            message = f"{symbol} entered on {entered} stands already on line {first}"
            self._complain("ticker", "duplicate_row", message)


def _instrument(text: str) -> str | OptionContract | InvalidSymbol:
    try:
        if looks_like_option(text):
            return parse_occ(text)
        if len(text.split()) > 1:
            return InvalidSymbol(text, "holds white space: a ticker is one word")
        return parse_ticker(text)
    except InvalidSymbol as error:
        return error


def _symbol(instrument: str | OptionContract) -> str:
    return instrument.symbol if isinstance(instrument, OptionContract) else instrument


def _priced_by(instrument: str | OptionContract) -> str:
    return instrument.underlying if isinstance(instrument, OptionContract) else instrument


def _why_not_a_number(field: str, text: str) -> tuple[str, str]:
    if _THOUSANDS.fullmatch(text):
        return "thousands_separator", f"{field} {text!r} has thousands separators: write it without commas"
    return "not_a_number", f"{field} {text!r} is not a finite number"


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def tags_in(text: str) -> tuple[str, ...]:
    """The comma-separated tags of a cell, inner white space collapsed, the first spelling of each kept."""
    spellings: dict[str, str] = {}
    for part in text.split(","):
        tag = " ".join(part.split())
        if tag:
            spellings.setdefault(tag.lower(), tag)
    return tuple(spellings.values())


def why_not_a_tag(tag: str) -> str | None:
    """What is wrong with a tag, as a sentence; None when nothing is."""
    if len(tag) > MAX_TAG_LENGTH:
        return f"the tag {tag[:20]!r}... is longer than {MAX_TAG_LENGTH} characters"
    if not all(letter.isalnum() or letter in " _-:" for letter in tag):
        return f"the tag {tag!r} may hold letters, digits, spaces, '_', '-' and ':' only"
    return None


# --- meeting a portfolio that already holds something ---


@dataclass(frozen=True)
class Held:
    """What a portfolio already holds of one instrument since one entry date."""

    quantity: Decimal
    entry_price: Decimal
    tags: frozenset[str]


@dataclass(frozen=True)
class Change:
    """What a row does to a portfolio. `kind`: new, updated or unchanged; `was`: what an update replaces."""

    holding: Holding
    kind: str
    was: Held | None


def changes_to(existing: Mapping[tuple[str, date], Held], holdings: Sequence[Holding]) -> list[Change]:
    """How each holding meets what is there. Tags are only added, and nothing is ever removed by a file."""
    return [_change(existing.get((holding.symbol, holding.entry_date)), holding) for holding in holdings]


def _change(held: Held | None, holding: Holding) -> Change:
    if held is None:
        return Change(holding, "new", None)
    known_tags = {tag.lower() for tag in held.tags}
    same_tags = all(tag.lower() in known_tags for tag in holding.tags)
    same_terms = (held.quantity, held.entry_price) == (holding.quantity, holding.entry_price)
    return Change(holding, "unchanged" if same_terms and same_tags else "updated", held)
