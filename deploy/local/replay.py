"""Asking for sessions to be run, and following the runs to their end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from deploy.local.client import ApiClient
from deploy.local.errors import Explained
from shared.calendar import is_session, sessions

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 600.0
PAGE = 1000

Progress = Callable[[int, int], None]  # runs that have ended, runs altogether


@dataclass(frozen=True)
class FollowedRun:
    """A run that has ended. `stages` is what the API says about each stage, `problems` what went
    wrong.
    """

    run_id: str
    session_date: date
    status: str
    stages: Sequence[dict[str, Any]]
    problems: Sequence[dict[str, Any]]


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
        raise Explained(f"the period ends before it begins: swap {first} and {last}")
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


def replay(admin: ApiClient, days: Sequence[date], progress: Progress) -> Replay:
    """Ask for every session at once and wait until all runs have ended; the pipeline does not need
    an order.
    """
    started = time.monotonic()
    progress(0, len(days))
    asked = {
        admin.post("admin/batch/market-close", {"session_date": day})["run_id"]: day for day in days
    }
    wait_for(admin, set(asked), progress)
    seconds = time.monotonic() - started
    return Replay([_details(admin, run_id, day) for run_id, day in asked.items()], seconds)


def wait_for(admin: ApiClient, run_ids: set[str], progress: Progress) -> None:
    """Until every run has ended; raises `Explained` when none has for ten minutes."""
    waiting, last_end = set(run_ids), time.monotonic()
    while waiting:
        ended = waiting - open_runs(admin)
        if ended:
            last_end = time.monotonic()
        elif time.monotonic() - last_end > PATIENCE_SECONDS:
            raise Explained(
                f"{len(waiting)} runs do not end: see `sigmasight status` and `sigmasight logs`"
            )
        waiting -= ended
        progress(len(run_ids) - len(waiting), len(run_ids))
        if waiting:
            time.sleep(POLL_SECONDS)


def open_runs(admin: ApiClient) -> set[str]:
    """The ids of every run that is open now."""
    found: set[str] = set()
    while True:
        page = admin.get("admin/batch/runs", status="running", limit=PAGE, offset=len(found))
        found |= {run["run_id"] for run in page["items"]}
        if len(page["items"]) < PAGE:
            return found


def _details(admin: ApiClient, run_id: str, day: date) -> FollowedRun:
    run = admin.get(f"admin/batch/runs/{run_id}")
    return FollowedRun(run_id, day, run["status"], run["stages"], run["problems"])
