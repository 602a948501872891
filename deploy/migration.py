"""Write a new migration for one service from the difference between its tables and its migrations.

`python -m deploy.migration greeks "Add a column"` starts a throw-away Postgres, migrates it to the
present heads and lets Alembic compare.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import alembic
from alembic import command
from pydantic import SecretStr
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.bootstrap import SERVICES, WORDS, BootstrapSettings, alembic_config, prepare_database
from deploy.local.postgres import PostgresAddress, running_postgres
from shared.settings import Settings

_TEMPLATE = Path(alembic.__file__).parent / "templates" / "generic" / "script.py.mako"


async def write_migration(address: PostgresAddress, word: str, message: str) -> None:
    """Create `services/<word>/migrations/versions/<number>_<message>.py`."""
    shared = Settings(database_host=address.host, database_port=address.port)
    own = BootstrapSettings(
        database_user=address.superuser, database_password=SecretStr(address.password)
    )
    await prepare_database(own, shared, publish=False)
    engine = create_async_engine(address.url(shared.database_name, scheme="postgresql+asyncpg"))
    async with engine.begin() as connection:
        await connection.run_sync(_compare, word, message)
    await engine.dispose()


def _compare(connection: Connection, word: str, message: str) -> None:
    folder = SERVICES / word / "migrations"
    (folder / "versions").mkdir(exist_ok=True)
    numbers = (int(path.name[:4]) for path in (folder / "versions").glob("[0-9]*.py"))
    number = max(numbers, default=0) + 1
    config = alembic_config(word)
    config.attributes["connection"] = connection
    template = folder / "script.py.mako"
    shutil.copy(_TEMPLATE, template)
    try:
        command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")
    finally:
        template.unlink()


def main() -> None:
    """The command line: service word, message."""
    if len(sys.argv) != 3 or sys.argv[1] not in WORDS:
        sys.exit(f"usage: python -m deploy.migration {{{','.join(WORDS)}}} MESSAGE")
    with tempfile.TemporaryDirectory() as directory, running_postgres(Path(directory)) as address:
        asyncio.run(write_migration(address, sys.argv[1], sys.argv[2]))


if __name__ == "__main__":
    main()
