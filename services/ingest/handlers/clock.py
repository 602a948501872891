"""The market clock: each session's close is announced once, whatever the number of replicas, late
ones included.

Two steps, so that nothing is lost in between: sessions that closed since the last look are marked
due, all of them at once; those that are due are told one by one, oldest first. What an operator
announces meanwhile changes neither.
"""

import asyncio
from datetime import UTC, datetime, timedelta

from services.ingest import calculations, repository
from services.ingest.providers import Coverage
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared import calendar
from shared.contracts.ingest import MarketClosed
from shared.database import Database
from shared.messaging import Bus, publish

FIRST_LOOK = timedelta(days=14)  # far enough back to hold a session


async def coverage_now(sources: Sources, settings: IngestSettings) -> Coverage:
    """The sessions that can be had at this moment."""
    return await coverage_at(datetime.now(UTC), sources, settings)


async def coverage_at(moment: datetime, sources: Sources, settings: IngestSettings) -> Coverage:
    """The sessions that can be had at a moment: a live provider has a session some time after its
    close.
    """
    ready = moment - timedelta(seconds=settings.close_delay_seconds)
    return await sources.coverage(await asyncio.to_thread(calendar.last_closed, ready))


async def announce_due(database: Database, bus: Bus, coverage: Coverage) -> None:
    """Announce every session that closed since the clock last looked; on a first start, the latest
    one.
    """
    async with database.transaction() as session:
        last = await repository.latest_due(session)
        closed = calendar.sessions(last or coverage.last - FIRST_LOOK, coverage.last)
        await repository.save_due(session, calculations.due_sessions(closed, last))
    while await _announced_next(database, bus):
        pass


async def _announced_next(database: Database, bus: Bus) -> bool:
    """Publish, then remember: a crash in between publishes the same event id again, which changes
    nothing.

    Replicas take turns at the oldest session, so none is told before one that closed earlier.
    Whether there was one.
    """
    async with database.transaction() as session:
        waiting = await repository.next_unannounced(session)
        if waiting is None:
            return False
        await publish(
            bus, MarketClosed.new(MarketClosed.clock_run(waiting), waiting, trigger="clock")
        )
        await repository.save_announced(session, waiting)
        return True
