"""Dead letters: what services gave up on, kept as long as the stream that held them."""

from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Executable,
    Integer,
    String,
    and_,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.gateway.edge.queries import Row, one_row, page_of
from services.gateway.tables import DeadLetter
from shared.contracts import event as contracts
from shared.database import Session, fetched, sql_table

letters = sql_table(DeadLetter)
# no text of Postgres holds a zero byte; a broken payload may
_NUL = "\x00"
_REPLACEMENT = "\ufffd"


async def save_letter(session: Session, letter: contracts.DeadLetter) -> None:
    """Keep a letter; one that is kept already stays as it is.

    What is longer than its column is cut: a letter that could not be stored would come for ever.
    """
    row = letter.model_dump()
    for column in letters.c:
        if isinstance(column.type, String):
            row[column.name] = row[column.name].replace(_NUL, _REPLACEMENT)[: column.type.length]
    await session.execute(insert(letters).values(row).on_conflict_do_nothing())


async def load_letters(
    session: Session, service: str | None, replayed: bool | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of letters, newest first, and how many match."""
    conditions: list[ColumnElement[bool]] = [letters.c.service == service] if service else []
    if replayed is not None:
        conditions.append(
            letters.c.replayed_at.is_not(None) if replayed else letters.c.replayed_at.is_(None)
        )
    page = (
        select(letters).where(*conditions).order_by(letters.c.buried_at.desc(), letters.c.letter_id)
    )
    return await page_of(session, page, limit, offset)


async def load_letter(session: Session, letter_id: UUID) -> DeadLetter | None:
    """One letter, or None."""
    return await session.get(DeadLetter, letter_id)


async def lock_letter(session: Session, letter_id: UUID) -> Row | None:
    """One letter, held until the transaction ends, or None."""
    return await one_row(
        session, select(letters).where(letters.c.letter_id == letter_id).with_for_update()
    )


async def lock_of_outages(
    session: Session, buried_before: datetime, replays: int, limit: int
) -> list[Row]:
    """Letters of outages that wait for their replay, oldest first, held until the transaction ends.

    Not those whose message was replayed as often as `replays`: something else is wrong with it.
    """
    terms = {"buried_before": buried_before, "replays": replays, "limit": limit}
    return await fetched(session, _of_outages(), terms)


@cache
def _of_outages() -> Executable:
    before = letters.alias()
    same = [before.c[name] == letters.c[name] for name in ("service", "heard", "payload")]
    replayed = select(func.count()).where(*same, before.c.replayed_at.is_not(None))
    waiting = and_(letters.c.of_outage, letters.c.replayed_at.is_(None))
    long_ago = letters.c.buried_at < bindparam("buried_before", type_=DateTime(timezone=True))
    seldom = replayed.scalar_subquery() < bindparam("replays", type_=Integer)
    due = select(letters).where(waiting, long_ago, seldom)
    in_order = due.order_by(letters.c.buried_at, letters.c.letter_id)
    oldest = in_order.limit(bindparam("limit", type_=Integer))
    return oldest.with_for_update(skip_locked=True)


async def save_replayed(
    session: Session, letter_id: UUID, user_id: UUID | None, now: datetime
) -> None:
    """Mark the letter's message as replayed, by a user or by itself."""
    replayed = update(letters).where(letters.c.letter_id == letter_id)
    await session.execute(replayed.values(replayed_at=now, replayed_by=user_id))


async def delete_letters(session: Session, before: datetime) -> None:
    """Forget letters laid down before a moment."""
    await session.execute(delete(letters).where(letters.c.buried_at < before))
