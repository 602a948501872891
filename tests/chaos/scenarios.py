"""The scenarios: one kind of fault each, while the load goes on."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from deploy.local.scaling import save_scale, wait_scaled
from deploy.local.stack import WORDS
from tests.chaos import links
from tests.chaos.arena import Arena
from tests.chaos.backlog import publish_backlog
from tests.chaos.poison import publish_poison

CALCULATORS = ("greeks", "factors", "snapshots", "stress")
SERVERS = ("postgres", "nats")
PARTS = (*WORDS, *SERVERS)


class NotHere(Exception):
    """This machine cannot show the fault; the message says why."""


@dataclass(frozen=True)
class Seconds:
    """How long faults last: the short form and the long one."""

    frozen: float
    away: float
    disturbed: float
    full: float
    backlog: int

    def scaled(self, factor: float) -> "Seconds":
        """The same, so many times as long; as many events."""
        return Seconds(
            frozen=self.frozen * factor,
            away=self.away * factor,
            disturbed=self.disturbed * factor,
            full=self.full * factor,
            backlog=self.backlog,
        )


SHORT = Seconds(frozen=20, away=60, disturbed=25, full=20, backlog=2_000)
LONG = Seconds(frozen=60, away=600, disturbed=150, full=120, backlog=100_000)


def kill(arena: Arena, seconds: Seconds) -> None:
    """kill -9 of every part, one after the other."""
    for part in arena.shuffled(PARTS):
        arena.signal(part, signal.SIGKILL)
        arena.wait(arena.random.uniform(1, 4))


def restart(arena: Arena, seconds: Seconds) -> None:
    """Every part ends politely, and is started again."""
    for part in arena.shuffled(PARTS):
        arena.signal(part, signal.SIGINT if part == "postgres" else signal.SIGTERM)
        arena.wait(arena.random.uniform(1, 4))


def freeze(arena: Arena, seconds: Seconds) -> None:
    """SIGSTOP of a service and then of a server, with their children."""
    chosen = (arena.random.choice(WORDS), arena.random.choice(SERVERS))
    for part in arena.shuffled(chosen):
        arena.note(f"froze {part}")
        with _stopped(arena.pid(part)):
            arena.wait(seconds.frozen)


@contextmanager
def _stopped(pid: int | None) -> Iterator[None]:
    top = psutil.Process(pid) if pid else None
    stopped = [*top.children(recursive=True), top] if top else []
    try:
        for process in reversed(stopped):
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def replicas(arena: Arena, seconds: Seconds) -> None:
    """Two processes of every calculator; one of each pair is killed, then there is one again."""
    save_scale(arena.directory, dict.fromkeys(CALCULATORS, 2))
    wait_scaled(arena.directory, dict.fromkeys(CALCULATORS, 2))
    for word in arena.shuffled(CALCULATORS):
        arena.wait(arena.random.uniform(1, 3))
        arena.signal(arena.random.choice((word, f"{word}-2")), signal.SIGKILL)
    arena.wait(4)
    save_scale(arena.directory, dict.fromkeys(CALCULATORS, 1))
    wait_scaled(arena.directory, dict.fromkeys(CALCULATORS, 1))


def no_nats(arena: Arena, seconds: Seconds) -> None:
    """NATS is killed, and cannot be reached for a while."""
    _away(arena, "nats", seconds.away)


def no_postgres(arena: Arena, seconds: Seconds) -> None:
    """Postgres is killed, and cannot be reached for a while."""
    _away(arena, "postgres", seconds.away)


def _away(arena: Arena, server: str, seconds: float) -> None:
    arena.links.become(links.ABSENT, server)
    try:
        arena.signal(server, signal.SIGKILL)
        arena.wait(seconds)
    finally:
        arena.links.become(links.CLEAR, server)


def full_nats(arena: Arena, seconds: Seconds) -> None:
    """The disk of NATS is full for a while."""
    _full(arena, "nats", seconds.full)


def full_postgres(arena: Arena, seconds: Seconds) -> None:
    """The disk of Postgres is full for a while."""
    _full(arena, "postgres", seconds.full)


def _full(arena: Arena, server: str, seconds: float) -> None:
    disk = arena.disks.get(server)
    if disk is None:
        raise NotHere("a small disk needs a mount, which needs root")
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            disk.fill()
            arena.wait(1)
    finally:
        disk.clear()


def slow(arena: Arena, seconds: Seconds) -> None:
    """Every piece of data between services and servers waits."""
    _disturbed(arena, links.SLOW, seconds.disturbed)


def cutting(arena: Arena, seconds: Seconds) -> None:
    """Connections to the servers are reset again and again."""
    _disturbed(arena, links.CUTTING, seconds.disturbed)


def black_hole(arena: Arena, seconds: Seconds) -> None:
    """Nothing passes between services and servers, and nothing is refused."""
    _disturbed(arena, links.BLACK_HOLE, seconds.disturbed)


def _disturbed(arena: Arena, condition: links.Condition, seconds: float) -> None:
    arena.links.become(condition)
    try:
        arena.wait(seconds)
    finally:
        arena.links.become(links.CLEAR)


def half_open(arena: Arena, seconds: Seconds) -> None:
    """Every connection is forgotten on its way: the servers hang up, the services never learn."""
    arena.links.forget()
    arena.wait(2 * seconds.disturbed)


def poison(arena: Arena, seconds: Seconds) -> None:
    """Every subject gets every kind of message that is none."""
    arena.checker.strangers |= publish_poison(arena.servers.nats, arena.random)
    arena.wait(10)


def clock(arena: Arena, seconds: Seconds) -> None:
    """The wall clock of services and Postgres steps forwards, backwards and home."""
    if arena.clock is None:
        raise NotHere("a stepping clock needs a C compiler and glibc")
    for step in (arena.random.choice((90, 3_700)), -arena.random.choice((30, 1_800)), 0):
        arena.note(f"clock {step:+d} s")
        arena.clock.step(step)
        arena.wait(12)


def backlog(arena: Arena, seconds: Seconds) -> None:
    """Very many events wait for run tracking, in front of everything that follows."""
    arena.checker.strangers |= publish_backlog(arena.servers.nats, seconds.backlog, arena.random)
    arena.note(f"{seconds.backlog} events")
    arena.wait(10)


def power(arena: Arena, seconds: Seconds) -> None:
    """Everything ends at once, and is started again."""
    os.kill(arena.process.pid, signal.SIGKILL)
    arena.process.wait()
    arena.wait(2)
    arena.launch()


def medley(arena: Arena, seconds: Seconds) -> None:
    """A little of everything, for `make test`."""
    arena.signal(arena.random.choice(CALCULATORS), signal.SIGKILL)
    arena.links.become(links.CUTTING)
    arena.wait(3)
    arena.links.become(links.BLACK_HOLE)
    arena.wait(3)
    arena.links.become(links.ABSENT, arena.random.choice(SERVERS))
    arena.wait(3)
    arena.links.become(links.CLEAR)


Scenario = Callable[[Arena, Seconds], None]
SCENARIOS: dict[str, Scenario] = {
    scenario.__name__.replace("_", "-"): scenario
    for scenario in (
        kill,
        restart,
        freeze,
        replicas,
        no_nats,
        no_postgres,
        full_nats,
        full_postgres,
        slow,
        cutting,
        half_open,
        black_hole,
        poison,
        clock,
        backlog,
        power,
        medley,
    )
}
