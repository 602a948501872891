"""The market clock: each session's close is published once, by one of the replicas.

Sessions that closed since the clock last looked are first marked as due, all of them at once. Those
that are due are then published one by one, oldest first. So a session that is missed while no
replica runs is published later, and what an operator announces in between changes neither step.
"""

from datetime import timedelta

from services.ingest import calculations, repository
from services.ingest.history.coverage import coverage_now
from services.ingest.inputs import Coverage
from services.ingest.settings import ingest_settings
from shared import calendar
from shared.background import repeat
from shared.contracts.ingest import MarketClosed
from shared.database import Database
from shared.messaging import Bus, publish
from shared.service import Runtime

LONGEST_CLOSURE = timedelta(days=14)  # far enough back to hold a session


async def watch_market(runtime: Runtime) -> None:
    """Publish every close that becomes due, until the process ends."""

    async def publish_due() -> None:
        await publish_due_sessions(runtime.database, runtime.broker, await coverage_now())

    await repeat(publish_due, ingest_settings().clock_seconds, "market clock")


async def publish_due_sessions(database: Database, bus: Bus, coverage: Coverage) -> None:
    """Publish every session that closed since the last time; the latest one on a first start."""
    async with database.transaction() as session:
        last = await repository.latest_due(session)
        closed = calendar.sessions(last or coverage.last - LONGEST_CLOSURE, coverage.last)
        await repository.save_due(session, calculations.due_sessions(closed, last))
    while await publish_next_session(database, bus):
        pass


async def publish_next_session(database: Database, bus: Bus) -> bool:
    """Publish the oldest session that is due; returns whether there was one.

    It is published before it is recorded: after a crash in between, the same event id is published
    again and discarded. Replicas take turns, so no session is published before an older one.
    """
    async with database.transaction() as session:
        session_date = await repository.claim_unannounced(session)
        if session_date is None:
            return False
        run_id = MarketClosed.clock_run(session_date)
        await publish(bus, MarketClosed.new(run_id, session_date, trigger="clock"))
        await repository.save_announced(session, session_date)
        return True
