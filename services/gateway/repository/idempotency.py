"""Answers that are given again to the repetition of a request."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, insert, select

from services.gateway.repository.rows import Row, one_row
from services.gateway.tables import IdempotencyKey
from shared.database import Session, lock, sql_table

keys = sql_table(IdempotencyKey)


async def first_answer(session: Session, user_id: UUID, key: str) -> Row | None:
    """The answer (and the hash of its request) once given under this key; others with the key wait
    for us.
    """
    await lock(session, "idempotency", user_id, key)
    mine = and_(keys.c.user_id == user_id, keys.c.key == key)
    return await one_row(session, select(keys).where(mine))


async def save_answer(
    session: Session, user_id: UUID, key: str, request_hash: str, answer: dict[str, Any]
) -> None:
    """Remember the answer for repetitions of the request."""
    row = {"user_id": user_id, "key": key, "request_hash": request_hash, "answer": answer}
    await session.execute(insert(keys).values(row))


async def delete_answers(session: Session, before: datetime) -> None:
    """Forget answers given before a moment."""
    await session.execute(delete(keys).where(keys.c.created_at < before))
