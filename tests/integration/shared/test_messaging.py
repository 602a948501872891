"""What stands around a handler, on a real server: commit, publish, acknowledge.

Retries and dead letters too.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from asyncpg import UntranslatableCharacterError
from nats.aio.client import Client
from sqlalchemy import text

from shared.contracts.event import Event
from shared.contracts.greeks import GreeksComputed, GreeksFailed
from shared.contracts.ingest import PricesUpdated
from shared.database import Database, Session
from shared.errors import BusUnavailable, Permanent
from shared.messaging import MESSAGE_ID, Broker, Consumption, ServiceRouter, publish
from shared.telemetry import create_telemetry
from tests.builders import AS_OF
from tests.servers import Role, Servers

Handler = Callable[[PricesUpdated, Session], Awaitable[Any]]


def a_shard(shard: int = 0) -> PricesUpdated:
    return PricesUpdated.new(
        uuid4(), AS_OF, part=shard, price_run="p1", shard=shard, shards=shard + 1, portfolio_ids=()
    )


@dataclass(eq=False)
class Work:
    """A handler that records what it was given and does what the test says."""

    behaviour: Callable[[int], Awaitable[None]]
    seen: list[PricesUpdated] = field(default_factory=list)

    async def __call__(self, event: PricesUpdated, session: Session) -> GreeksComputed:
        self.seen.append(event)
        await self.behaviour(len(self.seen))
        return GreeksComputed.about(event, contracts=1)


@asynccontextmanager
async def greeks_hearing(
    servers: Servers, database: Database, handler: Any
) -> AsyncIterator[Broker]:
    """The greeks service around `handler`, started; yields its broker."""
    router = ServiceRouter("greeks")
    router.emits(GreeksComputed)(router.on(PricesUpdated)(handler))
    telemetry = create_telemetry("greeks", servers.settings)
    broker = Broker("greeks", servers.settings, telemetry, on_closed=lambda: None)
    Consumption(router, broker, database, servers.settings, telemetry).attach()
    async with broker:
        await broker.start()
        yield broker


class Unreachable(Database):
    """A database of which every look says that it is away."""

    async def reachable(self) -> bool:
        return False


async def emit(servers: Servers, event: Event) -> None:
    telemetry = create_telemetry("ingest", servers.settings)
    async with Broker("ingest", servers.settings, telemetry, on_closed=lambda: None) as broker:
        await publish(broker, event)


async def published(
    bus: Client, stream: str, subject: str, count: int = 1, seconds: float = 10
) -> list[Any]:
    """The first `count` messages of a subject, read by an ephemeral consumer."""
    subscription = await bus.jetstream().subscribe(subject, stream=stream, ordered_consumer=True)
    try:
        return [await subscription.next_msg(timeout=seconds) for _ in range(count)]
    finally:
        await subscription.unsubscribe()


async def pending(bus: Client) -> tuple[int, int]:
    """(waiting, unacknowledged) messages of the greeks durable."""
    info = await bus.jetstream().consumer_info("INGEST", "greeks-prices-updated")
    return int(info.num_pending or 0), int(info.num_ack_pending or 0)


async def settled(bus: Client) -> None:
    for _ in range(200):
        if await pending(bus) == (0, 0):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"messages left: {await pending(bus)}")


async def results_of(servers: Servers, bus: Client, *shards: PricesUpdated) -> list[Any]:
    """What is published when these events are, one after the other."""
    for shard in shards:
        await emit(servers, shard)
    messages = await published(bus, "GREEKS", GreeksComputed.subject)
    await settled(bus)
    return messages


async def handled(servers: Servers, role: Role, bus: Client, work: Work) -> None:
    """Return once the service has answered for a shard, and nothing is left to deliver."""
    async with greeks_hearing(servers, role("greeks"), work):
        await results_of(servers, bus, a_shard())


async def at_once(_: int) -> None:
    return None


async def test_handled_event_is_published_and_acknowledged(
    servers: Servers, role: Role, bus: Client
) -> None:
    work, shard = Work(at_once), a_shard()

    async with greeks_hearing(servers, role("greeks"), work):
        [message] = await results_of(servers, bus, shard)

    event = GreeksComputed.model_validate_json(message.data)
    assert event.event_id == GreeksComputed.identity(shard.run_id, AS_OF, 0)
    assert message.headers[MESSAGE_ID] == str(event.event_id)
    assert (event.shard, event.price_run, event.counts) == (0, "p1", {"contracts": 1})
    assert event.elapsed_seconds > 0


async def test_repeated_publication_is_discarded_by_the_bus(
    servers: Servers, role: Role, bus: Client
) -> None:
    work, shard = Work(at_once), a_shard()

    async with greeks_hearing(servers, role("greeks"), work):
        await results_of(servers, bus, shard, shard)

    assert len(work.seen) == 1


async def test_transient_error_is_retried_until_it_passes(
    servers: Servers, role: Role, bus: Client
) -> None:
    async def fail_twice(attempt: int) -> None:
        if attempt <= 2:
            raise ConnectionError("try again")

    work = Work(fail_twice)
    await handled(servers, role, bus, work)

    assert len(work.seen) == 3


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (ConnectionError("still down"), 4),
        (Permanent("no retry can help"), 1),
        (OverflowError("too large"), 1),
        (UntranslatableCharacterError("a zero byte"), 1),
    ],
    ids=["transient", "permanent", "too large", "unstorable"],
)
async def test_hopeless_message_becomes_a_dead_letter(
    error: Exception, attempts: int, servers: Servers, role: Role, bus: Client
) -> None:
    async def always(_: int) -> None:
        raise error

    work, shard = Work(always), a_shard()
    async with greeks_hearing(servers, role("greeks"), work):
        await emit(servers, shard)
        [dead] = await published(bus, "DEAD", "dead.greeks")
        [failed] = await published(bus, "GREEKS", GreeksFailed.subject)
        await settled(bus)

    letter, failure = json.loads(dead.data), GreeksFailed.model_validate_json(failed.data)
    assert len(work.seen) == attempts
    assert (letter["error"], letter["attempts"]) == (type(error).__name__, attempts)
    assert PricesUpdated.model_validate_json(letter["payload"]) == shard
    assert (failure.run_id, failure.shard, failure.message) == (shard.run_id, 0, str(error))


async def test_no_attempt_is_used_up_while_the_database_is_away(
    servers: Servers, role: Role, bus: Client
) -> None:
    async def fail_long(attempt: int) -> None:
        if attempt <= 3 * len(servers.settings.retry_seconds):
            raise ConnectionError("the database is away")

    work = Work(fail_long)
    async with greeks_hearing(servers, Unreachable(role("greeks").engine), work):
        await results_of(servers, bus, a_shard())
        dead = await bus.jetstream().stream_info("DEAD")

    assert len(work.seen) == 3 * len(servers.settings.retry_seconds) + 1
    assert dead.state.messages == 0


async def test_results_are_published_again_until_the_bus_stores_them(
    servers: Servers, role: Role, bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, refused = Work(at_once), 0
    async with greeks_hearing(servers, role("greeks"), work) as broker:
        stored = broker.send

        async def refuse_long(subject: str, body: bytes, **more: Any) -> None:
            nonlocal refused
            refused += 1
            if refused <= 3 * len(servers.settings.retry_seconds):
                raise BusUnavailable("the disk is full")
            await stored(subject, body, **more)

        monkeypatch.setattr(broker, "send", refuse_long)
        await results_of(servers, bus, a_shard())

    assert len(work.seen) == 1


async def test_an_event_of_a_newer_schema_is_tried_and_then_explained(
    servers: Servers, role: Role, bus: Client
) -> None:
    work = Work(at_once)

    async with greeks_hearing(servers, role("greeks"), work):
        await emit(servers, a_shard().model_copy(update={"schema_version": 2}))
        [dead] = await published(bus, "DEAD", "dead.greeks")
        await settled(bus)

    letter = json.loads(dead.data)
    assert work.seen == []
    assert (letter["error"], letter["attempts"]) == ("NewerSchema", 4)
    assert "upgrade the service, then replay" in letter["message"]


@pytest.mark.parametrize("closed", [date(2022, 12, 17), date(2022, 12, 26)])
async def test_work_on_a_weekend_or_a_holiday_is_refused_at_once(
    closed: date, servers: Servers, role: Role, bus: Client
) -> None:
    work = Work(at_once)

    async with greeks_hearing(servers, role("greeks"), work):
        await emit(servers, a_shard().model_copy(update={"as_of": closed}))
        [dead] = await published(bus, "DEAD", "dead.greeks")
        await settled(bus)

    letter = json.loads(dead.data)
    assert work.seen == []
    assert (letter["error"], letter["attempts"]) == ("NotASession", 1)


async def test_a_letter_about_a_message_as_large_as_the_bus_takes_fits_on_it(
    servers: Servers, role: Role, bus: Client
) -> None:
    async with greeks_hearing(servers, role("greeks"), Work(at_once)):
        await bus.jetstream().publish(PricesUpdated.subject, b'"' * 1_000_000)
        [dead] = await published(bus, "DEAD", "dead.greeks")
        await settled(bus)

    assert json.loads(dead.data)["message"].startswith("the payload is cut to ")


@pytest.mark.parametrize("headers", [None, {"content-type": "application/json"}])
@pytest.mark.parametrize(
    "payload",
    [b'{"as_of": "not a date"}', b"", b"{", b"\xff", b"[" * 100_000],
    ids=["wrong", "empty", "cut", "no text", "deep"],
)
async def test_undecodable_payload_becomes_a_dead_letter(
    payload: bytes,
    headers: dict[str, str] | None,
    servers: Servers,
    role: Role,
    bus: Client,
) -> None:
    work = Work(at_once)

    async with greeks_hearing(servers, role("greeks"), work):
        await bus.jetstream().publish(PricesUpdated.subject, payload, headers=headers)
        [dead] = await published(bus, "DEAD", "dead.greeks")
        await settled(bus)

    assert work.seen == []
    assert json.loads(dead.data)["error"] == "ValidationError"


async def test_slow_handler_keeps_its_message_by_heartbeat(
    servers: Servers, role: Role, bus: Client
) -> None:
    async def slowly(_: int) -> None:
        await asyncio.sleep(servers.settings.acknowledge_seconds * 2)

    work = Work(slowly)
    await handled(servers, role, bus, work)

    assert len(work.seen) == 1


async def test_failed_handler_leaves_no_rows(
    servers: Servers, role: Role, bus: Client, admin: Database
) -> None:
    async def write_and_fail(event: PricesUpdated, session: Session) -> GreeksComputed:
        await session.execute(text("create table greeks.half_written (x int)"))
        raise Permanent("after writing")

    async with greeks_hearing(servers, role("greeks"), write_and_fail):
        await emit(servers, a_shard())
        await published(bus, "DEAD", "dead.greeks")

    async with admin.transaction() as session:
        assert await session.scalar(text("select to_regclass('greeks.half_written')")) is None


async def test_service_may_not_publish_for_another(servers: Servers) -> None:
    telemetry = create_telemetry("stress", servers.settings)

    async with Broker("stress", servers.settings, telemetry, on_closed=lambda: None) as broker:
        with pytest.raises(BusUnavailable):
            await broker.send(PricesUpdated.subject, b"{}", stream="INGEST", message_id=uuid4())


async def test_the_failing_portfolio_of_a_shard_is_left_out_and_named(
    servers: Servers, role: Role, bus: Client, admin: Database
) -> None:
    good, bad = uuid4(), uuid4()

    async def write_and_fail(event: PricesUpdated, session: Session) -> GreeksComputed:
        for portfolio_id in event.portfolio_ids:
            row = {"id": portfolio_id, "contract": f"row {portfolio_id}"}
            await session.execute(text("insert into greeks.written values (:id, :contract)"), row)
        if bad in event.portfolio_ids:
            raise ValueError("a broken row")
        return GreeksComputed.about(event, positions=len(event.portfolio_ids))

    async with admin.transaction() as session:
        await session.execute(text("create table greeks.written (id uuid, contract text)"))
        await session.execute(text("grant all on greeks.written to greeks"))
    shard = a_shard().model_copy(update={"portfolio_ids": (bad, good)})
    try:
        async with greeks_hearing(servers, role("greeks"), write_and_fail):
            [message] = await results_of(servers, bus, shard)
            [dead] = await published(bus, "DEAD", "dead.greeks")
        async with admin.transaction() as session:
            written = list(await session.scalars(text("select id from greeks.written")))
    finally:
        async with admin.transaction() as session:
            await session.execute(text("drop table greeks.written"))

    event = GreeksComputed.model_validate_json(message.data)
    [failure] = event.failed_portfolios
    assert written == [good]
    assert (event.portfolio_ids, event.counts) == ((good,), {"positions": 1})
    assert (failure.portfolio_id, failure.error, failure.detail) == (
        bad,
        "ValueError",
        "a broken row",
    )
    letter = json.loads(dead.data)
    assert (letter["error"], letter["attempts"]) == ("PortfoliosFailed", 1)
    assert PricesUpdated.model_validate_json(letter["payload"]) == shard
