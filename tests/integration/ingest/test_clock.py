"""The market clock on a real database and bus: when a close is announced, and that it is announced
once.

Each test has separate weeks: the bus goes on discarding an announcement that an earlier test
made.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from services.gateway.runs.handlers import open_run
from services.ingest.handlers.announce_close import announce_close
from services.ingest.handlers.cut_shards import shards_of
from services.ingest.handlers.watch_market import publish_due_sessions
from services.ingest.history.coverage import coverage_at
from services.ingest.inputs import Coverage
from services.ingest.providers.pace import Unlimited
from services.ingest.providers.polygon import PolygonProvider
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared.calendar import sessions
from shared.contracts.gateway import MarketCloseRequested
from shared.contracts.ingest import MarketClosed
from shared.database import Database, create_engine
from shared.messaging import Broker, Bus, publish
from shared.telemetry import create_telemetry
from tests.servers import Role, Servers

NEW_YORK = ZoneInfo("America/New_York")
LIVE = Sources(prices=[PolygonProvider("no key is needed: nothing is asked", Unlimited())])
DELAY = timedelta(minutes=30)
SETTINGS = IngestSettings(close_delay_seconds=DELAY.total_seconds())


@dataclass(frozen=True)
class Replica:
    """One process of ingest, as far as its clock is concerned."""

    database: Database
    bus: Bus

    async def look(self, moment: datetime) -> None:
        """What the clock does every now and then."""
        await publish_due_sessions(self.database, self.bus, await covered(moment))


class Killed(Exception):
    """The process has ended."""


@dataclass(frozen=True)
class Dying:
    """A bus whose process dies as soon as the server has stored a message."""

    bus: Bus

    async def send(self, subject: str, body: bytes, *, stream: str, message_id: UUID) -> None:
        """Send, and die."""
        await self.bus.send(subject, body, stream=stream, message_id=message_id)
        raise Killed

    async def request(self, subject: str, body: bytes, timeout_seconds: float) -> bytes:
        """The clock asks nothing."""
        raise NotImplementedError


@pytest.fixture
async def replicas(servers: Servers, empty: None) -> AsyncIterator[list[Replica]]:
    """Three replicas, with separate connections."""
    telemetry = create_telemetry("ingest", servers.settings)
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(3):
            database = Database(create_engine(servers.settings, "ingest"))
            stack.push_async_callback(database.close)
            broker = Broker("ingest", servers.settings, telemetry, on_closed=lambda: None)
            opened.append(Replica(database, await stack.enter_async_context(broker)))
        yield opened


def new_york(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK)


async def covered(moment: datetime) -> Coverage:
    return await coverage_at(moment, LIVE, SETTINGS)


async def emitted(bus: Client) -> list[MarketClosed]:
    """Every announcement on the stream, in order."""
    info = await bus.jetstream().stream_info("INGEST", subjects_filter=MarketClosed.subject)
    count = (info.state.subjects or {}).get(MarketClosed.subject, 0)
    stream = await bus.jetstream().subscribe(
        MarketClosed.subject, stream="INGEST", ordered_consumer=True
    )
    try:
        messages = [await stream.next_msg(timeout=10) for _ in range(count)]
    finally:
        await stream.unsubscribe()
    return [MarketClosed.model_validate_json(message.data) for message in messages]


async def announced(admin: Database) -> list[date]:
    """The sessions that are marked as announced."""
    async with admin.transaction() as session:
        marked = (
            "select session_date from ingest.market_sessions where announced_at is not null order "
            "by 1"
        )
        return list(await session.scalars(text(marked)))


@pytest.mark.parametrize(
    ("session", "close"),
    [
        (date(2022, 11, 23), (16, 0)),
        (date(2022, 11, 25), (13, 0)),
        (date(2022, 7, 1), (16, 0)),
        (date(2026, 12, 24), (13, 0)),
    ],
    ids=["whole day", "day after Thanksgiving", "summer time", "Christmas Eve"],
)
async def test_a_session_is_had_the_delay_after_its_close(
    session: date, close: tuple[int, int]
) -> None:
    ready = new_york(session, *close) + DELAY

    assert (await covered(ready - timedelta(seconds=1))).last < session
    assert (await covered(ready)).last == session


@pytest.mark.parametrize(
    "day",
    [
        date(2022, 11, 24),
        date(2022, 11, 26),
        date(2022, 11, 27),
        date(2023, 1, 2),
        date(2022, 6, 20),
    ],
    ids=["Thanksgiving", "Saturday", "Sunday", "New Year observed", "Juneteenth observed"],
)
async def test_no_day_without_trading_is_ever_had(day: date) -> None:
    days = {(await covered(new_york(day, hour))).last for hour in range(24)}

    assert len(days) == 1
    assert max(days) < day


async def test_first_start_announces_the_latest_session_only(
    replicas: list[Replica], bus: Client, admin: Database
) -> None:
    await replicas[0].look(new_york(date(2021, 3, 5), 17))

    assert [event.as_of for event in await emitted(bus)] == [date(2021, 3, 5)]
    assert await announced(admin) == [date(2021, 3, 5)]


async def test_a_half_day_is_announced_in_its_afternoon_and_the_holiday_never(
    replicas: list[Replica], bus: Client
) -> None:
    clock = replicas[0]
    await clock.look(new_york(date(2021, 11, 24), 17))

    for hour in range(24):
        await clock.look(new_york(date(2021, 11, 25), hour))
    await clock.look(new_york(date(2021, 11, 26), 13, 29))
    before = [event.as_of for event in await emitted(bus)]
    await clock.look(new_york(date(2021, 11, 26), 13, 30))

    assert before == [date(2021, 11, 24)]
    assert [event.as_of for event in await emitted(bus)] == [date(2021, 11, 24), date(2021, 11, 26)]


async def test_two_weeks_of_downtime_are_made_up_for_in_order(
    replicas: list[Replica], bus: Client, admin: Database
) -> None:
    down, up = date(2022, 3, 4), date(2022, 3, 18)
    await replicas[0].look(new_york(down, 17))

    await replicas[0].look(new_york(up, 17))
    await replicas[0].look(new_york(up, 18))

    assert [event.as_of for event in await emitted(bus)] == sessions(down, up)
    assert await announced(admin) == sessions(down, up)


async def test_three_replicas_at_once_announce_each_session_once_and_in_order(
    replicas: list[Replica], bus: Client, admin: Database
) -> None:
    down, up = date(2022, 4, 1), date(2022, 4, 14)
    await asyncio.gather(*(replica.look(new_york(down, 17)) for replica in replicas))

    await asyncio.gather(
        *(replica.look(new_york(up, 17)) for replica in replicas for _ in range(3))
    )

    events = await emitted(bus)
    assert [event.as_of for event in events] == sessions(down, up)
    assert [event.run_id for event in events] == [
        MarketClosed.clock_run(day) for day in sessions(down, up)
    ]
    assert await announced(admin) == sessions(down, up)


async def test_a_replica_killed_in_the_middle_leaves_no_session_out(
    replicas: list[Replica], bus: Client, admin: Database
) -> None:
    down, up = date(2022, 5, 6), date(2022, 5, 20)
    await replicas[0].look(new_york(down, 17))
    victim, other, *_ = replicas

    async def die() -> None:
        with pytest.raises(Killed):
            await Replica(victim.database, Dying(victim.bus)).look(new_york(up, 17))

    await asyncio.gather(die(), other.look(new_york(up, 17)))
    await other.look(new_york(up, 18))

    assert [event.as_of for event in await emitted(bus)] == sessions(down, up)
    assert await announced(admin) == sessions(down, up)


async def test_death_between_publishing_and_recording_publishes_the_same_event(
    replicas: list[Replica], bus: Client, admin: Database
) -> None:
    day = date(2021, 6, 11)
    clock = replicas[0]
    with pytest.raises(Killed):
        await Replica(clock.database, Dying(clock.bus)).look(new_york(day, 17))
    [first] = await emitted(bus)
    forgotten = await announced(admin)

    await clock.look(new_york(day, 18))

    assert forgotten == []
    assert [event.event_id for event in await emitted(bus)] == [first.event_id]
    assert await announced(admin) == [day]


async def test_an_announcement_the_bus_no_longer_knows_makes_no_second_run(
    replicas: list[Replica], role: Role, bus: Client, admin: Database
) -> None:
    """As when the replica died, and the next one came after the bus had forgotten the first
    announcement.
    """
    day = date(2022, 6, 10)
    clock = replicas[0]
    await clock.look(new_york(day, 17))
    [first] = await emitted(bus)
    await publish(clock.bus, first, message_id=uuid4())

    prices: list[UUID] = []
    for event in (twice := await emitted(bus)):
        async with role("gateway").transaction() as session:
            await open_run(event, session)
        async with role("ingest").transaction() as session:
            shards = await shards_of(session, event.run_id, day, {}, ())
        prices += [shard.event_id for shard in shards]

    assert len(twice) == 2
    assert len(set(prices)) == 1
    async with admin.transaction() as session:
        assert list(await session.scalars(text("select run_id from gateway.batch_runs"))) == [
            first.run_id
        ]


async def test_what_an_operator_closes_meanwhile_leaves_no_session_out(
    replicas: list[Replica], bus: Client, admin: Database
) -> None:
    down, up = date(2022, 8, 5), date(2022, 8, 19)
    await replicas[0].look(new_york(down, 17))
    async with replicas[0].database.transaction() as session:
        # bundled data are what the handler checks against, so the session is one of theirs
        await announce_close(MarketCloseRequested.new(uuid4(), up), session)

    await replicas[0].look(new_york(up, 17))

    assert [event.as_of for event in await emitted(bus)] == sessions(down, up)[:-1]
    assert await announced(admin) == sessions(down, up)
