"""A report is requested: render its document, outside the event loop, and store it."""

import asyncio
from datetime import timedelta
from functools import cache

from services.reports import repository
from services.reports.inputs import Cancelled, Question, Rendered
from services.reports.rendering import rendered
from services.reports.repository import Outcome
from services.reports.settings import get_settings
from shared.contracts.event import utc_now
from shared.contracts.gateway import ReportsRequested
from shared.contracts.reports import ReportsRendered
from shared.database import Database
from shared.messaging import ServiceRouter

router = ServiceRouter("reports")
LOOK_SECONDS = 0.5  # how often progress is stored, and a cancellation is noticed


class Progress:
    """Between the thread that renders and the event loop, which stores how far it is."""

    def __init__(self) -> None:
        self.share = 0.0
        self.is_cancelled = False

    def reached(self, share: float) -> None:
        """Note how far it is; raises `Cancelled`."""
        if self.is_cancelled:
            raise Cancelled
        self.share = share


@router.emits(ReportsRendered)
@router.on(ReportsRequested)
async def render_report(event: ReportsRequested, database: Database) -> ReportsRendered | None:
    """Render the report, unless it is rendered already, cancelled or deleted.

    No transaction is open meanwhile. A process that dies leaves nothing but a report that the next
    delivery renders; two that work on the same one store the same bytes once.
    """
    async with database.transaction() as session:
        outcome = await repository.load_outcome(session, event.report_id)
        question = await repository.load_question(session, event.report_id)
        if outcome is None and question is not None:
            await repository.save_started(session, question, utc_now())
    if outcome is None and question is not None:
        outcome = await _rendered(database, question)
    if outcome is None:
        return None
    return ReportsRendered.new(
        event.run_id, event.as_of, report_id=event.report_id, **vars(outcome)
    )


async def _rendered(database: Database, question: Question) -> Outcome | None:
    """The stored document; None when the report was cancelled meanwhile."""
    progress = Progress()
    async with _places():
        work = asyncio.create_task(asyncio.to_thread(rendered, question, progress))
        try:
            document = await _watched(database, question, work, progress)
        except Cancelled:
            return None
        finally:
            progress.is_cancelled = True  # a thread cannot be ended, but it ends itself soon
    waits = timedelta(days=get_settings().undownloaded_days)
    async with database.transaction() as session:
        if not await repository.is_queued(session, question.report_id):
            return None
        return await repository.save_document(session, question, document, utc_now(), waits)


async def _watched(
    database: Database, question: Question, work: asyncio.Task[Rendered], progress: Progress
) -> Rendered:
    """The document, once it is there; progress and cancellation meanwhile."""
    while True:
        await asyncio.wait({work}, timeout=LOOK_SECONDS)
        if work.done():
            return work.result()
        async with database.transaction() as session:
            await repository.save_progress(session, question.report_id, progress.share)
            progress.is_cancelled = not await repository.is_queued(session, question.report_id)


@cache
def _places() -> asyncio.Semaphore:
    """The places of this process: each document takes memory until it is stored."""
    return asyncio.Semaphore(get_settings().at_once)
