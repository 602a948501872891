"""Empty tables and streams, as every test finds them."""

from nats.aio.client import Client
from sqlalchemy import text

from shared.database import Database, Session
from shared.messaging import stream_configs

# Filled by migrations, not by work: emptying them would break the services.
DEFINITIONS = ("alembic_version", "factor_definitions")


async def empty_all(admin: Database, bus: Client) -> None:
    """Empty every table that work fills, and every stream."""
    async with admin.transaction() as session:
        if names := ", ".join(await _written_tables(session)):
            # a service that is still at work on the last test gives way, not we: the bus lets it
            # try again
            await session.execute(text("set local deadlock_timeout = '30s'"))
            await session.execute(text(f"truncate {names} cascade"))
    for stream in stream_configs():
        await bus.jetstream().purge_stream(str(stream.name))


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
