"""Replicas of ingest as real processes.

Sessions announced once, and a backfill that survives the death of one.

All of it is one story, because the plan's minute is a real one: three replicas see a session close
while they run and catch up on those before; one leaves politely; of the other two one is killed in
the middle of a backfill that takes more requests than the plan allows in a minute.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from services.ingest.providers.pace import POLYGON_REQUESTS_A_MINUTE
from services.ingest.tables import MarketSession
from shared.calendar import closing_time, sessions
from shared.contracts.event import Event
from shared.contracts.gateway import PortfoliosChanged
from shared.contracts.ingest import MarketClosed, PricesUpdated
from shared.database import Database
from shared.messaging import Broker, publish
from shared.telemetry import create_telemetry
from tests.builders import a_portfolio, a_position, save, save_positions
from tests.panel import PROXIES
from tests.replicas import Replica, running_replicas
from tests.servers import Servers, administrators_bus, administrators_database, running_servers
from tests.wire.market import Market, made_up_market

PLAN = "starter"
LIMIT = POLYGON_REQUESTS_A_MINUTE[PLAN] or 0
WINDOW_SECONDS = 60.0

SEEN, TODAY = date(2022, 11, 21), date(2022, 11, 25)  # the latter a half day, after a holiday
BEFORE_THE_CLOSE = timedelta(seconds=10)
CLOCK_SECONDS = 0.4  # between two looks of each clock
HISTORY = 120  # sessions: more than there are symbols, so each symbol is one request
SYMBOLS = [f"S{number}" for number in range(106)]
FIRST_BOOK, SECOND_BOOK = SYMBOLS[:70], SYMBOLS[50:]
SLOW_SECONDS = 1.0
NEVER_SECONDS = 60.0  # longer than the replica lives


def everything() -> Market:
    """The books' symbols and the factors' proxies, long enough ago and up to the day."""
    days = sessions(date(2022, 4, 1), TODAY)
    names = [*SYMBOLS, *PROXIES]
    made_up = made_up_market(len(names), days).closes
    return Market(dict(zip(names, made_up.values(), strict=True)))


def clock_set_to(moment: datetime) -> str:
    """The delay after the close with which a clock of today takes this moment for the present
    one.
    """
    return str((datetime.now(UTC) - moment).total_seconds())


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with running_servers() as running:
        yield running


@pytest.fixture(scope="module")
async def admin(servers: Servers) -> AsyncIterator[Database]:
    async with administrators_database(servers) as database:
        yield database


@pytest.fixture(scope="module")
async def bus(servers: Servers) -> AsyncIterator[Client]:
    async with administrators_bus(servers) as client:
        yield client


@pytest.fixture(scope="module")
async def downtime(admin: Database) -> None:
    """The clock looked last some sessions ago."""
    now = datetime.now(UTC)
    await save(admin, MarketSession, [{"session_date": SEEN, "due_at": now, "announced_at": now}])


@pytest.fixture(scope="module")
def replicas(
    servers: Servers, downtime: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Replica]]:
    """Three of them, started shortly before a session closes."""
    environment = {
        "SIGMASIGHT_CONCURRENCY": "1",
        "SIGMASIGHT_INGEST_CLOCK_SECONDS": str(CLOCK_SECONDS),
        "SIGMASIGHT_INGEST_CLOSE_DELAY_SECONDS": clock_set_to(
            closing_time(TODAY) - BEFORE_THE_CLOSE
        ),
        "SIGMASIGHT_INGEST_CLAIM_SECONDS": "2",
        "SIGMASIGHT_INGEST_HISTORY_SESSIONS": str(HISTORY),
        "SIGMASIGHT_INGEST_POLYGON_PLAN": PLAN,
        "SIGMASIGHT_INGEST_PRICES": '["polygon"]',
        "SIGMASIGHT_INGEST_CORPORATE_ACTIONS": '["polygon"]',
        "SIGMASIGHT_INGEST_SECURITIES": '["bundled"]',
    }
    logs = tmp_path_factory.mktemp("logs")
    with running_replicas(servers, everything(), 3, logs, **environment) as running:
        yield running


async def published(bus: Client, event: type[Event]) -> list[Event]:
    """Every event of a kind on ingest's stream, in order."""
    info = await bus.jetstream().stream_info("INGEST", subjects_filter=event.subject)
    count = (info.state.subjects or {}).get(event.subject, 0)
    stream = await bus.jetstream().subscribe(event.subject, stream="INGEST", ordered_consumer=True)
    try:
        messages = [await stream.next_msg(timeout=10) for _ in range(count)]
    finally:
        await stream.unsubscribe()
    return [event.model_validate_json(message.data) for message in messages]


async def stored(admin: Database) -> dict[str, dict[date, float]]:
    """Every close there is, by symbol and session."""
    found: dict[str, dict[date, float]] = {}
    async with admin.transaction() as session:
        query = "select symbol, session_date, close from ingest.daily_prices order by 1, 2"
        for symbol, day, close in await session.execute(text(query)):
            assert day not in found.setdefault(symbol, {})
            found[symbol][day] = float(close)
    return found


async def symbols_stored(admin: Database) -> set[str]:
    """The symbols of which there are closes."""
    async with admin.transaction() as session:
        query = text("select distinct symbol from ingest.daily_prices")
        return set(await session.scalars(query))


async def until(reached: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not reached():
            await asyncio.sleep(0.02)


async def until_published(bus: Client, runs: set[UUID], seconds: float) -> None:
    """Wait until prices were announced in each of the runs."""
    async with asyncio.timeout(seconds):
        while not runs <= {event.run_id for event in await published(bus, PricesUpdated)}:
            await asyncio.sleep(0.5)


async def test_three_replicas_announce_each_session_once_and_hand_it_out_once(
    replicas: list[Replica], bus: Client
) -> None:
    expected = sessions(SEEN, TODAY)[1:]
    runs = [MarketClosed.clock_run(day) for day in expected]

    await until_published(bus, set(runs), seconds=60)
    await asyncio.sleep(4 * CLOCK_SECONDS)  # more looks of each clock

    assert [(event.as_of, event.run_id) for event in await published(bus, MarketClosed)] == list(
        zip(expected, runs, strict=True)
    )
    assert sorted(event.run_id for event in await published(bus, PricesUpdated)) == sorted(runs)


@dataclass(frozen=True)
class Interrupted:
    """A backfill of two books by two replicas, one of which was killed, and how things stood at
    that moment.
    """

    runs: tuple[UUID, UUID]
    victim: list[str]
    survivor: list[str]
    stored_at_death: frozenset[str]
    stored: dict[str, dict[date, float]]
    arrivals: list[float]


@pytest.fixture(scope="module")
async def interrupted(
    servers: Servers, admin: Database, bus: Client, replicas: list[Replica]
) -> Interrupted:
    """Kill the replica of the first book when some of its closes are stored and another is asked
    for, and wait until everything is published.
    """
    books = [await a_portfolio(admin), await a_portfolio(admin)]
    for book, symbols in zip(books, (FIRST_BOOK, SECOND_BOOK), strict=True):
        await save_positions(admin, *(a_position(book, symbol) for symbol in symbols))
    replicas[2].stop()
    pair = replicas[:2]
    for replica in pair:
        replica.market.take_time(SLOW_SECONDS)
    runs = uuid4(), uuid4()

    await upload(servers, runs[0], books[0])
    await until(lambda: any(map(asked_for_books, pair)), 20)
    survivor, victim = sorted(pair, key=lambda replica: len(asked_for_books(replica)))
    await upload(servers, runs[1], books[1])
    async with asyncio.timeout(60):
        while not set(FIRST_BOOK) & await symbols_stored(admin):
            await asyncio.sleep(0.05)
    victim.market.take_time(NEVER_SECONDS)
    answered = len(asked_for_books(victim))
    await until(lambda: len(asked_for_books(victim)) > answered, 60)
    victim.kill()

    at_death = frozenset(await symbols_stored(admin)) & set(FIRST_BOOK)
    survivor.market.take_time(0.0)
    await until_published(bus, set(runs), seconds=150)
    return Interrupted(
        runs,
        asked_for_books(victim),
        asked_for_books(survivor),
        at_death,
        await stored(admin),
        sorted(request.arrived for replica in replicas for request in replica.market.requests),
    )


def asked_for_books(replica: Replica) -> list[str]:
    """Whose closes it asked for, other than the proxies' of the days before."""
    return [symbol for symbol in replica.asked() if symbol not in PROXIES]


async def upload(servers: Servers, run_id: UUID, book: UUID) -> None:
    """Say what the gateway says after an upload."""
    telemetry = create_telemetry("gateway", servers.settings)
    async with Broker("gateway", servers.settings, telemetry, on_closed=lambda: None) as broker:
        await publish(
            broker, PortfoliosChanged.new(run_id, TODAY, portfolio_ids=(book,), reason="upload")
        )


async def test_the_replica_was_killed_in_the_middle(interrupted: Interrupted) -> None:
    assert interrupted.stored_at_death
    assert set(interrupted.victim) - interrupted.stored_at_death
    assert set(interrupted.victim) < set(FIRST_BOOK)


async def test_every_close_of_both_books_is_stored_as_it_was_sent(interrupted: Interrupted) -> None:
    closes = everything().closes
    days = sorted(interrupted.stored["S0"])

    assert set(interrupted.stored) == {*SYMBOLS, *PROXIES}
    assert days == sessions(days[0], TODAY)
    assert len(days) >= HISTORY
    for symbol in SYMBOLS:
        assert interrupted.stored[symbol] == {day: closes[symbol][day] for day in days}


async def test_only_what_died_with_the_replica_is_asked_for_again(interrupted: Interrupted) -> None:
    times = Counter(interrupted.victim + interrupted.survivor)
    lost = set(interrupted.victim) - interrupted.stored_at_death
    again = {symbol for symbol, count in times.items() if count > 1}

    assert times.keys() == set(SYMBOLS)
    assert max(times.values()) == 2
    assert again <= lost


async def test_each_books_shard_is_announced_once(interrupted: Interrupted, bus: Client) -> None:
    events = [event.run_id for event in await published(bus, PricesUpdated)]

    assert [events.count(run) for run in interrupted.runs] == [1, 1]


async def test_no_minute_sees_more_requests_than_the_plan_allows(interrupted: Interrupted) -> None:
    arrivals = interrupted.arrivals

    assert len(arrivals) > LIMIT
    for early, late in zip(arrivals, arrivals[LIMIT:], strict=False):
        assert late - early >= WINDOW_SECONDS
