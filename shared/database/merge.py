"""Writing rows: upserts by natural key, as columns or by COPY, and plain appends."""

from collections.abc import Mapping, Sequence

from sqlmodel import SQLModel

from shared.database.columns import sql_table
from shared.database.engine import Session
from shared.database.prepared import changed
from shared.database.upserts import Rows, Upserted, copy, write


async def merge(
    session: Session,
    model: type[SQLModel],
    rows: Rows,
    within: Mapping[str, object] | None = None,
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
    upserted = Upserted(sql_table(model), tuple(rows[0]) if rows else (), tuple(ignoring))
    fresh = upserted.way(len(rows))(upserted, rows)
    return await write(session, upserted, fresh, within, len(rows))


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
        await copy(session, table, tuple(rows[0]), rows)
        return
    written = Upserted(table, tuple(rows[0]))
    fresh = written.way(len(rows))(written, rows)
    await fresh.prepare(session)
    await changed(session, written.insert(fresh.rows()), fresh.values(written.columns))
    await fresh.forget(session)
