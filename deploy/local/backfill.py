"""Fetching what is missing of a year of history, and following it by what is stored: never by an
estimate.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.local.client import ApiClient
from deploy.local.errors import Explained

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 900.0  # without a session stored, a symbol settled or a run ended
SETTLING_SECONDS = (
    60.0  # for a run that was closed as overdue to catch up, once nothing is fetched any more
)
TRIGGER = "market_data"
DONE = ("complete", "settled")
STATES = (*DONE, "fetching", "waiting")
TELLING_TENTHS = 10

Answer = Mapping[str, Any]
Show = Callable[["Look"], None]


@dataclass(frozen=True)
class Look:
    """What the API says at one moment: what is stored of the history, and what has become of the
    run.
    """

    history: Answer
    run: Answer

    @property
    def totals(self) -> Answer:
        """Sessions stored of those wanted, and symbols by state."""
        totals: Answer = self.history["progress"]
        return totals

    @property
    def symbols(self) -> int:
        """How many symbols are wanted."""
        return sum(self.totals[state] for state in STATES)

    @property
    def done(self) -> int:
        """How many of them are complete or settled."""
        return sum(self.totals[state] for state in DONE)

    def is_overdue(self) -> bool:
        """Whether the run was closed for nothing but its time, which fetching by a small plan may
        take.
        """
        return {problem["code"] for problem in self.run["problems"]} == {"overdue"}

    def is_over(self, quiet_seconds: float) -> bool:
        """Whether nothing more is to come of the run, of which nothing has been heard for so
        long.
        """
        if self.run["status"] == "running":
            return False
        return not self.is_overdue() or (
            not self.totals["fetching"] and quiet_seconds > SETTLING_SECONDS
        )


def first_look(admin: ApiClient, day: date | None) -> Look:
    """What is stored before anything is asked for."""
    return Look(
        admin.get("admin/market-data/progress", as_of=day), {"status": "completed", "problems": []}
    )


def asked_in_order(first: Look) -> str:
    """Who is asked for closes."""
    asked = first.history["providers"].get("prices", [])
    return (
        ", ".join(f"{each['name']} ({'live' if each['live'] else 'files'})" for each in asked)
        or "nobody"
    )


def nothing_to_fetch(first: Look) -> bool:
    """Whether all there is, is stored: the bundled files stay as they are; whoever else is asked
    may have more now.
    """
    asked = [each["name"] for each in first.history["providers"].get("prices", [])]
    return asked == ["bundled"] and first.symbols == first.done > 0


def start(admin: ApiClient, day: date | None) -> tuple[str, bool]:
    """The id of the run that fetches, and whether it is one that was under way already."""
    open_runs = admin.get("admin/batch/runs", status="running", as_of=day, limit=1000)["items"]
    for run in open_runs:
        if run["trigger"] == TRIGGER:
            return str(run["run_id"]), True
    return str(admin.post("admin/batch/market-data", {"session_date": day})["run_id"]), False


def follow(admin: ApiClient, run_id: str, show: Show, poll_seconds: float = POLL_SECONDS) -> Look:
    """Look again and again until the run is over; raises `Explained` when nothing happens for a
    long time.
    """
    changed, before = time.monotonic(), None
    while True:
        began = time.monotonic()
        run = admin.get(f"admin/batch/runs/{run_id}")
        now = Look(
            admin.get("admin/market-data/progress", as_of=date.fromisoformat(run["as_of"])), run
        )
        show(now)
        if (state := (dict(now.totals), run["status"])) != before:
            changed, before = time.monotonic(), state
        quiet = time.monotonic() - changed
        if now.is_over(quiet):
            return now
        if quiet > PATIENCE_SECONDS:
            raise Explained("nothing has been stored for 15 minutes: see `sigmasight logs ingest`")
        time.sleep(
            max(poll_seconds, 2 * (time.monotonic() - began))
        )  # leaves the stack most of its time


class Told:
    """What has been said so far, so that each thing is said once."""

    def __init__(self, first: Look) -> None:
        self._symbols = _done(first)
        self._tenths = _tenths(first)

    def symbols(self, now: Look) -> list[str]:
        """A line for each symbol that has become complete or settled."""
        new = _done(now) - self._symbols
        self._symbols |= new
        sessions = now.history["sessions"]
        return [line_of(each, sessions) for each in now.history["symbols"] if each["symbol"] in new]

    def totals(self, now: Look) -> list[str]:
        """A line for each further tenth of the sessions."""
        if _tenths(now) <= self._tenths:
            return []
        self._tenths = _tenths(now)
        return [totals_line(now)]


def _done(now: Look) -> set[str]:
    return {each["symbol"] for each in now.history["symbols"] if each["state"] in DONE}


def _tenths(now: Look) -> int:
    return int(
        TELLING_TENTHS * now.totals["sessions_stored"] / max(now.totals["sessions_wanted"], 1)
    )


def totals_line(now: Look) -> str:
    """Sessions stored of those wanted, and symbols that are done."""
    stored, wanted = now.totals["sessions_stored"], now.totals["sessions_wanted"]
    return f"{stored:,} of {wanted:,} sessions stored; {now.done:,} of {now.symbols:,} symbols done"


def line_of(symbol: Answer, sessions: int) -> str:
    """A symbol, its sessions stored of those wanted, from whom, and why no more."""
    words = f"{symbol['symbol']}: {symbol['prices']} of {sessions} sessions"
    words += f" from {', '.join(symbol['sources'])}" if symbol["sources"] else ""
    return f"{words} ({symbol['reason']})" if symbol["reason"] else words


@contextmanager
def display(console: Console, first: Look) -> Iterator[Show]:
    """What shows each look: bars on a terminal, and lines as symbols are done; elsewhere lines
    alone.
    """
    told = Told(first)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        sessions, symbols = bars.add_task("sessions stored"), bars.add_task("symbols done")

        def show(now: Look) -> None:
            lines = told.symbols(now) + ([] if console.is_terminal else told.totals(now))
            for line in lines:
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            wanted, stored = now.totals["sessions_wanted"], now.totals["sessions_stored"]
            bars.update(sessions, completed=stored, total=wanted)
            bars.update(symbols, completed=now.done, total=now.symbols)

        show(first)
        yield show


def incomplete_table(last: Look) -> Table | None:
    """What is not complete, and why; None when everything is."""
    rows = list(incomplete(last))
    if not rows:
        return None
    table = Table("not complete", "stored", "why", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    return table


def incomplete(last: Look) -> Iterator[tuple[str, str, str]]:
    """(symbol, sessions stored of those wanted, why no more), and the maturities of yields that are
    not there.
    """
    for each in last.history["symbols"]:
        if each["state"] not in ("complete", "private"):
            stored = f"{each['prices']} of {last.history['sessions']}"
            yield each["symbol"], stored, each["reason"] or "is being fetched"
    absent = [each["maturity"] for each in last.history["yields"] if not each["stored"]]
    if absent:
        yield f"yields {', '.join(absent)}", "none", "nobody has sent any"


def to_act_on(last: Look) -> list[str]:
    """Why the run did not complete: a provider that does not answer, a stage that failed.

    Closes that were not believed are no such reason: they are laid aside, and said in the table.
    """
    if last.run["status"] == "completed":
        return []
    problems = last.run["problems"] or [{"stage": "run", "code": "", "message": last.run["status"]}]
    return [
        f"{each['stage']}: {each['message']}"
        for each in problems
        if each["code"] != "price_quarantined"
    ]
