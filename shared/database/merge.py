"""Writing rows: upserts by natural key, as columns or by COPY, and plain appends."""

import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, Column, text
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlmodel import SQLModel

from shared.database.columns import sql_table
from shared.database.engine import Session

Rows = Sequence[Mapping[str, Any]]
MOST_VALUES = 10_000  # sent beside a statement; more are copied, which is then the faster way
_dialect = PGDialect()  # type: ignore[no-untyped-call]
quote = _dialect.identifier_preparer.quote


async def merge(
    session: Session,
    model: type[SQLModel],
    rows: Rows,
    within: Mapping[str, Any] | None = None,
    ignoring: Sequence[str] = (),
) -> int:
    """Upsert `rows` into the model's table by primary key; returns how many rows changed.

    Unchanged rows are left alone, so repeating a merge writes nothing. With `within` (column ->
    value or list of values) the call replaces that scope: rows of the table inside it that are not
    among `rows` are deleted. Columns in `ignoring` are written with a change but are none
    themselves (a revision number, say). Rows go in sorted by key, so concurrent merges wait for
    each other instead of deadlocking. Rows that name the same key twice are an error of the caller
    (`CardinalityViolation` from Postgres).
    """
    if not rows and within is None:
        return 0
    upserted = _Upserted(sql_table(model), tuple(rows[0]) if rows else (), tuple(ignoring))
    fresh = upserted.way(len(rows))(upserted, rows)
    await fresh.prepare(session)
    changed = 0
    if within is not None:
        missing = text(upserted.delete_missing(within, fresh.keys()))
        deleted = await session.execute(missing, _bound(within) | fresh.values(upserted.key))
        changed += int(deleted.rowcount)  # type: ignore[attr-defined]
    if rows:
        merged = await session.execute(
            text(upserted.upsert(fresh.rows())), fresh.values(upserted.columns)
        )
        changed += int(merged.rowcount)  # type: ignore[attr-defined]
    await fresh.forget(session)
    return changed


async def append(
    session: Session, model: type[SQLModel], rows: Rows, *, guarded: bool = False
) -> None:
    """Insert rows, in this order, by COPY, which takes a fraction of a `merge`.

    `guarded`: the table has row security, under which Postgres refuses COPY into it; many rows
    then go through a temporary table. The caller has made sure that none of their keys is there,
    nor can be before the transaction ends: otherwise it is an error of the caller
    (`UniqueViolationError` of asyncpg).
    """
    if not rows:
        return
    table = sql_table(model)
    if not guarded:
        await _copy(session, table.name, table.schema, tuple(rows[0]), rows)
        return
    written = _Upserted(table, tuple(rows[0]), ())
    fresh = written.way(len(rows))(written, rows)
    await fresh.prepare(session)
    await session.execute(text(written.insert(fresh.rows())), fresh.values(written.columns))
    await fresh.forget(session)


async def _copy(
    session: Session, table: str, schema: str | None, columns: Sequence[str], rows: Rows
) -> None:
    connection = await (await session.connection()).get_raw_connection()
    values = itemgetter(*columns)
    records = map(values, rows) if len(columns) > 1 else ((values(row),) for row in rows)
    await connection.driver_connection.copy_records_to_table(  # type: ignore[union-attr]
        table, schema_name=schema, records=records, columns=list(columns)
    )


class _Upserted:
    """The table that is written, and the statements that write it from `fresh` rows."""

    def __init__(
        self, table: SqlTable, columns: tuple[str, ...], ignoring: tuple[str, ...]
    ) -> None:
        self.table = table
        self.ignoring = ignoring
        self.target = f"{quote(table.schema or 'public')}.{quote(table.name)}"
        self.key = tuple(column.name for column in table.primary_key.columns)
        self.columns = columns or self.key
        self.vectors = [name for name in self.columns if isinstance(table.c[name].type, ARRAY)]

    def way(self, count: int) -> "type[_Copied | _Sent]":
        """How so many rows go to Postgres."""
        return _Copied if self.vectors or count * len(self.columns) > MOST_VALUES else _Sent

    def insert(self, fresh: str) -> str:
        columns = _names(self.columns)
        return f"insert into {self.target} ({columns}) select {columns} from {fresh}"

    def upsert(self, fresh: str) -> str:
        values = [name for name in self.columns if name not in self.key]
        columns = _names(self.columns)
        head = f"insert into {self.target} as kept ({columns}) select {columns} from {fresh}"
        conflict = f" order by {_names(self.key)} on conflict ({_names(self.key)})"
        if not values:
            return f"{head}{conflict} do nothing"
        sets = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in values)
        compared = [name for name in values if name not in self.ignoring]
        kept, new = (
            ", ".join(f"{side}.{quote(name)}" for name in compared) for side in ("kept", "excluded")
        )
        return f"{head}{conflict} do update set {sets} where ({kept}) is distinct from ({new})"

    def delete_missing(self, within: Mapping[str, Any], fresh: str) -> str:
        scope = " and ".join(_condition(name, value) for name, value in within.items())
        return f"delete from {self.target} as kept where {scope} and {fresh}"


class _Sent:
    """A few rows, sent with the statements, one array per column.

    The statements stay the same, so they stay prepared.
    """

    def __init__(self, upserted: _Upserted, given: Rows) -> None:
        self.upserted = upserted
        self.given = given

    async def prepare(self, session: Session) -> None:
        """Nothing to do beforehand."""

    async def forget(self, session: Session) -> None:
        """Nothing to tidy up."""

    def rows(self) -> str:
        return self._unnested(self.upserted.columns)

    def keys(self) -> str:
        """True of the stored rows whose key none of these has, by one hash lookup."""
        key = self.upserted.key
        kept = ", ".join(f"kept.{quote(name)}" for name in key)
        return f"({kept}) not in (select {_names(key)} from {self._unnested(key)})"

    def values(self, columns: Sequence[str]) -> dict[str, Any]:
        return {f"fresh_{name}": [row[name] for row in self.given] for name in columns}

    def _unnested(self, columns: Sequence[str]) -> str:
        arrays = (
            f"cast(:fresh_{name} as {_plain_type(self.upserted.table.c[name])}[])"
            for name in columns
        )
        return f"unnest({', '.join(arrays)}) as fresh ({_names(columns)})"


class _Copied:
    """Many rows, or rows with vectors: they go into a temporary table by COPY.

    The table always has the same name, so that its statements, too, stay prepared.
    """

    def __init__(self, upserted: _Upserted, given: Rows) -> None:
        self.upserted = upserted
        self.given = given
        self.temporary = quote(f"merge_{upserted.table.name}")

    async def prepare(self, session: Session) -> None:
        """Create the temporary table and fill it."""
        columns = self.upserted.columns
        source = f"select {_names(columns)} from {self.upserted.target} with no data"
        await session.execute(
            text(f"create temporary table {self.temporary} on commit drop as {source}")
        )
        if self.upserted.vectors:
            await session.execute(text(self._leave_vectors_as_they_are()))
        await _copy(session, f"merge_{self.upserted.table.name}", None, columns, self.given)

    def _leave_vectors_as_they_are(self) -> str:
        """Switch compression off: measured numbers do not compress, and trying is slow."""
        columns = [
            f"alter column {quote(name)} set storage external" for name in self.upserted.vectors
        ]
        return f"alter table {self.temporary} {', '.join(columns)}, set (toast_tuple_target = 8160)"

    async def forget(self, session: Session) -> None:
        """Drop the temporary table."""
        await session.execute(text(f"drop table {self.temporary}"))

    def rows(self) -> str:
        return self.temporary

    def keys(self) -> str:
        """True of the stored rows whose key none of these has."""
        same = " and ".join(
            f"fresh.{quote(name)} = kept.{quote(name)}" for name in self.upserted.key
        )
        return f"not exists (select 1 from {self.temporary} as fresh where {same})"

    def values(self, columns: Sequence[str]) -> dict[str, Any]:
        return {}


def _plain_type(column: Column[Any]) -> str:
    """The column's type without length or precision, which a cast would cut to silently."""
    return re.sub(r"\(.*\)", "", column.type.compile(_dialect))


def _names(columns: Sequence[str]) -> str:
    return ", ".join(quote(name) for name in columns)


def _condition(name: str, value: object) -> str:
    operator = f"= any(:within_{name})" if isinstance(value, list | tuple) else f"= :within_{name}"
    return f"kept.{quote(name)} {operator}"


def _bound(within: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"within_{name}": list(value) if isinstance(value, tuple) else value
        for name, value in within.items()
    }
