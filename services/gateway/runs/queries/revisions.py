"""The revision of portfolios: answers given before are outdated, and so may runs be."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, select

from services.gateway.tables import PortfolioRevision
from shared.database import Session, among, changed, prepared, sql_table, tuples

_RAISE = """
    insert into gateway.portfolio_revisions as known (portfolio_id, edits)
    select portfolio_id, cast(:edits as bigint) from gateway.portfolios
    where portfolio_id = any(cast(:portfolio_ids as uuid[]))
    order by portfolio_id for key share
    on conflict (portfolio_id) do update
    set revision = known.revision + 1, edits = known.edits + cast(:edits as bigint)
"""


async def raise_revision(session: Session, portfolio_ids: Collection[UUID]) -> None:
    """Outdate every answer given about these portfolios.

    Call it in the transaction that changes their data. Rows are locked in ascending order, so that
    transactions do not deadlock; deleted portfolios are skipped. They stay locked until the
    transaction ends, so that edits and the stages of runs take turns.
    """
    await _raise(session, portfolio_ids, edits=0)


async def raise_edits(session: Session, portfolio_ids: Collection[UUID]) -> None:
    """Outdate the answers, and the runs that have read these portfolios and have not ended.

    Call it in the transaction that edits what calculators read, before looking which sessions are
    to be run again: a run that ends after that finds the edit, and one that ended before is found.
    """
    await _raise(session, portfolio_ids, edits=1)


async def load_edits(session: Session, portfolio_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many edits each portfolio has had."""
    counted = dict(await tuples(session, *_edits(list(portfolio_ids))))
    return {portfolio_id: counted.get(portfolio_id, 0) for portfolio_id in portfolio_ids}


@prepared(portfolio_ids=ARRAY(Uuid))
def _edits(portfolio_ids: Sequence[UUID]) -> Select[UUID, int]:
    row = revisions.c
    return select(row.portfolio_id, row.edits).where(among(row.portfolio_id, portfolio_ids))


async def edited_since(session: Session, edits: Mapping[UUID, int]) -> list[UUID]:
    """The portfolios that have had more edits than these, ascending."""
    now = await load_edits(session, edits)
    return sorted(portfolio_id for portfolio_id in now if now[portfolio_id] > edits[portfolio_id])


async def _raise(session: Session, portfolio_ids: Collection[UUID], edits: int) -> None:
    if portfolio_ids:
        raised = {"portfolio_ids": list(portfolio_ids), "edits": edits}
        await changed(session, _RAISE, raised)


revisions = sql_table(PortfolioRevision)
