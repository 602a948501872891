"""The outbox: events that were committed with the rows they speak of, waiting to be published."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.gateway.repository.rows import Row, all_rows
from services.gateway.tables import OutboxRow
from shared.contracts.event import Event
from shared.database import Session, sql_table

outbox = sql_table(OutboxRow)


async def save_event(
    session: Session, event: Event, headers: Mapping[str, str], told_as: UUID | None = None
) -> None:
    """Leave an event for the relay, in the caller's transaction. The same event again changes
    nothing.

    `told_as`: an id of its own for an event that is told again on purpose, which the bus would
    otherwise discard.
    """
    row = {
        "event_id": told_as or event.event_id,
        "subject": event.subject,
        "payload": event.model_dump(mode="json"),
        "headers": dict(headers),
    }
    left = insert(outbox).values(row).on_conflict_do_nothing(index_elements=[outbox.c.event_id])
    await session.execute(
        left.inline()
    )  # returning nothing: a user may leave events but not read them


async def load_waiting(session: Session, limit: int) -> list[Row]:
    """The oldest events not yet published, held against other relays until the transaction ends."""
    waiting = (
        select(outbox)
        .where(outbox.c.published_at.is_(None))
        .order_by(outbox.c.outbox_id)
        .limit(limit)
    )
    return await all_rows(session, waiting.with_for_update(skip_locked=True))


async def save_published(session: Session, outbox_id: int) -> None:
    """Mark an event as published now."""
    await session.execute(
        update(outbox).where(outbox.c.outbox_id == outbox_id).values(published_at=func.now())
    )


async def delete_published(session: Session, before: datetime) -> None:
    """Forget events published before a moment."""
    await session.execute(delete(outbox).where(outbox.c.published_at < before))
