"""How long details are kept: old rows are deleted, and so are those of deleted portfolios.

Each service declares its tables once, `DETAILS` in its tables.py, and runs `pruning(DETAILS)`
beside its handlers. The newest session in a table says what is old in it, so a clock decides when
to look and never what goes. docs/decisions/0010-details-are-kept-for-a-year.md says what stays and
why.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import structlog
from sqlalchemy import (
    CTE,
    ColumnElement,
    CursorResult,
    Delete,
    and_,
    any_,
    delete,
    false,
    func,
    literal_column,
    not_,
    select,
)
from sqlalchemy import Table as SqlTable
from sqlmodel import SQLModel

from shared.background import repeat
from shared.database import Database, Session, among, sql_table
from shared.published import gateway
from shared.service import BackgroundTask, Runtime

EVERY_SECONDS = 3600.0
BATCH_ROWS = 5_000
PORTFOLIO = "portfolio_id"
log = structlog.get_logger("sigmasight.retention")


@dataclass(frozen=True)
class Detail:
    """A table with an `as_of`, and what of it stays.

    `owner`: the column whose values own the rows, with `as_of` next to it in an index. `stays`: the
    rows that later numbers need however old they are; rows of a portfolio that is gone never stay.
    """

    model: type[SQLModel]
    owner: str = PORTFOLIO
    stays: ColumnElement[bool] = false()  # noqa: RUF009 - an immutable expression

    @property
    def table(self) -> SqlTable:
        """The table itself."""
        return sql_table(self.model)


def details_of(*models: type[SQLModel]) -> tuple[Detail, ...]:
    """Tables of portfolios, of which nothing old stays."""
    return tuple(Detail(model) for model in models)


@dataclass(frozen=True)
class _Owner:
    """One owner's rows: of which sessions, and whether the owner is a portfolio that is gone."""

    owner: Any
    oldest: date
    newest: date
    gone: bool


def pruning(details: Sequence[Detail]) -> BackgroundTask:
    """The background task of a service: prune at the start and then every hour."""

    async def prune_details(runtime: Runtime) -> None:
        async def step() -> None:
            removed = await prune(runtime.database, details, runtime.settings.retention_days)
            if removed:
                log.info("pruned", **removed)

        await repeat(step, EVERY_SECONDS, "pruning")

    return prune_details


async def prune(
    database: Database, details: Sequence[Detail], retention_days: int, batch_rows: int = BATCH_ROWS
) -> dict[str, int]:
    """Delete what is no longer kept, in batches of `batch_rows`; returns how many rows by table.

    A row that another transaction works on is left for the next time, so nothing waits for this.
    """
    removed: dict[str, int] = {}
    for detail in details:
        async with database.transaction() as session:
            owners = await _load_owners(session, detail)
        for due in _due(detail, owners, retention_days):
            count = await _delete(database, _batch(detail.table, due, batch_rows), batch_rows)
            removed[detail.table.name] = removed.get(detail.table.name, 0) + count
    return {table: count for table, count in removed.items() if count}


async def _load_owners(session: Session, detail: Detail) -> list[_Owner]:
    """The owners of rows: one lookup in the index per owner, however many rows each has."""
    column = detail.table.c[detail.owner]
    as_of = detail.table.c.as_of
    owners = _distinct(column)

    def end(function: Any) -> Any:
        return (
            select(function(as_of))
            .where(column == owners.c.owner)
            .correlate(owners)
            .scalar_subquery()
        )

    known = select(gateway.portfolios.c.portfolio_id)
    gone = owners.c.owner.not_in(known) if detail.owner == PORTFOLIO else false()
    found = await session.execute(
        select(owners.c.owner, end(func.min), end(func.max), gone).where(
            owners.c.owner.is_not(None)
        )
    )
    return [_Owner(*row) for row in found]


def _distinct(column: ColumnElement[Any]) -> CTE:
    """The distinct values of an index's first column, one lookup each; ends with a null."""
    first = select(column.label("owner")).order_by(column).limit(1)
    owners = select(first.subquery("first")).cte("owners", recursive=True)
    following = select(column).where(column > owners.c.owner).order_by(column).limit(1)
    rest = select(following.correlate(owners).scalar_subquery()).where(owners.c.owner.is_not(None))
    return owners.union_all(rest)


def _due(
    detail: Detail, owners: Sequence[_Owner], retention_days: int
) -> Iterator[ColumnElement[bool]]:
    """Which rows go: all of those who are gone, and the old ones of the others."""
    column = detail.table.c[detail.owner]
    as_of = detail.table.c.as_of
    kept_from = max((owner.newest for owner in owners), default=date.max) - timedelta(
        days=retention_days
    )
    if gone := [owner.owner for owner in owners if owner.gone]:
        yield among(column, gone)
    if aged := [owner.owner for owner in owners if not owner.gone and owner.oldest < kept_from]:
        yield and_(among(column, aged), as_of < kept_from, not_(detail.stays))


def _batch(table: SqlTable, due: ColumnElement[bool], rows: int) -> Delete:
    """Delete some of the rows, found by the index and taken by their place in the table."""
    place: ColumnElement[Any] = literal_column("ctid")
    some = select(place).select_from(table).where(due).limit(rows).with_for_update(skip_locked=True)
    return delete(table).where(place == any_(func.array(some.correlate(None).scalar_subquery())))


async def _delete(database: Database, batch: Delete, batch_rows: int) -> int:
    removed = 0
    while True:
        async with database.transaction() as session:
            deleted = cast(CursorResult[Any], await session.execute(batch)).rowcount
        removed += deleted
        if deleted < batch_rows:
            return removed
