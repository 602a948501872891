"""The files of a CSV folder: their columns, how these are read, and what is checked."""

import csv
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from services.ingest.providers.bundled import MATURITY_OF_SERIES
from shared import calendar
from shared.instruments import OCC_STRIKE_DIGITS, normalise, parse_occ, parse_ticker

Row = dict[str, Any]
Key = tuple[object, ...]
Read = Callable[[str], Any]
_MOST_PROBLEMS = 3


@dataclass(frozen=True)
class Table:
    """One file: its columns with their readers, the optional ones, the key, and a check of rows."""

    file: str
    columns: Mapping[str, Read]
    optional: frozenset[str]
    key: tuple[str, ...]
    problem: Callable[[Row], str | None] = lambda row: None

    def rows(self, text: str) -> dict[Key, Row]:
        """Every row by its key; raises `ValueError`, which names the first problems, and fixes."""
        content = _content(text)
        reader = csv.reader((line for _, line in content), strict=True)
        records: list[list[str]] = []
        lines: list[int] = []
        problems: list[tuple[int, str]] = []
        try:
            header = [name.strip().lower() for name in next(reader, ())]
            self._check_header(header, content)
            for record in reader:
                records.append(record)
                lines.append(content[reader.line_num - 1][0])
        except csv.Error as error:
            line = content[reader.line_num - 1][0]
            problems.append((line, f"is not CSV ({error}): check the quotes"))
        columns = [self._column(name, read, header, records) for name, read in self.columns.items()]
        found = [
            dict(zip(self.columns, values, strict=True))
            for values in zip(*(column.values for column in columns), strict=True)
        ]
        keys: list[Key] = [tuple(row[name] for name in self.key) for row in found]
        problems += self._problems(records, len(header), columns, lines)
        if not problems:
            problems += self._contradictions(found, keys, lines)
        if problems:
            raise ValueError(_named(sorted(problems)))
        return dict(zip(keys, found, strict=True))

    def _column(
        self, name: str, read: Read, header: Sequence[str], records: Sequence[Sequence[str]]
    ) -> "_Column":
        """Each distinct text is read once: a file of closes has few days and symbols."""
        place = max((place for place, each in enumerate(header) if each == name), default=None)
        texts = (
            [""] * len(records)
            if place is None
            else [record[place].strip() if place < len(record) else "" for record in records]
        )
        read_as: dict[str, object] = {}
        wrong: dict[str, str] = {}
        for text in set(texts):
            try:
                read_as[text] = None if name in self.optional and not text else read(text)
            except ValueError as error:
                read_as[text] = None
                said = f"{text!r} {error}" if text else "is empty: fill it in"
                wrong[text] = f"field {name}: {said}" if text else f"field {name} {said}"
        return _Column(texts, [read_as[text] for text in texts], wrong)

    def _problems(
        self,
        records: Sequence[Sequence[str]],
        width: int,
        columns: "Sequence[_Column]",
        lines: Sequence[int],
    ) -> list[tuple[int, str]]:
        """What is wrong with a field or a row alone, each with its line."""
        too_long = "has more fields than the header: put texts with commas in double quotes"
        long = {line for record, line in zip(records, lines, strict=True) if len(record) > width}
        return [(line, too_long) for line in sorted(long)] + [
            (line, column.wrong[text])
            for column in columns
            if column.wrong
            for text, line in zip(column.texts, lines, strict=True)
            if text in column.wrong and line not in long
        ]

    def _contradictions(
        self, rows: Sequence[Row], keys: Sequence[Key], lines: Sequence[int]
    ) -> list[tuple[int, str]]:
        """Which rows contradict themselves, or repeat one before."""
        found = [
            (line, problem)
            for row, line in zip(rows, lines, strict=True)
            if (problem := self.problem(row))
        ]
        if len(set(keys)) == len(keys):
            return found
        first = dict(zip(reversed(keys), reversed(lines), strict=True))
        return found + [
            (line, f"repeats line {first[key]}: keep one of them")
            for key, line in zip(keys, lines, strict=True)
            if first[key] != line
        ]

    def _check_header(self, header: Collection[str], content: Sequence[tuple[int, str]]) -> None:
        missing = sorted(self.columns.keys() - self.optional - set(header))
        if missing:
            line = content[0][0] if content else 1
            raise ValueError(
                f"line {line}, the column {missing[0]} is missing: add it to the header"
            )


class _Column(NamedTuple):
    """The texts of a column, what they are read as, and what is wrong with some of them."""

    texts: Sequence[str]
    values: Sequence[object]
    wrong: Mapping[str, str]


def _named(problems: Sequence[tuple[int, str]]) -> str:
    """The first problems in a sentence, and how many more there are."""
    said = "; ".join(f"line {line}, {problem}" for line, problem in problems[:_MOST_PROBLEMS])
    more = len(problems) - _MOST_PROBLEMS
    return f"{said}; and {more} more" if more > 0 else said


def _content(text: str) -> list[tuple[int, str]]:
    """The lines that are neither blank nor comments, with their numbers."""
    lines = enumerate(io.StringIO(text, newline=None), 1)
    return [
        (number, line)
        for number, line in lines
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _ticker(text: str) -> str:
    try:
        return parse_ticker(text)
    except ValueError:
        raise ValueError("is not a ticker: write it like AAPL or BRK.B") from None


def _contract(text: str) -> str:
    """The symbol; a chain has some hundred series, and many strikes of each."""
    symbol = normalise(text)
    series = symbol[:-OCC_STRIKE_DIGITS]
    strike = symbol[-OCC_STRIKE_DIGITS:]
    try:
        if strike.isascii() and strike.isdigit() and int(strike):
            return _series(series) + strike
        return parse_occ(symbol).symbol
    except ValueError:
        raise ValueError("is not an OCC option symbol: write it like AAPL230120C00130000") from None


@lru_cache(maxsize=10_000)
def _series(written: str) -> str:
    """Root, expiry and type of a contract, as its symbol has them; an error where it has none."""
    return parse_occ(f"{written}{1:0{OCC_STRIKE_DIGITS}d}").symbol[:-OCC_STRIKE_DIGITS]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a date: write it like 2022-12-28") from None


def _session(text: str) -> date:
    day = _day(text)
    if not calendar.is_session(day):
        raise ValueError(
            "is not a NYSE session: the one before is " + calendar.previous_session(day).isoformat()
        )
    return day


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError("is not a number: write it like 101.25, without thousands separators")
    return number


def _positive(text: str) -> Decimal:
    number = _number(text)
    if number <= 0:
        raise ValueError("is not above 0")
    return number


def _not_negative(text: str) -> Decimal:
    number = _number(text)
    if number < 0:
        raise ValueError("is below 0")
    return number


def _yearly(text: str) -> float:
    number = float(_number(text))
    if not 0 <= number < 1:
        raise ValueError("is not a yield per year from 0 to 1: write 0.0125 for 1.25 %")
    return number


def _one_of(*words: str) -> Read:
    def read(text: str) -> str:
        found = {word.lower(): word for word in words}.get(text.lower())
        if found is None:
            raise ValueError(f"is not one of {', '.join(words)}")
        return found

    return read


def _crossed(row: Row) -> str | None:
    return (
        f"field ask: {row['ask']} is below the bid {row['bid']}"
        if row["ask"] < row["bid"]
        else None
    )


PRICES = Table(
    "prices.csv",
    {"symbol": _ticker, "session_date": _session, "close": _positive, "adjusted_close": _positive},
    frozenset({"adjusted_close"}),
    ("symbol", "session_date"),
)
YIELDS = Table(
    "yields.csv",
    {
        "maturity": _one_of(*MATURITY_OF_SERIES.values()),
        "observation_date": _day,
        "yield_percent": lambda text: float(_number(text)),
    },
    frozenset(),
    ("maturity", "observation_date"),
)
SECURITIES = Table(
    "securities.csv",
    {
        "symbol": _ticker,
        "kind": _one_of("stock", "etf", "fund", "index"),
        "name": str,
        "sector": str,
        "industry": str,
        "dividend_yield": _yearly,
    },
    frozenset({"name", "sector", "industry", "dividend_yield"}),
    ("symbol",),
)
OPTION_QUOTES = Table(
    "option_quotes.csv",
    {
        "contract": _contract,
        "session_date": _session,
        "bid": _not_negative,
        "ask": _not_negative,
        "last": _not_negative,
        "underlying_price": _positive,
    },
    frozenset({"last", "underlying_price"}),
    ("contract", "session_date"),
    _crossed,
)
CORPORATE_ACTIONS = Table(
    "corporate_actions.csv",
    {"symbol": _ticker, "ex_date": _day, "kind": _one_of("split", "dividend"), "value": _positive},
    frozenset(),
    ("symbol", "ex_date", "kind"),
)
