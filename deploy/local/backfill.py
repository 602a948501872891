"""Fetch a year of history where it is missing, and show the progress by what is stored."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from deploy.local.errors import Explained
from sigmasight_client import SigmaSight

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 900.0  # without a session stored, a symbol settled or a run ended
# For a run that was closed as overdue to catch up, once nothing is being fetched.
SETTLING_SECONDS = 60.0
TRIGGER = "market_data"
DONE = ("complete", "settled")
STATES = (*DONE, "fetching", "waiting")
TENTHS = 10

Answer = Mapping[str, Any]
Show = Callable[["Progress"], None]


@dataclass(frozen=True)
class Progress:
    """What the API reports at one moment on the stored history and on the run."""

    history: Answer
    run: Answer

    @property
    def totals(self) -> Answer:
        """How many sessions are stored and wanted, and how many symbols are in each state."""
        totals: Answer = self.history["progress"]
        return totals

    @property
    def symbols(self) -> int:
        """The number of symbols wanted."""
        return sum(self.totals[state] for state in STATES)

    @property
    def done(self) -> int:
        """The number of symbols that are complete or settled."""
        return sum(self.totals[state] for state in DONE)

    def is_overdue(self) -> bool:
        """Whether the run was closed for its time alone, which a small plan may need."""
        return {problem["code"] for problem in self.run["problems"]} == {"overdue"}

    def is_over(self, quiet_seconds: float) -> bool:
        """Whether the run is over, after `quiet_seconds` without a change."""
        if self.run["status"] == "running":
            return False
        return not self.is_overdue() or (
            not self.totals["fetching"] and quiet_seconds > SETTLING_SECONDS
        )


def progress_before(admin: SigmaSight, day: date | None) -> Progress:
    """The progress before anything is fetched."""
    return Progress(admin.get_progress(as_of=day), {"status": "completed", "problems": []})


def providers_of_closes(first: Progress) -> str:
    """The providers that are queried for closes, in order."""
    providers = first.history["providers"].get("prices", [])
    return (
        ", ".join(f"{each['name']} ({'live' if each['live'] else 'files'})" for each in providers)
        or "none"
    )


def nothing_to_fetch(first: Progress) -> bool:
    """Whether everything is stored; providers other than the bundled files may have new data."""
    names = [each["name"] for each in first.history["providers"].get("prices", [])]
    return names == ["bundled"] and first.symbols == first.done > 0


def start(admin: SigmaSight, day: date | None) -> tuple[str, bool]:
    """The id of the run that fetches, and whether it was in progress already."""
    for run in admin.list_runs(status="running", as_of=day, limit=1000)["items"]:
        if run["trigger"] == TRIGGER:
            return run["run_id"], True
    session_date = day.isoformat() if day else None
    return admin.bring_up_to_date({"session_date": session_date})["run_id"], False


def follow(
    admin: SigmaSight, run_id: str, show: Show, poll_seconds: float = POLL_SECONDS
) -> Progress:
    """Show the progress until the run is over.

    Raises `Explained` when nothing changes for a quarter of an hour.
    """
    changed = time.monotonic()
    before = None
    while True:
        began = time.monotonic()
        run = admin.get_run(run_id)
        now = Progress(admin.get_progress(as_of=run["as_of"]), run)
        show(now)
        if (state := (dict(now.totals), run["status"])) != before:
            changed = time.monotonic()
            before = state
        quiet = time.monotonic() - changed
        if now.is_over(quiet):
            return now
        if quiet > PATIENCE_SECONDS:
            raise Explained("nothing has been stored for 15 minutes: see `sigmasight logs ingest`")
        # The display takes a third of the API's time at most.
        time.sleep(max(poll_seconds, 2 * (time.monotonic() - began)))


class Reported:
    """What has been printed so far, so that each line is printed once."""

    def __init__(self, first: Progress) -> None:
        self._symbols = _done(first)
        self._tenths = _tenths(first)

    def symbols(self, now: Progress) -> list[str]:
        """A line for each symbol that has become complete or settled."""
        new = _done(now) - self._symbols
        self._symbols |= new
        sessions = now.history["sessions"]
        return [line_of(each, sessions) for each in now.history["symbols"] if each["symbol"] in new]

    def totals(self, now: Progress) -> list[str]:
        """A line for each further tenth of the sessions."""
        if _tenths(now) <= self._tenths:
            return []
        self._tenths = _tenths(now)
        return [totals_line(now)]


def _done(now: Progress) -> set[str]:
    return {each["symbol"] for each in now.history["symbols"] if each["state"] in DONE}


def _tenths(now: Progress) -> int:
    return int(TENTHS * now.totals["sessions_stored"] / max(now.totals["sessions_wanted"], 1))


def totals_line(now: Progress) -> str:
    """Sessions stored of those wanted, and symbols that are done."""
    totals = now.totals
    return (
        f"{totals['sessions_stored']:,} of {totals['sessions_wanted']:,} sessions stored; "
        f"{now.done:,} of {now.symbols:,} symbols done"
    )


def line_of(symbol: Answer, sessions: int) -> str:
    """A symbol's sessions stored and wanted, their providers, and why some are missing."""
    words = f"{symbol['symbol']}: {symbol['prices']} of {sessions} sessions"
    words += f" from {', '.join(symbol['sources'])}" if symbol["sources"] else ""
    return f"{words} ({symbol['reason']})" if symbol["reason"] else words


@contextmanager
def display(console: Console, first: Progress) -> Iterator[Show]:
    """A function that shows the progress: lines for symbols, and bars on a terminal."""
    reported = Reported(first)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        sessions = bars.add_task("sessions stored")
        symbols = bars.add_task("symbols done")

        def show(now: Progress) -> None:
            lines = reported.symbols(now) + ([] if console.is_terminal else reported.totals(now))
            for line in lines:
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            totals = now.totals
            bars.update(
                sessions, completed=totals["sessions_stored"], total=totals["sessions_wanted"]
            )
            bars.update(symbols, completed=now.done, total=now.symbols)

        show(first)
        yield show


def incomplete_table(last: Progress) -> Table | None:
    """What is not complete, and why; None when everything is complete."""
    rows = list(incomplete(last))
    if not rows:
        return None
    table = Table("not complete", "stored", "why", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    return table


def incomplete(last: Progress) -> Iterator[tuple[str, str, str]]:
    """Per symbol that is not complete, and for missing yields: name, sessions stored, reason."""
    for each in last.history["symbols"]:
        if each["state"] not in ("complete", "private"):
            stored = f"{each['prices']} of {last.history['sessions']}"
            yield each["symbol"], stored, each["reason"] or "is being fetched"
    absent = [each["maturity"] for each in last.history["yields"] if not each["stored"]]
    if absent:
        yield f"yields {', '.join(absent)}", "none", "no provider has sent any"


def to_act_on(last: Progress) -> list[str]:
    """Why the run did not complete: a provider does not answer, or a stage failed.

    Closes that were rejected as implausible are no such reason: the table lists them.
    """
    if last.run["status"] == "completed":
        return []
    problems = last.run["problems"] or [{"stage": "run", "code": "", "message": last.run["status"]}]
    return [
        f"{each['stage']}: {each['message']}"
        for each in problems
        if each["code"] != "price_quarantined"
    ]
