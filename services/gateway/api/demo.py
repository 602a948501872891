"""For operators: the demo's books as they were at first."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gateway.api.audit import record
from services.gateway.api.background import trace_headers
from services.gateway.api.dependencies import Admin, GatewayParts, OpenSession
from services.gateway.api.idempotency import OnceRoute
from services.gateway.api.portfolios import EquityBalance, PortfolioName
from services.gateway.api.problems import Problem, documented
from services.gateway.api.recalculation import SessionRun
from services.gateway.api.schemas.uploads import Mode
from services.gateway.api.schemas.values import SOME_ID, example
from services.gateway.api.upload import UploadOptions, load_file
from services.gateway.repository import books, demo, outbox, runs, users
from services.gateway.tables import User
from shared.calendar import sessions
from shared.contracts.event import Day
from shared.contracts.gateway import PortfoliosChanged
from shared.database import Session

MANIFEST = "books.json"
router = APIRouter(
    prefix="/admin/demo", tags=["admin"], responses=documented(401, 403, 422), route_class=OnceRoute
)


class DemoBook(BaseModel):
    """Whose book it is, its name and its file, as the manifest has it."""

    email: str
    portfolio: PortfolioName
    equity_balance: EquityBalance
    file: str


class Demo(BaseModel):
    """The manifest: the books, and the sessions that the demo shows."""

    last_session: Day
    sessions: int = Field(ge=1)
    books: list[DemoBook]

    def days(self) -> list[date]:
        """The sessions, oldest first; two calendar days a session, and two weeks, are more than
        enough.
        """
        first = self.last_session - timedelta(days=2 * self.sessions + 14)
        return sessions(first, self.last_session)[-self.sessions :]


class BookBack(BaseModel):
    """A book as it was at first."""

    email: str
    portfolio_id: UUID
    name: str


class DemoReset(BaseModel):
    """The books are back; their figures follow with the runs."""

    model_config = example(
        books=[{"email": "individual@example.com", "portfolio_id": SOME_ID, "name": "Savings"}],
        runs=[{"run_id": SOME_ID, "session_date": "2022-12-28"}],
        status="running",
    )

    books: list[BookBack]
    runs: list[SessionRun] = Field(
        description="one for each session that the demo shows, the last one first"
    )
    status: str


@router.post("/reset", status_code=202, responses=documented(409))
async def reset_demo(admin: Admin, session: OpenSession, gateway: GatewayParts) -> DemoReset:
    """Put the demo's books back, delete whatever else its users have, and calculate every session
    again.
    """
    directory = gateway.settings.demo_directory
    if directory is None or not (directory / MANIFEST).is_file():
        raise _not_installed(
            "this gateway knows no demo: SIGMASIGHT_GATEWAY_DEMO_DIRECTORY is not set"
        )
    manifest = Demo.model_validate_json(await asyncio.to_thread((directory / MANIFEST).read_bytes))
    back = [await _put_back(session, directory, book) for book in manifest.books]
    days = await asyncio.to_thread(manifest.days)
    started = await _started(session, admin.user_id, days, [book.portfolio_id for book in back])
    await record(session, "demo.reset", None, books=[book.portfolio_id for book in back])
    return DemoReset(books=back, runs=started, status="running")


def _not_installed(detail: str) -> Problem:
    return Problem(409, "demo_not_installed", detail)


async def _put_back(session: Session, directory: Path, book: DemoBook) -> BookBack:
    user = await users.load_user_by_email(session, book.email)
    if user is None:
        raise _not_installed(f"there is no user {book.email}: run the demo first")
    await demo.clear_user(session, user.user_id, book.portfolio)
    portfolio_id = await _loaded(session, user, directory, book)
    terms = {"name": book.portfolio, "equity_balance": book.equity_balance}
    await books.save_portfolio_terms(session, user.user_id, portfolio_id, terms)
    return BookBack(email=book.email, portfolio_id=portfolio_id, name=book.portfolio)


async def _loaded(session: Session, user: User, directory: Path, book: DemoBook) -> UUID:
    data = await asyncio.to_thread((directory / book.file).read_bytes)
    options = UploadOptions(
        portfolio_name=book.portfolio, equity_balance=book.equity_balance, mode=Mode.ALL_OR_NOTHING
    )
    return await load_file(session, user, data, options, book.file)


async def _started(
    session: Session, user_id: UUID, days: list[date], portfolio_ids: list[UUID]
) -> list[SessionRun]:
    """One run for each session, of all the books, the last one first."""
    started = []
    for day in reversed(days):
        event = PortfoliosChanged.new(
            uuid4(), day, portfolio_ids=tuple(portfolio_ids), reason="demo"
        )
        await runs.save_run(session, event.run_id, day, "portfolios", user_id)
        await outbox.save_event(session, event, trace_headers())
        started.append(SessionRun(run_id=event.run_id, session_date=day))
    return started
