"""The demo end to end: a machine with nothing on it, one command, a complete report.

The second time from memory.
"""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy.demo.books import DEMO_BOOKS, SESSIONS, DemoBook
from deploy.local.places import outside_place, remove_place
from deploy.local.state import PROJECT, StateDirectory


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateDirectory]:
    state_directory = StateDirectory(tmp_path_factory.mktemp("demo") / "state")
    yield state_directory
    remove_place(outside_place(state_directory.path / "postgres"))


@pytest.fixture(scope="module")
def first(directory: StateDirectory) -> subprocess.CompletedProcess[str]:
    return run_demo_once(directory)


def run_demo_once(directory: StateDirectory) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.local", "demo", "--once"],
        env=dict(os.environ) | {"SIGMASIGHT_STATE_DIR": str(directory.path), "COLUMNS": "200"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


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
    first: subprocess.CompletedProcess[str], directory: StateDirectory
) -> None:
    assert first.returncode == 0
    assert not directory.is_claimed()
    assert directory.load().phase == "stopped"


def test_second_demo_reuses_the_data(
    first: subprocess.CompletedProcess[str], directory: StateDirectory
) -> None:
    second = run_demo_once(directory)

    assert second.returncode == 0, second.stdout + second.stderr
    assert "Nothing to replay" in second.stdout
    assert reports_of(second.stdout) == reports_of(first.stdout)


def reports_of(printed: str) -> str:
    """The framed part: everything but timings and progress."""
    return "\n".join(line for line in printed.splitlines() if line.startswith(("│", "╭", "╰")))
