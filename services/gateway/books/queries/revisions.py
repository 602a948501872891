"""How old answers about a portfolio may be: its revision, raised by `books.raise_revision`."""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Uuid,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.gateway.edge.queries import is_over
from services.gateway.tables import Portfolio, PortfolioRevision, User, may_read
from shared.database import Session, sql_table
from shared.published.ingest import data_providers

portfolios = sql_table(Portfolio)
revisions = sql_table(PortfolioRevision)
users = sql_table(User)


class Claim(NamedTuple):
    """A user, through one of the user's log-ins, asks for a portfolio."""

    user_id: UUID
    family_id: UUID
    portfolio_id: UUID


_who = data_providers.c
_words = func.concat_ws(" ", _who.kind, _who.rank, _who.name, _who.live)
_all_words = func.string_agg(_words, aggregate_order_by(literal(","), _who.kind, _who.rank))
_who_is_asked = select(cast(func.coalesce(func.hashtext(_all_words), 0), BigInteger))
_PLACE = 2**32  # for the revision itself


def revision_of(portfolio_id: ColumnElement[UUID]) -> ColumnElement[int]:
    """The revision of a portfolio in a statement; 0 until it is raised for the first time.

    Its upper half represents the configured market data providers: answers name them, and others
    outdate the answers.
    """
    raised = select(revisions.c.revision).where(revisions.c.portfolio_id == portfolio_id)
    return func.coalesce(raised.scalar_subquery(), 0) + _who_is_asked.scalar_subquery() * _PLACE


_ids: Any = ARRAY(Uuid)
_claimed = (
    func.unnest(*(bindparam(name, type_=_ids) for name in Claim._fields))
    .table_valued(*(column(name, Uuid) for name in Claim._fields), name="claimed")
    .render_derived()
)
_standing = (
    select(_claimed, revision_of(portfolios.c.portfolio_id))
    .join(portfolios, portfolios.c.portfolio_id == _claimed.c.portfolio_id)
    .join(users, users.c.user_id == _claimed.c.user_id)
    .where(
        may_read(_claimed.c.user_id),
        users.c.disabled_at.is_(None),
        ~is_over(_claimed.c.family_id),
    )
)


async def load_revisions(session: Session, claims: Collection[Claim]) -> dict[Claim, int]:
    """The revisions of portfolios that their user may still read, and is logged in.

    One statement for all.
    """
    columns = zip(Claim._fields, zip(*claims, strict=True), strict=True)
    found = await session.execute(_standing, {name: list(ids) for name, ids in columns})
    return {Claim(*row[:-1]): row[-1] for row in found}


async def portfolios_of(session: Session, user_id: UUID) -> list[UUID]:
    """Every portfolio of the user."""
    return list(
        await session.scalars(
            select(portfolios.c.portfolio_id).where(portfolios.c.user_id == user_id)
        )
    )
