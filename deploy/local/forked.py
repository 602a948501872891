"""The supervisor's end of the fork server: how programs are started as forks of another process."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from deploy.local.programs import Process, Program, adopting_orphans
from deploy.local.state import PROJECT

NAME = "fork-server"
READY = b"ready"
MESSAGE_BYTES = 200_000  # what a datagram of a Unix socket surely takes
_ANSWER_SECONDS = 30.0  # on a busy machine: the server may import first what the program needs


class Request(BaseModel):
    """What to run as `python -m module arguments`, and how; the child of process `parent`."""

    parent: int
    name: str
    module: str
    arguments: tuple[str, ...]
    directory: Path
    environment: dict[str, str]
    death_signal: int


class Forked:
    """A child of this process that another process forked; used as `subprocess.Popen` is."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code; raises `subprocess.TimeoutExpired`."""
        deadline = time.monotonic() + (timeout if timeout is not None else float("inf"))
        while (code := self.poll()) is None:
            if timeout is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.01)
        return code

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """Send SIGKILL, unless the process has ended."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """A fork server as the supervisor sees it: its program, and a program's start through it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._channel: socket.socket | None = None
        self._ready = threading.Event()

    def program(self) -> Program:
        """The server as a program; its standard input is a socket, a new one at every start."""
        command = (sys.executable, "-m", "deploy.local.fork_server")
        return _ServerProgram(NAME, command, PROJECT, self._environment, server=self)

    def is_ready(self) -> bool:
        """Whether the server can be asked for programs."""
        if self._channel and not self._ready.is_set():
            with contextlib.suppress(OSError):
                if self._channel.recv(len(READY), socket.MSG_DONTWAIT) == READY:
                    self._ready.set()
        return self._ready.is_set()

    def start(self, program: Program, log: Path) -> Process | None:
        """Start a program `python -m ...` as a child of this process; None when that fails."""
        if not self._channel or not self._ready.is_set():
            return None
        request = Request(
            parent=os.getpid(),
            name=program.name,
            module=program.command[2],
            arguments=program.command[3:],
            directory=program.directory,
            environment=dict(program.environment),
            death_signal=program.death_signal,
        )
        message = request.model_dump_json().encode()
        try:
            with log.open("ab") as sink, adopting_orphans():
                socket.send_fds(self._channel, [message], [sink.fileno()])
                answer = self._channel.recv(MESSAGE_BYTES)
        except OSError:  # the server was killed, or hangs: Python itself starts the program
            self.forget()
            return None
        return Forked(int(answer)) if answer.isdigit() else None

    def connect(self) -> socket.socket:
        """Open a new channel, and return the server's end."""
        self.forget()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(_ANSWER_SECONDS)
        self._channel = ours
        return theirs

    def forget(self) -> None:
        """Close the channel, which ends the server."""
        self._ready.clear()
        if self._channel:
            self._channel.close()
            self._channel = None


@dataclass(frozen=True)
class _ServerProgram(Program):
    server: ForkServer = field(kw_only=True)

    def start(self, log: Path) -> Process:
        with self.server.connect() as theirs, log.open("ab") as sink:
            arguments = self.popen_arguments() | {"stdin": theirs.fileno()}
            return subprocess.Popen(
                self.command, stdout=sink, stderr=subprocess.STDOUT, **arguments
            )


@dataclass(frozen=True)
class ForkedProgram(Program):
    """A program `python -m ...`, forked by the server; Python itself starts it without one."""

    server: ForkServer = field(kw_only=True)

    def start(self, log: Path) -> Process:
        """Start the program, and append its output to `log`."""
        return self.server.start(self, log) or super().start(log)
