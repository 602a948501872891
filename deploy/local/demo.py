"""The demo: three users and their books through the public API, 90 sessions replayed, one report printed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Console

from deploy.demo.books import DEMO_BOOKS, LAST_SESSION, SESSIONS, DemoBook
from deploy.local.client import ApiClient
from deploy.local.errors import Explained
from deploy.local.replay import Replay, open_runs, replay, wait_for
from deploy.local.report import missing, portfolio_panel, print_unfinished, timing_table
from deploy.local.stack import ADMIN_EMAIL
from deploy.local.state import StackState
from shared.calendar import sessions

Progress = Callable[[str, int, int], None]
_LONG_ENOUGH_AGO = date(LAST_SESSION.year - 1, LAST_SESSION.month, LAST_SESSION.day)


@dataclass(frozen=True)
class Outcome:
    """What the demo found: a report per book, how many snapshots each has, and the replay if there was one."""

    reports: Sequence[tuple[DemoBook, dict[str, Any], int]]
    replay: Replay | None

    def lacks(self) -> list[str]:
        """Everything that should be there and is not."""
        absent = [line for _, report, count in self.reports for line in missing(report, count, SESSIONS)]
        unfinished = self.replay.unfinished() if self.replay else []
        return absent + [f"the run of {run.session_date} is {run.status}" for run in unfinished]


def demo_sessions() -> list[date]:
    """The sessions the demo shows, oldest first."""
    return sessions(_LONG_ENOUGH_AGO, LAST_SESSION)[-SESSIONS:]


def admin_client(state: StackState) -> ApiClient:
    """The administrator of this machine's stack."""
    return ApiClient(state.gateway_url, ADMIN_EMAIL, state.secrets["admin"])


def user_client(state: StackState, book: DemoBook) -> ApiClient:
    """One of the demo's users."""
    return ApiClient(state.gateway_url, book.email, book.password)


def run_demo(state: StackState, progress: Progress) -> Outcome:
    """Make sure of users, books and history, then read every report."""
    with admin_client(state) as admin:
        new = [ensure_book(state, book) for book in DEMO_BOOKS]
        wait_for(admin, open_runs(admin), lambda done, of: progress("finishing open runs", done, of))
        days = demo_sessions() if any(new) else missing_sessions(state)
        replayed = (
            replay(admin, days, lambda done, of: progress("replaying sessions", done, of)) if days else None
        )
    return Outcome([read_report(state, book) for book in DEMO_BOOKS], replayed)


def ensure_book(state: StackState, book: DemoBook) -> bool:
    """Register the user and upload the book unless that was done before; True when it was uploaded now."""
    with user_client(state, book) as user:
        user.register(book.full_name)
        known = [
            p
            for p in user.get("portfolios", limit=1000)["items"]
            if p["name"] == book.portfolio and p["positions"]
        ]
        if known:
            return False
        user.upload(book.portfolio, book.equity_balance, LAST_SESSION, book.file)
        return True


def missing_sessions(state: StackState) -> list[date]:
    """The demo's sessions of which some book has no snapshot."""
    days = set(demo_sessions())
    complete = set.intersection(*(snapshot_dates(state, book) for book in DEMO_BOOKS))
    return sorted(days - complete)


def snapshot_dates(state: StackState, book: DemoBook) -> set[date]:
    """The sessions for which a book has a snapshot."""
    with user_client(state, book) as user:
        items = user.get(f"portfolios/{portfolio_id(user, book)}/snapshots", limit=1000)["items"]
    return {date.fromisoformat(item["as_of"]) for item in items}


def read_report(state: StackState, book: DemoBook) -> tuple[DemoBook, dict[str, Any], int]:
    """A book's aggregated report, and how many of the demo's sessions have a snapshot."""
    with user_client(state, book) as user:
        report = user.get(f"portfolios/{portfolio_id(user, book)}/report", as_of=LAST_SESSION)
    return book, report, len(snapshot_dates(state, book).intersection(demo_sessions()))


def portfolio_id(user: ApiClient, book: DemoBook) -> str:
    """The id of the user's demo portfolio; raises `Explained` when it is gone."""
    for portfolio in user.get("portfolios", limit=1000)["items"]:
        if portfolio["name"] == book.portfolio:
            return str(portfolio["portfolio_id"])
    raise Explained(f"{book.email} has no portfolio '{book.portfolio}' any more: run `sigmasight demo` again")


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
