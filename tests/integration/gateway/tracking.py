"""Waiting until what follows from recorded events is done."""

import asyncio

from services.gateway.runs.follow_up import follow_up_waiting
from services.gateway.runs.queries import items
from shared.database import Database


async def followed_up(database: Database) -> None:
    """Follow up all that waits; an application that runs besides may have taken some of it."""
    while await is_any_waiting(database):
        await follow_up_waiting(database)
        await asyncio.sleep(0.005)


async def is_any_waiting(database: Database) -> bool:
    """Whether an item waits for its follow-up."""
    async with database.transaction() as session:
        return await items.is_any_waiting(session)
