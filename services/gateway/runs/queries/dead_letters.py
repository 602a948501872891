"""Dead letters: what services gave up on, kept as long as the stream that held them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.gateway.edge.queries import Row, one_row, page_of
from services.gateway.tables import DeadLetter
from shared.contracts import event as contracts
from shared.database import Session, sql_table

letters = sql_table(DeadLetter)
# no text of Postgres holds a zero byte; a broken payload may
_NUL = "\x00"
_REPLACEMENT = "\ufffd"


async def save_letter(session: Session, letter: contracts.DeadLetter) -> None:
    """Keep a letter; one that is kept already stays as it is."""
    row = letter.model_dump() | {
        "message": letter.message.replace(_NUL, _REPLACEMENT),
        "payload": letter.payload.replace(_NUL, _REPLACEMENT),
    }
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


async def lock_letter(session: Session, letter_id: UUID) -> Row | None:
    """One letter, held until the transaction ends, or None."""
    return await one_row(
        session, select(letters).where(letters.c.letter_id == letter_id).with_for_update()
    )


async def save_replayed(session: Session, letter_id: UUID, user_id: UUID, now: datetime) -> None:
    """Mark the letter's message as replayed."""
    replayed = update(letters).where(letters.c.letter_id == letter_id)
    await session.execute(replayed.values(replayed_at=now, replayed_by=user_id))


async def delete_letters(session: Session, before: datetime) -> None:
    """Forget letters laid down before a moment."""
    await session.execute(delete(letters).where(letters.c.buried_at < before))
