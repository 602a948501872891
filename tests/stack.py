"""The real local stack for tests and benchmarks: six processes in a throw-away state directory."""

import os
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr

from deploy.local.api import admin_connection
from deploy.local.control import launch, stop_stack, wait_ready
from deploy.local.state import StackState, StateDirectory
from shared.calendar import weekly_session
from shared.database import Database, create_engine
from shared.settings import Settings
from sigmasight_client import SigmaSight

SUPERUSER = "postgres"
# Tests ask far more often than people do, as the same few users.
UNLIMITED = {
    f"SIGMASIGHT_GATEWAY_{name}_REQUESTS_PER_MINUTE".replace("__", "_"): "1000000"
    for name in ("", "OPERATOR", "PAGE")
}


@dataclass(frozen=True)
class RunningStack:
    """A stack that is ready, and its administrator's ways in."""

    directory: StateDirectory
    state: StackState
    api: SigmaSight

    def database(self) -> Database:
        """The database as its superuser.

        For arranging and for looking, never for the work under test.
        """
        settings = Settings(
            database_port=self.state.ports["postgres"],
            database_password=SecretStr(self.state.secrets["postgres"]),
        )
        return Database(create_engine(settings, SUPERUSER))

    def pid(self, name: str) -> int:
        """The process that runs a program now."""
        identity = self.directory.load().programs[name].identity
        assert identity is not None
        return identity.pid

    def close(self, session_date: date) -> str:
        """Ask for a session's run; returns its id."""
        return self.api.close_market({"session_date": session_date.isoformat()})["run_id"]

    def finished(self, runs: Sequence[str], seconds: float = 180) -> dict[str, Mapping[str, Any]]:
        """Wait until none of the runs is running, weekly correlations included.

        Returns what the API says of each.
        """
        deadline = time.monotonic() + seconds
        ended: dict[str, Mapping[str, Any]] = {}
        while len(ended) < len(runs):
            with suppress(httpx2.TransportError):  # a gateway that was killed comes back
                ended |= self._ended(set(runs) - set(ended))
            assert time.monotonic() < deadline, (
                f"{len(runs) - len(ended)} of {len(runs)} runs still open"
            )
            time.sleep(0.1)
        return ended

    def _ended(self, runs: Collection[str]) -> dict[str, Mapping[str, Any]]:
        answers = {run: self.api.get_run(run) for run in runs}
        return {run: answer for run, answer in answers.items() if not _goes_on(answer)}


def _goes_on(run: Mapping[str, Any]) -> bool:
    """Whether stages, or the correlations of a weekly session, are still to come."""
    as_of = date.fromisoformat(run["as_of"])
    stages = [item["stage"] for item in run["items"] if item["status"] == "ok"]
    waits = as_of == weekly_session(as_of) and stages.count("correlations") < stages.count(
        "factors"
    )
    return waits or run["status"] == "running"


@contextmanager
def running_stack(**environment: str) -> Iterator[RunningStack]:
    """Start a separate stack and stop it afterwards; `environment` is added for its processes."""
    with tempfile.TemporaryDirectory() as parent, _environment(UNLIMITED | environment):
        directory = StateDirectory(Path(parent) / "state")
        process = launch(directory, tied=True)
        try:
            state = wait_ready(directory, process, lambda _: None)
            with admin_connection(state) as api:
                yield RunningStack(directory, state, api)
        finally:
            stop_stack(directory)
            process.wait(timeout=60)


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
