"""Columns that are copied as bytes are stored as the rows of the same values are."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import numpy as np
import pytest
from asyncpg.exceptions import PostgresError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    Double,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Uuid,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import CreateTable, DropTable
from sqlmodel import MetaData, SQLModel

from shared.arrays import Columns
from shared.database import Database, key, lines, optional, sql_table
from shared.database.arrays import as_sent, float_matrix, float_vector
from shared.database.binary import encoded
from shared.database.lines import is_plain
from shared.database.upserts import copy
from shared.rows import rows_of


class EveryKind(SQLModel, table=True):
    """A table with one column of every kind that results have."""

    metadata: ClassVar[MetaData] = MetaData()
    __tablename__: ClassVar[str] = "every_kind"

    place: int = key(Integer)
    large: int | None = optional(BigInteger)
    owner: UUID | None = optional(Uuid)
    day: date | None = optional(Date)
    name: str | None = optional(String(24))
    known: bool | None = optional(Boolean)
    beta: float | None = optional(Double)
    money: Decimal | None = optional(Numeric(20, 6))
    cents: Decimal | None = optional(Numeric(20, 2))
    details: dict[str, Any] | None = optional(JSONB)
    vector: list[float] | None = optional(ARRAY(Double))
    days: list[date] | None = optional(ARRAY(Date))
    names: list[str] | None = optional(ARRAY(String))


TABLE = sql_table(EveryKind)
PLAIN = ("place", "large", "owner", "day", "name", "money", "cents")
_DAYS = some.dates(date(1900, 1, 1), date(2200, 1, 1))
_TEXT = some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=24)
_MONEY = some.one_of(
    some.floats(-1e13, 1e13),
    some.integers(-(10**14), 10**14).map(lambda cents: cents / 100),
    some.integers(-(10**9), 10**9).map(lambda halves: halves / 8_000_000),  # halfway, or nearly so
    some.sampled_from([math.nan, math.inf, -math.inf, -0.0, 1.005, 0.0000005, 2.0**45]),
)
_ROW = some.fixed_dictionaries(
    {
        "large": some.none() | some.integers(-(2**63), 2**63 - 1),
        "owner": some.none() | some.uuids(),
        "day": some.none() | _DAYS,
        "name": some.none() | _TEXT,
        "known": some.none() | some.booleans(),
        "beta": some.none() | some.floats(),
        "money": some.none() | _MONEY,
        "cents": some.none() | _MONEY | some.decimals(-(10**17), 10**17, places=2) | some.just(7),
        "details": some.none() | some.dictionaries(_TEXT, some.floats(-1e9, 1e9) | _TEXT),
        "vector": some.none() | some.lists(some.floats(allow_infinity=False), max_size=5),
        "days": some.none() | some.lists(_DAYS, max_size=4),
        "names": some.none() | some.lists(_TEXT, max_size=4),
    }
)


async def stored(admin: Database, columns: Columns, *, as_bytes: bool) -> list[tuple[Any, ...]]:
    """What a table holds once the columns are copied into it, as bytes or as rows.

    Rows go as lines where all columns have them.
    """
    async with admin.transaction() as session:
        await session.execute(CreateTable(TABLE))
        if as_bytes:
            await copy(session, TABLE, tuple(columns), encoded(TABLE, columns, {}))
        else:
            await copy(session, TABLE, tuple(columns), rows_of(EveryKind, columns))
        found = (await session.execute(select(TABLE).order_by(TABLE.c.place))).all()
        await session.execute(DropTable(TABLE))
    return [tuple(row) for row in found]


def columns_with(rows: Sequence[Mapping[str, object]]) -> dict[str, list[object]]:
    """The rows as columns, numbered."""
    names = rows[0] if rows else {}
    numbers: list[object] = list(range(len(rows)))
    return {"place": numbers} | {name: [row[name] for row in rows] for name in names}


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=some.lists(_ROW, min_size=1, max_size=12))
async def test_bytes_and_rows_are_stored_alike(
    admin: Database, rows: list[dict[str, object]]
) -> None:
    columns = columns_with(rows)

    as_bytes = await stored(admin, columns, as_bytes=True)

    as_rows = await stored(admin, columns, as_bytes=False)
    assert repr(as_bytes) == repr(as_rows)  # in which NaN equals NaN, and the scale of money counts


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=some.lists(_ROW, min_size=1, max_size=12))
async def test_lines_and_bytes_are_stored_alike(
    admin: Database, rows: list[dict[str, object]]
) -> None:
    columns = {name: values for name, values in columns_with(rows).items() if name in PLAIN}
    assert is_plain(TABLE, PLAIN)

    as_lines = await stored(admin, columns, as_bytes=False)

    assert repr(as_lines) == repr(await stored(admin, columns, as_bytes=True))


async def test_lines_hold_every_row_and_character_in_order(
    admin: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "ROWS_AT_ONCE", 2)
    texts = ["a\tb", "a\nb", "a\r\nb", "\\N", "\\.", "\\", "", None, "é☃", "\u2028", "\x01\x7f"]
    columns: Columns = {"place": list(range(len(texts))), "name": texts}

    found = await stored(admin, columns, as_bytes=False)

    assert [row[4] for row in found] == texts


async def test_a_column_of_vectors_has_no_lines() -> None:
    assert not is_plain(TABLE, ("place", "vector"))
    assert not is_plain(TABLE, ("place", "beta"))


async def test_arrays_of_numpy_are_stored_as_their_values(admin: Database) -> None:
    days = np.array(["2022-12-28", "NaT"], dtype="datetime64[D]")
    columns = {
        "place": np.array([1, 2]),
        "owner": np.array([UUID(int=1), None], dtype=object),
        "day": days,
        "name": np.array(["AAPL", None], dtype=object),
        "known": np.array([True, False]),
        "beta": np.array([0.1, np.nan]),
        "money": np.array([1.25, np.nan]),
        "vector": np.array([[1.5, np.nan], [2.5, -0.5]]),
    }

    first, second = await stored(admin, columns, as_bytes=True)

    assert first[:8] == (
        1,
        None,
        UUID(int=1),
        date(2022, 12, 28),
        "AAPL",
        True,
        0.1,
        Decimal("1.250000"),
    )
    assert second[:8] == (2, None, None, None, None, False, None, None)
    assert (repr(first[10]), second[10]) == ("[1.5, nan]", [2.5, -0.5])


def test_values_that_all_rows_share_come_last() -> None:
    shared = encoded(TABLE, {"place": [1, 2]}, {"name": "AAPL"})

    assert shared == encoded(TABLE, {"place": [1, 2], "name": ["AAPL", "AAPL"]}, {})


def test_columns_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        encoded(TABLE, {"place": [1, 2], "name": ["AAPL"]}, {})


def test_integer_too_large_for_its_column_is_refused() -> None:
    with pytest.raises(OverflowError, match="place holds integers of 4 bytes"):
        encoded(TABLE, {"place": [2**31]}, {})


def test_column_of_an_unknown_kind_is_refused() -> None:
    class Picture(SQLModel, table=True):
        metadata: ClassVar[MetaData] = MetaData()

        place: int = key(Integer)
        content: bytes = optional(LargeBinary)

    with pytest.raises(TypeError, match="content"):
        encoded(sql_table(Picture), {"place": [1], "content": [b""]}, {})


async def test_number_that_a_column_cannot_hold_is_refused(admin: Database) -> None:
    with pytest.raises(PostgresError, match="overflow"):
        await stored(admin, {"place": [1], "cents": [1e30]}, as_bytes=True)


async def test_text_longer_than_its_column_is_refused_and_not_cut(admin: Database) -> None:
    with pytest.raises(PostgresError, match="too long"):
        await stored(admin, {"place": [1], "name": ["x" * 25]}, as_bytes=True)


async def _sent_back(admin: Database, vectors: list[list[float] | None]) -> list[bytes | None]:
    columns: Columns = {"place": list(range(len(vectors))), "vector": vectors}
    query = select(as_sent(TABLE.c.vector)).order_by(TABLE.c.place)
    async with admin.transaction() as session:
        await session.execute(CreateTable(TABLE))
        await copy(session, TABLE, tuple(columns), encoded(TABLE, columns, {}))
        found = list(await session.scalars(query))
        await session.execute(DropTable(TABLE))
    return found


async def test_vectors_come_back_as_they_were_sent(admin: Database) -> None:
    found = await _sent_back(admin, [[1.5, math.nan, -0.25], [], None])

    assert [None if sent is None else repr(float_vector(sent).tolist()) for sent in found] == [
        "[1.5, nan, -0.25]",
        "[]",
        None,
    ]


async def test_vectors_of_one_length_come_back_as_rows(admin: Database) -> None:
    found = await _sent_back(admin, [[1.5, math.nan], None, [-0.25, 1e300]])

    assert repr(float_matrix(found, 2).tolist()) == "[[1.5, nan], [nan, nan], [-0.25, 1e+300]]"
    assert float_matrix([], 2).shape == (0, 2)
