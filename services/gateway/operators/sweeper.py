"""The sweeper: begins lost work again, closes overdue runs, replays letters, deletes old rows."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog

from services.gateway.accounts.queries import tokens
from services.gateway.edge import queries as edge_queries
from services.gateway.identity import factors
from services.gateway.identity import queries as identity_queries
from services.gateway.identity.codes import SECRETS_WAIT
from services.gateway.identity.sign_on.queries import delete_expired_attempts
from services.gateway.operators.replaying import replay_of_outages
from services.gateway.operators.unfinished import begin_unfinished_again
from services.gateway.reports import queries as report_queries
from services.gateway.runs.queries import dead_letters, drafts, run_events
from services.gateway.runs.tracking import close_overdue_runs
from shared.background import repeat
from shared.database import Database
from shared.errors import BusUnavailable
from shared.messaging import EVENT_RETENTION_SECONDS
from shared.service import Runtime

KEPT_DAYS = 7
TOKENS_KEPT = timedelta(days=90)  # after their end, so that a user sees what became of them
LOGIN_ATTEMPTS_KEPT = timedelta(days=1)  # as long as the widest window that may be set


class Sweeper:
    """Every `every_seconds` closes overdue runs and replays letters; deletes rows once an hour."""

    def __init__(
        self, every_seconds: float, overdue_seconds: float, reports_kept: timedelta
    ) -> None:
        self.every_seconds = every_seconds
        self.reports_kept = reports_kept
        self.overdue_seconds = overdue_seconds
        self._forget_at = datetime.min.replace(tzinfo=UTC)

    async def run(self, runtime: Runtime) -> None:
        """Until cancelled."""

        async def sweep() -> None:
            with suppress(BusUnavailable):  # the other work does not need it
                await begin_unfinished_again(runtime, datetime.now(UTC))
            await self._sweep(runtime.database)

        await repeat(sweep, self.every_seconds, "sweep")

    async def _sweep(self, database: Database) -> None:
        now = datetime.now(UTC)
        async with database.transaction() as session:
            closed = await close_overdue_runs(session, now, self.overdue_seconds)
            await replay_of_outages(session, now)
        if closed:
            log.warning("overdue runs closed", runs=[str(run_id) for run_id in closed])
        await self._forget(database, now)

    async def _forget(self, database: Database, now: datetime) -> None:
        if now < self._forget_at:
            return
        async with database.transaction() as session:
            await edge_queries.delete_published(session, now - timedelta(days=KEPT_DAYS))
            await edge_queries.delete_answers(session, now - timedelta(days=KEPT_DAYS))
            await identity_queries.delete_past(session, now, LOGIN_ATTEMPTS_KEPT)
            await factors.delete_unconfirmed(session, now - SECRETS_WAIT)
            await tokens.delete_tokens(session, now - TOKENS_KEPT)
            await run_events.delete_events(session, now - timedelta(days=KEPT_DAYS))
            await identity_queries.delete_expired_tickets(session, now)
            await delete_expired_attempts(session, now)
            await drafts.delete_of_gone_drafts(session)
            await report_queries.delete_old(session, now - self.reports_kept)
            await dead_letters.delete_letters(
                session, now - timedelta(seconds=EVENT_RETENTION_SECONDS)
            )
        self._forget_at = now + timedelta(hours=1)


log = structlog.get_logger("sigmasight.gateway")
