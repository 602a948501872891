"""Schedules: when the results of a session are final, the reports of it are requested."""

import asyncio
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import structlog

from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.problems import Problem
from services.gateway.reports import queries
from services.gateway.reports.reading import Wanted, frozen
from services.gateway.reports.requesting import save_report
from services.gateway.reports.shapes import Schedule, ends_period
from services.gateway.runs.tracking import last_runs_of
from shared.background import repeat
from shared.calendar import next_session
from shared.contracts.reports import FormWord, SectionWord, TemplateWord
from shared.database import DATABASE_ERRORS, Session
from shared.service import Runtime

BATCH = 200
PROBLEM = "it could not be prepared; the operators have the cause"
log = structlog.get_logger("sigmasight.gateway")


class Scheduler:
    """Looks every `every_seconds` for sessions that schedules have not reported yet.

    What is due follows from what is stored, so no event is needed and none can be lost: a process
    that dies in between leaves a schedule that is due. Each session is looked at once; one that is
    restated later has no second report.
    """

    def __init__(self, gateway: Gateway, every_seconds: float) -> None:
        self.gateway = gateway
        self.every_seconds = every_seconds

    async def run(self, _: Runtime) -> None:
        """Until cancelled."""
        await repeat(self.request_due, self.every_seconds, "schedules of reports")

    async def request_due(self) -> int:
        """Request the reports that are due; how many."""
        async with self.gateway.database.transaction() as session:
            found = await queries.load_due(session, BATCH)
            due = [each for each in found if await _are_final(session, each[0].portfolio_ids)]
        requested = 0
        for schedule, day in due:
            requested += await self._report(schedule, day)
        if requested:
            self.gateway.relay.wake()
        return requested

    async def _report(self, schedule: Schedule, day: date) -> bool:
        """Request one report, in a transaction of its user; whether there is one."""
        database = self.gateway.database_for(schedule.user_id, None, None)
        try:
            async with database.transaction() as session:
                if not await queries.claim_due(session, schedule, day):
                    return False
                following = await asyncio.to_thread(next_session, day)
                if not ends_period(schedule.cadence, day, following):
                    return False
                wanted = _wanted(schedule, day)
                async with database.at_one_moment().transaction() as reading:
                    found = await frozen(reading, schedule.user_id, wanted)
                await save_report(session, schedule.user_id, wanted, found, schedule.schedule_id)
        except Problem as problem:
            await self._note(schedule, day, problem.detail)
            return False
        except DATABASE_ERRORS:
            raise
        except Exception as error:
            log.error("report not requested", schedule=str(schedule.schedule_id), exc_info=error)
            await self._note(schedule, day, PROBLEM)
            return False
        return True

    async def _note(self, schedule: Schedule, day: date, problem: str) -> None:
        """The session is looked at, and its user can read why it has no report."""
        async with self.gateway.database.transaction() as session:
            if await queries.claim_due(session, schedule, day):
                await queries.save_problem(session, schedule.schedule_id, problem[:200])


def _wanted(schedule: Schedule, day: date) -> Wanted:
    template: TemplateWord = schedule.template  # type: ignore[assignment]
    form: FormWord = schedule.form  # type: ignore[assignment]
    sections: Sequence[SectionWord] = schedule.sections  # type: ignore[assignment]
    return Wanted(schedule.portfolio_ids, template, form, sections, day)


async def _are_final(session: Session, portfolio_ids: Sequence[UUID]) -> bool:
    """Whether no run of the portfolios goes on."""
    runs = await last_runs_of(session, portfolio_ids)
    return all(run.outcome.status != "running" for run in runs.values())
