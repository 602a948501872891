"""What `/metrics` shows of the whole system: backlogs, runs, lanes, data, limits.

Every gateway process looks them up in the background, never for a request, so all of them show the
same: alerts and dashboards take the highest, and do not add processes up.
"""

from datetime import UTC, date, datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry

from services.gateway.limits.queries import count_states
from services.gateway.operators import queries
from services.gateway.operators.meters import Meters
from shared.background import repeat
from shared.calendar import last_closed, sessions
from shared.database import DATABASE_ERRORS, Database
from shared.errors import BusUnavailable
from shared.messaging import Broker, durables_of
from shared.service import Runtime
from shared.topology import TOPOLOGY

log = structlog.get_logger("sigmasight.gateway")

# Positions and limits: 0.2 s for 30,000 positions of 300 portfolios.
COUNTED_EVERY = timedelta(minutes=5)


class Observer:
    """Looks every `every_seconds` at the database and at the bus; counts what is many seldom."""

    def __init__(self, registry: CollectorRegistry, every_seconds: float) -> None:
        self.meters = Meters(registry)
        self.every_seconds = every_seconds
        self._count_at = datetime.min.replace(tzinfo=UTC)

    async def run(self, runtime: Runtime) -> None:
        """Until cancelled. What is away is looked at again at the next turn."""
        await repeat(
            lambda: self.observe(runtime, datetime.now(UTC)), self.every_seconds, "observation"
        )

    async def observe(self, runtime: Runtime, now: datetime) -> None:
        """Look at both once; the one does not keep from looking at the other."""
        try:
            await self._look_at_bus(runtime.broker, now)
        except BusUnavailable as error:
            self.meters.forget_backlogs()
            log.warning("bus not observed", reason=str(error))
        try:
            await self._look_at_database(runtime.database, now)
        except DATABASE_ERRORS as error:
            log.warning("database not observed", reason=repr(error))

    async def _look_at_bus(self, broker: Broker, now: datetime) -> None:
        found = await broker.backlogs()
        for word in TOPOLOGY:
            names = [durable.name for durable in durables_of(word)]
            self.meters.show_backlogs(word, {name: found.get(name) for name in names})
        self.meters.show_observed("bus", now)

    async def _look_at_database(self, database: Database, now: datetime) -> None:
        async with database.transaction() as session:
            self.meters.show_open_runs(await queries.load_open_runs(session), now)
            self.meters.show_ended_runs(await queries.load_ended_runs(session))
            self.meters.show_outbox(await queries.load_outbox(session), now)
            self.meters.show_dead_letters(await queries.load_dead_letters(session))
            self.meters.quarantined.set(await queries.count_quarantined(session))
            newest = await queries.load_newest_sessions(session)
            if now >= self._count_at:
                self.meters.show_limits(await count_states(session))
                self.meters.show_positions(await queries.load_positions(session))
                self._count_at = now + COUNTED_EVERY
        behind = {data: sessions_behind(day, now) for data, day in newest.items()}
        self.meters.show_sessions_behind(behind)
        self.meters.show_observed("database", now)


def sessions_behind(newest: date | None, now: datetime) -> int | None:
    """How many sessions have closed since `newest`; None when there is no session at all."""
    return None if newest is None else max(0, len(sessions(newest, last_closed(now))) - 1)
