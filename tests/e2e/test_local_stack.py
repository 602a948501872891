"""The demo and the real stack, on one state directory: a machine with nothing on it at first.

One command gives a complete report. The stack then comes up by itself with the demo's data,
survives kill -9 of any part, gives the same report from memory, and leaves nothing behind.
"""

import os
import signal
import subprocess

import psutil
import pytest

from deploy.demo.books import DEMO_BOOKS, SESSIONS, DemoBook
from deploy.local.stack import SERVERS, WORDS
from tests.e2e.local_stack import LocalStack, is_alive, until

# The dashboard's tests run on the same stack, before its parts are killed.
from tests.e2e.screens.admin import *  # noqa: F403
from tests.e2e.screens.data import *  # noqa: F403
from tests.e2e.screens.factors import *  # noqa: F403
from tests.e2e.screens.imports import *  # noqa: F403
from tests.e2e.screens.limits import *  # noqa: F403
from tests.e2e.screens.newcomer import *  # noqa: F403
from tests.e2e.screens.options import *  # noqa: F403
from tests.e2e.screens.overview import *  # noqa: F403
from tests.e2e.screens.positions import *  # noqa: F403
from tests.e2e.screens.reports import *  # noqa: F403
from tests.e2e.screens.risk import *  # noqa: F403
from tests.e2e.screens.scenarios import *  # noqa: F403
from tests.e2e.screens.settings import *  # noqa: F403
from tests.e2e.screens.sharing import *  # noqa: F403
from tests.e2e.screens.shell import *  # noqa: F403
from tests.e2e.screens.states import *  # noqa: F403
from tests.e2e.screens.what_if import *  # noqa: F403

PARTS = (*SERVERS, *WORDS)


def test_first_demo_replays_everything_and_misses_nothing(
    first: subprocess.CompletedProcess[str],
) -> None:
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"{SESSIONS} runs in" in first.stdout
    assert "missing:" not in first.stdout


@pytest.mark.parametrize("book", DEMO_BOOKS, ids=lambda book: book.file.stem)
def test_report_has_every_part_for_every_book(
    book: DemoBook, first: subprocess.CompletedProcess[str]
) -> None:
    report = first.stdout.split(f"{book.portfolio} ({book.full_name}) as of 2022-12-28")[1].split(
        "╰"
    )[0]

    for part in (
        "NAV",
        "daily P&L",
        "notional",
        "delta-adjusted",
        "vega",
        "Momentum",
        "worst",
        "coverage",
    ):
        assert part in report
    assert "Prices come from the bundled files" in report
    assert "n/a" not in report


def test_credentials_and_address_are_printed(first: subprocess.CompletedProcess[str]) -> None:
    assert "http://127.0.0.1:" in first.stdout
    for book in DEMO_BOOKS:
        assert f"{book.email} with password {book.password}" in first.stdout


def test_nothing_runs_after_the_report(
    first: subprocess.CompletedProcess[str], at_rest: tuple[bool, str]
) -> None:
    assert first.returncode == 0
    assert at_rest == (False, "stopped")


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
    said = stack.run("backfill")

    assert said.returncode == 0, said.stderr
    assert "Providers of closes, in this order: bundled (files)." in said.stdout
    assert "Nothing to fetch: 10,626 of 10,626 sessions stored; 42 of 42 symbols" in said.stdout
    assert "not complete" not in said.stdout


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


def test_second_demo_reuses_the_data_after_all_was_killed(
    first: subprocess.CompletedProcess[str], stack: LocalStack
) -> None:
    second = stack.run("demo", "--once")

    assert second.returncode == 0, second.stdout + second.stderr
    assert "Nothing to replay" in second.stdout
    assert reports_of(second.stdout) == reports_of(first.stdout)


def reports_of(printed: str) -> str:
    """The framed part: everything but timings and progress."""
    return "\n".join(line for line in printed.splitlines() if line.startswith(("│", "╭", "╰")))


def test_down_leaves_no_process(stack: LocalStack) -> None:
    running = stack.processes()

    said = stack.run("down")

    assert said.returncode == 0
    assert [process for process in running if is_alive(process)] == []
    assert stack.run("status").returncode == 1
    assert "not running" in stack.run("down").stdout
