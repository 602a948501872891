"""The files of a CSV folder: their columns, how these are read, and what is checked."""

import csv
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from services.ingest.providers.bundled import MATURITY_OF_SERIES
from shared import calendar
from shared.instruments import parse_occ, parse_ticker

Row = dict[str, Any]
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

    def rows(self, text: str) -> list[Row]:
        """Every row; raises `ValueError`, which names the first problems by line, and the fixes."""
        content = _content(text)
        reader = csv.DictReader((line for _, line in content), strict=True)
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        self._check_header(reader.fieldnames, content)
        found: list[Row] = []
        problems: list[str] = []
        line_by_key: dict[tuple[object, ...], int] = {}
        try:
            for cells in reader:
                line = content[reader.line_num - 1][0]
                row, wrong = self._row(cells)
                first = (
                    line
                    if wrong
                    else line_by_key.setdefault(tuple(row[name] for name in self.key), line)
                )
                repeated = [f"repeats line {first}: keep one of them"] if first != line else []
                problems += [f"line {line}, {problem}" for problem in wrong or repeated]
                found.append(row)
        except csv.Error as error:
            line = content[reader.reader.line_num - 1][0]
            problems.append(f"line {line}, is not CSV ({error}): check the quotes")
        if problems:
            more = (
                f"; and {len(problems) - _MOST_PROBLEMS} more"
                if len(problems) > _MOST_PROBLEMS
                else ""
            )
            raise ValueError("; ".join(islice(problems, _MOST_PROBLEMS)) + more)
        return found

    def _check_header(self, header: Collection[str], content: Sequence[tuple[int, str]]) -> None:
        missing = sorted(self.columns.keys() - self.optional - set(header))
        if missing:
            line = content[0][0] if content else 1
            raise ValueError(
                f"line {line}, the column {missing[0]} is missing: add it to the header"
            )

    def _row(self, cells: Mapping[str | None, Any]) -> tuple[Row, list[str]]:
        if None in cells:
            return {}, ["has more fields than the header: put texts with commas in double quotes"]
        row: Row = {}
        wrong = []
        for name, read in self.columns.items():
            text = (cells.get(name) or "").strip()
            try:
                row[name] = None if not text and name in self.optional else read(text)
            except ValueError as error:
                wrong.append(
                    f"field {name}: {text!r} {error}"
                    if text
                    else f"field {name} is empty: fill it in"
                )
        if not wrong and (problem := self.problem(row)):
            wrong = [problem]
        return row, wrong


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
    try:
        return parse_occ(text).symbol
    except ValueError:
        raise ValueError("is not an OCC option symbol: write it like AAPL230120C00130000") from None


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
