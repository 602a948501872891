"""Drafts: NAV is carried from the snapshots of their bases."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, and_, case, delete, exists, insert, select

from services.snapshots.tables import PortfolioSnapshot
from shared.database import Session, among, prepared, sql_table, tuples
from shared.published import gateway

_taken = sql_table(PortfolioSnapshot)
_owner = gateway.portfolios.c


async def load_bases(session: Session, portfolios: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """Those of the portfolios that still exist, each with its base; None unless it is a draft."""
    return dict(await tuples(session, *_bases(portfolios)))


@prepared(portfolios=ARRAY(Uuid))
def _bases(portfolios: Sequence[UUID]) -> Select[UUID, UUID | None]:
    base = case((_owner.kind == gateway.DRAFT, _owner.base_id))
    return select(_owner.portfolio_id, base).where(among(_owner.portfolio_id, portfolios))


async def save_inherited(session: Session, drafts: Sequence[UUID]) -> None:
    """Let the snapshots of drafts before their session be those of their bases.

    The caller holds the locks of the drafts' snapshots.
    """
    of_draft = and_(among(_owner.portfolio_id, drafts), _taken.c.as_of < _owner.base_session)
    own = exists().where(of_draft, _owner.portfolio_id == _taken.c.portfolio_id)
    await session.execute(delete(_taken).where(among(_taken.c.portfolio_id, drafts), own))
    others = [column for column in _taken.c if column.name != "portfolio_id"]
    inherited = (
        select(_owner.portfolio_id, *others)
        .join_from(gateway.portfolios, _taken, _taken.c.portfolio_id == _owner.base_id)
        .where(of_draft)
    )
    names = ["portfolio_id", *(column.name for column in others)]
    await session.execute(insert(_taken).from_select(names, inherited))
