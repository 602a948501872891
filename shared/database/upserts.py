"""The statements that write fresh rows into a table, and the two ways rows go to Postgres."""

import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, Column
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql.base import PGDialect

from shared.database.engine import Session
from shared.database.lines import is_plain, lines_of
from shared.database.prepared import changed

Rows = Sequence[Mapping[str, Any]]
MOST_VALUES = 10_000  # sent beside a statement; more are copied, which is then the faster way
_dialect = PGDialect()  # type: ignore[no-untyped-call]
quote = _dialect.identifier_preparer.quote


async def copy(
    session: Session,
    table: SqlTable,
    columns: Sequence[str],
    given: Rows | bytes,
    into: str | None = None,
) -> None:
    """COPY rows, or the bytes of `shared.database.binary`, into a table, or one that is like it."""
    connection = await (await session.connection()).get_raw_connection()
    driver = connection.driver_connection
    target: dict[str, Any] = {"table_name": into or table.name, "columns": list(columns)}
    target["schema_name"] = None if into else table.schema
    if isinstance(given, bytes):
        # Bytes as such would be the path of a file.
        target |= {"source": memoryview(given), "format": "binary"}
        await driver.copy_to_table(**target)  # type: ignore[union-attr]
    elif is_plain(table, columns):
        source = lines_of(table, columns, given)
        await driver.copy_to_table(**target, source=source)  # type: ignore[union-attr]
    else:
        values = itemgetter(*columns)
        records = map(values, given) if len(columns) > 1 else ((values(row),) for row in given)
        await driver.copy_records_to_table(**target, records=records)  # type: ignore[union-attr]


async def write(
    session: Session,
    upserted: "Upserted",
    fresh: "Copied | Sent",
    within: Mapping[str, object] | None,
    count: int,
) -> int:
    """Have the table hold the fresh rows, so many; returns how many rows of it changed."""
    await fresh.prepare(session)
    total = 0
    if within is not None:
        missing = upserted.delete_missing(within, fresh.keys())
        total += await changed(session, missing, bound(within) | fresh.values(upserted.key))
    if count:
        merge = upserted.upsert(fresh.rows())
        total += await changed(session, merge, fresh.values(upserted.columns))
    await fresh.forget(session)
    return total


class Upserted:
    """The table that is written, and the statements that write it from `fresh` rows.

    `ignoring`: columns that alone make no row a changed one. `sorted_by_key`: rows are written in
    the order of their keys, which transactions need that write the same ones without a lock.
    """

    def __init__(
        self,
        table: SqlTable,
        columns: tuple[str, ...],
        ignoring: tuple[str, ...] = (),
        *,
        sorted_by_key: bool = True,
    ) -> None:
        self.table = table
        self.ignoring = ignoring
        self.sorted_by_key = sorted_by_key
        self.target = f"{quote(table.schema or 'public')}.{quote(table.name)}"
        self.key = tuple(column.name for column in table.primary_key.columns)
        self.columns = columns or self.key
        self.vectors = [name for name in self.columns if isinstance(table.c[name].type, ARRAY)]

    def way(self, count: int) -> "type[Copied | Sent]":
        """How so many rows go to Postgres."""
        return Copied if self.vectors or count * len(self.columns) > MOST_VALUES else Sent

    def insert(self, fresh: str) -> str:
        columns = _names(self.columns)
        return f"insert into {self.target} ({columns}) select {columns} from {fresh}"

    def upsert(self, fresh: str) -> str:
        values = [name for name in self.columns if name not in self.key]
        columns = _names(self.columns)
        head = f"insert into {self.target} as kept ({columns}) select {columns} from {fresh}"
        order = f" order by {_names(self.key)}" if self.sorted_by_key else ""
        conflict = f"{order} on conflict ({_names(self.key)})"
        if not values:
            return f"{head}{conflict} do nothing"
        sets = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in values)
        compared = [name for name in values if name not in self.ignoring]
        kept, new = (
            ", ".join(f"{side}.{quote(name)}" for name in compared) for side in ("kept", "excluded")
        )
        return f"{head}{conflict} do update set {sets} where ({kept}) is distinct from ({new})"

    def delete_missing(self, within: Mapping[str, object], fresh: str) -> str:
        return f"delete from {self.target} as kept where {_scope(within)} and {fresh}"

    def any_stored(self, within: Mapping[str, object]) -> str:
        return f"exists (select 1 from {self.target} as kept where {_scope(within)})"


class Sent:
    """A few rows, sent with the statements, one array per column.

    The statements stay the same, so they stay prepared.
    """

    def __init__(self, upserted: Upserted, given: Rows) -> None:
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

    def values(self, columns: Sequence[str]) -> dict[str, object]:
        return {f"fresh_{name}": [row[name] for row in self.given] for name in columns}

    def _unnested(self, columns: Sequence[str]) -> str:
        arrays = (
            f"cast(:fresh_{name} as {_plain_type(self.upserted.table.c[name])}[])"
            for name in columns
        )
        return f"unnest({', '.join(arrays)}) as fresh ({_names(columns)})"


class Copied:
    """Many rows, or rows with vectors: they go into a temporary table by COPY.

    The table always has the same name, so that its statements, too, stay prepared.
    """

    def __init__(self, upserted: Upserted, given: Rows | bytes) -> None:
        self.upserted = upserted
        self.given = given
        self.temporary = quote(f"merge_{upserted.table.name}")

    async def prepare(self, session: Session) -> None:
        """Create the temporary table and fill it."""
        columns = self.upserted.columns
        source = f"select {_names(columns)} from {self.upserted.target} with no data"
        await changed(
            session, f"create temporary table {self.temporary} on commit drop as {source}", {}
        )
        if self.upserted.vectors:
            await changed(session, self._leave_vectors_as_they_are(), {})
        into = f"merge_{self.upserted.table.name}"
        await copy(session, self.upserted.table, columns, self.given, into)

    def _leave_vectors_as_they_are(self) -> str:
        """Switch compression off: measured numbers do not compress, and trying is slow."""
        columns = [
            f"alter column {quote(name)} set storage external" for name in self.upserted.vectors
        ]
        return f"alter table {self.temporary} {', '.join(columns)}, set (toast_tuple_target = 8160)"

    async def forget(self, session: Session) -> None:
        """Drop the temporary table."""
        await changed(session, f"drop table {self.temporary}", {})

    def rows(self) -> str:
        return self.temporary

    def keys(self) -> str:
        """True of the stored rows whose key none of these has."""
        same = " and ".join(
            f"fresh.{quote(name)} = kept.{quote(name)}" for name in self.upserted.key
        )
        return f"not exists (select 1 from {self.temporary} as fresh where {same})"

    def values(self, columns: Sequence[str]) -> dict[str, object]:
        return {}


def _plain_type(column: Column[object]) -> str:
    """The column's type without length or precision, which a cast would cut to silently."""
    return re.sub(r"\(.*\)", "", column.type.compile(_dialect))


def _names(columns: Sequence[str]) -> str:
    return ", ".join(quote(name) for name in columns)


def _scope(within: Mapping[str, object]) -> str:
    return " and ".join(_condition(name, value) for name, value in within.items())


def _condition(name: str, value: object) -> str:
    operator = f"= any(:within_{name})" if isinstance(value, list | tuple) else f"= :within_{name}"
    return f"kept.{quote(name)} {operator}"


def bound(within: Mapping[str, object]) -> dict[str, object]:
    return {
        f"within_{name}": list(value) if isinstance(value, tuple) else value
        for name, value in within.items()
    }
