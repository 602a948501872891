"""The run that last worked on each of several portfolios: two statements for all of them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, case, cast, func, select, true
from sqlalchemy.dialects.postgresql import array

from services.gateway.edge.queries import all_rows
from services.gateway.tables import BatchItem, BatchRun
from shared.database import Session, among, sql_table

Fields = Mapping[str, object]
items = sql_table(BatchItem)
runs = sql_table(BatchRun)


class LastHead(NamedTuple):
    """A portfolio's last run; `given_up_at`: when it was closed as overdue, if it was."""

    portfolio_id: UUID
    run_id: UUID
    as_of: date
    trigger: str
    started_at: datetime
    given_up_at: datetime | None


async def load_last_heads(session: Session, portfolio_ids: Collection[UUID]) -> list[LastHead]:
    """The run that last reported about each portfolio that any run reported about."""
    values = func.unnest(cast(sorted(portfolio_ids), ARRAY(Uuid)))
    asked = values.table_valued("portfolio_id", name="asked").render_derived()
    about = items.c.portfolio_ids.contains(array([asked.c.portfolio_id]))
    last = (
        select(items.c.run_id)
        .where(about)
        .order_by(items.c.occurred_at.desc())
        .limit(1)
        .lateral("last")
    )
    overdue = runs.c.problems.contains([{"code": "overdue"}])
    given_up = case((overdue, runs.c.finished_at))
    head = (runs.c.run_id, runs.c.as_of, runs.c.trigger, runs.c.started_at, given_up)
    joined = asked.join(last, true()).join(runs, runs.c.run_id == last.c.run_id)
    found = await session.execute(select(asked.c.portfolio_id, *head).select_from(joined))
    return [LastHead(*row) for row in found]


async def load_items_of(
    session: Session, run_ids: Collection[UUID], portfolio_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[Fields]]:
    """By run, what was reported about it and any of the portfolios, by shard and time."""
    about = items.c.portfolio_ids.overlap(cast(sorted(portfolio_ids), ARRAY(Uuid)))
    rows = select(items).where(among(items.c.run_id, run_ids), about)
    found: defaultdict[UUID, list[Fields]] = defaultdict(list)
    order = (items.c.shard, items.c.occurred_at, items.c.stage)
    for row in await all_rows(session, rows.order_by(*order)):
        found[row["run_id"]].append(row)
    return found
