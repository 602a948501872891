"""The real stack.

It comes up by itself, survives kill -9 of any part, and leaves nothing behind.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local.places import outside_place, remove_place
from deploy.local.stack import SERVERS, WORDS, answers_ok
from deploy.local.state import PROJECT, StateDirectory

PARTS = (*SERVERS, *WORDS)


class LocalStack:
    """The `sigmasight` command on a separate state directory."""

    def __init__(self, path: Path) -> None:
        self.directory = StateDirectory(path)
        self.environment = dict(os.environ) | {"SIGMASIGHT_STATE_DIR": str(path), "COLUMNS": "200"}

    def run(self, *arguments: str, **more_environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.local", *arguments],
            env=self.environment | more_environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return said

    def pid(self, name: str) -> int | None:
        identity = self.directory.load().programs[name].identity
        return identity.pid if identity else None

    def is_ready(self, word: str) -> bool:
        return answers_ok(f"{self.directory.load().programs[word].address}/health/ready")

    def processes(self) -> list[psutil.Process]:
        """The supervisor, its programs, and the processes those started."""
        state = self.directory.load()
        known = [state.supervisor, *(program.identity for program in state.programs.values())]
        top = [
            process for process in (identity.process() for identity in known if identity) if process
        ]
        return [*top, *(child for process in top for child in process.children(recursive=True))]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    local = LocalStack(tmp_path_factory.mktemp("stack") / "state")
    said = local.run("up")
    assert said.returncode == 0, said.stderr
    yield local
    local.run("down")
    remove_place(outside_place(local.directory.path / "postgres"))


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


def test_every_part_is_up_and_says_it_is_ready(stack: LocalStack) -> None:
    said = stack.status()

    assert said["running"]
    assert said["phase"] == "ready"
    assert set(said["programs"]) == set(PARTS)
    assert all(stack.is_ready(word) for word in WORDS)


def test_nothing_listens_beyond_loopback(stack: LocalStack) -> None:
    listening = [
        connection.laddr.ip
        for process in stack.processes()
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]

    assert len(listening) >= len(PARTS)
    assert set(listening) == {"127.0.0.1"}


def test_second_up_finds_the_first(stack: LocalStack) -> None:
    before = stack.pid("gateway")

    said = stack.run("up")

    assert said.returncode == 0
    assert "already running" in said.stdout
    assert stack.pid("gateway") == before


def test_doctor_finds_nothing_wrong_with_a_healthy_stack(stack: LocalStack) -> None:
    said = stack.run("doctor")

    assert said.returncode == 0, said.stdout
    assert "no problems" in said.stdout


def test_backfill_without_keys_says_that_everything_is_stored(stack: LocalStack) -> None:
    first = stack.run("backfill")  # may come before the clock's first session

    again = stack.run("backfill")

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert "Providers of closes, in this order: bundled (files)." in again.stdout
    assert "Nothing to fetch: 1,771 of 1,771 sessions stored" in again.stdout
    assert "not complete" not in again.stdout


def test_misspelt_setting_is_named_before_anything_starts(stack: LocalStack) -> None:
    said = stack.run("up", SIGMASIGHT_LOG_LEVLE="DEBUG")

    assert said.returncode == 1
    assert "SIGMASIGHT_LOG_LEVLE" in said.stderr
    assert "SIGMASIGHT_LOG_LEVEL" in said.stderr
    assert "Traceback" not in said.stderr


def test_all_parts_killed_at_once_come_back(stack: LocalStack) -> None:
    """Each by itself is killed in the middle of its work in test_kill_in_replay.py."""
    killed = {name: pid for name in PARTS if (pid := stack.pid(name))}
    assert killed.keys() == set(PARTS)

    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)

    until(lambda: all(stack.pid(name) not in (None, killed[name]) for name in PARTS), seconds=20)
    until(lambda: all(stack.is_ready(word) for word in WORDS), seconds=60)


def test_killing_the_supervisor_leaves_no_process_and_keeps_the_data(stack: LocalStack) -> None:
    before = stack.directory.load()
    running = stack.processes()
    assert before.supervisor is not None
    assert len(running) > len(PARTS)

    os.kill(before.supervisor.pid, signal.SIGKILL)
    until(lambda: not any(map(is_alive, running)), seconds=15)
    assert stack.run("status").returncode == 1
    said = stack.run("up")

    after = stack.directory.load()
    assert said.returncode == 0, said.stderr
    assert after.ports == before.ports
    assert after.secrets == before.secrets


def test_down_leaves_no_process(stack: LocalStack) -> None:
    running = stack.processes()

    said = stack.run("down")

    assert said.returncode == 0
    assert [process for process in running if is_alive(process)] == []
    assert stack.run("status").returncode == 1
    assert "not running" in stack.run("down").stdout
