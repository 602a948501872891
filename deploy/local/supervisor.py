"""The supervisor: starts the stack's programs in order, restarts those that die, and stops all.

Run as `python -m deploy.local.supervisor`. Why we wrote one: docs/decisions/0002-own-supervisor.md.
The main thread starts every program, because Linux sends "my parent died" when the thread that
started a program ends.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import psutil

from deploy.local.errors import Explained
from deploy.local.programs import Process, Program, tail
from deploy.local.scaling import is_replica
from deploy.local.stack import Part, Stack
from deploy.local.state import MARK, Identity, ProgramState, StackState, StateDirectory

POLL_SECONDS = 0.05
SERVERS_READY_SECONDS = 60.0
SERVICES_READY_SECONDS = 90.0
BOOTSTRAP_SECONDS = 120.0
DEATHS_TOLERATED_AT_START = 4
BACKOFF_SECONDS = (0.05, 0.5, 1.0, 2.0, 5.0)
STEADY_SECONDS = 30.0
STOP_SECONDS = {"postgres": 20.0, "nats": 8.0}
STOP_SECONDS_SERVICE = 12.0
SICK_SECONDS = 2.0  # between two looks
SICK_TIMES = 3  # in a row
SCALE_SECONDS = 0.5  # between two looks at how many processes are wanted
LOG_LIMIT_BYTES = 5_000_000
LOG_SECONDS = 10.0  # between two looks at how large the logs are


class StartFailed(Explained):
    """The stack could not be started; the message names the program and quotes its log."""


class Runnable(Protocol):
    """What a supervisor can run: a `Stack`, or a substitute in tests."""

    ports: dict[str, int]
    secrets: dict[str, str]

    def prepare(self) -> None: ...
    def servers(self) -> list[Part]: ...
    def bootstrap(self) -> Program: ...
    def services(self) -> list[Part]: ...
    def replicas(self) -> list[Part]: ...


@dataclass
class Supervised:
    """A part of the stack and the process that runs it now."""

    part: Part
    log: Path
    state: ProgramState
    process: Process | None = None
    started: float = 0.0
    deaths_in_a_row: int = 0
    was_ready: asyncio.Event = field(default_factory=asyncio.Event)

    def start_failed(self, reason: str) -> StartFailed:
        """The error that the part did not start, with the end of its log."""
        return StartFailed(f"{self.part.name} {reason}:\n{tail(self.log)}")


class Supervisor:
    """One run of the stack in one state directory."""

    def __init__(
        self,
        directory: StateDirectory,
        make_stack: Callable[[StateDirectory, StackState], Runnable] = Stack,
    ) -> None:
        self.directory = directory
        self.make_stack = make_stack
        self.state = StackState()
        self.stopping = asyncio.Event()
        self.supervised: dict[str, Supervised] = {}
        self.keepers: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> int:
        """Start the stack, keep it running and stop it; returns the exit code.

        The caller holds the directory's lock.
        """
        self._listen_to_signals()
        rotating = asyncio.create_task(self._keep_logs_short())
        try:
            stack = await self._start()
            while not self.stopping.is_set():
                await self._follow_scale(stack)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SCALE_SECONDS):
                        await self.stopping.wait()
        except (Explained, OSError) as error:
            self.state.failure = str(error)
        finally:
            rotating.cancel()
            await self._stop()
        return 1 if self.state.failure else 0

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.stopping.set)
        loop.add_signal_handler(signal.SIGHUP, _note, "a terminal was closed; the stack continues")

    async def _start(self) -> Runnable:
        self.state = self.directory.load().model_copy(update={"failure": None})
        leftovers = [
            program.identity for program in self.state.programs.values() if program.identity
        ]
        await asyncio.to_thread(end_leftovers, leftovers, self.state.stack_id)
        self.state.home = self.directory.home_of(self.state)
        stack = self.make_stack(self.directory, self.state)
        self.state.supervisor = Identity.of(os.getpid())
        self.state.programs = {}
        self.state.ports = stack.ports
        self.state.secrets = stack.secrets
        steps = (self._start_servers, self._bootstrap, self._start_services)
        for phase, step in zip(("servers", "bootstrap", "services"), steps, strict=True):
            if not self.stopping.is_set():
                self._enter(phase)
                await step(stack)
        if not self.stopping.is_set():
            self._enter("ready")
        return stack

    async def _follow_scale(self, stack: Runnable) -> None:
        """Start the processes of services that are wanted beyond one, and end those that are not.

        Until the wish can be read again, everything stays as it is.
        """
        try:
            wanted = {part.name: part for part in stack.replicas()}
        except (Explained, OSError) as error:
            _note(str(error))
            return
        for name in [each for each in self.supervised if is_replica(each) and each not in wanted]:
            _note(f"{name} is wanted no longer; it is ended")
            await self._end(name)
            del self.supervised[name], self.state.programs[name]
            self.directory.save(self.state)
        for name in wanted.keys() - self.supervised.keys():
            self._keep(wanted[name])

    async def _start_servers(self, stack: Runnable) -> None:
        stack.prepare()
        await self._bring_up(stack.servers(), SERVERS_READY_SECONDS)

    async def _bootstrap(self, stack: Runnable) -> None:
        await self._run_once(stack.bootstrap())

    async def _start_services(self, stack: Runnable) -> None:
        parts = [*stack.services(), *stack.replicas()]
        await self._bring_up(parts, SERVICES_READY_SECONDS)

    async def _keep_logs_short(self) -> None:
        while True:
            await asyncio.sleep(LOG_SECONDS)
            for log in self.directory.logs.glob("*.log"):
                try:
                    await asyncio.to_thread(rotate, log)
                except OSError as error:
                    _note(f"{log.name} cannot be rotated: {error}")

    def _enter(self, phase: str) -> None:
        _note(phase)
        self.state.phase = phase
        self.directory.save(self.state)

    async def _bring_up(self, parts: Sequence[Part], seconds: float) -> None:
        """Start the parts together, and wait until all are ready or the stack is stopped."""
        for part in parts:
            self._keep(part)
        waiting = [
            asyncio.create_task(self._first_readiness(self.supervised[part.name], seconds))
            for part in parts
        ]
        stopping = asyncio.create_task(self.stopping.wait())
        try:
            ready = asyncio.gather(*waiting)
            await asyncio.wait((ready, stopping), return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
        finally:
            for task in (*waiting, stopping):
                task.cancel()
            await asyncio.gather(*waiting, stopping, return_exceptions=True)

    async def _first_readiness(self, supervised: Supervised, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not supervised.was_ready.is_set():
            if self.keepers[supervised.part.name].done():
                self.keepers[supervised.part.name].result()
            if supervised.deaths_in_a_row > DEATHS_TOLERATED_AT_START:
                raise supervised.start_failed("exits as soon as it is started")
            if time.monotonic() > deadline:
                raise supervised.start_failed(f"was not ready within {seconds:.0f} s")
            await asyncio.sleep(POLL_SECONDS)

    def _keep(self, part: Part) -> None:
        state = ProgramState(address=part.address)
        supervised = Supervised(part, self.directory.logs / f"{part.name}.log", state)
        self.supervised[part.name] = supervised
        self.state.programs[part.name] = state
        self.keepers[part.name] = asyncio.create_task(
            self._keep_running(supervised), name=part.name
        )

    async def _keep_running(self, supervised: Supervised) -> None:
        """Start the program, and start it again whenever it ends, until this task is cancelled."""
        while True:
            process = self._launch(supervised)
            watching = asyncio.create_task(self._watch_readiness(supervised))
            try:
                await ended(process)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            await self._record_end(supervised, process)

    def _launch(self, supervised: Supervised) -> Process:
        supervised.part.before_start()
        rotate(supervised.log)
        supervised.process = self._marked(supervised.part.program).start(supervised.log)
        supervised.started = time.monotonic()
        supervised.state.identity = Identity.of(supervised.process.pid)
        self.directory.save(self.state)
        return supervised.process

    def _marked(self, program: Program) -> Program:
        """The program, carrying which stack it belongs to."""
        environment = {**program.environment, MARK: self.state.stack_id}
        return replace(program, environment=environment)

    async def _watch_readiness(self, supervised: Supervised) -> None:
        while not await asyncio.to_thread(supervised.part.is_ready):
            await asyncio.sleep(POLL_SECONDS)
        supervised.state.ready = True
        supervised.was_ready.set()
        self.directory.save(self.state)
        if supervised.part.is_sick is not None:
            await self._end_when_sick(supervised, supervised.part.is_sick)

    async def _end_when_sick(self, supervised: Supervised, is_sick: Callable[[], bool]) -> None:
        """Wait until the program has been sick for a while, and end it: it is started again."""
        times = 0
        while times < SICK_TIMES:
            await asyncio.sleep(SICK_SECONDS)
            times = times + 1 if await asyncio.to_thread(is_sick) else 0
        name = supervised.part.name
        _note(f"{name} has not been healthy for {SICK_TIMES * SICK_SECONDS:.0f} s; it is ended")
        if supervised.process is not None:
            supervised.process.send_signal(supervised.part.program.stop_signal)
            await asyncio.sleep(STOP_SECONDS.get(name, STOP_SECONDS_SERVICE))
            supervised.process.kill()

    async def _record_end(self, supervised: Supervised, process: Process) -> None:
        """Record that the program ended, and wait before its restart: briefly the first time."""
        steady = time.monotonic() - supervised.started > STEADY_SECONDS
        supervised.deaths_in_a_row = 1 if steady else supervised.deaths_in_a_row + 1
        pause = BACKOFF_SECONDS[min(supervised.deaths_in_a_row, len(BACKOFF_SECONDS)) - 1]
        supervised.state.ready = False
        supervised.state.identity = None
        supervised.state.restarts += 1
        self.directory.save(self.state)
        _note(f"{supervised.part.name} exited with code {process.returncode}; restart in {pause} s")
        end_group(process.pid)
        await asyncio.sleep(pause)

    async def _run_once(self, program: Program) -> None:
        """Run a program to its end; raises `StartFailed` when it fails."""
        log = self.directory.logs / f"{program.name}.log"
        rotate(log)
        process = self._marked(program).start(log)
        try:
            async with asyncio.timeout(BOOTSTRAP_SECONDS):
                await ended(process, self.stopping)
        except TimeoutError:
            raise StartFailed(
                f"{program.name} took longer than {BOOTSTRAP_SECONDS:.0f} s:\n{tail(log)}"
            ) from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode and not self.stopping.is_set():
            raise StartFailed(f"{program.name} failed:\n{tail(log)}")

    async def _stop(self) -> None:
        """Stop the services, then NATS, then Postgres."""
        self._enter("stopping")
        order = [[n for n in self.supervised if n not in STOP_SECONDS], ["nats"], ["postgres"]]
        for names in order:
            await asyncio.gather(*(self._end(name) for name in names if name in self.supervised))
        self.state.programs = {}
        self.state.supervisor = None
        self._enter("failed" if self.state.failure else "stopped")

    async def _end(self, name: str) -> None:
        keeper = self.keepers.pop(name)
        supervised = self.supervised[name]
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        if supervised.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            supervised.process.send_signal(supervised.part.program.stop_signal)
        try:
            async with asyncio.timeout(STOP_SECONDS.get(name, STOP_SECONDS_SERVICE)):
                await ended(supervised.process)
        except TimeoutError:
            _note(f"{name} did not exit in time; it is killed")
        end_group(supervised.process.pid)
        supervised.process.wait()


async def ended(process: Process, or_when: asyncio.Event | None = None) -> None:
    """Wait until the process has ended, or the event is set."""
    while process.poll() is None and not (or_when and or_when.is_set()):
        await asyncio.sleep(POLL_SECONDS)


def end_group(leader: int) -> None:
    """Kill what remains of a program's process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def end_leftovers(identities: Iterable[Identity], stack_id: str, seconds: float = 10.0) -> None:
    """End the programs of a killed supervisor, where the system did not do so itself.

    Only processes that carry the stack's id: another may have the number of one by now.
    """
    found = [process for process in (identity.process() for identity in identities) if process]
    alive = [process for process in found if _carries(process, stack_id)]
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(alive, timeout=seconds)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=seconds)


def _carries(process: psutil.Process, stack_id: str) -> bool:
    """Whether the process was started by a supervisor of the stack."""
    try:
        return bool(stack_id) and process.environ().get(MARK) == stack_id
    except psutil.Error:
        return False


def rotate(log: Path) -> None:
    """Copy a log that has grown large, and empty it; one old log is kept.

    Its program goes on writing to the same file, at its end.
    """
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)


def _note(message: str) -> None:
    """Write a line to the supervisor's log."""
    sys.stdout.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {message}\n")
    sys.stdout.flush()


def supervise(
    directory: StateDirectory, make_stack: Callable[[StateDirectory, StackState], Runnable] = Stack
) -> int:
    """Run the stack; returns exit code 3 when another supervisor uses the directory."""
    directory.create()
    with directory.claim() as is_ours:
        if not is_ours:
            _note(f"{directory.path} is in use by another supervisor")
            return 3
        return asyncio.run(Supervisor(directory, make_stack).run())


if __name__ == "__main__":
    sys.exit(supervise(StateDirectory.default()))
