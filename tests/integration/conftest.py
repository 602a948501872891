"""A bootstrapped Postgres and NATS once per run; empty tables and streams for every test."""

from collections.abc import AsyncIterator, Iterator

import pytest
from nats.aio.client import Client

from shared.database import Database, create_engine
from shared.messaging import broker
from tests.emptying import empty_all
from tests.pipeline import Pipeline, running_pipeline
from tests.servers import (
    Role,
    Servers,
    administrators_bus,
    administrators_database,
    running_servers,
)


@pytest.fixture(scope="session", autouse=True)
def patient_pulls() -> Iterator[None]:
    """Subscribers in this process renew what they asked for seldom: a message ends the wait.

    A gateway has more than a hundred, all eight services several hundred, and idle ones would take
    a good part of the time of every test.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broker, "PULL_SECONDS", 30.0)
        yield


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Postgres and NATS, with roles, tables, views, streams and durables."""
    with running_servers() as running:
        yield running


@pytest.fixture(scope="session")
async def admin(servers: Servers) -> AsyncIterator[Database]:
    """The database as its superuser.

    For arranging rows of any service, never for the work under test.
    """
    async with administrators_database(servers) as database:
        yield database


@pytest.fixture(scope="session")
async def role(servers: Servers) -> AsyncIterator[Role]:
    """`role("greeks")`: the database as one service sees it."""
    opened: dict[str, Database] = {}

    def as_role(word: str) -> Database:
        if word not in opened:
            opened[word] = Database(create_engine(servers.settings, word))
        return opened[word]

    yield as_role
    for database in opened.values():
        await database.close()


@pytest.fixture(scope="session")
async def bus(servers: Servers) -> AsyncIterator[Client]:
    """The bus as its administrator."""
    async with administrators_bus(servers) as client:
        yield client


@pytest.fixture(autouse=True)
async def empty(admin: Database, bus: Client) -> None:
    """Every test starts with empty tables and streams."""
    await empty_all(admin, bus)


@pytest.fixture
async def pipeline(servers: Servers, admin: Database, empty: None) -> AsyncIterator[Pipeline]:
    """All eight services at work, begun with empty tables and streams."""
    async with running_pipeline(servers, admin) as running:
        yield running
