"""The relay that publishes the outbox."""

import asyncio
from contextlib import suppress

import structlog
from opentelemetry import context, propagate
from sqlalchemy.exc import SQLAlchemyError

from services.gateway.edge import queries
from services.gateway.tables import OutboxRow
from shared.database import Database
from shared.errors import BusUnavailable
from shared.messaging import Bus, publish
from shared.service import Runtime
from shared.topology import EVENTS

BATCH = 50
LONGEST_PAUSE_SECONDS = 30.0
log = structlog.get_logger("sigmasight.gateway")


class Relay:
    """Publishes what the outbox holds.

    At once when woken, and every `poll_seconds` in case a wake-up was lost.
    """

    def __init__(self, poll_seconds: float) -> None:
        self.poll_seconds = poll_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was committed to the outbox."""
        self._woken.set()

    async def run(self, runtime: Runtime) -> None:
        """Publish until cancelled.

        While the bus or the database is away, pauses grow up to half a minute.
        """
        pause = self.poll_seconds
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), pause)
            self._woken.clear()
            try:
                while await publish_waiting(runtime.database, runtime.broker):
                    pass
                pause = self.poll_seconds
            except (SQLAlchemyError, BusUnavailable, OSError) as error:
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                log.warning("outbox waits", reason=repr(error), next_try_seconds=pause)


async def publish_waiting(database: Database, broker: Bus) -> int:
    """Publish a batch and mark each event once it is safe on the bus; returns how many.

    A crash between the two publishes the event again under the same id, which the bus discards.
    """
    async with database.transaction() as session:
        waiting = await queries.lock_waiting(session, BATCH)
        for row in waiting:
            await _publish(broker, row)
            await queries.save_published(session, row.outbox_id)
    return len(waiting)


async def _publish(broker: Bus, row: OutboxRow) -> None:
    """Publish inside the trace that the event was written in."""
    event = EVENTS[row.subject].model_validate(row.payload)
    token = context.attach(propagate.extract(row.headers))
    try:
        await publish(broker, event, row.event_id)
    finally:
        context.detach(token)


def trace_headers() -> dict[str, str]:
    """The current trace as W3C headers, to be stored with an event."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers
