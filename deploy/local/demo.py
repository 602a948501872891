"""The demo: three users and their portfolios, sessions replayed, and their risk reports."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from rich.console import Console

from deploy.demo.books import BUNDLED, Demo, DemoBook
from deploy.local.api import connection
from deploy.local.errors import Explained
from deploy.local.replay import Replay, open_runs, replay, wait_for
from deploy.local.report import missing_parts, portfolio_panel, print_unfinished, timing_table
from deploy.local.state import StackState
from sigmasight_client import ApiError, SigmaSight
from sigmasight_client.models import PortfolioOut

Progress = Callable[[str, int, int], None]
PAGE = 1000


@dataclass(frozen=True)
class DemoUser:
    """One of the three users, with a connection to the API."""

    book: DemoBook
    api: SigmaSight

    def register_once(self) -> None:
        """Register the user unless the API knows them."""
        book = self.book
        try:
            self.api.login({"email": book.email, "password": book.password})
        except ApiError as refusal:
            if refusal.status != 401:
                raise
            self.api.register(
                {"email": book.email, "password": book.password, "full_name": book.full_name}
            )

    def portfolios(self) -> Sequence[PortfolioOut]:
        """The user's portfolios."""
        return self.api.list_portfolios(limit=PAGE)["items"]

    def portfolio_id(self) -> str:
        """The id of the demo portfolio; raises `Explained` when it was deleted."""
        for portfolio in self.portfolios():
            if portfolio["name"] == self.book.portfolio:
                return str(portfolio["portfolio_id"])
        raise Explained(
            f"{self.book.email} no longer has the portfolio '{self.book.portfolio}': "
            "run `sigmasight demo` again"
        )


@dataclass(frozen=True)
class Outcome:
    """Each portfolio's report and number of snapshots, and the replay if there was one."""

    demo: Demo
    reports: Sequence[tuple[DemoBook, Mapping[str, Any], int]]
    replay: Replay | None

    def missing(self) -> list[str]:
        """A sentence for everything that should be there and is not."""
        absent = [
            line
            for _, report, count in self.reports
            for line in missing_parts(report, count, self.demo.sessions)
        ]
        unfinished = self.replay.unfinished() if self.replay else []
        return absent + [f"the run of {run.session_date} is {run.status}" for run in unfinished]


def demo_sessions() -> list[date]:
    """The bundled demo's sessions, oldest first."""
    return BUNDLED.days()


@contextmanager
def demo_users(state: StackState, demo: Demo = BUNDLED) -> Iterator[list[DemoUser]]:
    """The demo's users with their connections, which are closed at the end."""
    with ExitStack() as connections:
        yield [
            DemoUser(book, connections.enter_context(connection(state, book.email, book.password)))
            for book in demo.books
        ]


def run_demo(
    state: StackState, admin: SigmaSight, progress: Progress, demo: Demo = BUNDLED
) -> Outcome:
    """Create users, portfolios and history where they are missing, then read every report."""
    with demo_users(state, demo) as users:
        new = [upload_once(user, demo) for user in users]
        wait_for(admin, open_runs(admin), partial(progress, "finishing open runs"))
        days = demo.days() if any(new) else missing_sessions(users, demo)
        replayed = replay(admin, days, partial(progress, "replaying sessions")) if days else None
        reports = [
            (
                user.book,
                user.api.get_report(user.portfolio_id(), as_of=demo.last_session),
                len(snapshot_dates(user, demo)),
            )
            for user in users
        ]
    return Outcome(demo, reports, replayed)


def upload_once(user: DemoUser, demo: Demo = BUNDLED) -> bool:
    """Upload the user's portfolio unless it is there; True when it was uploaded now."""
    user.register_once()
    book = user.book
    if any(p["positions"] for p in user.portfolios() if p["name"] == book.portfolio):
        return False
    user.api.upload_positions(
        book.file.read_bytes(),
        {
            "portfolio_name": book.portfolio,
            "equity_balance": book.equity_balance,
            "equity_date": demo.opened,
            "as_of": demo.last_session,
            "stated_on": "entry_date" if demo.as_traded else demo.last_session,
            "mode": "all_or_nothing",
        },
    )
    return True


def missing_sessions(users: Sequence[DemoUser], demo: Demo = BUNDLED) -> list[date]:
    """The demo's sessions of which at least one portfolio has no snapshot."""
    complete = set.intersection(*(snapshot_dates(user, demo) for user in users))
    return sorted(set(demo.days()) - complete)


def snapshot_dates(user: DemoUser, demo: Demo = BUNDLED) -> set[date]:
    """The demo's sessions of which the user's portfolio has a snapshot."""
    days = demo.days()
    page = user.api.list_snapshots(user.portfolio_id(), start=days[0], end=days[-1], limit=PAGE)
    return {date.fromisoformat(item["as_of"]) for item in page["items"]}.intersection(days)


def print_outcome(console: Console, state: StackState, outcome: Outcome, started: float) -> None:
    """Print the reports, the addresses and log-ins, and what is missing."""
    for book, report, _ in outcome.reports:
        console.print(portfolio_panel(book.full_name, report))
    if outcome.replay:
        console.print(timing_table(outcome.replay))
        print_unfinished(console, outcome.replay)
    else:
        console.print("Nothing to replay: every session was replayed before.")
    console.print(f"Demo ready after {time.monotonic() - started:.1f} s.")
    print_access(console, state, outcome.demo)
    for line in outcome.missing():
        console.print(f"missing: {line}", style="red", markup=False)


def print_access(console: Console, state: StackState, demo: Demo) -> None:
    """Print addresses and demo credentials; the administrator's password is not among them."""
    console.print(f"dashboard: {state.gateway_url}/")
    console.print(f"API: {state.gateway_url}/api/v1   documentation: {state.gateway_url}/docs")
    for book in demo.books:
        console.print(f"log in as {book.email} with password {book.password}", highlight=False)
