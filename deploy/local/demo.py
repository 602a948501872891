"""The demo: three users and their books through the public API, 90 sessions replayed, one report
printed.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from rich.console import Console

from deploy.demo.books import DEMO_BOOKS, LAST_SESSION, SESSIONS, DemoBook
from deploy.local.client import ApiClient, Refused
from deploy.local.errors import Explained
from deploy.local.replay import Replay, open_runs, replay, wait_for
from deploy.local.report import missing, portfolio_panel, print_unfinished, timing_table
from deploy.local.stack import ADMIN_EMAIL
from deploy.local.state import StackState
from shared.calendar import sessions

Progress = Callable[[str, int, int], None]
_LONG_ENOUGH_AGO = date(LAST_SESSION.year - 1, LAST_SESSION.month, LAST_SESSION.day)


@dataclass(frozen=True)
class DemoUser:
    """One of the three, with a connection to the API."""

    book: DemoBook
    api: ApiClient

    def enter(self) -> None:
        """Log in, or register first when nobody knows the user yet."""
        try:
            self.api.login()
        except Refused as refusal:
            if refusal.status != 401:
                raise
            self.api.register(self.book.full_name)

    def portfolios(self) -> list[dict[str, Any]]:
        """What the user has."""
        items: list[dict[str, Any]] = self.api.get("portfolios", limit=1000)["items"]
        return items

    def portfolio_id(self) -> str:
        """The id of the demo portfolio; raises `Explained` when it is gone."""
        for portfolio in self.portfolios():
            if portfolio["name"] == self.book.portfolio:
                return str(portfolio["portfolio_id"])
        raise Explained(
            f"{self.book.email} has no portfolio '{self.book.portfolio}' any more: run the demo again"
        )


@dataclass(frozen=True)
class Outcome:
    """What the demo found: a report per book, how many snapshots each has, and the replay if there
    was one.
    """

    reports: Sequence[tuple[DemoBook, dict[str, Any], int]]
    replay: Replay | None

    def lacks(self) -> list[str]:
        """Everything that should be there and is not."""
        absent = [
            line for _, report, count in self.reports for line in missing(report, count, SESSIONS)
        ]
        unfinished = self.replay.unfinished() if self.replay else []
        return absent + [f"the run of {run.session_date} is {run.status}" for run in unfinished]


def demo_sessions() -> list[date]:
    """The sessions the demo shows, oldest first."""
    return sessions(_LONG_ENOUGH_AGO, LAST_SESSION)[-SESSIONS:]


def admin_client(state: StackState) -> ApiClient:
    """The administrator of this machine's stack."""
    return ApiClient(state.gateway_url, ADMIN_EMAIL, state.secrets["admin"])


@contextmanager
def demo_users(state: StackState) -> Iterator[list[DemoUser]]:
    """The demo's users, each with a connection of their own."""
    with ExitStack() as open_clients:
        yield [
            DemoUser(
                book,
                open_clients.enter_context(ApiClient(state.gateway_url, book.email, book.password)),
            )
            for book in DEMO_BOOKS
        ]


def run_demo(state: StackState, progress: Progress) -> Outcome:
    """Make sure of users, books and history, then read every report."""
    with admin_client(state) as admin, demo_users(state) as users:
        new = [ensure_book(user) for user in users]
        wait_for(admin, open_runs(admin), partial(progress, "finishing open runs"))
        days = demo_sessions() if any(new) else missing_sessions(users)
        replayed = replay(admin, days, partial(progress, "replaying sessions")) if days else None
        reports = [(user.book, read_report(user), len(snapshot_dates(user))) for user in users]
    return Outcome(reports, replayed)


def ensure_book(user: DemoUser) -> bool:
    """Register the user and upload the book unless that was done before; True when it was uploaded
    now.
    """
    user.enter()
    book = user.book
    if any(p["positions"] for p in user.portfolios() if p["name"] == book.portfolio):
        return False
    user.api.upload(book.portfolio, book.equity_balance, LAST_SESSION, book.file)
    return True


def missing_sessions(users: Sequence[DemoUser]) -> list[date]:
    """The demo's sessions of which some book has no snapshot."""
    complete = set.intersection(*(snapshot_dates(user) for user in users))
    return sorted(set(demo_sessions()) - complete)


def snapshot_dates(user: DemoUser) -> set[date]:
    """The demo's sessions for which the user's book has a snapshot."""
    days = demo_sessions()
    path = f"portfolios/{user.portfolio_id()}/snapshots"
    items = user.api.get(path, start=days[0], end=days[-1], limit=1000)["items"]
    return {date.fromisoformat(item["as_of"]) for item in items}.intersection(days)


def read_report(user: DemoUser) -> dict[str, Any]:
    """The aggregated report of the user's book."""
    report: dict[str, Any] = user.api.get(
        f"portfolios/{user.portfolio_id()}/report", as_of=LAST_SESSION
    )
    return report


def print_outcome(console: Console, state: StackState, outcome: Outcome, started: float) -> None:
    """The whole report, where to look further, and whatever is missing."""
    for book, report, _ in outcome.reports:
        console.print(portfolio_panel(book.full_name, report))
    if outcome.replay:
        console.print(timing_table(outcome.replay))
        print_unfinished(console, outcome.replay)
    else:
        console.print("Nothing to replay: every session is there from before.")
    console.print(f"Demo ready after {time.monotonic() - started:.1f} s.")
    print_access(console, state)
    for lack in outcome.lacks():
        console.print(f"missing: {lack}", style="red", markup=False)


def print_access(console: Console, state: StackState) -> None:
    """Addresses and demo credentials; the administrator's password is this machine's own."""
    console.print(f"API: {state.gateway_url}/api/v1   documentation: {state.gateway_url}/docs")
    for book in DEMO_BOOKS:
        console.print(f"log in as {book.email} with password {book.password}", highlight=False)
