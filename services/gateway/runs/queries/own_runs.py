"""The runs of one user: those requested, and those that reported about the user's portfolios."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, or_, select

from services.gateway.tables import BatchItem, BatchRun, Portfolio, accessible
from shared.database import Session, sql_table

runs = sql_table(BatchRun)
items = sql_table(BatchItem)
portfolios = sql_table(Portfolio)


@dataclass(frozen=True)
class RunRow:
    """A run; `given_up_at`: when it was closed as overdue, if it was."""

    run_id: UUID
    as_of: date
    trigger: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    requested: bool
    given_up_at: datetime | None


async def load_own_runs(
    session: Session,
    user_id: UUID,
    portfolio_id: UUID | None,
    as_of: date | None,
    limit: int,
    offset: int,
) -> tuple[list[RunRow], int]:
    """A page of the user's runs, newest first, and how many there are.

    With a portfolio: those that reported about it; with a session: those of it.
    """
    row = runs.c
    requested = row.requested_by == user_id
    if portfolio_id is None:
        own = func.array(accessible(user_id).scalar_subquery())
        mine = items.c.portfolio_ids.overlap(own)
        conditions: list[ColumnElement[bool]] = [or_(requested, _reported(mine))]
    else:
        conditions = [_reported(items.c.portfolio_ids.contains([portfolio_id]))]
    conditions += [row.as_of == as_of] if as_of else []
    given_up = case((row.problems.contains([{"code": "overdue"}]), row.finished_at))
    head = (row.run_id, row.as_of, row.trigger, row.status, row.started_at, row.finished_at)
    asked = func.coalesce(requested, False)
    newest = select(*head, asked, given_up).where(*conditions)
    newest = newest.order_by(row.started_at.desc(), row.run_id).limit(limit).offset(offset)
    found = [RunRow(*each) for each in await session.execute(newest)]
    count = select(func.count()).select_from(runs).where(*conditions)
    return found, int(await session.scalar(count) or 0)


def _reported(about: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether an item of the run meets a condition."""
    return select(items.c.run_id).where(items.c.run_id == runs.c.run_id, about).exists()


async def load_names(session: Session, user_id: UUID) -> dict[UUID, str]:
    """The names of the portfolios that the user reads, drafts included, by id."""
    row = portfolios.c
    own = select(row.portfolio_id, row.name).where(row.portfolio_id.in_(accessible(user_id)))
    return dict((await session.execute(own)).tuples().all())
