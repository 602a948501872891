"""Run one operating-system process of the stack, and make it end with its parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from deploy.local.errors import Explained
from deploy.local.places import Account

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class NotInstalled(Explained):
    """A variable names a program that is not there."""


class NotReady(Explained):
    """The program did not become ready; the message quotes the end of its log."""


class Process(Protocol):
    """A child of this process, as `subprocess.Popen` describes one."""

    pid: int
    returncode: Any

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


@dataclass(frozen=True)
class Program:
    """A command with its surroundings; it gets `death_signal` when its parent is killed."""

    name: str
    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    death_signal: signal.Signals = signal.SIGKILL
    stop_signal: signal.Signals = signal.SIGTERM

    def popen_arguments(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess.Popen` and `asyncio.create_subprocess_exec`.

        In a new session the program does not receive Ctrl-C: the supervisor stops all in order.
        """
        arguments: dict[str, Any] = {
            "cwd": self.directory,
            "env": dict(self.environment),
            "stdin": subprocess.DEVNULL,
            "start_new_session": True,
            "preexec_fn": die_with_parent(self.death_signal),
        }
        if self.account:
            arguments |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return arguments

    def start(self, log: Path) -> Process:
        """Start the program, and append its output to `log`."""
        with log.open("ab") as sink:
            return subprocess.Popen(
                self.command, stdout=sink, stderr=subprocess.STDOUT, **self.popen_arguments()
            )


def die_with_parent(
    death_signal: signal.Signals, parent: int | None = None
) -> Callable[[], None] | None:
    """A `preexec_fn` asking Linux to send `death_signal` when the parent dies; None elsewhere.

    It runs in the child after the change of account, which would clear the request. The parent,
    this process unless another is named, may have died before the request, hence the check after.
    """
    if _libc is None:
        return None
    parent = parent or os.getpid()
    libc = _libc

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:
            os._exit(1)

    return ask


def die_with(parent: int, death_signal: int, seconds: float) -> None:
    """Ask Linux to send `death_signal` to this process when `parent` dies.

    The parent adopts this process, whose first parent ends, within `seconds`; it exits otherwise.
    """
    deadline = time.monotonic() + seconds
    while os.getppid() != parent:
        if time.monotonic() > deadline:
            os._exit(1)
        time.sleep(0.001)
    ask = die_with_parent(signal.Signals(death_signal), parent)
    if ask:
        ask()


@contextlib.contextmanager
def adopting_orphans() -> Iterator[None]:
    """Become, on Linux, the parent of a descendant whose own parent ends meanwhile."""
    if _libc:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        if _libc:
            _libc.prctl(_PR_SET_CHILD_SUBREAPER, 0)


def set_name(name: str) -> None:
    """Give this process a name that `ps -e` and `top` show, on Linux."""
    if _libc:
        _libc.prctl(_PR_SET_NAME, name.encode())


def wait_until(is_ready: Callable[[], bool], process: Process, log: Path, seconds: float) -> None:
    """Poll `is_ready`; raises `NotReady` when the process exits or the time is over."""
    deadline = time.monotonic() + seconds
    while not is_ready():
        if process.poll() is not None:
            raise NotReady(f"it exited with code {process.returncode}:\n{tail(log)}")
        if time.monotonic() > deadline:
            raise NotReady(f"it was not ready within {seconds:.0f} s:\n{tail(log)}")
        time.sleep(0.02)


def stop(process: Process, stop_signal: signal.Signals, seconds: float) -> None:
    """Stop `process` by a signal, and kill it when it does not exit in time."""
    if process.poll() is not None:
        return
    process.send_signal(stop_signal)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running(program: Program, is_ready: Callable[[], bool], seconds: float) -> Iterator[Process]:
    """Start `program` with a temporary log, ready within `seconds`; stop it at the end."""
    with tempfile.TemporaryDirectory() as logs:
        log = Path(logs) / f"{program.name}.log"
        process = program.start(log)
        try:
            wait_until(is_ready, process, log, seconds)
            yield process
        finally:
            stop(process, program.stop_signal, seconds=20)


def tail(log: Path, lines: int = 15) -> str:
    """The last `lines` of a log file, or an empty text when there is none."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def installed_program(variable: str, *names: str) -> Path | None:
    """The path in an environment variable, in place of a program of a wheel; None where unset.

    With `names` it is a folder that must hold these programs. Raises `NotInstalled`.
    """
    path = os.environ.get(variable)
    if not path:
        return None
    named = Path(path).absolute()
    for program in [named / name for name in names] or [named]:
        if not (program.is_file() and os.access(program, os.X_OK)):
            raise NotInstalled(
                f"{variable}={path}: {program} is no program that can be run; "
                "correct the path, or unset the variable to use the wheel's"
            )
    return named


def said_version(program: Path) -> str:
    """What `program` answers to `--version`; empty when it cannot, or within 20 s does not."""
    try:
        return subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=True,
            timeout=20,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
