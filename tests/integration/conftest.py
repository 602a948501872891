"""A bootstrapped Postgres and NATS once per run; empty tables and streams for every test."""

from collections.abc import AsyncIterator, Iterator

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from shared.database import Database, Session, create_engine
from shared.messaging import stream_configs
from tests.pipeline import Pipeline, running_pipeline
from tests.servers import (
    Role,
    Servers,
    administrators_bus,
    administrators_database,
    running_servers,
)

# Filled by migrations, not by work: emptying them would break the services.
DEFINITIONS = ("alembic_version", "factor_definitions")


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
    async with admin.transaction() as session:
        if names := ", ".join(await _written_tables(session)):
            # a service that is still at work on the last test gives way, not we: the bus lets it
            # try again
            await session.execute(text("set local deadlock_timeout = '30s'"))
            await session.execute(text(f"truncate {names} cascade"))
    for stream in stream_configs():
        await bus.jetstream().purge_stream(str(stream.name))


@pytest.fixture
async def pipeline(servers: Servers, admin: Database, empty: None) -> AsyncIterator[Pipeline]:
    """All six services at work, begun with empty tables and streams."""
    async with running_pipeline(servers, admin) as running:
        yield running


async def _written_tables(session: Session) -> list[str]:
    """The services' tables that hold rows, or that a transaction is writing now.

    Truncating all of them takes long.
    """
    found = await session.execute(
        text(
            "select format('%I.%I', schemaname, tablename) from pg_tables where tableowner <> "
            "'postgres' "
            "and schemaname not in ('pg_catalog', 'information_schema') and not tablename = "
            "any(:kept)"
        ),
        {"kept": list(DEFINITIONS)},
    )
    written = [
        f"select '{name}' where exists (select from {name}) or exists (select from pg_locks where "
        f"relation = '{name}'::regclass and mode = 'RowExclusiveLock' and pid <> pg_backend_pid())"
        for name in found.scalars()
    ]
    return list(await session.scalars(text(" union all ".join(written)))) if written else []
