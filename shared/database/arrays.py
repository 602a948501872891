"""Columns of arrays go to Postgres, and vectors come from it, without becoming Python values."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, LargeBinary, Select, func, select, text
from sqlmodel import SQLModel

from shared.arrays import Columns, FloatArray, IntArray, Values
from shared.database.binary import encoded
from shared.database.columns import sql_table
from shared.database.engine import Session
from shared.database.merge import merge
from shared.database.prepared import tuples
from shared.database.upserts import Copied, Sent, Upserted, bound, copy, write
from shared.rows import rows_of

Number = TypeVar("Number", int, float)
_HEAD_BYTES = 20  # of a vector: dimensions, nulls, kind of the elements, their number, the first


def as_sent(vector: ColumnElement[Sequence[Number]]) -> ColumnElement[bytes | None]:
    """A vector of numbers as the bytes that Postgres sends, for the functions below."""
    return func.array_send(vector, type_=LargeBinary)


def float_vector(sent: bytes) -> FloatArray:
    """The numbers of a vector without nulls (what is missing in one is NaN)."""
    return _elements(sent, ">f8").astype(np.float64)


def float_matrix(sent: Sequence[bytes | None], columns: int) -> FloatArray:
    """The numbers of vectors of so many elements without nulls, each a row; NaN for no vector."""
    head = ("head", np.void, _HEAD_BYTES)
    row = np.dtype([head, ("elements", _element(">f8"), columns)])
    nothing = bytes(row.itemsize)
    found = np.frombuffer(b"".join(each or nothing for each in sent), row)
    numbers = found["elements"]["value"].astype(np.float64)
    numbers[[each is None for each in sent]] = np.nan
    return numbers


def integer_vector(sent: bytes) -> IntArray:
    """The numbers of a vector of integers of four bytes, without nulls."""
    return _elements(sent, ">i4").astype(np.int64)


def _elements(sent: bytes, kind: str) -> npt.NDArray[np.generic]:
    return np.frombuffer(sent[_HEAD_BYTES:], _element(kind))["value"]


def _element(kind: str) -> np.dtype[np.void]:
    return np.dtype([("length", ">i4"), ("value", kind)])


async def merge_columns(
    session: Session,
    model: type[SQLModel],
    columns: Columns,
    within: Mapping[str, object] | None = None,
    **same: object,
) -> int:
    """What `merge` does, of columns; `same` holds the values that all rows share.

    Where nothing of the scope is stored yet (of an evening's first run, nothing is), the rows go
    straight into the table. So the caller holds a lock, until the transaction ends, under which
    alone rows with these keys, or of the scope, are written; and no row outside the scope has one
    of the keys (otherwise `UniqueViolationError` of asyncpg). Values are stored as
    `shared.database.binary.encoded` says.
    """
    count = len(next(iter(columns.values()), ()))
    if not count:
        return await merge(session, model, [], within)
    table = sql_table(model)
    upserted = Upserted(table, (*columns, *same), sorted_by_key=False)
    scope = within or {name: _distinct(columns, same, name) for name in upserted.key}
    [(stored,)] = await tuples(session, _is_true(upserted.any_stored(scope)), bound(scope))
    if stored and upserted.way(count) is Sent:
        return await merge(session, model, rows_of(model, columns, **same), within)
    content = await asyncio.to_thread(encoded, table, columns, same)
    if stored:
        return await write(session, upserted, Copied(upserted, content), within, count)
    await copy(session, table, upserted.columns, content)
    return count


@cache
def _is_true(condition: str) -> Select[bool]:
    """A text with `:names` as a statement that is kept: it is one of few, whichever the values."""
    return select(text(condition))


def _distinct(columns: Columns, same: Mapping[str, object], name: str) -> list[object]:
    values: Values = [same[name]] if name in same else columns[name]
    return list(set(values.tolist() if isinstance(values, np.ndarray) else values))
