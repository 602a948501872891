"""The one bootstrap step: roles, schemas, migrations, published views, streams and durables. Safe
to repeat.

Run by an operator's or the local stack's administrator: `python -m deploy.bootstrap`, configured by
`SIGMASIGHT_BOOTSTRAP_*`. Services never change a schema and never declare a stream.
"""

import asyncio
import hashlib
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from alembic import command
from alembic.config import Config
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict
from sqlalchemy import Connection, Select, Table, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.database import quote
from shared.errors import BusUnavailable, Misconfigured
from shared.messaging import declare_topology
from shared.settings import DEFAULT_PASSWORD, EnvironmentSettings, Settings, is_loopback, load
from shared.topology import TOPOLOGY

WORDS = tuple(TOPOLOGY)
SERVICES = Path(__file__).resolve().parent.parent / "services"
_READ_FIRST = (
    "gateway",
    "ingest",
    *(word for word in WORDS if word not in ("gateway", "ingest")),
)  # others' views read theirs
_dialect = PGDialect()  # type: ignore[no-untyped-call]


class BootstrapSettings(EnvironmentSettings):
    """The administrator's access, and the password each role gets."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_BOOTSTRAP_")

    database_user: str = "postgres"
    database_password: SecretStr = SecretStr(DEFAULT_PASSWORD)
    nats_password: SecretStr = SecretStr(DEFAULT_PASSWORD)
    stream_replicas: int = Field(default=1, ge=1, le=5)

    ingest_database_password: SecretStr = SecretStr(DEFAULT_PASSWORD)
    greeks_database_password: SecretStr = SecretStr(DEFAULT_PASSWORD)
    factors_database_password: SecretStr = SecretStr(DEFAULT_PASSWORD)
    snapshots_database_password: SecretStr = SecretStr(DEFAULT_PASSWORD)
    stress_database_password: SecretStr = SecretStr(DEFAULT_PASSWORD)
    gateway_database_password: SecretStr = SecretStr(DEFAULT_PASSWORD)

    def role_password(self, word: str) -> str:
        """The password of one service's role."""
        secret: SecretStr = getattr(self, f"{word}_database_password")
        return secret.get_secret_value()


def refuse_default_passwords(own: BootstrapSettings, shared: Settings) -> None:
    """Raise `Misconfigured` when a server that others can reach would get roles with the default
    password.
    """
    here = all(
        is_loopback(host or "")
        for host in (shared.database_host, urlsplit(shared.nats_url).hostname)
    )
    if here and not shared.production:
        return
    prefix = own.model_config["env_prefix"]
    defaults = [
        f"{prefix}{name}".upper()
        for name in type(own).model_fields
        if isinstance(secret := getattr(own, name), SecretStr)
        and secret.get_secret_value() == DEFAULT_PASSWORD
    ]
    if defaults:
        raise Misconfigured(
            f"refusing the default password beyond this machine: set {' and '.join(defaults)}"
        )


async def bootstrap(own: BootstrapSettings, shared: Settings) -> None:
    """Bring the database and the bus to what this version of the services expects."""
    await prepare_database(own, shared)
    await prepare_bus(own, shared)


async def prepare_database(
    own: BootstrapSettings, shared: Settings, *, publish: bool = True
) -> None:
    """Database, roles, schemas, tables and, unless told otherwise, the published views."""
    await _create_database(own, shared)
    engine = create_async_engine(_admin_url(own, shared, shared.database_name))
    try:
        async with engine.begin() as connection:
            await _create_roles(connection, own)
        await _migrate_and_publish(engine, WORDS if publish else ())
    finally:
        await engine.dispose()


async def prepare_bus(own: BootstrapSettings, shared: Settings) -> None:
    """Streams and durables."""
    await declare_topology(shared, own.nats_password.get_secret_value(), own.stream_replicas)


def _admin_url(own: BootstrapSettings, shared: Settings, database: str) -> str:
    password = own.database_password.get_secret_value()
    return f"postgresql+asyncpg://{own.database_user}:{password}@{shared.database_host}:{shared.database_port}/{database}"


async def _create_database(own: BootstrapSettings, shared: Settings) -> None:
    engine = create_async_engine(_admin_url(own, shared, "postgres"), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            found = await connection.scalar(
                text("select 1 from pg_database where datname = :name"),
                {"name": shared.database_name},
            )
            if not found:
                await connection.execute(text(f"create database {quote(shared.database_name)}"))
    finally:
        await engine.dispose()


async def _create_roles(connection: AsyncConnection, own: BootstrapSettings) -> None:
    """One login role and one schema a service; nobody else may even look into the schema without a
    grant.
    """
    for word in WORDS:
        exists = await connection.scalar(
            text("select 1 from pg_roles where rolname = :word"), {"word": word}
        )
        verb = "alter" if exists else "create"
        password = own.role_password(word).replace("'", "''")
        await connection.exec_driver_sql(f"{verb} role {word} login password '{password}'")
        await connection.execute(text(f"create schema if not exists {word} authorization {word}"))
        if users_role := _users_role(word):
            await _create_users_role(connection, word, users_role)
    await connection.execute(text("revoke create on schema public from public"))
    users_roles = [role for word in WORDS if (role := _users_role(word))]
    for word in WORDS:
        readers = ", ".join((*WORDS, *users_roles))
        await connection.execute(text(f"grant usage on schema {word} to {readers}"))


def _tables_module(word: str) -> ModuleType:
    return importlib.import_module(f"services.{word}.tables")


def _users_role(word: str) -> str | None:
    """The role that a service's transactions for a user run as, where rows belong to users."""
    return getattr(_tables_module(word), "USERS_ROLE", None)


async def _create_users_role(connection: AsyncConnection, word: str, users_role: str) -> None:
    """A role nobody logs in as: the service's own role takes it on for the length of a
    transaction.
    """
    exists = await connection.scalar(
        text("select 1 from pg_roles where rolname = :role"), {"role": users_role}
    )
    if not exists:
        await connection.execute(text(f"create role {users_role} nologin"))
    await connection.execute(text(f"grant {users_role} to {word}"))


async def _migrate_and_publish(engine: AsyncEngine, publishing: Sequence[str]) -> None:
    """Drop the published views, migrate every schema, publish again: one transaction, so readers
    see no gap.
    """
    async with engine.begin() as connection:
        await connection.execute(
            text("select pg_advisory_xact_lock(hashtext('sigmasight bootstrap'))")
        )
        for word in WORDS:
            await _drop_views(connection, word)
        for word in WORDS:
            await connection.execute(text(f"set local role {word}"))
            await connection.run_sync(upgrade_schema, word)
            await _secure_rows(connection, word)
            await connection.execute(text("reset role"))
        for word in sorted(publishing, key=_READ_FIRST.index):
            await _publish_views(connection, word)


def upgrade_schema(connection: Connection, word: str) -> None:
    """Run one service's Alembic migrations to their head on the given connection, as the current
    role.
    """
    config = alembic_config(word)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def alembic_config(word: str) -> Config:
    """Alembic's configuration for one service."""
    config = Config()
    config.set_main_option("script_location", str(SERVICES / word / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def published_views(word: str) -> dict[Table, Select[Any]]:
    """The views a service publishes, each with the select that defines it."""
    views: dict[Table, Select[Any]] = getattr(_tables_module(word), "PUBLISHED", {})
    return views


def row_security(word: str) -> list[str]:
    """The statements that narrow users' transactions to what is theirs, for each of the service's
    tables.
    """
    accesses = getattr(_tables_module(word), "ACCESS", {})
    role = _users_role(word)
    return [
        statement
        for model, access in accesses.items()
        for statement in _table_security(f"{word}.{quote(model.__tablename__)}", role, access)
    ]


def _table_security(table: str, role: str | None, access: Any) -> list[str]:
    statements = [f"revoke all on {table} from {role}", f"drop policy if exists {role} on {table}"]
    if access.statements:
        statements.append(f"grant {access.statements} on {table} to {role}")
    if access.rows:
        policy = f"create policy {role} on {table} to {role} using ({access.rows})"
        statements += [
            f"alter table {table} enable row level security",
            f"{policy} with check ({access.left or access.rows})",
        ]
    return statements


async def _secure_rows(connection: AsyncConnection, word: str) -> None:
    """Apply the service's row security unless it is in force already: each statement locks a table
    that is in use.
    """
    statements = row_security(word)
    fingerprint = hashlib.sha256("\n".join(statements).encode()).hexdigest()
    applied = await connection.scalar(
        text("select obj_description(to_regnamespace(:word), 'pg_namespace')"), {"word": word}
    )
    if not statements or applied == fingerprint:
        return
    for statement in statements:
        await connection.exec_driver_sql(statement)
    await connection.execute(text(f"comment on schema {word} is '{fingerprint}'"))


async def _drop_views(connection: AsyncConnection, word: str) -> None:
    found = await connection.scalars(
        text(
            "select viewname from pg_views where schemaname = :word and viewname like 'published\\_%'"
        ),
        {"word": word},
    )
    for name in found.all():
        await connection.execute(text(f"drop view if exists {word}.{quote(name)} cascade"))


async def _publish_views(connection: AsyncConnection, word: str) -> None:
    """Create the service's views as its own role and let every other role select from them, and
    from nothing else.
    """
    others = [other for other in WORDS if other != word]
    readers = ", ".join((*others, *(role for other in others if (role := _users_role(other)))))
    await connection.execute(text(f"set local role {word}"))
    for view, definition in published_views(word).items():
        select_text = str(
            definition.compile(dialect=_dialect, compile_kwargs={"literal_binds": True})
        )
        names = ", ".join(quote(column.name) for column in view.columns)
        narrowed = _narrowed(word, view, names, select_text)
        await connection.exec_driver_sql(
            f"create view {word}.{quote(view.name)} ({names}) as {narrowed}"
        )
        await connection.exec_driver_sql(f"grant select on {word}.{quote(view.name)} to {readers}")
    await connection.execute(text("reset role"))


def _narrowed(word: str, view: Table, names: str, select_text: str) -> str:
    """The view's select; other services' users find only their own rows in it, the services
    themselves all.

    Who asks is looked at once per query, so a service's queries are planned and run as without it.
    """
    for other in WORDS:
        conditions = getattr(_tables_module(other), "MINE_ELSEWHERE", {})
        mine = next((mine for column, mine in conditions.items() if column in view.columns), None)
        if other != word and mine is not None:
            somebody = f"(select current_user <> '{_users_role(other)}')"
            return f"select {names} from ({select_text}) as everybodys ({names}) where {somebody} or {mine}"
    return select_text


def main() -> None:
    """The command line: exits non-zero with a sentence when something is missing."""
    try:
        own, shared = load(BootstrapSettings), load(Settings)
        refuse_default_passwords(own, shared)
        asyncio.run(bootstrap(own, shared))
    except (Misconfigured, OSError, BusUnavailable) as error:
        sys.exit(f"bootstrap failed: {error}")


if __name__ == "__main__":
    main()
