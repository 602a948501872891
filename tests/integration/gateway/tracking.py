"""Handling events as the gateway does, and waiting until what follows from them is done."""

import asyncio
from collections.abc import Sequence

from services.gateway.reports.handlers import router
from services.gateway.runs.follow_up import follow_up_waiting
from services.gateway.runs.queries import items
from shared.contracts.event import Event, ShardEvent
from shared.database import Database, Session
from shared.messaging import Traced
from shared.topology import stage_of


async def handled(session: Session, event: Event) -> None:
    """Call the handler of an event, which may take many."""
    handler = router.handlers[type(event)]
    given = [Traced(event, None)] if handler in router.of_many else event
    await handler(given, session)


async def recorded(session: Session, events: Sequence[ShardEvent]) -> None:
    """Record events as their handlers do, and wake no one."""
    await items.save_begun(session, events)
    records = [items.StageRecord(stage_of(type(event)), event) for event in events]
    await items.save_stages(session, records)


async def followed_up(database: Database) -> None:
    """Follow up all that waits; an application that runs besides may have taken some of it."""
    while await is_any_waiting(database):
        await follow_up_waiting(database)
        await asyncio.sleep(0.005)


async def is_any_waiting(database: Database) -> bool:
    """Whether an item waits for its follow-up."""
    async with database.transaction() as session:
        return await items.is_any_waiting(session)
