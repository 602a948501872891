"""Messages are sent: claimed in one transaction, sent outside any, recorded in another.

A process that dies in between has its messages sent again later, under the same ids.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter

import structlog

from services.limits import repository
from services.limits.calculations.retries import next_attempt
from services.limits.senders.inputs import DueNotification, Outcome
from services.limits.senders.meters import Meters
from services.limits.senders.outgoing import Senders
from shared.contracts.event import utc_now
from shared.database import Database

LEASE = timedelta(minutes=5)  # longer than any attempt takes
log = structlog.get_logger("sigmasight.limits")


@dataclass(frozen=True)
class Sending:
    """What sending takes; the clock and the chance are arguments."""

    database: Database
    senders: Senders
    meters: Meters
    clock: Callable[[], datetime] = utc_now
    jitter: Callable[[], float] = random.random

    async def claim(self, limit: int) -> list[DueNotification]:
        """Messages for this process to send, at most one to each channel."""
        now = self.clock()
        async with self.database.transaction() as session:
            self.meters.show_oldest(await repository.oldest_pending(session), now)
            return await repository.claim_due(session, now, limit, LEASE)

    async def deliver(self, due: DueNotification) -> None:
        """One attempt to deliver a message, and the record of it."""
        now = self.clock()
        started = perf_counter()
        outcome = await self._attempt(due, now)
        sent = (now, perf_counter() - started)
        again_at = None if outcome.delivered or outcome.gone else self._again_at(due, now)
        async with self.database.transaction() as session:
            await repository.save_attempt(session, due, outcome, sent, again_at)
        self.meters.count_attempt(due, outcome, again_at)

    async def _attempt(self, due: DueNotification, now: datetime) -> Outcome:
        try:
            return await self.senders.send(due, now)
        except Exception as error:
            log.error("not sent", notification=str(due.notification_id), exc_info=error)
            return Outcome(False, error="this could not be sent; the operators have the cause")

    def _again_at(self, due: DueNotification, now: datetime) -> datetime | None:
        """When to try again; None when it would come too late."""
        again_at = next_attempt(due.failed + 1, now, self.jitter())
        late = again_at and due.expires_at and again_at > due.expires_at
        return None if late else again_at
