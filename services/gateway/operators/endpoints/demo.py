"""For operators: the demo's books as they were at first."""

import asyncio
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

from services.gateway.analytics.schemas.recalculation import SessionRun
from services.gateway.books.files import sheet_of
from services.gateway.books.queries import portfolios
from services.gateway.books.schemas.uploads import Mode, UploadOptions
from services.gateway.books.uploading.writing import load_file
from services.gateway.edge import queries as edge_queries
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Admin, GatewayParts, OpenSession
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.outbox import trace_headers
from services.gateway.edge.problems import Problem, documented
from services.gateway.identity import queries as identity_queries
from services.gateway.operators import queries
from services.gateway.operators.schemas import BookBack, Demo, DemoBook, DemoReset
from services.gateway.runs.queries import runs
from services.gateway.tables import User
from services.gateway.tables.runs import BACKFILL
from shared.contracts.gateway import PortfoliosChanged
from shared.database import Session

MANIFEST = "books.json"
router = once_router("/admin/demo", "admin", 401, 403, 422)


@router.post("/reset", status_code=202, responses=documented(409))
async def reset_demo(admin: Admin, session: OpenSession, gateway: GatewayParts) -> DemoReset:
    """Restore the demo's portfolios and calculate every session again.

    Everything else that the demo's users have is deleted.
    """
    directory = gateway.settings.demo_directory
    if directory is None or not (directory / MANIFEST).is_file():
        raise _not_installed(
            "this gateway knows no demo: SIGMASIGHT_GATEWAY_DEMO_DIRECTORY is not set"
        )
    manifest = Demo.model_validate_json(await asyncio.to_thread((directory / MANIFEST).read_bytes))
    days = await asyncio.to_thread(manifest.days)
    back = [await _put_back(session, directory, book, days[0]) for book in manifest.books]
    started = await _started(session, admin.user_id, days, [book.portfolio_id for book in back])
    await record(session, "demo.reset", None, books=[book.portfolio_id for book in back])
    return DemoReset(books=back, runs=started, status="running")


def _not_installed(detail: str) -> Problem:
    return Problem(409, "demo_not_installed", detail)


async def _put_back(session: Session, directory: Path, book: DemoBook, first: date) -> BookBack:
    """Restore a portfolio; its equity is that of the first session shown."""
    user = await identity_queries.load_user_by_email(session, book.email)
    if user is None:
        raise _not_installed(f"there is no user {book.email}: run the demo first")
    await queries.clear_user(session, user.user_id, book.portfolio)
    portfolio_id = await _loaded(session, user, directory, book, first)
    await portfolios.save_portfolio_terms(session, portfolio_id, {"name": book.portfolio})
    return BookBack(email=book.email, portfolio_id=portfolio_id, name=book.portfolio)


async def _loaded(
    session: Session, user: User, directory: Path, book: DemoBook, first: date
) -> UUID:
    sheet = await asyncio.to_thread(lambda: sheet_of((directory / book.file).read_bytes()))
    options = UploadOptions(
        portfolio_name=book.portfolio,
        equity_balance=book.equity_balance,
        equity_date=first,
        mode=Mode.ALL_OR_NOTHING,
    )
    return await load_file(session, user, sheet, options, book.file)


async def _started(
    session: Session, user_id: UUID, days: list[date], portfolio_ids: list[UUID]
) -> list[SessionRun]:
    """One run for each session, of all the books, the last one first."""
    started = []
    for day in reversed(days):
        event = PortfoliosChanged.new(
            uuid4(), day, portfolio_ids=tuple(portfolio_ids), reason="demo"
        )
        await runs.save_run(session, event.run_id, day, "portfolios", user_id, BACKFILL)
        await edge_queries.save_event(session, event, trace_headers())
        started.append(SessionRun(run_id=event.run_id, session_date=day))
    return started
