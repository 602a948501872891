"""Start the runs of sessions, and wait until they end."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from deploy.local.errors import Explained
from shared.calendar import is_session, sessions
from sigmasight_client import SigmaSight

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 600.0
PAGE = 1000

Progress = Callable[[int, int], None]  # runs that have ended, runs altogether


@dataclass(frozen=True)
class FollowedRun:
    """A run that has ended, with the API's report on each stage and on each problem."""

    run_id: str
    session_date: date
    status: str
    stages: Sequence[Mapping[str, Any]]
    problems: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Replay:
    """All runs of one replay, and the seconds from the first request to the last end."""

    runs: Sequence[FollowedRun]
    seconds: float

    def unfinished(self) -> list[FollowedRun]:
        """Runs that did not complete."""
        return [run for run in self.runs if run.status != "completed"]


def sessions_between(first: date, last: date) -> list[date]:
    """The sessions of a period; raises `Explained` when it has none."""
    if first > last:
        raise Explained(f"the period ends before it starts: swap {first} and {last}")
    found = sessions(first, last)
    if not found:
        raise Explained(
            f"there is no trading session from {first} to {last}: choose a longer period"
        )
    return found


def one_session(day: date) -> list[date]:
    """The day itself; raises `Explained` when the exchange was closed."""
    if not is_session(day):
        raise Explained(f"{day} is not a trading session: choose a day on which the NYSE was open")
    return [day]


def replay(admin: SigmaSight, days: Sequence[date], progress: Progress) -> Replay:
    """Start the runs of all sessions at once, in any order, and wait until they have ended."""
    started = time.monotonic()
    progress(0, len(days))
    day_by_run = {
        admin.close_market({"session_date": day.isoformat()})["run_id"]: day for day in days
    }
    wait_for(admin, set(day_by_run), progress)
    seconds = time.monotonic() - started
    return Replay([_details(admin, run_id, day) for run_id, day in day_by_run.items()], seconds)


def wait_for(admin: SigmaSight, run_ids: set[str], progress: Progress) -> None:
    """Wait until every run has ended; raises `Explained` when none ends for ten minutes."""
    waiting = set(run_ids)
    last_end = time.monotonic()
    while waiting:
        ended = waiting - open_runs(admin)
        if ended:
            last_end = time.monotonic()
        elif time.monotonic() - last_end > PATIENCE_SECONDS:
            raise Explained(
                f"{len(waiting)} runs have not ended: see `sigmasight status` and `sigmasight logs`"
            )
        waiting -= ended
        progress(len(run_ids) - len(waiting), len(run_ids))
        if waiting:
            time.sleep(POLL_SECONDS)


def open_runs(admin: SigmaSight) -> set[str]:
    """The ids of the runs that are in progress."""
    found: set[str] = set()
    while True:
        page = admin.list_runs(status="running", limit=PAGE, offset=len(found))
        found |= {run["run_id"] for run in page["items"]}
        if len(page["items"]) < PAGE:
            return found


def _details(admin: SigmaSight, run_id: str, day: date) -> FollowedRun:
    run = admin.get_run(run_id)
    return FollowedRun(run_id, day, run["status"], run["stages"], run["problems"])
