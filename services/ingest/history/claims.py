"""Who fetches what: replicas of ingest share the symbols."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

from services.ingest import repository
from services.ingest.history.feed import Feed
from shared.database import Database


@asynccontextmanager
async def claimed(feed: Feed, symbols: Collection[str]) -> AsyncIterator[set[str]]:
    """The symbols that are ours to fetch until we leave; held by a renewal, so that they are free
    if we die.
    """
    claimant, seconds = uuid4(), feed.settings.claim_seconds
    async with feed.database.transaction() as session:
        mine = await repository.save_claims(session, symbols, claimant, seconds)
    renewal = asyncio.create_task(_renew(feed.database, claimant, seconds))
    try:
        yield mine
    finally:
        renewal.cancel()
        with suppress(asyncio.CancelledError):
            await renewal
        async with feed.database.transaction() as session:
            await repository.delete_claims(session, claimant)


async def _renew(database: Database, claimant: UUID, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds / 3)
        async with database.transaction() as session:
            await repository.renew_claims(session, claimant, seconds)
