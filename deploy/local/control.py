"""Start and stop the supervisor from another process, and report its progress."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

import psutil

from deploy.local.errors import Explained
from deploy.local.programs import Program, tail
from deploy.local.state import PROJECT, Identity, StackState, StateDirectory
from deploy.local.supervisor import end_leftovers

START_SECONDS = 300.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.1
SUPERVISOR = "deploy.local.supervisor"

Progress = Callable[[StackState], None]


class NotRunning(Explained):
    """The command needs a running stack."""

    def __init__(self) -> None:
        super().__init__("the stack is not running: start it with `sigmasight up`")


class DidNotStart(Explained):
    """The supervisor could not start the stack; the message has its reason."""


class DidNotStop(Explained):
    """The supervisor did not exit in time."""


def launch(
    directory: StateDirectory,
    *,
    tied: bool = False,
    settings: Mapping[str, str] | None = None,
    module: str = SUPERVISOR,
) -> subprocess.Popen[bytes]:
    """Start a supervisor in the background; if `tied`, it stops when this process dies.

    `settings`: variables of the services, which win over those of the environment. `module`: the
    program that supervises.
    """
    directory.create()
    program = _supervisor_program(directory, settings or {}, module)
    arguments = program.popen_arguments()
    if not tied:
        del arguments["preexec_fn"]
    with (directory.logs / "supervisor.log").open("ab") as log:
        return subprocess.Popen(program.command, stdout=log, stderr=subprocess.STDOUT, **arguments)


def _supervisor_program(
    directory: StateDirectory, settings: Mapping[str, str], module: str
) -> Program:
    return Program(
        "supervisor",
        (sys.executable, "-m", module),
        PROJECT,
        dict(os.environ) | dict(settings) | {"SIGMASIGHT_STATE_DIR": str(directory.path)},
        death_signal=signal.SIGTERM,
    )


def wait_ready(
    directory: StateDirectory, process: subprocess.Popen[bytes], progress: Progress
) -> StackState:
    """Wait until the launched stack is ready, and report its state; raises `DidNotStart`."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        state = directory.load()
        is_ours = state.supervisor is not None and state.supervisor.pid == process.pid
        if is_ours:
            progress(state)
        if is_ours and state.phase == "ready":
            return state
        if process.poll() is not None:
            raise DidNotStart(_reason(directory))
        time.sleep(POLL_SECONDS)
    raise DidNotStart(
        f"the stack was not ready within {START_SECONDS:.0f} s: see `sigmasight logs`"
    )


def _reason(directory: StateDirectory) -> str:
    state = directory.load()
    if directory.is_claimed():
        return "another supervisor uses this state directory: see `sigmasight status`"
    failure = state.failure if state.phase == "failed" else None
    return f"the stack did not start: {failure or tail(directory.logs / 'supervisor.log')}"


def ready_state(directory: StateDirectory) -> StackState:
    """The state of the running stack; raises `NotRunning`, or `Explained` while it starts."""
    if not directory.is_claimed():
        raise NotRunning
    state = directory.load()
    if state.phase != "ready":
        raise Explained(f"the stack is not ready yet (phase: {state.phase}): try again in a moment")
    return state


def stop_stack(directory: StateDirectory) -> bool:
    """Stop the supervisor and all its programs; False when no supervisor was running."""
    if not directory.is_claimed():
        state = directory.load()
        leftovers = (each.identity for each in state.programs.values() if each.identity)
        end_leftovers(leftovers, state.stack_id)
        return False
    _end_supervisor(directory)
    return True


def _end_supervisor(directory: StateDirectory) -> None:
    """Signal the supervisor once, and wait until it has exited and its lock is free.

    A supervisor that has just started has not recorded its process yet.
    """
    supervisor = None
    deadline = time.monotonic() + STOP_SECONDS
    while directory.is_claimed() or (supervisor and supervisor.process()):
        if supervisor is None:
            supervisor = _signalled(directory.load().supervisor)
        if time.monotonic() > deadline:
            raise DidNotStop(
                f"the stack did not stop within {STOP_SECONDS:.0f} s: see `sigmasight logs`"
            )
        time.sleep(POLL_SECONDS)


def _signalled(supervisor: Identity | None) -> Identity | None:
    """The supervisor, after SIGTERM was sent to it; None when it does not run (yet)."""
    process = supervisor.process() if supervisor else None
    if process is None:
        return None
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
    return supervisor
