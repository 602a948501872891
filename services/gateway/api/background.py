"""What runs beside the requests: the relay that publishes the outbox, and the sweeper that closes
overdue runs.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import FrameType

import structlog
from opentelemetry import context, propagate
from sqlalchemy.exc import SQLAlchemyError

from services.gateway.handlers import close_overdue_runs
from services.gateway.repository import dead_letters, idempotency, logins, outbox, run_events
from services.gateway.repository.rows import Row
from shared.database import Database
from shared.errors import BusUnavailable
from shared.messaging import EVENT_RETENTION_SECONDS, Bus, publish
from shared.service import Runtime
from shared.topology import EVENTS

BATCH = 50
KEPT_DAYS = 7
LOGIN_ATTEMPTS_KEPT = timedelta(days=1)  # as long as the widest window that may be set
LONGEST_PAUSE_SECONDS = 30.0
log = structlog.get_logger("sigmasight.gateway")


class Relay:
    """Publishes what the outbox holds: at once when woken, and every `poll_seconds` in case a
    wake-up was lost.
    """

    def __init__(self, poll_seconds: float) -> None:
        self.poll_seconds = poll_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was committed to the outbox."""
        self._woken.set()

    async def run(self, runtime: Runtime) -> None:
        """Until cancelled. While the bus or the database is away, pauses grow up to half a
        minute.
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
        waiting = await outbox.load_waiting(session, BATCH)
        for row in waiting:
            await _publish(broker, row)
            await outbox.save_published(session, row["outbox_id"])
    return len(waiting)


async def _publish(broker: Bus, row: Row) -> None:
    """Publish inside the trace that the event was written in."""
    event = EVENTS[row["subject"]].model_validate(row["payload"])
    token = context.attach(propagate.extract(row["headers"]))
    try:
        await publish(broker, event, row["event_id"])
    finally:
        context.detach(token)


def trace_headers() -> dict[str, str]:
    """The current trace as W3C headers, to be stored beside an event."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


class Sweeper:
    """Closes overdue runs every `every_seconds`, and once an hour forgets what is long over."""

    def __init__(self, every_seconds: float, overdue_seconds: float) -> None:
        self.every_seconds = every_seconds
        self.overdue_seconds = overdue_seconds
        self._forget_at = datetime.min.replace(tzinfo=UTC)

    async def run(self, runtime: Runtime) -> None:
        """Until cancelled; a database that is away is tried again at the next turn."""
        while True:
            try:
                await self._sweep(runtime.database)
            except (SQLAlchemyError, OSError) as error:
                log.warning("sweep put off", reason=repr(error))
            await asyncio.sleep(self.every_seconds)

    async def _sweep(self, database: Database) -> None:
        now = datetime.now(UTC)
        async with database.transaction() as session:
            closed = await close_overdue_runs(session, now, self.overdue_seconds)
        if closed:
            log.warning("overdue runs closed", runs=[str(run_id) for run_id in closed])
        await self._forget(database, now)

    async def _forget(self, database: Database, now: datetime) -> None:
        if now < self._forget_at:
            return
        async with database.transaction() as session:
            await outbox.delete_published(session, now - timedelta(days=KEPT_DAYS))
            await idempotency.delete_answers(session, now - timedelta(days=KEPT_DAYS))
            await logins.delete_past(session, now, LOGIN_ATTEMPTS_KEPT)
            await run_events.delete_told(session, now - timedelta(days=KEPT_DAYS))
            await run_events.delete_expired_tickets(session, now)
            await dead_letters.delete_letters(
                session, now - timedelta(seconds=EVENT_RETENTION_SECONDS)
            )
        self._forget_at = now + timedelta(hours=1)


@contextmanager
def at_termination(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` as soon as the process is told to stop: the server then waits for open streams
    before all else.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in before.items() if callable(handler)}

    def told(number: int, frame: FrameType | None) -> None:
        act()
        handlers[signal.Signals(number)](number, frame)

    for number in handlers:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
