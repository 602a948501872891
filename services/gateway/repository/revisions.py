"""How old answers about a portfolio may be: its revision, raised by `books.raise_revision`."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, bindparam, column, func, select

from services.gateway.tables import Portfolio, PortfolioRevision, User
from shared.database import Session, sql_table

portfolios, revisions, users = sql_table(Portfolio), sql_table(PortfolioRevision), sql_table(User)
Owned = tuple[UUID, UUID]  # user, portfolio


def revision_of(portfolio_id: ColumnElement[UUID]) -> ColumnElement[int]:
    """The revision of a portfolio in a statement; 0 until it is raised for the first time."""
    raised = select(revisions.c.revision).where(revisions.c.portfolio_id == portfolio_id)
    return func.coalesce(raised.scalar_subquery(), 0)


_ids: Any = ARRAY(Uuid)
_asked = func.unnest(bindparam("user_ids", type_=_ids), bindparam("portfolio_ids", type_=_ids)).table_valued(
    column("user_id", Uuid), column("portfolio_id", Uuid), name="asked"
)
_found = (
    select(_asked.c.user_id, _asked.c.portfolio_id, func.coalesce(revisions.c.revision, 0))
    .join(
        portfolios,
        (portfolios.c.portfolio_id == _asked.c.portfolio_id) & (portfolios.c.user_id == _asked.c.user_id),
    )
    .join(users, users.c.user_id == portfolios.c.user_id)
    .outerjoin(revisions, revisions.c.portfolio_id == portfolios.c.portfolio_id)
    .where(users.c.disabled_at.is_(None))
)


async def load_revisions(session: Session, asked: Collection[Owned]) -> dict[Owned, int]:
    """The revision of each portfolio that is the user's, by both, where the user may log in: one statement."""
    user_ids, portfolio_ids = zip(*asked, strict=True)
    found = await session.execute(_found, {"user_ids": list(user_ids), "portfolio_ids": list(portfolio_ids)})
    return {(row[0], row[1]): row[2] for row in found}
