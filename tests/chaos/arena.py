"""The stack under attack, with everything around it that a scenario may disturb."""

import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil

from deploy.local.control import launch, stop_stack, wait_ready
from deploy.local.ports import LOOPBACK
from deploy.local.state import StackState, StateDirectory
from tests.chaos.checker import Checker, Servers
from tests.chaos.links import Links, running_links
from tests.chaos.load import Journal, Load
from tests.chaos.machine import Clock, Disk, small_disks, stepping_clock
from tests.chaos.supervised import NATS_PORT, POSTGRES_PORT
from tests.stack import UNLIMITED

STARTED_SECONDS = 30.0


@dataclass
class Arena:
    """One stack; `random` decides what a scenario does, and `notes` say what it did."""

    directory: StateDirectory
    links: Links
    disks: dict[str, Disk]
    clock: Clock | None
    journal: Journal
    settings: dict[str, str]
    random: Random
    notes: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] = field(init=False)
    servers: Servers = field(init=False)
    checker: Checker = field(init=False)
    load: Load = field(init=False)

    def launch(self) -> None:
        """Start the supervisor, and wait until everything is ready."""
        own = {POSTGRES_PORT: str(self.links.ports["postgres"])}
        own |= {NATS_PORT: str(self.links.ports["nats"])}
        own |= self.clock.environment if self.clock else {}
        self.process = launch(
            self.directory,
            tied=True,
            settings=UNLIMITED | self.settings | own,
            module="tests.chaos.supervised",
        )
        wait_ready(self.directory, self.process, lambda _: None)

    def state(self) -> StackState:
        """What the supervisor says of the stack now."""
        return self.directory.load()

    def pid(self, part: str) -> int | None:
        """The process of a part, for which this waits while it is started again."""
        deadline = time.monotonic() + STARTED_SECONDS
        while time.monotonic() < deadline:
            program = self.state().programs.get(part)
            if program is not None and program.identity is not None:
                return program.identity.pid
            time.sleep(0.1)
        self.note(f"{part} had no process")
        return None

    def signal(self, part: str, what: signal.Signals) -> None:
        """Send a signal to a part's process."""
        pid = self.pid(part)
        if pid is not None and psutil.pid_exists(pid):
            self.note(f"{what.name} {part}")
            psutil.Process(pid).send_signal(what)

    def wait(self, seconds: float) -> None:
        """Let the load go on."""
        time.sleep(seconds)

    def shuffled(self, parts: Sequence[str]) -> list[str]:
        """The parts in an order of the seed's."""
        return self.random.sample(list(parts), len(parts))

    def note(self, sentence: str) -> None:
        """Remember what was done."""
        self.notes.append(sentence)


@contextmanager
def running_arena(random: Random, settings: dict[str, str], load: int) -> Iterator[Arena]:
    """A new stack, ready, with a load that has not begun; nothing of it is left afterwards."""
    with ExitStack() as stack:
        parent = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sigmasight-chaos-")))
        parent.chmod(0o711)
        directory = StateDirectory(parent / "state")
        directory.create()
        disks = stack.enter_context(small_disks(directory.path))
        targets = {name: _port_of(directory, name) for name in ("postgres", "nats")}
        links = stack.enter_context(running_links(targets, random))
        journal = Journal(parent / "acknowledged.jsonl")
        clock = stepping_clock(parent)
        arena = Arena(directory, links, disks, clock, journal, settings, random)
        stack.callback(_stop, arena)
        arena.launch()
        state = arena.state()
        arena.servers = Servers(
            f"postgresql://postgres:{state.secrets['postgres']}@{LOOPBACK}:"
            f"{state.ports['postgres']}/sigmasight",
            f"nats://bootstrap:{state.secrets['bus_bootstrap']}@{LOOPBACK}:{state.ports['nats']}",
        )
        arena.checker = Checker(arena.servers, journal)
        arena.load = Load(state.gateway_url, journal, random, writers=load)
        yield arena


def _port_of(directory: StateDirectory, name: str) -> Callable[[], int]:
    return lambda: directory.load().ports[name]


def _stop(arena: Arena) -> None:
    stop_stack(arena.directory)
    arena.process.wait(timeout=60)
