"""The supervisor restarts what dies, stops in order, says why it cannot start, and leaves nothing
behind.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from deploy.local import supervisor as supervisor_module
from deploy.local.control import stop_stack
from deploy.local.programs import Program
from deploy.local.scaling import replica_names
from deploy.local.stack import Part
from deploy.local.state import MARK, Home, Identity, ProgramState, StackState, StateDirectory
from deploy.local.supervisor import Supervisor, rotate

SLEEPER = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def a_program(name: str, source: str) -> Program:
    return Program(name, (sys.executable, "-c", source), Path("/"), {"PATH": os.defpath})


def a_part(name: str, source: str = SLEEPER, is_ready: Callable[[], bool] = lambda: True) -> Part:
    return Part(a_program(name, source), f"nowhere/{name}", is_ready)


@dataclass
class SmallStack:
    """Sleeping programs instead of servers and services."""

    service_parts: list[Part] = field(default_factory=lambda: [a_part("greeks"), a_part("gateway")])
    bootstrap_source: str = "pass"
    ports: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    scale: dict[str, int] = field(default_factory=dict)

    def prepare(self) -> None: ...

    def servers(self) -> list[Part]:
        return [a_part("postgres"), a_part("nats")]

    def bootstrap(self) -> Program:
        return a_program("bootstrap", self.bootstrap_source)

    def services(self) -> list[Part]:
        return self.service_parts

    def replicas(self) -> list[Part]:
        return [a_part(name) for name in replica_names(self.scale)]


@pytest.fixture
def directory(tmp_path: Path) -> StateDirectory:
    state_directory = StateDirectory(tmp_path / "state")
    state_directory.create()
    return state_directory


@contextlib.asynccontextmanager
async def supervised(directory: StateDirectory, stack: SmallStack) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(directory, lambda *_: stack)
    running = asyncio.create_task(supervisor.run())
    try:
        await until(lambda: directory.load().phase == "ready" or running.done())
        yield supervisor
    finally:
        supervisor.stopping.set()
        await running


async def until(claim: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def pid_of(directory: StateDirectory, name: str) -> int:
    identity = directory.load().programs[name].identity
    return identity.pid if identity else 0


async def test_a_killed_program_is_started_again_at_once(directory: StateDirectory) -> None:
    async with supervised(directory, SmallStack()):
        first = pid_of(directory, "greeks")

        os.kill(first, signal.SIGKILL)
        await until(lambda: pid_of(directory, "greeks") not in (0, first), seconds=2.0)

        assert directory.load().programs["greeks"].restarts == 1
        assert directory.load().programs["gateway"].restarts == 0


async def test_a_program_that_says_it_is_sick_is_started_again(
    directory: StateDirectory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(supervisor_module, "SICK_SECONDS", 0.05)
    sick = tmp_path / "sick"
    part = Part(a_program("greeks", SLEEPER), "nowhere", lambda: True, is_sick=sick.exists)
    async with supervised(directory, SmallStack([part])):
        first = pid_of(directory, "greeks")
        sick.touch()

        await until(lambda: pid_of(directory, "greeks") not in (0, first))
        sick.unlink()

    assert "greeks has not been healthy" in capsys.readouterr().out


async def test_more_processes_of_a_service_are_kept_running_until_fewer_are_wanted(
    directory: StateDirectory,
) -> None:
    stack = SmallStack(scale={"greeks": 2})
    async with supervised(directory, stack):
        first = pid_of(directory, "greeks-2")
        stack.scale = {"greeks": 3}
        await until(lambda: "greeks-3" in directory.load().programs)
        third = pid_of(directory, "greeks-3")

        os.kill(first, signal.SIGKILL)
        await until(lambda: pid_of(directory, "greeks-2") not in (0, first))
        stack.scale = {"greeks": 1}
        await until(lambda: "greeks-2" not in directory.load().programs)
        await until(lambda: "greeks-3" not in directory.load().programs)

        assert not psutil.pid_exists(third)
        assert {"greeks", "gateway"} < directory.load().programs.keys()


async def test_stopping_ends_every_program(directory: StateDirectory) -> None:
    async with supervised(directory, SmallStack()):
        pids = [pid_of(directory, name) for name in ("postgres", "nats", "greeks", "gateway")]
        assert all(psutil.pid_exists(pid) for pid in pids)

    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert directory.load().phase == "stopped"


async def test_a_program_that_ignores_the_request_is_killed(
    directory: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.supervisor.STOP_SECONDS_SERVICE", 0.3)
    async with supervised(directory, SmallStack([a_part("stress", STUBBORN)])):
        pid = pid_of(directory, "stress")
        await asyncio.sleep(0.3)

    assert not psutil.pid_exists(pid)


async def test_a_failed_bootstrap_stops_the_start_and_is_quoted(directory: StateDirectory) -> None:
    stack = SmallStack(bootstrap_source="raise SystemExit('no such role')")

    async with supervised(directory, stack):
        pass

    state = directory.load()
    assert state.phase == "failed"
    assert "bootstrap failed" in (state.failure or "")
    assert "no such role" in (state.failure or "")


async def test_a_service_that_cannot_start_is_named_with_its_last_words(
    directory: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.supervisor.BACKOFF_SECONDS", (0.01,))
    broken = a_part("factors", "raise SystemExit('unknown variable')", is_ready=lambda: False)

    async with supervised(directory, SmallStack([broken])):
        pass

    failure = directory.load().failure or ""
    assert failure.startswith("factors exits as soon as it is started")
    assert "unknown variable" in failure


async def test_leftovers_of_a_killed_supervisor_are_ended_first(directory: StateDirectory) -> None:
    ours = a_home(directory)
    marked = os.environ | {MARK: ours.stack_id}
    orphan, innocent = (
        subprocess.Popen([sys.executable, "-c", SLEEPER], env=marked) for _ in range(2)
    )
    directory.save(
        StackState(
            home=ours,
            programs={
                "greeks": ProgramState(address="", identity=an_identity(orphan.pid)),
                "factors": ProgramState(
                    address="", identity=an_identity(innocent.pid, older_by_seconds=3600)
                ),
            },
        )
    )

    async with supervised(directory, SmallStack()):
        orphan.wait(5)
        innocent_lives = innocent.poll() is None

    innocent.kill()
    innocent.wait()
    assert innocent_lives


async def test_neither_start_nor_stop_of_a_copy_ends_the_original(
    directory: StateDirectory,
) -> None:
    names = ("postgres", "nats", "greeks", "gateway")
    async with supervised(directory, SmallStack()):
        pids = [pid_of(directory, name) for name in names]
        copy = StateDirectory(directory.path.with_name("copy"))
        shutil.copytree(directory.path, copy.path)

        stopped_before = stop_stack(copy)
        async with supervised(copy, SmallStack()):
            own = [pid_of(copy, name) for name in names]
        stopped_after = stop_stack(copy)

        assert [pid_of(directory, name) for name in names] == pids
        assert all(psutil.pid_exists(pid) for pid in pids)
    assert not set(own) & set(pids)
    assert (stopped_before, stopped_after) == (False, False)


async def test_a_process_of_another_stack_with_a_recorded_number_is_left_alone(
    directory: StateDirectory,
) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", SLEEPER], env=os.environ | {MARK: "another stack"}
    )
    recorded = ProgramState(address="", identity=an_identity(other.pid))
    directory.save(StackState(home=a_home(directory), programs={"greeks": recorded}))

    stop_stack(directory)

    lives = other.poll() is None
    other.kill()
    other.wait()
    assert lives


def a_home(directory: StateDirectory) -> Home:
    return directory.home_of(StackState())


def an_identity(pid: int, older_by_seconds: float = 0.0) -> Identity:
    return Identity(pid=pid, created=psutil.Process(pid).create_time() - older_by_seconds)


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux signals the parent's death to children"
)
def test_killing_the_parent_kills_its_programs(tmp_path: Path) -> None:
    source = textwrap.dedent(
        f"""
        import sys, time
        from pathlib import Path
        from deploy.local.programs import Program
        program = Program("x", (sys.executable, "-c", {SLEEPER!r}), Path("/"), {{}})
        print(program.start(Path({str(tmp_path / "log")!r})).pid, flush=True)
        time.sleep(600)
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))

    parent.kill()
    parent.wait()
    parent.stdout.close()

    child.wait(5)


def test_a_grown_log_is_set_aside_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.supervisor.LOG_LIMIT_BYTES", 10)
    log = tmp_path / "greeks.log"
    log.write_text("x" * 11)

    rotate(log)
    log.write_text("short")
    rotate(log)

    assert (tmp_path / "greeks.log.1").read_text() == "x" * 11
    assert log.read_text() == "short"


async def test_a_log_is_set_aside_while_its_program_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.supervisor.LOG_LIMIT_BYTES", 10)
    monkeypatch.setattr("deploy.local.supervisor.LOG_SECONDS", 0.01)
    directory = StateDirectory(tmp_path)
    directory.create()
    log = directory.logs / "greeks.log"

    with log.open("ab", buffering=0) as program:
        program.write(b"x" * 11)
        rotating = asyncio.create_task(Supervisor(directory)._keep_logs_short())
        async with asyncio.timeout(10):
            while log.stat().st_size:
                await asyncio.sleep(0.01)
        rotating.cancel()
        program.write(b"later")

    assert log.with_suffix(".log.1").read_text() == "x" * 11
    assert log.read_text() == "later"
