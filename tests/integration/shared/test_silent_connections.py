"""Connections whose other end is gone without a word: each is noticed, and replaced."""

import asyncio
from collections.abc import Iterator
from random import Random
from time import monotonic
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.database import Database, create_engine, engine, is_outage
from shared.messaging import Broker, broker
from shared.telemetry import create_telemetry
from tests.chaos.links import Links, running_links
from tests.servers import Servers

PATIENCE_SECONDS = 8.0


@pytest.fixture
def links(servers: Servers) -> Iterator[Links]:
    """Links to both servers, which can forget what is connected over them."""
    targets = {
        "postgres": lambda: servers.settings.database_port,
        "nats": lambda: urlsplit(servers.settings.nats_url).port or 0,
    }
    with running_links(targets, Random(1)) as running:
        yield running


@pytest.fixture
def linked(servers: Servers, links: Links, monkeypatch: pytest.MonkeyPatch) -> Servers:
    """The servers behind the links, with little patience."""
    monkeypatch.setattr(engine, "STATEMENT_SECONDS", 0.5)
    monkeypatch.setattr(engine, "LISTENER_SECONDS", 0.5)
    monkeypatch.setattr(engine, "REPLY_SECONDS", 0.5)
    monkeypatch.setattr(broker, "PING_SECONDS", 0.3)
    ports = links.ports
    own = {
        "database_port": ports["postgres"],
        "nats_url": f"nats://127.0.0.1:{ports['nats']}",
    }
    return Servers(servers.settings.model_copy(update=own), servers.own)


async def forget(links: Links) -> None:
    await asyncio.to_thread(links.forget)


async def test_a_listener_learns_that_its_server_is_gone(linked: Servers, links: Links) -> None:
    database = Database(create_engine(linked.settings, "gateway"))
    started = monotonic()

    async def listen() -> None:
        async with database.listening("nothing", lambda: None) as probe:
            await probe()
            await forget(links)
            await probe()

    with pytest.raises(TimeoutError):
        await listen()

    assert monotonic() - started < PATIENCE_SECONDS
    await database.close()


async def test_a_connection_that_was_idle_is_asked_before_it_is_used(
    linked: Servers, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SURE_SECONDS", 0.0)
    database = Database(create_engine(linked.settings, "greeks"))
    async with database.transaction() as session:
        await session.execute(text("select 1"))
    await forget(links)

    async with asyncio.timeout(PATIENCE_SECONDS), database.transaction() as session:
        assert await session.scalar(text("select 1")) == 1

    await database.close()


async def test_one_statement_without_an_answer_replaces_every_connection(
    linked: Servers, links: Links
) -> None:
    database = Database(create_engine(linked.settings, "greeks"))
    async with database.transaction() as one, database.transaction() as other:
        await one.execute(text("select 1"))
        await other.execute(text("select 1"))
    await forget(links)

    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(TimeoutError):
            async with database.transaction() as session:
                await session.execute(text("select 1"))
        async with database.transaction() as one, database.transaction() as other:
            answers = [await each.scalar(text("select 1")) for each in (one, other)]

    assert answers == [1, 1]
    await database.close()


async def test_a_copy_without_an_answer_ends(linked: Servers, links: Links) -> None:
    database = Database(create_engine(linked.settings, "greeks"))

    async def copy() -> None:
        async with database.transaction() as session:
            connection = await session.connection()
            driver = cast(Any, (await connection.get_raw_connection()).driver_connection)
            await session.execute(text("create temporary table copied (number integer)"))
            await forget(links)
            await driver.copy_records_to_table("copied", records=[(1,)])

    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises((TimeoutError, DBAPIError)) as failed:
            await copy()
        assert await database.reachable()

    assert is_outage(failed.value)
    await database.close()


async def test_a_statement_that_takes_too_long_leaves_the_database_usable(
    linked: Servers,
) -> None:
    database = Database(create_engine(linked.settings, "greeks"))

    with pytest.raises(TimeoutError):
        async with database.transaction() as session:
            await session.execute(text("select pg_sleep(3)"))

    assert await database.reachable()
    await database.close()


async def test_a_bus_that_is_gone_without_a_word_is_connected_again(
    linked: Servers, links: Links
) -> None:
    telemetry = create_telemetry("greeks", linked.settings)
    async with Broker("greeks", linked.settings, telemetry, on_closed=lambda: None) as connected:
        assert await connected.connected()
        await forget(links)
        at_once = await connected.connected()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await connected.connected():
                await asyncio.sleep(0.1)

    assert not at_once
