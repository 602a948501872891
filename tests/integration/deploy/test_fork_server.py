"""Programs of the fork server: children of the process that asked, started with what is loaded."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local.fork_server import imported_by
from deploy.local.forked import Forked, ForkedProgram, ForkServer
from deploy.local.programs import Process, stop, wait_until
from deploy.local.stack import FORKING, WORDS
from deploy.local.state import PROJECT

pytestmark = pytest.mark.skipif(not FORKING, reason="programs are forked on Linux only")

ENVIRONMENT = {"PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
SLEEPING = ("timeit", "-n", "1", "import time; time.sleep(600)")
# Starts a server and a sleeping program, prints the latter's number, and waits to be killed.
PARENT = """
import sys, time
from pathlib import Path
from tests.integration.deploy.test_fork_server import SLEEPING, running_server
with running_server(Path(sys.argv[1])) as running:
    print(running.start(*SLEEPING).pid, flush=True)
    time.sleep(600)
"""


@dataclass(frozen=True)
class Running:
    """A fork server that is ready, its process, and where its programs write."""

    server: ForkServer
    process: Process
    log: Path

    def start(self, *arguments: str, directory: Path = PROJECT, **more: str) -> Process:
        return self.program(*arguments, directory=directory, **more).start(self.log)

    def program(
        self, *arguments: str, directory: Path = PROJECT, **environment: str
    ) -> ForkedProgram:
        command = (sys.executable, "-m", *arguments)
        return ForkedProgram(
            "sleeper", command, directory, ENVIRONMENT | environment, server=self.server
        )

    def seen_inside(
        self, *arguments: str, directory: Path = PROJECT, **environment: str
    ) -> dict[str, Any]:
        """What the program `seen_inside` finds of itself."""
        program = ("tests.integration.deploy.seen_inside", *arguments)
        assert self.start(*program, directory=directory, **environment).wait(30) == 0
        seen_inside: dict[str, Any] = json.loads(self.log.read_text().splitlines()[-1])
        return seen_inside


@contextmanager
def running_server(folder: Path) -> Iterator[Running]:
    server = ForkServer(ENVIRONMENT)
    log = folder / "fork-server.log"
    process = server.program().start(log)
    try:
        wait_until(server.is_ready, process, log, 60)
        yield Running(server, process, folder / "program.log")
    finally:
        stop(process, signal.SIGTERM, 10)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_server(tmp_path_factory.mktemp("fork-server")) as server:
        yield server


def test_nothing_but_its_main_thread_runs_in_the_server(running: Running) -> None:
    assert psutil.Process(running.process.pid).num_threads() == 1


def test_program_is_a_child_of_who_asked_with_a_session_and_a_name(running: Running) -> None:
    program = running.start(*SLEEPING)

    assert isinstance(program, Forked)
    seen = psutil.Process(program.pid)
    assert (seen.ppid(), os.getsid(program.pid)) == (os.getpid(), program.pid)
    deadline = time.monotonic() + 20
    while seen.name() != "sleeper" and time.monotonic() < deadline:  # it names itself
        time.sleep(0.01)
    assert seen.name() == "sleeper"
    program.send_signal(signal.SIGTERM)
    assert program.wait(10) == -signal.SIGTERM


def test_program_gets_its_environment_directory_and_arguments_and_no_others(
    running: Running, tmp_path: Path
) -> None:
    seen_inside = running.seen_inside("json", "--port", "1", directory=tmp_path, OWN="1")

    assert seen_inside == {
        "directory": str(tmp_path),
        "environment": ENVIRONMENT | {"OWN": "1"},
        "arguments": ["json", "--port", "1"],
        "loads": [],
    }


def test_exit_code_and_error_of_a_program_are_seen(running: Running) -> None:
    assert running.start("no_such_module").wait(10) == 1
    assert "No module named no_such_module" in running.log.read_text()


@pytest.mark.parametrize("word", WORDS)
def test_a_service_loads_nothing_more_than_its_main_module(running: Running, word: str) -> None:
    assert running.seen_inside(f"services.{word}.main")["loads"] == [f"services.{word}.main"]


def test_server_forks_bootstrap_before_it_has_loaded_the_services(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        loads = server.seen_inside("services.reports.handlers")["loads"]

        assert "services.reports.handlers" in loads
        assert server.seen_inside("deploy.bootstrap")["loads"] == ["deploy.bootstrap"]


def test_what_is_loaded_is_read_from_a_main_module() -> None:
    assert imported_by("services.greeks.main") == [
        "services.greeks.handlers",
        "services.greeks.settings",
        "services.greeks.tables",
        "shared.retention",
        "shared.service",
    ]


def test_programs_end_with_the_process_that_asked(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    program = psutil.Process(int(parent.stdout.readline()))
    server = next(child for child in psutil.Process(parent.pid).children() if child != program)

    parent.kill()
    parent.wait()
    parent.stdout.close()

    assert psutil.wait_procs([program, server], timeout=10)[1] == []


def test_a_killed_server_harms_no_program_and_python_starts_the_next(tmp_path: Path) -> None:
    with running_server(tmp_path) as running:
        first = running.start(*SLEEPING)
        running.process.kill()
        running.process.wait(10)

        second = running.start(*SLEEPING)

        assert first.poll() is None
        assert isinstance(second, subprocess.Popen)
        for program in (first, second):
            stop(program, signal.SIGTERM, 10)
