"""A statement that may list both what is held and what was done: one of them is read.

What is held is what the transactions led to, so reading both would count it twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from services.gateway.books.files.holdings import Export, Row, Sheet, Skipped
from services.gateway.books.files.layouts import Source
from services.gateway.books.files.mapping import Use
from services.gateway.books.files.problems import Problem, UnreadableFile
from services.gateway.books.files.reading import MAX_CELL, SMALLEST_STEP
from services.gateway.books.files.records import MAX_ROWS, MAX_TRANSACTIONS

MAX_DEPTH = 100  # of elements within each other
_SOURCES = {Use.POSITIONS: Source.TWELVE_COLUMNS, Use.TRANSACTIONS: Source.TRANSACTIONS}
OTHER_SECTION = "other_section"
_OTHER = {
    Use.POSITIONS: "a position: send use=positions to read what the file holds",
    Use.TRANSACTIONS: "a transaction: send use=transactions to read what was done",
}


@dataclass(frozen=True)
class Noted:
    """A problem or warning of an item: the column, a code and a sentence."""

    field: str | None
    code: str
    message: str


@dataclass(frozen=True)
class Item:
    """One entry of a statement, in our columns.

    `line`: where it begins. `use`: what it is a part of; None: neither, and `passed` says what it
    is. With a `problem` it may not be loaded.
    """

    line: int
    use: Use | None
    label: str
    cells: Mapping[str, str] = field(default_factory=dict)
    problem: Noted | None = None
    warning: Noted | None = None
    passed: Noted | None = None


@dataclass
class Statement:
    """What was found in a file, in its order. Sums in USD, None where the file has none."""

    layout: str
    items: list[Item] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    exported_on: date | None = None
    cash: Decimal | None = None
    total: Decimal | None = None

    def add(self, item: Item) -> None:
        """One more; raises `UnreadableFile` beyond the limit."""
        if len(self.items) >= MAX_TRANSACTIONS:
            message = f"the file has more than {MAX_TRANSACTIONS:,} entries: split it"
            raise UnreadableFile(item.line, "too_many_rows", message)
        self.items.append(item)

    def sheet(self, use: Use | None) -> Sheet:
        """What is held, or what was done: as chosen, else what is held where the file says it.

        Entries have their physical lines where no two are on one line, else they are counted.
        """
        lists = tuple(each for each in Use if any(item.use is each for item in self.items))
        chosen = use or next(iter(lists), Use.POSITIONS)
        rows: list[Row] = []
        problems: list[Problem] = []
        warnings: list[Problem] = []
        skipped: list[Skipped] = []
        for line, item in zip(self._lines(), self.items, strict=True):
            if item.use is not chosen or item.passed is not None:
                skipped.append(_passed(line, item))
            elif item.problem is not None:
                problems.append(Problem(line, **vars(item.problem)))
            else:
                rows.append(Row(line, item.cells))
                warnings += [Problem(line, **vars(item.warning))] if item.warning else []
        is_positions = chosen is Use.POSITIONS
        if is_positions and len(rows) > MAX_ROWS:
            message = f"the file has more than {MAX_ROWS:,} positions: split it"
            raise UnreadableFile(rows[MAX_ROWS].line, "too_many_rows", message)
        accounts = tuple(dict.fromkeys(self.accounts))
        sums = (self.cash, self.total) if is_positions else (None, None)
        export = Export(accounts, self.exported_on, sums[0], tuple(skipped), sums[1])
        return Sheet(
            _SOURCES[chosen],
            1,
            tuple(rows),
            tuple(problems),
            export,
            layout=self.layout,
            undated=is_positions and any(not row.cells.get("entry_date") for row in rows),
            lists=lists,
            warnings=tuple(warnings),
        )

    def _lines(self) -> Sequence[int]:
        lines = [item.line for item in self.items]
        unique = len(set(lines)) == len(lines)
        return lines if unique else range(1, len(lines) + 1)


def _passed(line: int, item: Item) -> Skipped:
    noted = item.passed
    if noted is not None:
        return Skipped(line, item.label[:MAX_CELL], noted.code, noted.message)
    return passed_of(line, item.label, item.use or Use.POSITIONS)


def passed_of(line: int, label: str, use: Use) -> Skipped:
    """An entry of the part of a file that is not read."""
    return Skipped(line, label[:MAX_CELL], OTHER_SECTION, _OTHER[use])


def decimal_of(text: str | None) -> Decimal | None:
    """A finite number of a statement, which may have a decimal comma; None in anything else."""
    plain = (text or "").strip()
    if "," in plain:
        plain = plain.replace(",", "" if "." in plain else ".")
    if not plain or len(plain) > MAX_CELL:
        return None
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    return number if number.is_finite() and number.adjusted() < MAX_CELL else None


def number_cell(text: str | None) -> str:
    """The cell of a number with a decimal point; one that is no number stays as it is."""
    number = decimal_of(text)
    return (text or "").strip() if number is None else f"{number:f}"


def price_cell(price: Decimal | None) -> str:
    """The cell of a price, which averages of brokers have more decimals of than are kept."""
    if price is None:
        return ""
    step = SMALLEST_STEP if price.adjusted() < 20 else Decimal(1)
    return f"{price.quantize(step, ROUND_HALF_UP):f}"
