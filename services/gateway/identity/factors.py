"""SQL of second factors and their recovery codes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.gateway.tables import RecoveryCode, SecondFactor
from shared.database import Session, sql_table

factors = sql_table(SecondFactor)
codes = sql_table(RecoveryCode)


async def load_moments(session: Session, user_id: UUID) -> tuple[datetime, datetime | None] | None:
    """When a user's second factor was begun, and when confirmed; None when there is none."""
    own = select(factors.c.begun_at, factors.c.confirmed_at).where(factors.c.user_id == user_id)
    found = (await session.execute(own)).one_or_none()
    return (found.begun_at, found.confirmed_at) if found else None


async def lock_factor(session: Session, user_id: UUID) -> SecondFactor | None:
    """A user's second factor, confirmed or not; others wait for it until the transaction ends."""
    own = select(SecondFactor).where(factors.c.user_id == user_id).with_for_update()
    found = await session.execute(own.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def save_begun(session: Session, user_id: UUID, secret: bytes, now: datetime) -> bool:
    """Store a secret that waits for its code, in place of another; False with a confirmed one."""
    begun = {"secret": secret, "begun_at": now, "last_step": None}
    new = insert(factors).values(user_id=user_id, **begun)
    stored = new.on_conflict_do_update(
        index_elements=[factors.c.user_id], set_=begun, where=factors.c.confirmed_at.is_(None)
    )
    return await session.scalar(stored.returning(factors.c.user_id)) is not None


async def save_confirmed(session: Session, user_id: UUID, step: int, now: datetime) -> None:
    """Make a second factor count from now on."""
    own = update(factors).where(factors.c.user_id == user_id)
    await session.execute(own.values(confirmed_at=now, last_step=step))


async def save_recovery_codes(session: Session, user_id: UUID, code_hashes: Sequence[str]) -> None:
    """Store a user's recovery codes by their hashes, in place of those before."""
    await session.execute(delete(codes).where(codes.c.user_id == user_id))
    rows = [{"user_id": user_id, "code_hash": each} for each in code_hashes]
    await session.execute(insert(codes).values(rows))


async def use_step(session: Session, user_id: UUID, step: int) -> bool:
    """Use up a step and those before it; False when that was done already."""
    unused = or_(factors.c.last_step.is_(None), factors.c.last_step < step)
    own = and_(factors.c.user_id == user_id, factors.c.confirmed_at.is_not(None), unused)
    used = update(factors).where(own).values(last_step=step)
    return await session.scalar(used.returning(factors.c.user_id)) is not None


async def use_recovery_code(session: Session, user_id: UUID, code_hash: str) -> bool:
    """Use up a recovery code; False when the user has none with this hash."""
    own = and_(codes.c.user_id == user_id, codes.c.code_hash == code_hash)
    used = delete(codes).where(own)
    return await session.scalar(used.returning(codes.c.user_id)) is not None


async def count_recovery_codes(session: Session, user_id: UUID) -> int:
    """How many recovery codes of a user are left."""
    own = select(func.count(codes.c.user_id)).where(codes.c.user_id == user_id)
    return int(await session.scalar(own) or 0)


async def delete_factor(session: Session, user_id: UUID) -> bool:
    """Delete a user's confirmed second factor and its recovery codes; False without one."""
    own = and_(factors.c.user_id == user_id, factors.c.confirmed_at.is_not(None))
    gone = delete(factors).where(own)
    return await session.scalar(gone.returning(factors.c.user_id)) is not None


async def delete_unconfirmed(session: Session, before: datetime) -> None:
    """Forget secrets that were begun before a moment and never confirmed."""
    over = and_(factors.c.confirmed_at.is_(None), factors.c.begun_at < before)
    await session.execute(delete(factors).where(over))
