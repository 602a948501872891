"""Lines of transactions that are like others of their file: their words are read once.

Most lines of a long file differ from another one only in day, figures and id. A line is read in
full (`TradeReading`) where it is the first with its other cells, or where a rule may have something
to say of its figures; of the others only the figures are read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from services.gateway.books.files.amounts import CENT, figures_agree
from services.gateway.books.files.entries import Entry
from services.gateway.books.files.holdings import Row, Rules, Skipped
from services.gateway.books.files.instruments import Instrument, multiplier_of
from services.gateway.books.files.reading import MAX_CELL, MAX_IDENTITY, SMALLEST_STEP
from services.gateway.books.files.sizes import LARGEST_SHARES, LARGEST_VALUE, other_close
from services.gateway.books.files.trade_columns import FEE_COLUMNS
from services.gateway.books.files.trade_words import Meaning
from services.gateway.books.files.trades import (
    BOUGHT,
    PLAIN,
    TRADED,
    TradeReading,
)
from services.gateway.books.ledger.inputs import Kind
from shared.instruments import OptionContract

_FEES = frozenset(FEE_COLUMNS)
_FIGURES = _FEES | {"date", "quantity", "price", "amount", "id", "stated_on"}
_NONE = Decimal(0)


@dataclass(frozen=True)
class _Words:
    """What the words of a line say. `sign`: of the cash that it moves; None: it is a trade."""

    kind: Kind
    instrument: Instrument | None
    note: str
    sign: int | None


@dataclass(frozen=True)
class _Columns:
    """The columns of lines: which hold words, which fees; and the words that were read so far."""

    words: tuple[str, ...]
    fees: tuple[str, ...]
    known: dict[tuple[str, ...], _Words] = field(default_factory=dict)

    @classmethod
    def of(cls, names: tuple[str, ...]) -> "_Columns":
        words = tuple(name for name in names if name not in _FIGURES)
        return cls(words, tuple(name for name in names if name in _FEES))

    def key(self, row: Row) -> tuple[str, ...]:
        """The words of a line, and of its quantity whether it is there and below 0."""
        cells = row.cells
        quantity = cells.get("quantity", "")
        side = quantity and ("-" if quantity.startswith("-") else "+")
        return (side, *map(cells.__getitem__, self.words))


class PlainLines:
    """The lines of one file while they are read."""

    def __init__(self, rules: Rules, *, day_first: bool) -> None:
        self._rules = rules
        self._reading = TradeReading(Row(0, {}), rules, day_first=day_first)
        self._columns: dict[tuple[str, ...], _Columns] = {}
        self._days: dict[str, date | None] = {}
        self._numbers: dict[str, Decimal | None] = {}
        self._quantities: dict[str, Decimal | None] = {}
        self._sums: dict[str, Decimal | None] = {}

    def learn(self, reading: TradeReading, found: Entry | Skipped | None) -> None:
        """Remember what the words of a line say, unless a rule had something to say of it."""
        meaning = reading.meant_as
        if not isinstance(found, Entry) or not isinstance(meaning, Meaning) or reading.warnings:
            return
        is_trade = found.quantity is not None
        if meaning.kind is not found.kind or (is_trade and meaning.kind not in TRADED):
            return  # its figures decide what it is
        sign = None if is_trade else meaning.sign
        columns = self._columns_of(reading.row)
        words = _Words(found.kind, found.instrument, found.note, sign)
        columns.known[columns.key(reading.row)] = words

    def entry(self, row: Row) -> Entry | None:
        """The line as an entry; None where it must be read in full."""
        columns = self._columns_of(row)
        words = columns.known.get(columns.key(row))
        if words is None:
            return None
        cells = row.cells
        external_id = cells.get("id") or None
        day = self._day(cells.get("date", ""))
        if day is None or not (external_id is None or _is_plain(external_id, MAX_IDENTITY)):
            return None
        if words.sign is None:
            return self._trade(row, words, day, columns.fees, external_id)
        amount = self._money(cells.get("amount", ""))
        has_fees = bool(cells.get("stated_on")) and any(map(cells.get, columns.fees))
        if not amount or words.sign > 0 > amount or has_fees:
            return None
        return Entry(
            row.line, words.kind, day, words.instrument,
            amount=amount if words.sign == 0 else words.sign * abs(amount),
            external_id=external_id, note=words.note,
        )  # fmt: skip

    def _trade(
        self, row: Row, words: _Words, day: date, fee_columns: tuple[str, ...], identity: str | None
    ) -> Entry | None:
        cells = row.cells
        number = self._quantity(cells.get("quantity", ""))
        price = self._number(cells.get("price", ""))
        instrument = words.instrument
        if not number or price is None or price <= 0 or instrument is None:
            return None
        quantity = number
        if words.kind is not Kind.OPENING:
            quantity = abs(number) if words.kind in BOUGHT else -abs(number)
        fees: Decimal | None = None
        for name in fee_columns:
            if text := cells[name]:
                fee = self._money(text)
                if fee is None:
                    return None
                fees = abs(fee) if fees is None else fees + abs(fee)
        given_for = cells.get("stated_on")
        stated_on = self._day(given_for) if given_for else None
        if given_for and stated_on is None:
            return None
        if not self._is_sound(instrument, (day, stated_on), quantity, price):
            return None
        if cells.get("amount"):
            amount = self._money(cells["amount"])
            given = cells["price"]
            if amount is None or not figures_agree(
                instrument, quantity, price, given, amount, fees
            ):
                return None
        return Entry(
            row.line, words.kind, day, instrument, quantity, price,
            fees=fees or _NONE, external_id=identity, note=words.note, stated_on=stated_on,
        )  # fmt: skip

    def _is_sound(
        self,
        instrument: Instrument,
        days: tuple[date, date | None],
        quantity: Decimal,
        price: Decimal,
    ) -> bool:
        """Whether no rule has anything to say of the figures, or of the day of an option.

        `days`: that of the trade, and the one in whose shares the line says that it is.
        """
        day, given = days
        shares = abs(quantity) * multiplier_of(instrument)
        if shares >= LARGEST_SHARES or shares * price >= LARGEST_VALUE:
            return False
        if isinstance(instrument, OptionContract):
            return day <= instrument.expiry and shares * instrument.strike < LARGEST_VALUE
        rules = self._rules
        if rules.history is None:
            return True
        stated_on = given or (day if rules.shares_of_entry_date else rules.stated_on) or day
        return other_close(rules.history, instrument, price, day, stated_on) is None

    def _columns_of(self, row: Row) -> _Columns:
        names = tuple(row.cells)
        found = self._columns.get(names)
        if found is None:
            found = self._columns[names] = _Columns.of(names)
        return found

    def _day(self, text: str) -> date | None:
        """The day of a text, in full once; None where a rule has something to say of it."""
        if text not in self._days:
            day = self._reading.day("date", text) if _is_plain(text) else None
            self._days[text] = None if day is None or day > self._rules.as_of else day
            self._reading.problems.clear()
        return self._days[text]

    def _number(self, text: str) -> Decimal | None:
        """The number of a text, read once; None where a rule has something to say of it."""
        if text not in self._numbers:
            self._numbers[text] = self._read("price", text)
        return self._numbers[text]

    def _quantity(self, text: str) -> Decimal | None:
        if text not in self._quantities:
            self._quantities[text] = self._read("quantity", text)
        return self._quantities[text]

    def _money(self, text: str) -> Decimal | None:
        if text not in self._sums:
            number = self._number(text)
            self._sums[text] = None if number is None else number.quantize(CENT, ROUND_HALF_UP)
        return self._sums[text]

    def _read(self, field: str, text: str) -> Decimal | None:
        if PLAIN.fullmatch(text):
            return Decimal(text).quantize(SMALLEST_STEP)
        number = self._reading.number(field, text if text and _is_plain(text) else None)
        self._reading.problems.clear()
        return number


def one_of_each(rows: Iterable[Row]) -> tuple[Row, ...]:
    """A row for all of those with the same words, which name the same instrument."""
    columns: dict[tuple[str, ...], _Columns] = {}
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], Row] = {}
    for row in rows:
        names = tuple(row.cells)
        if names not in columns:
            columns[names] = _Columns.of(names)
        found.setdefault((names, columns[names].key(row)), row)
    return tuple(found.values())


def _is_plain(text: str, most: int = MAX_CELL) -> bool:
    """Whether a cell is as it seems: not disarmed, and of no character that is not shown."""
    return len(text) <= most and text.isascii() and text.isprintable() and "'" not in text
