"""Rate limits over Postgres: strict across replicas, and no lock while a request waits."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text

from services.ingest import repository
from services.ingest.providers.pace import Reserve, SharedPace
from services.ingest.providers.polygon import PolygonProvider
from shared.database import Database, create_engine
from tests.servers import Servers
from tests.wire.market import KEY, made_up_market
from tests.wire.polygon import polygon

LIMIT = 3


@pytest.fixture
async def replicas(servers: Servers) -> AsyncIterator[list[Database]]:
    """Two processes' worth of connections of ingest."""
    opened = [Database(create_engine(servers.settings, "ingest")) for _ in range(2)]
    yield opened
    for database in opened:
        await database.close()


def slots_of(database: Database, provider: str = "polygon") -> Reserve:
    async def reserve(limit: int, window_seconds: float, margin_seconds: float) -> float:
        async with database.transaction() as session:
            return await repository.reserve_slot(
                session, provider, limit, window_seconds, margin_seconds
            )

    return reserve


async def stored(database: Database, provider: str = "polygon") -> list[datetime]:
    async with database.transaction() as session:
        found = "select slot from ingest.provider_requests where provider = :provider order by slot"
        return list(await session.scalars(text(found), {"provider": provider}))


async def test_first_requests_leave_at_once_and_the_next_a_window_later(
    replicas: list[Database],
) -> None:
    reserve = slots_of(replicas[0])

    waits = [await reserve(LIMIT, 60.0, 2.0) for _ in range(2 * LIMIT + 1)]

    assert waits[:LIMIT] == [0.0] * LIMIT
    assert all(61.0 < wait <= 62.0 for wait in waits[LIMIT : 2 * LIMIT])
    assert 123.0 < waits[-1] <= 124.0


async def test_slots_a_limit_apart_lie_a_window_and_a_margin_apart(
    replicas: list[Database],
) -> None:
    reserves = [slots_of(database) for database in replicas]

    await asyncio.gather(*(reserve(LIMIT, 60.0, 2.0) for _ in range(10) for reserve in reserves))

    slots = await stored(replicas[0])
    assert len(slots) == 20
    for early, late in zip(slots, slots[LIMIT:], strict=False):
        assert late - early >= timedelta(seconds=62)


async def test_any_slots_there_are_leave_room_for_no_more_than_the_limit(
    replicas: list[Database],
) -> None:
    chance = random.Random(7)
    for _ in range(15):
        async with replicas[0].transaction() as session:
            await session.execute(text("delete from ingest.provider_requests"))
            some = [{"seconds": chance.uniform(-100, 150)} for _ in range(chance.randint(1, 12))]
            await session.execute(
                text(
                    "insert into ingest.provider_requests (provider, slot) "
                    "values ('polygon', clock_timestamp() + make_interval(secs => :seconds))"
                ),
                some,
            )
        before = set(await stored(replicas[0]))
        await slots_of(replicas[1])(LIMIT, 60.0, 2.0)
        after = await stored(replicas[0])
        [new] = set(after) - before
        assert sum(slot > new - timedelta(seconds=62) for slot in after) <= LIMIT


async def test_slots_older_than_the_window_are_deleted(replicas: list[Database]) -> None:
    async with replicas[0].transaction() as session:
        old = (
            "insert into ingest.provider_requests (provider, slot) values ('polygon', now() - "
            "interval '63 s')"
        )
        await session.execute(text(old))

    await slots_of(replicas[0])(LIMIT, 60.0, 2.0)

    assert len(await stored(replicas[0])) == 1


async def test_providers_do_not_wait_for_each_other(replicas: list[Database]) -> None:
    waits = [
        await slots_of(replicas[0], provider)(1, 60.0, 2.0) for provider in ("polygon", "fred")
    ]

    assert waits == [0.0, 0.0]


async def test_no_lock_is_held_while_a_request_waits(
    replicas: list[Database], admin: Database
) -> None:
    asleep, wake = asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        asleep.set()
        await wake.wait()

    pace = SharedPace(slots_of(replicas[0]), 1, sleep=sleep)
    waiting = asyncio.ensure_future(pace.wait())
    await asleep.wait()
    async with admin.transaction() as session:
        held = await session.scalar(
            text("select count(*) from pg_locks where locktype = 'advisory'")
        )
        busy = await session.scalar(
            text(
                "select count(*) from pg_stat_activity where usename = 'ingest' and state like "
                "'%transaction%'"
            )
        )

    assert (held, busy) == (0, 0)
    wake.set()
    await waiting


async def test_two_replicas_never_send_more_than_the_limit_in_any_window(
    replicas: list[Database],
) -> None:
    window, margin = 0.3, 0.4
    paces = [
        SharedPace(slots_of(each), LIMIT, window_seconds=window, margin_seconds=margin)
        for each in replicas
    ]
    sent: list[float] = []

    async def send(pace: SharedPace) -> None:
        await pace.wait()
        sent.append(time.monotonic())

    await asyncio.gather(*(send(pace) for _ in range(6) for pace in paces))

    assert len(sent) == 12
    for early, late in zip(sent, sent[LIMIT:], strict=False):
        assert late - early >= window


async def test_server_sees_no_more_than_the_limit_from_two_replicas(
    replicas: list[Database],
) -> None:
    window, margin, day = 0.3, 0.6, date(2022, 12, 28)
    listed = [f"S{number}" for number in range(12)]
    with polygon(made_up_market(12, [day])).running() as server:
        halves = []
        for each in replicas:
            pace = SharedPace(slots_of(each), LIMIT, window_seconds=window, margin_seconds=margin)
            halves.append(PolygonProvider(KEY, pace, base_url=server.url))

        async def fetch(provider: PolygonProvider, symbols: list[str]) -> int:
            days = {
                symbol: [day, day - timedelta(days=1 + number)]
                for number, symbol in enumerate(symbols)
            }
            return sum([len(answer.bars) async for answer in provider.bars(days)])

        brought = await asyncio.gather(fetch(halves[0], listed[:6]), fetch(halves[1], listed[6:]))

    arrived = [request.arrived for request in server.requests]
    assert sum(brought) == 12
    assert len(arrived) == 12
    for early, late in zip(arrived, arrived[LIMIT:], strict=False):
        assert late - early >= window
