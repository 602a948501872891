"""A bus that repeats, reorders and delays, and processes that die at any moment, change nothing.

The wiring is the topology's, what settles a message is `Consumption`, and what becomes of a run is
the gateway's `outcome`; the bus and the database are in memory, so that hundreds of orders of
events take seconds. Calculators are models: each writes for its portfolios what it derives from the
rows of the stage before it, in one transaction. The real ones are played by `make chaos`.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast
from uuid import UUID

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.runs.shapes import Item, outcome
from services.gateway.runs.stages import stages_of
from shared.contracts.event import Event, ShardEvent
from shared.contracts.ingest import PricesUpdated
from shared.contracts.limits import LimitsEvaluated
from shared.contracts.snapshots import SnapshotsCreated
from shared.database import Database
from shared.messaging import Broker, Consumption, ServiceRouter, Traced
from shared.messaging.broker import Delivery, publish
from shared.settings import Settings
from shared.telemetry import Telemetry, create_telemetry
from shared.topology import EVENTS, TOPOLOGY, stage_of
from tests.builders import AS_OF

SEEDS = 100
CALCULATORS = ("greeks", "factors", "stress", "snapshots", "limits")
STAGES = stages_of("portfolios")
PORTFOLIOS = [UUID(int=number) for number in range(1, 5)]
SETTINGS = Settings(retry_seconds=(0.0, 0.0, 0.0))
FAULTS = 3  # of one message: one less than its attempts
AT_ONCE = 5  # messages that come together
Key = tuple[str, UUID]


class Crash(BaseException):
    """The process ends here and now."""


@dataclass(eq=False)
class Message:
    """A message that a durable has not acknowledged."""

    word: str
    subject: str
    body: bytes
    attempt: int = 0
    faults: int = 0


@dataclass
class World:
    """Bus, database and processes under one seed; `calm` has no faults.

    `handling`: the messages that one process works on at once. `rows`: by table and portfolio, from
    which version of the portfolio it was derived. `halves`: of a run's shard, what limits were
    evaluated from.
    """

    random: Random
    calm: bool = False
    rows: dict[Key, int] = field(default_factory=dict)
    halves: dict[tuple[UUID, int], set[str]] = field(default_factory=dict)
    items: dict[tuple[UUID, str, int], Item] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=lambda: dict.fromkeys(PORTFOLIOS, 0))
    stored: dict[tuple[str, UUID], bytes] = field(default_factory=dict)
    waiting: list[Message] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)
    runs: list[UUID] = field(default_factory=list)
    handling: list[Message] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    def may(self, fail: type[BaseException], probability: float) -> None:
        """Raise the error, sometimes: it may cost every message in hand an attempt."""
        if self.calm or not self.handling or max(each.faults for each in self.handling) >= FAULTS:
            return
        if self.random.random() < probability:
            for each in self.handling:
                each.faults += 1
            self.happened[fail.__name__] += 1
            raise fail

    def may_crash(self) -> None:
        """End the process here, sometimes."""
        self.may(Crash, 0.08)

    def deliver(self, subject: str, body: bytes) -> None:
        """Put a stored message before every durable that reads its subject."""
        for word, wiring in TOPOLOGY.items():
            if EVENTS.get(subject) in wiring.subscribes and word in (*CALCULATORS, "gateway"):
                self.waiting.append(Message(word, subject, body))


class MemoryBus:
    """Discards a repeated id, as a stream does within its window."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def send(self, subject: str, body: bytes, *, stream: str, message_id: UUID) -> None:
        self.world.may_crash()
        if subject.startswith("dead."):
            self.world.letters.append(body)
        elif (subject, message_id) not in self.world.stored:
            self.world.stored[subject, message_id] = body
            self.world.deliver(subject, body)
        self.world.may_crash()

    async def request(self, subject: str, body: bytes, timeout_seconds: float) -> bytes:
        raise AssertionError("no handler of the pipeline asks")


@dataclass
class Draft:
    """One transaction: what it wrote is seen by others once it commits."""

    world: World
    rows: dict[Key, int] = field(default_factory=dict)
    halves: list[tuple[tuple[UUID, int], str]] = field(default_factory=list)
    items: dict[tuple[UUID, str, int], Item] = field(default_factory=dict)

    def commit(self) -> None:
        self.world.rows |= self.rows
        for shard, half in self.halves:
            self.world.halves.setdefault(shard, set()).add(half)
        self.world.items |= self.items


class MemoryDatabase:
    """Transactions that commit as a whole, or not at all when the process ends before."""

    def __init__(self, world: World) -> None:
        self.world = world

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Draft]:
        draft = Draft(self.world)
        yield draft
        self.world.may_crash()
        draft.commit()
        self.world.may_crash()

    async def reachable(self) -> bool:
        return True


class MemoryDelivery:
    """One delivery, settled by taking its message off the durable or putting it back."""

    headers: Mapping[str, str] = {}
    position = "MEMORY/1"

    def __init__(self, world: World, message: Message) -> None:
        self.world, self.message = world, message
        self.body, self.attempt = message.body, message.attempt

    async def acknowledge(self) -> None:
        self.world.may_crash()
        self.world.handling.remove(self.message)

    async def redeliver(self, delay_seconds: float) -> None:
        self.world.waiting.append(self.message)
        self.world.handling.remove(self.message)

    async def reject(self) -> None:
        self.world.handling.remove(self.message)


def _calculator(cause: type[Event], result: type[ShardEvent]) -> Any:
    """The model of a handler: a row for each portfolio, derived from the row before it."""

    async def calculate(event: ShardEvent, draft: Draft) -> ShardEvent:
        world = draft.world
        world.may(ConnectionResetError, 0.05)  # an attempt
        for portfolio_id in event.portfolio_ids:
            before = (cause.subject, portfolio_id)
            known = world.versions if cause is PricesUpdated else world.rows
            key = portfolio_id if cause is PricesUpdated else before
            draft.rows[result.subject, portfolio_id] = known[key]  # type: ignore[index]
        if result is LimitsEvaluated:
            return _of_half(event, draft)
        return result.about(event)

    return calculate


def _of_half(event: ShardEvent, draft: Draft) -> LimitsEvaluated:
    half = "snapshots" if isinstance(event, SnapshotsCreated) else "risk"
    shard = (event.run_id, event.shard)
    draft.halves.append((shard, half))
    complete = len({half, *draft.world.halves.get(shard, set())}) == 2
    return LimitsEvaluated.after(event, half, more_follow=not complete)


async def record_stages(traced: Sequence[Traced[ShardEvent]], draft: Draft) -> None:
    """The model of run tracking: one item for a stage of a shard, the first that is reported."""
    draft.world.happened["together"] += len(traced) > 1
    for event in (each.event for each in traced):
        draft.world.may(ConnectionResetError, 0.05)
        key = (event.run_id, stage_of(type(event)), event.shard)
        if not event.more_follow and key not in {**draft.world.items, **draft.items}:
            about = (event.shards, True, event.occurred_at, 0.0, event.portfolio_ids)
            draft.items[key] = Item(key[1], event.shard, *about)


@pytest.fixture(scope="module")
def services() -> dict[str, tuple[ServiceRouter, Telemetry]]:
    """Every calculator's model and the gateway's, wired as the topology says."""
    found = {}
    for word in (*CALCULATORS, "gateway"):
        router = ServiceRouter(word)
        for cause, result in router.wiring.subscribes.items():
            if word == "gateway" and issubclass(cause, ShardEvent):
                router.on_many(cause)(record_stages)
            elif result is not None and issubclass(result, ShardEvent) and _is_staged(result):
                handler = _calculator(cause, result)
                router.emits(result)(router.on(cause)(handler))
        found[word] = (router, create_telemetry(word, SETTINGS))
    return found


def _is_staged(result: type[ShardEvent]) -> bool:
    return stage_of(result) in STAGES


@contextmanager
def silence() -> Iterator[None]:
    """No log lines: there would be hundreds of thousands."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


async def played(seed: int, services: Mapping[str, Any], *, calm: bool = False) -> World:
    """A close of all portfolios in two shards, and edits meanwhile, until nothing is left."""
    world = World(Random(seed), calm)
    bus, database = MemoryBus(world), MemoryDatabase(world)
    consuming = {
        word: Consumption(router, cast(Broker, bus), cast(Database, database), SETTINGS, telemetry)
        for word, (router, telemetry) in services.items()
    }
    await _run(world, bus, UUID(int=1000), [PORTFOLIOS[:2], PORTFOLIOS[2:]])
    edits = 2
    while world.waiting or edits:
        if edits and (not world.waiting or world.random.random() < 0.1):
            edits -= 1
            edited = PORTFOLIOS[edits]
            world.versions[edited] += 1
            await _run(world, bus, UUID(int=2000 + edits), [[edited]])
        await _deliver_some(world, consuming)
    return world


async def _run(world: World, bus: MemoryBus, run_id: UUID, shards: list[list[UUID]]) -> None:
    world.runs.append(run_id)
    for shard, portfolio_ids in enumerate(shards):
        about = {"price_run": str(run_id), "shard": shard, "shards": len(shards)}
        event = PricesUpdated.new(
            run_id, AS_OF, part=shard, portfolio_ids=tuple(portfolio_ids), **about
        )
        await publish(bus, event)


async def _deliver_some(world: World, consuming: Mapping[str, Consumption]) -> None:
    """Any message may be the next one; sometimes one that was stored long ago comes again.

    Its service may get others at the same time. What it does not settle is delivered again.
    """
    place = 0 if world.calm else world.random.randrange(len(world.waiting))
    first = world.waiting.pop(place)
    if not world.calm and world.random.random() < 0.05:
        (subject, _), body = world.random.choice(list(world.stored.items()))
        if EVENTS[subject] in TOPOLOGY[first.word].subscribes:
            world.happened["repeated"] += 1
            world.waiting.append(Message(first.word, subject, body))
    others = [each for each in world.waiting if each.word == first.word and _is_many(each)]
    others = others[: world.random.randrange(AT_ONCE)] if _is_many(first) else []
    for each in others:
        world.waiting.remove(each)
    world.handling = [first, *others]
    settled = [_settle(world, each, consuming[each.word]) for each in world.handling]
    await asyncio.gather(*settled)
    world.waiting += world.handling
    world.handling = []


def _is_many(message: Message) -> bool:
    """Whether its handler takes many at once, as run tracking does."""
    return message.word == "gateway"


async def _settle(world: World, message: Message, consumption: Consumption) -> None:
    message.attempt += 1
    kind = EVENTS[message.subject]
    handler = consumption.router.handlers.get(kind)
    if handler is None:  # an occasional stage, which no run waits for
        world.handling.remove(message)
        return
    with suppress(Crash):
        await consumption.settle(kind, handler, cast(Delivery, MemoryDelivery(world, message)))


@pytest.fixture(scope="module")
def undisturbed(services: Mapping[str, Any]) -> World:
    """The same work without any fault, in order."""
    with silence():
        return asyncio.run(played(0, services, calm=True))


@settings(max_examples=SEEDS, database=None)
@given(seed=st.integers(0, 2**32))
def test_no_order_of_events_and_no_crash_changes_what_is_stored(
    seed: int, services: Mapping[str, Any], undisturbed: World
) -> None:
    with silence():
        world = asyncio.run(played(seed, services))

    assert world.rows == undisturbed.rows
    assert world.items.keys() == undisturbed.items.keys()
    assert not world.letters
    for run_id in world.runs:
        items = [item for key, item in world.items.items() if key[0] == run_id]
        assert outcome(items, STAGES).status == "completed"


def test_rows_are_of_the_latest_edit_and_every_stage(undisturbed: World) -> None:
    subjects = {subject for subject, _ in undisturbed.rows}

    assert {stage_of(EVENTS[subject]) for subject in subjects} == {*STAGES} - {"prices"}
    assert undisturbed.rows == {
        (subject, portfolio_id): undisturbed.versions[portfolio_id]
        for subject in subjects
        for portfolio_id in PORTFOLIOS
    }


def test_every_kind_of_fault_happens(services: Mapping[str, Any]) -> None:
    happened: Counter[str] = Counter()
    with silence():
        for seed in range(20):
            happened += asyncio.run(played(seed, services)).happened

    every = ("Crash", "ConnectionResetError", "repeated", "together")
    assert min(happened[each] for each in every) > 20
