"""Empty tables and streams, as every test finds them."""

import asyncio

from nats.aio.client import Client
from sqlalchemy import text

from shared.database import Database

# Filled by migrations, not by work: emptying them would break the services.
DEFINITIONS = "'alembic_version', 'factor_definitions'"
# Deleting these few rows takes a tenth of the time that truncating takes, which makes new files;
# from this size on the files are made, because what scans the table later reads deleted rows too.
LARGE_BYTES = 1 << 20
# Tables that were written since they were made or truncated.
WRITTEN = (
    "select format('%I.%I', schemaname, tablename) as name, "
    "pg_relation_size(format('%I.%I', schemaname, tablename)) as bytes "
    "from pg_tables where tableowner <> 'postgres' "
    "and schemaname not in ('pg_catalog', 'information_schema') "
    f"and tablename not in ({DEFINITIONS})"
)
# The locks wait for writers, so the rows of those are deleted too. Rows leave in any order:
# a replica's session checks no foreign keys.
EMPTY = f"""do $$
declare
    lasting record;
begin
    for lasting in {WRITTEN} loop
        if lasting.bytes > 0 then
            execute 'lock table ' || lasting.name || ' in exclusive mode';
        end if;
    end loop;
    for lasting in {WRITTEN} loop
        if lasting.bytes > {LARGE_BYTES} then
            execute 'truncate ' || lasting.name || ' cascade';
        elsif lasting.bytes > 0 then
            execute 'delete from ' || lasting.name;
        end if;
    end loop;
end $$"""


async def empty_all(admin: Database, bus: Client) -> None:
    """Empty every table that work fills, and every stream."""
    async with admin.transaction() as session:
        # a service that is still at work on the last test gives way, not we: the bus lets it
        # try again
        await session.execute(text("set local deadlock_timeout = '30s'"))
        await session.execute(text("set local session_replication_role = 'replica'"))
        await session.execute(text(EMPTY))
    streams = bus.jetstream()
    written = [each.config.name for each in await streams.streams_info() if each.state.messages]
    await asyncio.gather(*(streams.purge_stream(str(name)) for name in written))
