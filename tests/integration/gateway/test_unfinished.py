"""Runs whose work was lost with the bus begin again, by themselves, and only those."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.outbox import publish_waiting
from services.gateway.operators.unfinished import REPEATS, SILENCE, begin_unfinished_again
from services.gateway.runs import tracking
from services.gateway.tables import BatchRun, DeadLetter
from shared.contracts.gateway import MarketCloseRequested
from shared.contracts.ingest import MarketClosed
from shared.database import Database
from shared.messaging import stream_configs
from tests.builders import AS_OF, save
from tests.integration.gateway.people import Person

pytestmark = pytest.mark.usefixtures("market")


async def lose_streams(bus: Client) -> None:
    for stream in stream_configs():
        await bus.jetstream().purge_stream(str(stream.name))


async def publish_all(gateway: Gateway) -> None:
    while await publish_waiting(gateway.database, gateway.runtime.broker):
        pass


async def on_the_bus(bus: Client) -> int:
    return (await bus.jetstream().stream_info("GATEWAY")).state.messages


async def begun_again(gateway: Gateway, after: timedelta = 2 * SILENCE) -> list[UUID]:
    return await begin_unfinished_again(gateway.runtime, datetime.now(UTC) + after)


async def open_runs(admin: Database) -> list[UUID]:
    query = text("select run_id from gateway.batch_runs where status = 'running'")
    async with admin.transaction() as session:
        return list(await session.scalars(query))


async def test_a_run_whose_events_were_lost_begins_again(
    ann: Person, gateway: Gateway, admin: Database, bus: Client
) -> None:
    await ann.uploaded()
    await publish_all(gateway)
    while_on_the_bus = await begun_again(gateway)
    await lose_streams(bus)

    too_soon = await begun_again(gateway, timedelta(0))
    runs = await begun_again(gateway)
    twice = await begun_again(gateway)

    assert (while_on_the_bus, too_soon, twice) == ([], [], [])
    assert runs == await open_runs(admin)
    assert len(runs) == 1
    await publish_all(gateway)
    assert await on_the_bus(bus) == 1


async def test_a_run_begins_again_a_few_times_and_is_then_overdue(
    ann: Person, gateway: Gateway, admin: Database, bus: Client
) -> None:
    await ann.uploaded()
    counted = []
    for _ in range(REPEATS + 1):
        await publish_all(gateway)
        await lose_streams(bus)
        counted.append(len(await begun_again(gateway)))

    async with gateway.database.transaction() as session:
        late = datetime.now(UTC) + timedelta(hours=1)
        closed = await tracking.close_overdue_runs(session, late, overdue_seconds=900)

    assert counted == [1] * REPEATS + [0]
    assert len(closed) == 1


async def test_many_lost_runs_of_one_user_all_begin_again(
    ann: Person, gateway: Gateway, admin: Database, bus: Client
) -> None:
    for number in range(4):
        await ann.uploaded(portfolio_name=f"Mine {number}")
    await publish_all(gateway)
    before = set(await open_runs(admin))
    await lose_streams(bus)

    runs = await begun_again(gateway)

    assert set(runs) == before
    await publish_all(gateway)
    assert await on_the_bus(bus) == len(before) == 4


async def test_a_session_of_the_clock_is_requested_under_its_run(
    gateway: Gateway, admin: Database
) -> None:
    run_id = MarketClosed.clock_run(AS_OF)
    await save(admin, BatchRun, [{"run_id": run_id, "as_of": AS_OF, "trigger": "clock"}])

    runs = await begun_again(gateway)

    query = text("select subject, run_id from gateway.outbox")
    async with admin.transaction() as session:
        left = (await session.execute(query)).all()
    assert runs == [run_id]
    assert left == [(MarketCloseRequested.subject, run_id)]


async def test_a_run_that_a_service_gave_up_waits_for_its_letter(
    ann: Person, gateway: Gateway, admin: Database, bus: Client
) -> None:
    await ann.uploaded()
    await publish_all(gateway)
    await lose_streams(bus)
    (run_id,) = await open_runs(admin)
    letter = {
        "letter_id": uuid4(),
        "service": "ingest",
        "heard": "portfolios.changed",
        "run_id": run_id,
        "attempts": 5,
        "error": "Unreadable",
        "message": "",
        "payload": "{}",
        "buried_at": datetime.now(UTC),
    }
    await save(admin, DeadLetter, [letter])

    assert await begun_again(gateway) == []
