"""The checks of `sigmasight doctor`: this machine, the settings, the data and the stack."""

import csv
import gzip
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import ValidationError

from deploy.demo.books import DATA
from deploy.local.data_sources import market_data_findings
from deploy.local.errors import Explained
from deploy.local.finding import Finding, problem
from deploy.local.nats import server_program
from deploy.local.ports import free_port, is_listening
from deploy.local.postgres import binaries
from deploy.local.stack import WORDS, answers_ok
from deploy.local.state import StateDirectory
from shared.calendar.table import LAST_YEAR
from shared.errors import Misconfigured
from shared.settings import ServiceSettings, load, misspelt_variables

OLDEST_PYTHON = (3, 11)
ROOM_BYTES = 1_000_000_000
LONG_AHEAD_DAYS = 365
MANY_RESTARTS = 3
_DATA_FILES = ("adjusted_closes.csv.gz", "treasury_yields.csv.gz", "gics_sectors.csv")
_SET_BY_THE_STACK = ("SIGMASIGHT_DATABASE_HOST", "SIGMASIGHT_DATABASE_PORT", "SIGMASIGHT_NATS_URL")


def findings(directory: StateDirectory, environment: Mapping[str, str]) -> Iterator[Finding]:
    """The results of all checks, from the machine to the stack."""
    yield _python_version()
    yield _program("Postgres", lambda: binaries() / "postgres")
    yield _program("NATS", server_program)
    yield _state_directory(directory)
    yield from _foreign_servers(directory)
    yield from _settings(environment)
    yield from market_data_findings(environment)
    yield from _data()
    yield _calendar()
    yield from _stack(directory)


def _python_version() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return problem("Python", f"{version} is too old", "use Python 3.11 or newer")
    return Finding("Python", version)


def _program(name: str, find: Callable[[], Path]) -> Finding:
    try:
        said = subprocess.run(
            [find(), "--version"], capture_output=True, text=True, check=True, timeout=20
        )
    except (Explained, OSError, subprocess.SubprocessError) as error:
        return problem(name, f"does not run: {error}", "run `make install` again")
    return Finding(name, said.stdout.strip())


def _state_directory(directory: StateDirectory) -> Finding:
    parent = next(path for path in (directory.path, *directory.path.parents) if path.exists())
    if not os.access(parent, os.W_OK):
        return problem(
            "state directory",
            f"{parent} cannot be written",
            "set SIGMASIGHT_STATE_DIR to a directory that you may write",
        )
    free = shutil.disk_usage(parent).free
    if free < ROOM_BYTES:
        return problem(
            "state directory",
            f"only {free / 1e6:,.0f} MB free at {parent}",
            "free at least 1 GB",
        )
    return Finding("state directory", f"{directory.path} ({free / 1e9:,.0f} GB free)")


def _foreign_servers(directory: StateDirectory) -> Iterator[Finding]:
    """Other servers on the usual ports; they do not disturb the stack."""
    try:
        free_port()
    except OSError as error:
        yield problem(
            "ports",
            f"no port can be opened on the loopback interface ({error})",
            "stop programs that listen on many ports",
        )
    ours = directory.load().ports.values()
    for name, port in (("Postgres", 5432), ("NATS", 4222)):
        if port not in ours and is_listening(port):
            yield Finding(
                "ports",
                f"another program, perhaps {name}, listens on {port}; the stack uses other ports",
            )


def _settings(environment: Mapping[str, str]) -> Iterator[Finding]:
    kinds = {word: settings_of(word) for word in WORDS}
    sentences = spelling_mistakes(environment)
    for sentence in sentences:
        yield problem("settings", sentence, "correct or unset it: services do not start with it")
    for kind in filter(None, kinds.values()):
        try:
            load(kind)
        except (Misconfigured, ValidationError) as error:
            yield problem(
                "settings", str(error), "correct the value: the service does not start with it"
            )
    for name in _SET_BY_THE_STACK:
        if name in environment:
            yield Finding(
                "settings",
                f"{name} is set, but the local stack starts separate servers",
                "unset it",
            )
    if not sentences:
        yield Finding("settings", "every SIGMASIGHT_ variable is known")


def spelling_mistakes(environment: Mapping[str, str]) -> list[str]:
    """One sentence per misspelt variable, with which a service would not start."""
    return sorted(
        {
            line
            for word in WORDS
            for line in misspelt_variables(environment, settings_of(word), word)
        }
    )


def settings_of(word: str) -> type[ServiceSettings] | None:
    """The settings class of a service; None when it has only the shared settings."""
    module = importlib.import_module(f"services.{word}.settings")
    kinds = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, ServiceSettings)
    ]
    return next((kind for kind in kinds if kind is not ServiceSettings), None)


def _data() -> Iterator[Finding]:
    missing = [name for name in _DATA_FILES if not (DATA / name).exists()]
    if missing:
        yield problem(
            "bundled data",
            f"{', '.join(missing)} missing in {DATA}",
            "restore the files from the repository",
        )
        return
    with gzip.open(DATA / _DATA_FILES[0], "rt") as lines:
        names, *rows = list(csv.reader(lines))
    yield Finding(
        "bundled data",
        f"{len(names) - 1} names, {len(rows)} sessions, {rows[0][0]} to {rows[-1][0]}",
    )


def _calendar() -> Finding:
    """Closures that are announced late are in a new table only."""
    days_left = (date(LAST_YEAR, 12, 31) - datetime.now(UTC).date()).days
    fix = "" if days_left > LONG_AHEAD_DAYS else "update SigmaSight, or run `make calendar`"
    return Finding("calendar", f"NYSE sessions are tabulated to the end of {LAST_YEAR}", fix)


def _stack(directory: StateDirectory) -> Iterator[Finding]:
    if not directory.is_claimed():
        yield Finding("stack", "not running", "start it with `sigmasight up`")
        return
    state = directory.load()
    for word in WORDS:
        program = state.programs.get(word)
        if program is None or not answers_ok(f"{program.address}/health/ready"):
            yield problem("stack", f"{word} is not ready", f"see `sigmasight logs {word}`")
        elif program.restarts >= MANY_RESTARTS:
            yield Finding(
                "stack",
                f"{word} was restarted {program.restarts} times",
                f"see `sigmasight logs {word}`",
            )
    if state.phase == "ready":
        yield Finding("stack", f"running; the API is at {state.gateway_url}")
