"""The market clock: each session's close is announced once, whatever the number of replicas, late ones included."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from faststream.nats import NatsBroker

from services.ingest import calculations, repository
from services.ingest.providers import Coverage
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared import calendar
from shared.contracts.ingest import MarketClosed
from shared.database import Database
from shared.messaging import publish


async def coverage_now(sources: Sources, settings: IngestSettings) -> Coverage:
    """The sessions that can be had at this moment: a live provider has a session some time after its close."""
    ready = datetime.now(UTC) - timedelta(seconds=settings.close_delay_seconds)
    return await sources.coverage(await asyncio.to_thread(calendar.last_closed, ready))


async def announce_due(database: Database, broker: NatsBroker, coverage: Coverage) -> None:
    """Announce every session that closed since the last announcement; on a first start, the latest one."""
    async with database.transaction() as session:
        last = await repository.latest_announced(session)
        closed = calendar.sessions(last or coverage.last - timedelta(days=14), coverage.last)
        due = calculations.due_sessions(closed, last)
        await repository.save_known_sessions(session, due)
    for session_date in due:
        await _announce_once(database, broker, session_date)


async def _announce_once(database: Database, broker: NatsBroker, session_date: date) -> None:
    """Publish, then remember: a crash in between publishes the same event id again, which changes nothing."""
    async with database.transaction() as session:
        for waiting in await repository.load_unannounced(session, [session_date]):
            await publish(broker, MarketClosed.new(MarketClosed.clock_run(waiting), waiting, trigger="clock"))
            await repository.save_announced(session, waiting)
