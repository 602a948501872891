"""SQL of shares: with whom a portfolio is shared, and who has an address."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.gateway.edge.audit import Actor
from services.gateway.tables import AuditEntry, PortfolioShare, User
from shared.database import Session, lock, lock_shared, sql_table

shares = sql_table(PortfolioShare)
users = sql_table(User)
log = sql_table(AuditEntry)


async def lock_shares(session: Session, portfolio_id: UUID) -> None:
    """Let other changes of the portfolio's shares, and who holds them, wait for this one's end."""
    await lock(session, "shares", portfolio_id)


async def hold_shares(session: Session, portfolio_id: UUID) -> None:
    """Let the end and changes of the portfolio's shares wait until the transaction ends."""
    await lock_shared(session, "shares", portfolio_id)


@dataclass(frozen=True)
class Share:
    """A user with whom a portfolio is shared; `name`: the full name, if known."""

    user_id: UUID
    email: str
    name: str
    role: str
    created_at: datetime


async def load_shares(session: Session, portfolio_id: UUID) -> list[Share]:
    """With whom a portfolio is shared, by address."""
    row = shares.c
    columns = (users.c.user_id, users.c.email, users.c.full_name)
    joined = shares.join(users, users.c.user_id == row.user_id)
    own = select(*columns, row.role, row.created_at).select_from(joined)
    named = own.where(row.portfolio_id == portfolio_id)
    found = await session.execute(named.order_by(users.c.email))
    return [Share(*each) for each in found]


async def save_share(
    session: Session, portfolio_id: UUID, owner_id: UUID, user_id: UUID, role: str
) -> None:
    """Share a portfolio with a user, or for something else than before."""
    values = {
        "portfolio_id": portfolio_id,
        "owner_id": owner_id,
        "user_id": user_id,
        "role": role,
    }
    same = [shares.c.portfolio_id, shares.c.user_id]
    new = insert(shares).values(values)
    await session.execute(new.on_conflict_do_update(index_elements=same, set_={"role": role}))


async def delete_share(session: Session, portfolio_id: UUID, user_id: UUID) -> str | None:
    """Share a portfolio with a user no longer; what it was shared for, None: it was not."""
    named = shares.c.portfolio_id == portfolio_id, shares.c.user_id == user_id
    role: str | None = await session.scalar(delete(shares).where(*named).returning(shares.c.role))
    return role


async def load_addressee(session: Session, email: str) -> UUID | None:
    """Who logs in with an address; None where no user does, or the user is disabled.

    In the gateway's own role: users do not see each other.
    """
    named = users.c.email == email, users.c.disabled_at.is_(None)
    user_id: UUID | None = await session.scalar(select(users.c.user_id).where(*named))
    return user_id


async def load_shared_user(session: Session, portfolio_id: UUID, email: str) -> UUID | None:
    """Who has an address, of those with whom a portfolio is shared already."""
    joined = shares.join(users, users.c.user_id == shares.c.user_id)
    may_log_in = users.c.email == email, users.c.disabled_at.is_(None)
    user_id: UUID | None = await session.scalar(
        select(users.c.user_id)
        .select_from(joined)
        .where(shares.c.portfolio_id == portfolio_id, *may_log_in)
    )
    return user_id


async def count_entries(session: Session, actor: Actor, action: str, since: datetime) -> int:
    """How often a user has done something since a moment. In the gateway's own role."""
    row = log.c
    own = row.user_id == actor.user_id, row.action == action, row.occurred_at >= since
    return int(await session.scalar(select(func.count()).select_from(log).where(*own)) or 0)
