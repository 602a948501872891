"""The result of reading a file: holdings, problems and warnings."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import repeat
from typing import cast

from services.gateway.books.files.history import PriceHistory
from services.gateway.books.files.instruments import (
    Instrument,
    multiplier_of,
    symbol_of,
    underlying_of,
)
from services.gateway.books.files.layouts import Source, Turn
from services.gateway.books.files.mapping import Use
from services.gateway.books.files.problems import Problem
from services.gateway.books.ledger.inputs import Instrument as LedgerInstrument
from shared.instruments import OptionContract

PUBLIC, OPTIONS, PRIVATE = CLASSES = ("PUBLIC", "OPTIONS", "PRIVATE")


@dataclass(frozen=True)
class Row:
    """One record: the physical line it starts on, and its cells by column name (stripped).

    `turning`: the file's columns that no rule reads, and what each would turn.
    """

    line: int
    cells: Mapping[str, str]
    turning: Mapping[str, Turn] = field(default_factory=dict)


@dataclass(frozen=True)
class Skipped:
    """A line of a broker's export that is not a position, and how it is used."""

    line: int
    label: str
    code: str
    message: str


@dataclass(frozen=True)
class Export:
    """What a broker's export says beside its positions.

    `exported_on`: the day of its title line, None when there is none. `cash`: USD, below 0 on
    margin, None when no line names any. `total`: what its totals say the accounts are worth, USD.
    """

    accounts: tuple[str, ...]
    exported_on: date | None
    cash: Decimal | None
    skipped: tuple[Skipped, ...]
    total: Decimal | None = None


@dataclass(frozen=True)
class Sheet:
    """A readable file: its rows, and the rows whose quotes or width could not be read.

    `line`: its header's. `ignored`: the columns that no rule reads, as the header has them.
    `layout`: whose layout, or which profile, its columns were read by; `profile`: the id of one
    that a user saved. `undated`: positions without entry dates are there, so that one is assumed.
    `lists`: what the file lists where it may be more than its rows. `warnings`: about single rows.
    """

    source: Source
    line: int
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    export: Export | None = None
    ignored: tuple[str, ...] = ()
    layout: str | None = None
    profile: str | None = None
    undated: bool = False
    lists: tuple[Use, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def __getstate__(self) -> dict[str, object]:
        """Rows go from one process to another as columns, in a fraction of the time."""
        return {**vars(self), "rows": _packed(self.rows)}

    def __setstate__(self, state: dict[str, object]) -> None:
        rows = _unpacked(cast(list[_Packed], state["rows"]))
        self.__dict__.update(state, rows=rows)

    @property
    def use(self) -> Use:
        """What its rows are."""
        return Use.TRANSACTIONS if self.source is Source.TRANSACTIONS else Use.POSITIONS

    @property
    def count(self) -> int:
        """How many lines are rows, good and bad."""
        return len(self.rows) + len({problem.line for problem in self.problems})


# Rows with the same columns: these, their lines, and all of their cells one after the other.
_Packed = tuple[tuple[str, ...], Mapping[str, Turn], list[int], list[str]]


def _packed(rows: Sequence[Row]) -> list[_Packed]:
    runs: list[_Packed] = []
    for row in rows:
        names = tuple(row.cells)
        if not runs or runs[-1][0] != names or runs[-1][1] != row.turning:
            runs.append((names, row.turning, [], []))
        runs[-1][2].append(row.line)
        runs[-1][3].extend(row.cells.values())
    return runs


def _records(texts: Sequence[str], width: int) -> Iterable[tuple[str, ...]]:
    return zip(*[iter(texts)] * width, strict=True) if width else repeat(())


def _unpacked(runs: Sequence[_Packed]) -> tuple[Row, ...]:
    return tuple(
        Row(line, dict(zip(names, cells, strict=True)), turning)
        for names, turning, lines, texts in runs
        for line, cells in zip(lines, _records(texts, len(names)), strict=False)
    )


@dataclass(frozen=True)
class Holding:
    """One valid row. `quantity` is signed; prices are USD per share, also of an option.

    `given_class` and `investment_subtype` are None where the file is silent. Without `exit_date`
    it is held, or the file is silent about it. `market_value`: USD as in a broker's export, None
    elsewhere. `stated_on`: the day in whose shares the row is, None where it is the file's.
    """

    line: int
    instrument: Instrument
    quantity: Decimal
    entry_price: Decimal
    entry_date: date
    tags: tuple[str, ...] = ()
    given_class: str | None = None
    investment_subtype: str | None = None
    exit_date: date | None = None
    exit_price: Decimal | None = None
    market_value: Decimal | None = None
    stated_on: date | None = None

    @property
    def symbol(self) -> str:
        """What it is held as: a ticker, or an option's OCC symbol."""
        return symbol_of(self.instrument)

    @property
    def option(self) -> OptionContract | None:
        """Its contract, when it is an option."""
        return self.instrument if isinstance(self.instrument, OptionContract) else None

    @property
    def underlying(self) -> str:
        """The symbol whose price drives the holding."""
        return underlying_of(self.instrument)

    @property
    def multiplier(self) -> int:
        """Shares per unit of quantity."""
        return multiplier_of(self.instrument)

    @property
    def investment_class(self) -> str:
        """As given, else by the instrument."""
        return self.given_class or (OPTIONS if self.option else PUBLIC)

    @property
    def traded(self) -> LedgerInstrument:
        """What it is a holding of, as the ledger has it."""
        option = self.option
        return LedgerInstrument(
            symbol=self.symbol,
            underlying=self.underlying,
            multiplier=self.multiplier,
            option_type=option.option_type if option else None,
            strike=option.strike if option else None,
            expiry=option.expiry if option else None,
            investment_class=self.investment_class,
            investment_subtype=self.investment_subtype,
        )


@dataclass(frozen=True)
class Rules:
    """What a row is checked against.

    `known_underlyings`: None when nothing is known about symbols yet. `entry_date`: when positions
    of an export without entry dates count as entered; default: the export's own day. `stated_on`:
    the day in whose shares the file is, default `as_of`; with `shares_of_entry_date` each row is in
    those of its entry date. `history`: closes and splits that prices are compared with.
    `worthless`: a price may be 0, as that of an option closed for nothing.
    """

    as_of: date
    known_underlyings: Collection[str] | None
    is_session: Callable[[date], bool]
    entry_date: date | None = None
    refuse_duplicates: bool = False
    stated_on: date | None = None
    shares_of_entry_date: bool = False
    history: PriceHistory | None = None
    worthless: bool = False


@dataclass(frozen=True)
class Holdings:
    """The rows that may be loaded with their warnings, and the problems of the others."""

    accepted: tuple[Holding, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
