"""Rows as the lines of Postgres' textual COPY, which Python writes fastest where types are plain.

The format (https://www.postgresql.org/docs/current/sql-copy.html): a line per row, tabs between its
fields, a null as `\\N`; a backslash, a tab and the ends of lines are escaped within a field.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Float, Integer, Numeric, String, Uuid
from sqlalchemy import Table as SqlTable
from sqlalchemy.types import TypeEngine

ROWS_AT_ONCE = 10_000  # so that Postgres reads some while the next are written
_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def is_plain(table: SqlTable, columns: Sequence[str]) -> bool:
    """Whether all of the columns are of types that have lines."""
    return all(_encoding(table.c[name].type) is not None for name in columns)


async def lines_of(
    table: SqlTable, columns: Sequence[str], rows: Sequence[Mapping[str, object]]
) -> AsyncIterator[bytes]:
    """The lines of rows, some thousands at once, each part written in a thread."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield await asyncio.to_thread(lines, table, columns, rows[start : start + ROWS_AT_ONCE])


def lines(table: SqlTable, columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> bytes:
    """A line for each row, with the fields of the columns."""
    fields = [_fields(table.c[name].type, list(map(itemgetter(name), rows))) for name in columns]
    return "\n".join((*map("\t".join, zip(*fields, strict=True)), "")).encode()


class _ByValue(dict[object, str]):
    """The fields of distinct values, each written when it is first looked up."""

    def __init__(self, encode: Callable[[Any], str]) -> None:
        super().__init__({None: _NULL})
        self._encode = encode

    def __missing__(self, value: object) -> str:
        field = self[value] = self._encode(value)
        return field


def _fields(kind: TypeEngine[Any], values: Sequence[Any]) -> list[str]:
    encode = _encoding(kind)
    if encode is None:
        raise TypeError(f"{kind!r} has no field of a line")
    if encode in (_number, _identity):  # to look them up would take as long
        return [_NULL if value is None else encode(value) for value in values]
    return list(map(_ByValue(encode).__getitem__, values))


def _encoding(kind: TypeEngine[Any]) -> Callable[[Any], str] | None:
    match kind:
        case Uuid():
            return _identity
        case String():
            return _text
        case Float():
            return None
        case Numeric():
            return _number
        case Date() | Integer():
            return str
    return None


def _identity(value: UUID) -> str:
    return f"{value.int:032x}"


def _number(value: Decimal | float) -> str:
    """All digits that a number has: Postgres rounds it to those of its column."""
    return str(value if isinstance(value, Decimal) else Decimal(value))


def _text(value: str) -> str:
    return value.translate(_ESCAPES) if "\\" in value or not value.isprintable() else value
