"""A stack on a separate state directory, driven by the `sigmasight` command."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from deploy.demo.books import DemoBook
from deploy.local.api import connection
from deploy.local.places import outside_place, remove_place
from deploy.local.stack import answers_ok
from deploy.local.state import PROJECT, StateDirectory
from sigmasight_client import SigmaSight
from sigmasight_client.models import PortfolioReport
from tests.stack import UNLIMITED


class LocalStack:
    """The `sigmasight` command on a separate state directory."""

    def __init__(self, path: Path) -> None:
        self.directory = StateDirectory(path)
        own = {
            "SIGMASIGHT_STATE_DIR": str(path),
            "COLUMNS": "200",
            "SIGMASIGHT_LIMITS_WEBHOOKS_TO_LOOPBACK": "true",  # for receivers in the tests
        }
        self.environment = dict(os.environ) | UNLIMITED | own
        self.clients: dict[str, SigmaSight] = {}

    def close(self) -> None:
        """Stop what runs, and remove what is outside of the directory."""
        for client in self.clients.values():
            client.close()
        self.run("down")
        remove_place(outside_place(self.directory.path / "postgres"))

    def run(self, *arguments: str, **more_environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.local", *arguments],
            env=self.environment | more_environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return said

    def pid(self, name: str) -> int | None:
        identity = self.directory.load().programs[name].identity
        return identity.pid if identity else None

    def is_ready(self, word: str) -> bool:
        state = self.directory.load()
        return answers_ok(f"{state.programs[word].address}/health/ready", state.stack_id)

    def processes(self) -> list[psutil.Process]:
        """The supervisor, its programs, and the processes those started."""
        state = self.directory.load()
        known = [state.supervisor, *(program.identity for program in state.programs.values())]
        top = [
            process for process in (identity.process() for identity in known if identity) if process
        ]
        return [*top, *(child for process in top for child in process.children(recursive=True))]


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that ended and waits to be collected does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(claim: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@contextmanager
def client_of(stack: LocalStack, book: DemoBook) -> Iterator[SigmaSight]:
    """The user's client, which stays logged in for the next test."""
    if book.email not in stack.clients:
        client = connection(stack.directory.load(), book.email, book.password)
        stack.clients[book.email] = client
    yield stack.clients[book.email]


def report_of(client: SigmaSight, book: DemoBook, day: str | None = None) -> PortfolioReport:
    portfolios = client.list_portfolios()["items"]
    (found,) = [each for each in portfolios if each["name"] == book.portfolio]
    return client.get_report(found["portfolio_id"], as_of=day)
