"""Which replica fetches what: replicas of ingest share the symbols."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from services.ingest import repository
from services.ingest.history.feed import Feed
from shared.database import Database
from shared.tasks import cancelled


@asynccontextmanager
async def claimed(feed: Feed, symbols: Collection[str]) -> AsyncIterator[set[str]]:
    """The symbols that this replica may fetch until the block ends.

    The claim is renewed, so that it runs out when the process dies.
    """
    claimant = uuid4()
    seconds = feed.settings.claim_seconds
    async with feed.database.transaction() as session:
        mine = await repository.claim_symbols(session, symbols, claimant, seconds)
    renewal = asyncio.create_task(_renew(feed.database, claimant, seconds))
    try:
        yield mine
    finally:
        await cancelled(renewal)
        async with feed.database.transaction() as session:
            await repository.delete_claims(session, claimant)
    if not renewal.cancelled():
        renewal.result()


async def _renew(database: Database, claimant: UUID, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds / 3)
        async with database.transaction() as session:
            await repository.renew_claims(session, claimant, seconds)
