"""What the gateway does about every event; here, that reports are rendered or have failed."""

from services.gateway.books.handlers import router as books_router
from services.gateway.reports import queries
from services.gateway.reports.shapes import report_news
from services.gateway.runs.queries import run_events
from shared.contracts.reports import ReportsFailed, ReportsRendered
from shared.database import Session
from shared.messaging import ServiceRouter

_own = ServiceRouter("gateway")


@_own.on(ReportsRendered)
async def record_rendered(event: ReportsRendered, session: Session) -> None:
    """A report is rendered: its figures are no longer needed, and its user is notified."""
    await _record(session, event, "rendered")


@_own.on(ReportsFailed)
async def record_failed_report(event: ReportsFailed, session: Session) -> None:
    """A report could not be rendered; the operators have the cause."""
    await _record(session, event, "failed", event.reason)


async def _record(
    session: Session, event: ReportsRendered | ReportsFailed, state: str, reason: str | None = None
) -> None:
    """Once: a report that is not queued any more has ended before."""
    ended = await queries.save_ended(session, event.run_id, state, reason)
    if ended is not None:
        user_id, portfolio_ids = ended
        news = report_news(event.run_id, event.as_of, portfolio_ids, state)
        row = {"run_id": None, "user_id": user_id, **vars(news)}
        await run_events.save_news(session, [row])


router = ServiceRouter.joining(books_router, _own)
