"""The relay that publishes the outbox."""

import asyncio
from dataclasses import astuple

import structlog
from opentelemetry import context, propagate
from pydantic import ValidationError

from services.gateway.edge import queries
from services.gateway.edge.turns import Limits, next_events
from services.gateway.tables import OutboxRow
from shared.database import DATABASE_ERRORS, Database
from shared.errors import BusUnavailable, MessageTooLarge
from shared.messaging import Bus, publish
from shared.service import Runtime
from shared.tasks import until_woken
from shared.topology import EVENTS

BATCH = 50
LONGEST_PAUSE_SECONDS = 30.0
DEFAULT_LIMITS = Limits()
log = structlog.get_logger("sigmasight.gateway")


class Relay:
    """Publishes what the outbox holds.

    At once when woken, here or by a run that ends in any process, and every `poll_seconds` in case
    a wake-up was lost.
    """

    def __init__(self, poll_seconds: float, limits: Limits) -> None:
        self.poll_seconds = poll_seconds
        self.limits = limits
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
            try:
                async with runtime.database.listening(queries.RELEASED, self.wake) as probe:
                    while True:
                        while (
                            await publish_waiting(runtime.database, runtime.broker, self.limits)
                            == BATCH
                        ):
                            pass
                        pause = self.poll_seconds
                        await until_woken(self._woken, pause)
                        await probe()
            except (*DATABASE_ERRORS, BusUnavailable) as error:
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                log.warning("outbox waits", reason=repr(error), next_try_seconds=pause)
                await until_woken(self._woken, pause)


async def publish_waiting(database: Database, broker: Bus, limits: Limits = DEFAULT_LIMITS) -> int:
    """Publish a batch and mark each event once it is safe on the bus; returns how many.

    A crash between the two publishes the event again under the same id, which the bus discards.
    Runs beyond the limits stay in the outbox until others have ended. An event that can never be
    published, because this release cannot read it or the bus cannot take it, becomes a dead letter:
    the others do not wait for it.
    """
    async with database.transaction() as session:
        if not await queries.is_any_waiting(session):
            return 0  # most wake-ups: a request that changed nothing for the services
        waiting = await queries.lock_waiting(session, *next_events(BATCH, *astuple(limits)))
        for row in waiting:
            try:
                await _publish(broker, row)
            except (KeyError, ValidationError, MessageTooLarge) as error:
                log.error("event is unpublishable", event_id=str(row.event_id), exc_info=error)
                await queries.save_unpublishable(session, row, error)
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
