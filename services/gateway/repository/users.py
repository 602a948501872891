"""Users and their refresh tokens."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import select

from services.gateway.tables import RefreshToken, User
from shared.database import Session, sql_table


async def load_user(session: Session, user_id: UUID) -> User | None:
    """The user, or None when there is none with this id."""
    return await session.get(User, user_id)


async def load_user_by_email(session: Session, email: str) -> User | None:
    """The user with this address (lower case), or None."""
    found = await session.execute(select(User).where(User.email == email))
    return found.scalar_one_or_none()


async def save_user(
    session: Session, email: str, password_hash: str, *, full_name: str = "", role: str = "user"
) -> User | None:
    """A new user with this address (lower case); None when the address is taken."""
    users = sql_table(User)
    row = {
        "user_id": uuid4(),
        "email": email,
        "password_hash": password_hash,
        "full_name": full_name,
        "role": role,
    }
    statement = insert(users).values(row).on_conflict_do_nothing(index_elements=[users.c.email])
    user_id = await session.scalar(statement.returning(users.c.user_id))
    return None if user_id is None else await load_user(session, user_id)


async def save_refresh_token(session: Session, token_hash: str, user_id: UUID, expires_at: datetime) -> None:
    """Remember a token by its hash."""
    session.add(
        RefreshToken(token_hash=token_hash, user_id=user_id, expires_at=expires_at, family_id=uuid4())
    )
    await session.flush()


async def use_refresh_token(session: Session, token_hash: str, now: datetime) -> UUID | None:
    """Use the token up and return its user; None when it is unknown, expired or was used before."""
    tokens = sql_table(RefreshToken)
    statement = (
        update(tokens)
        .where(tokens.c.token_hash == token_hash, tokens.c.used_at.is_(None), tokens.c.expires_at > now)
        .values(used_at=now)
        .returning(tokens.c.user_id)
    )
    user_id: UUID | None = await session.scalar(statement)
    return user_id


async def delete_expired_tokens(session: Session, now: datetime) -> None:
    """Forget tokens that can no longer be used because their time is over."""
    tokens = sql_table(RefreshToken)
    await session.execute(delete(tokens).where(tokens.c.expires_at <= now))
