"""SQL of personal tokens: what their user does with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.gateway.tables import PersonalToken
from shared.database import Session, lock, sql_table

tokens = sql_table(PersonalToken)
# what users' transactions may read: the hash is for the edge alone
_SHOWN = [column for column in tokens.c if column.name != "token_hash"]


@dataclass(frozen=True)
class TokenTerms:
    """What is stored of a new token."""

    token_hash: str
    name: str
    hint: str
    scopes: Sequence[str]
    expires_at: datetime


async def load_tokens(session: Session, user_id: UUID) -> Sequence[RowMapping]:
    """A user's tokens, the newest first."""
    own = select(*_SHOWN).where(tokens.c.user_id == user_id)
    ordered = own.order_by(tokens.c.created_at.desc(), tokens.c.token_id)
    return (await session.execute(ordered)).mappings().all()


async def count_active(session: Session, user_id: UUID, now: datetime) -> int:
    """How many tokens of the user may be used; other new ones wait for the transaction's end."""
    await lock(session, "tokens", user_id)
    active = and_(
        tokens.c.user_id == user_id, tokens.c.revoked_at.is_(None), tokens.c.expires_at > now
    )
    return int(await session.scalar(select(func.count()).select_from(tokens).where(active)) or 0)


async def save_token(
    session: Session, user_id: UUID, terms: TokenTerms, now: datetime
) -> RowMapping:
    """Store a new token by its hash."""
    row = {
        "token_id": uuid4(),
        "user_id": user_id,
        "created_at": now,
        **vars(terms),
        "scopes": list(terms.scopes),
    }
    stored = insert(tokens).values(row).returning(*_SHOWN)
    return (await session.execute(stored)).mappings().one()


async def revoke_token(session: Session, user_id: UUID, token_id: UUID, now: datetime) -> bool:
    """Revoke a user's token, unless it is revoked already; whether the user has such a token."""
    named = and_(tokens.c.user_id == user_id, tokens.c.token_id == token_id)
    revoked = func.coalesce(tokens.c.revoked_at, now)
    changed = update(tokens).where(named).values(revoked_at=revoked)
    return await session.scalar(changed.returning(tokens.c.token_id)) is not None


async def revoke_tokens(session: Session, user_id: UUID, now: datetime) -> None:
    """Revoke every token of a user."""
    standing = and_(tokens.c.user_id == user_id, tokens.c.revoked_at.is_(None))
    await session.execute(update(tokens).where(standing).values(revoked_at=now))


async def delete_tokens(session: Session, before: datetime) -> None:
    """Forget tokens that were over before a moment."""
    over = or_(tokens.c.expires_at < before, tokens.c.revoked_at < before)
    await session.execute(delete(tokens).where(over))
