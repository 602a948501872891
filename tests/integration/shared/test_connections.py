"""Connections of the pool after Postgres has closed them."""

import asyncio

from sqlalchemy import func, select

from shared.database import Database, create_engine
from tests.servers import Servers

BACKEND = select(func.pg_backend_pid())


async def test_connections_that_the_server_closed_are_replaced(
    servers: Servers, admin: Database
) -> None:
    database = Database(create_engine(servers.settings, "greeks"))
    before = await two_at_once(database)
    async with admin.transaction() as session:
        for backend in before:
            await session.execute(select(func.pg_terminate_backend(backend, 5_000)))
    await asyncio.sleep(0.05)  # the closings are read by the event loop
    after = await two_at_once(database)
    await database.close()
    assert not before & after


async def two_at_once(database: Database) -> set[int]:
    """The backends of two transactions that are open together."""
    async with database.transaction() as first, database.transaction() as second:
        return {
            (await first.execute(BACKEND)).scalar_one(),
            (await second.execute(BACKEND)).scalar_one(),
        }
