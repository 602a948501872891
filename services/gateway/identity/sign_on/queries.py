"""Log-ins that are under way at the provider, and the accounts that are linked to users."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.gateway.identity.sign_on.shapes import Identity
from services.gateway.tables import LinkedAccount, RefreshToken, SignOnAttempt, User
from shared.database import Session, lock_each, sql_table

attempts = sql_table(SignOnAttempt)
links = sql_table(LinkedAccount)
users = sql_table(User)
tokens = sql_table(RefreshToken)


async def save_attempt(session: Session, attempt: SignOnAttempt) -> None:
    """Save a log-in that is under way."""
    session.add(attempt)
    await session.flush()


async def take_attempt(session: Session, attempt_hash: str, now: datetime) -> SignOnAttempt | None:
    """The log-in that was under way; None when it is unknown, used or expired.

    It cannot be taken again.
    """
    taken = delete(attempts).where(attempts.c.attempt_hash == attempt_hash)
    found = select(SignOnAttempt).from_statement(
        taken.where(attempts.c.expires_at > now).returning(attempts)
    )
    return (await session.execute(found)).scalar_one_or_none()


async def delete_expired_attempts(session: Session, now: datetime) -> None:
    """Forget log-ins that were not finished in time."""
    await session.execute(delete(attempts).where(attempts.c.expires_at <= now))


async def lock_account(session: Session, identity: Identity) -> LinkedAccount | None:
    """The link of an account, if it has one; no other transaction links it until this one ends."""
    await lock_each(session, [f"sign-on/{identity.issuer}/{identity.subject}"])
    known = select(LinkedAccount).where(
        links.c.issuer == identity.issuer, links.c.subject == identity.subject
    )
    return (await session.execute(known)).scalar_one_or_none()


async def save_link(
    session: Session, identity: Identity, user_id: UUID, *, made_user: bool
) -> UUID:
    """Link an account to a user."""
    row = {
        "link_id": uuid4(),
        "user_id": user_id,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "email": identity.email,
        "made_user": made_user,
    }
    await session.execute(insert(links).values(row))
    return UUID(str(row["link_id"]))


async def save_use(session: Session, link_id: UUID, now: datetime) -> None:
    """Remember that an account logged its user in."""
    await session.execute(update(links).where(links.c.link_id == link_id).values(last_used_at=now))


async def save_role(session: Session, user_id: UUID, role: str) -> bool:
    """Another role; whether it is another one."""
    other = update(users).where(users.c.user_id == user_id, users.c.role != role)
    changed = other.values(role=role).returning(users.c.user_id)
    return await session.scalar(changed) is not None


async def load_links(session: Session, user_id: UUID) -> list[LinkedAccount]:
    """The user's linked accounts, the oldest first."""
    mine = select(LinkedAccount).where(links.c.user_id == user_id).order_by(links.c.linked_at)
    return list((await session.scalars(mine)).all())


async def lock_link(session: Session, user_id: UUID, link_id: UUID) -> LinkedAccount | None:
    """One of the user's links, until the transaction ends; None when there is none."""
    mine = select(LinkedAccount).where(links.c.user_id == user_id, links.c.link_id == link_id)
    return (await session.execute(mine.with_for_update())).scalar_one_or_none()


async def delete_link(session: Session, link_id: UUID, now: datetime) -> None:
    """Unlink an account, and end the log-ins that came by it."""
    by_it = update(tokens).where(tokens.c.link_id == link_id, tokens.c.revoked_at.is_(None))
    await session.execute(by_it.values(revoked_at=now))
    await session.execute(delete(links).where(links.c.link_id == link_id))


async def came_by_link(session: Session, family_id: UUID) -> bool:
    """Whether a log-in came by a linked account."""
    linked = select(tokens.c.link_id).where(
        tokens.c.family_id == family_id, tokens.c.link_id.is_not(None)
    )
    return await session.scalar(linked.limit(1)) is not None
