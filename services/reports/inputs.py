"""What the parts of reports share: the figures a report is made of, and a report as laid out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Answer:
    """A part of the API's answers, read by name. What is not there is a part without a value."""

    value: object = None

    def __getitem__(self, name: str) -> "Answer":
        return Answer(self.value.get(name)) if isinstance(self.value, Mapping) else Answer()

    def __iter__(self) -> Iterator["Answer"]:
        return iter([Answer(each) for each in self.value] if isinstance(self.value, list) else [])

    def __bool__(self) -> bool:
        return self.value is not None

    @property
    def named(self) -> list[tuple[str, "Answer"]]:
        """The parts of an object by name, in its order."""
        found = self.value.items() if isinstance(self.value, Mapping) else ()
        return [(str(name), Answer(each)) for name, each in found]

    @property
    def text(self) -> str:
        """The value as text; "" without one."""
        return "" if self.value is None else str(self.value)

    @property
    def number(self) -> float | None:
        """The value, if it is a number."""
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return self.value if is_number else None  # type: ignore[return-value]

    @property
    def holds(self) -> bool:
        """Whether the value is true."""
        return self.value is True


@dataclass(frozen=True)
class Question:
    """What is to be rendered: figures, and the form that their reader chose.

    `figures`: {"portfolios": [{"report", ...}]}, answers of the API. `basis`: the hash of them:
    the same question about the same basis has the same bytes.
    """

    report_id: UUID
    user_id: UUID
    template: str
    form: str
    sections: tuple[str, ...]
    as_of: date
    basis: str
    revisions: Mapping[str, str]
    figures: Answer


class Kind(StrEnum):
    """What a value is, and so how it is written.

    MONEY: USD in cents; SHARE: a decimal, shown in percent; RATIO: a plain number.
    """

    TEXT = "text"
    MONEY = "money"
    SHARE = "share"
    RATIO = "ratio"
    GREEK = "greek"
    QUANTITY = "quantity"
    PRICE = "price"
    COUNT = "count"


Value = str | float | None


@dataclass(frozen=True)
class Column:
    """A column of a table. `wide`: its part of the room that the others leave; 0: what it needs."""

    name: str
    kind: Kind = Kind.TEXT
    wide: int = 0


@dataclass(frozen=True)
class Table:
    """Rows under a title. A row's `kinds`, where given, replace those of the columns.

    `totals`: how many of the last rows are sums of the others.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""
    kinds: tuple[Kind, ...] | None = None
    totals: int = 0

    def kind_of(self, row: int, column: int) -> Kind:
        """How a cell is written; `kinds` are by row, of its number columns."""
        own = self.columns[column].kind
        if self.kinds is None or own in (Kind.TEXT, Kind.COUNT, Kind.SHARE):
            return own
        return self.kinds[row]


@dataclass(frozen=True)
class Fact:
    """One figure with its name; without a value, the reason."""

    name: str
    value: Value
    kind: Kind
    reason: str = ""


@dataclass(frozen=True)
class Facts:
    """Figures that are read at a glance."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Series:
    """A line or a set of bars. `role`: "main", "second" or "limit"."""

    name: str
    values: tuple[float | None, ...]
    role: str = "main"


class Shape(StrEnum):
    """How a chart is drawn: over sessions, or one bar per label."""

    LINES = "lines"
    COLUMNS = "columns"
    BARS = "bars"


@dataclass(frozen=True)
class Chart:
    """A picture of figures that a table of the report, or the series themselves, give.

    `says`: what it shows, for readers who do not see it.
    """

    title: str
    shape: Shape
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    kind: Kind
    says: str
    small: bool = False


@dataclass(frozen=True)
class Remark:
    """A paragraph. `tone`: "plain", or "warning" for what a reader must know."""

    text: str
    tone: str = "plain"


Block = Table | Facts | Chart | Remark


@dataclass(frozen=True)
class Section:
    """A part of a chapter with a heading."""

    name: str
    title: str
    blocks: tuple[Block, ...]

    def caption(self, table: Table) -> str:
        """The title of one of its tables; "" where the heading right above says it already."""
        first = next((each for each in self.blocks if isinstance(each, Table)), None)
        return "" if table is first and table.title == self.title else table.title


@dataclass(frozen=True)
class Chapter:
    """What a report says of one portfolio."""

    name: str
    as_of: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Report:
    """A report as it is laid out: what every format shows."""

    title: str
    template: str
    as_of: str
    basis: str
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class Rendered:
    """A document, ready to be stored."""

    content: bytes
    media_type: str


class Cancelled(Exception):
    """Ends the rendering of a report that its user no longer wants."""


class Meter(Protocol):
    """Is notified of progress, from the thread that renders; raises `Cancelled` to end it."""

    def reached(self, share: float) -> None: ...


@dataclass
class Silent:
    """A meter that no one reads."""

    shares: list[float] = field(default_factory=list)

    def reached(self, share: float) -> None:
        """Remember how far it is."""
        self.shares.append(share)
