"""Who else may read or edit a portfolio than its owner."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Select,
    String,
    Uuid,
    and_,
    case,
    or_,
    select,
    union_all,
)
from sqlalchemy import Table as SqlTable

from services.gateway.tables.base import Table, owned_by, stamped
from services.gateway.tables.portfolios import Portfolio
from shared.database import key, published_columns, required, sql_table
from shared.published import gateway as published

OWNER = "owner"
EDITOR = "editor"
VIEWER = "viewer"


class PortfolioShare(Table, table=True):
    """A portfolio that its owner shares with another user, who reads all of it.

    `role`: viewer, or editor, who also edits its ledger. `owner_id`: the portfolio's own, which a
    foreign key holds to it, so that policies of rows need not look it up. The drafts that the user
    has of the portfolio are deleted with it.
    """

    __tablename__: ClassVar[str] = "portfolio_shares"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["portfolio_id", "owner_id"],
            ["gateway.portfolios.portfolio_id", "gateway.portfolios.user_id"],
            name="portfolio_shares_owner_fkey",
            ondelete="CASCADE",
        ),
        CheckConstraint(f"role IN ('{VIEWER}', '{EDITOR}')", name="share_role_is_known"),
        CheckConstraint("user_id <> owner_id", name="shared_with_another"),
    )

    portfolio_id: UUID = key(Uuid)
    user_id: UUID = key(Uuid, owned_by("users.user_id"), index=True)
    owner_id: UUID = required(Uuid, index=True)
    role: str = required(String(8))
    created_at: datetime = stamped()


_portfolio = sql_table(Portfolio).c
_share = sql_table(PortfolioShare).c


def accessible(user_id: UUID | ColumnElement[UUID]) -> Select[tuple[UUID]]:
    """The ids of the portfolios that a user owns, drafts included, or that are shared with them."""
    own = select(_portfolio.portfolio_id).where(_portfolio.user_id == user_id)
    shared = select(_share.portfolio_id).where(_share.user_id == user_id)
    either = union_all(own, shared).subquery("accessible")
    return select(either.c.portfolio_id)


def may_read(user_id: UUID | ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether a user owns a row of portfolios, or it is shared with them."""
    return or_(_portfolio.user_id == user_id, _shared_with(user_id).exists())


def role_of(user_id: UUID) -> ColumnElement[str]:
    """What a user is to a row of portfolios: owner, editor or viewer; null: a stranger."""
    return case(
        (_portfolio.user_id == user_id, OWNER), else_=_shared_with(user_id).scalar_subquery()
    )


def _shared_with(user_id: UUID | ColumnElement[UUID]) -> Select[tuple[str]]:
    same = and_(_share.portfolio_id == _portfolio.portfolio_id, _share.user_id == user_id)
    return select(_share.role).where(same).correlate_except(sql_table(PortfolioShare))


PUBLISHED: dict[SqlTable, Any] = {
    published.portfolio_shares: published_columns(PortfolioShare, published.portfolio_shares),
}
