"""The bootstrap step: roles, schemas, migrations, published views, streams and durables.

An operator or the local stack runs it as administrator, `python -m deploy.bootstrap`, configured
by `SIGMASIGHT_BOOTSTRAP_*`; it is safe to repeat. Services never change a schema and never declare
a stream.
"""

import asyncio
import hashlib
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from pydantic import Field, SecretStr, create_model
from pydantic_settings import SettingsConfigDict
from sqlalchemy import Connection, Select, Table, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.database import quote
from shared.errors import BusUnavailable, Misconfigured
from shared.messaging import declare_topology, forgetful_servers
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


class AdministratorSettings(EnvironmentSettings):
    """The administrator's access, and the password of each role: `<word>_database_password`."""

    model_config = SettingsConfigDict(env_prefix="SIGMASIGHT_BOOTSTRAP_")

    database_user: str = "postgres"
    database_password: SecretStr = SecretStr(DEFAULT_PASSWORD)
    nats_password: SecretStr = SecretStr(DEFAULT_PASSWORD)
    stream_replicas: int = Field(default=1, ge=1, le=5)
    durable_bus: bool = Field(
        default=True,
        description="refuse a NATS that may lose acknowledged messages when the power fails: one "
        "without `sync_interval: always`",
    )

    def role_password(self, word: str) -> str:
        """The password of one service's role."""
        secret: SecretStr = getattr(self, f"{word}_database_password")
        return secret.get_secret_value()


if TYPE_CHECKING:  # the fields below follow from the topology, which no type checker reads
    BootstrapSettings = AdministratorSettings
else:
    _PASSWORD = (SecretStr, SecretStr(DEFAULT_PASSWORD))
    BootstrapSettings = create_model(
        "BootstrapSettings",
        __base__=AdministratorSettings,
        **dict.fromkeys((f"{word}_database_password" for word in WORDS), _PASSWORD),
    )


def refuse_default_passwords(own: BootstrapSettings, shared: Settings) -> None:
    """Raise `Misconfigured` when a server beyond this machine would get a default password."""
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
    """Prepare the database and the bus for this version of the services."""
    await prepare_database(own, shared)
    await prepare_bus(own, shared)


async def prepare_database(
    own: BootstrapSettings, shared: Settings, *, publish: bool = True
) -> None:
    """Database, roles, schemas, tables and, with `publish`, the published views."""
    await _create_database(own, shared)
    engine = create_async_engine(_admin_url(own, shared, shared.database_name))
    try:
        async with engine.begin() as connection:
            await _create_roles(connection, own)
        await _migrate_and_publish(engine, WORDS if publish else ())
    finally:
        await engine.dispose()


async def prepare_bus(own: BootstrapSettings, shared: Settings) -> None:
    """Streams and durables; raises `Misconfigured` when the bus may lose them with the power."""
    if own.durable_bus:
        await refuse_forgetful_bus(own, shared)
    await declare_topology(shared, own.nats_password.get_secret_value(), own.stream_replicas)


async def refuse_forgetful_bus(own: BootstrapSettings, shared: Settings) -> None:
    """Raise `Misconfigured` when a server of the bus acknowledges before it has written."""
    forgetful = await forgetful_servers(shared, own.nats_password.get_secret_value())
    if forgetful is None:
        sys.stderr.write(
            "bootstrap: NATS has no user 'system' that may ask it, so make sure yourself that its "
            "configuration has `sync_interval: always` (docs/deployment.md)\n"
        )
    elif forgetful:
        raise Misconfigured(
            f"NATS {', '.join(forgetful)} may lose acknowledged messages when the power fails: "
            "write `sync_interval: always` into the jetstream block of its configuration, or set "
            "SIGMASIGHT_BOOTSTRAP_DURABLE_BUS=false to accept that"
        )


def _admin_url(own: BootstrapSettings, shared: Settings, database: str) -> str:
    password = own.database_password.get_secret_value()
    server = f"{shared.database_host}:{shared.database_port}"
    return f"postgresql+asyncpg://{own.database_user}:{password}@{server}/{database}"


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
    """One login role and one schema per service; other roles need a grant to use the schema."""
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
    """The role of a service's transactions for one user, where rows belong to users."""
    return getattr(_tables_module(word), "USERS_ROLE", None)


async def _create_users_role(connection: AsyncConnection, word: str, users_role: str) -> None:
    """A role without login: the service's role switches to it for one transaction at a time."""
    exists = await connection.scalar(
        text("select 1 from pg_roles where rolname = :role"), {"role": users_role}
    )
    if not exists:
        await connection.execute(text(f"create role {users_role} nologin"))
    await connection.execute(text(f"grant {users_role} to {word}"))


async def _migrate_and_publish(engine: AsyncEngine, publishing: Sequence[str]) -> None:
    """Drop the views, migrate every schema and publish again, in one transaction.

    Readers therefore never find a view missing.
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
    """Run one service's migrations to their head on the connection, as the current role."""
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
    """The statements that limit users' transactions to their own rows, for each table."""
    accesses = getattr(_tables_module(word), "ACCESS", {})
    role = _users_role(word)
    return [
        statement
        for model, access in accesses.items()
        for statement in _table_security(f"{word}.{quote(model.__tablename__)}", role, access)
    ]


def _table_security(table: str, role: str | None, access: Any) -> list[str]:
    statements = [f"revoke all on {table} from {role}", f"drop policy if exists {role} on {table}"]
    named = {verb: f"{role}_{verb}" for verb in ("select", "insert", "update", "delete")}
    statements += [f"drop policy if exists {name} on {table}" for name in named.values()]
    if access.statements:
        statements.append(f"grant {access.statements} on {table} to {role}")
    policies = access.policies()
    if policies:
        statements.append(f"alter table {table} enable row level security")
    for verb, conditions in policies.items():
        name = named.get(verb, role)
        statements.append(f"create policy {name} on {table} for {verb} to {role} {conditions}")
    return statements


async def _secure_rows(connection: AsyncConnection, word: str) -> None:
    """Apply the service's row security unless it is in force: each statement locks a table."""
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
            "select viewname from pg_views "
            "where schemaname = :word and viewname like 'published\\_%'"
        ),
        {"word": word},
    )
    for name in found.all():
        await connection.execute(text(f"drop view if exists {word}.{quote(name)} cascade"))


async def _publish_views(connection: AsyncConnection, word: str) -> None:
    """Create the service's views as its role and grant select on them to every other role."""
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
    """The view's select, in which the users of another service find only their own rows.

    Services find all rows. The current user is compared once per query, so the plans of services'
    queries stay the same.
    """
    for other in WORDS:
        conditions = getattr(_tables_module(other), "OWN_ROWS_ELSEWHERE", {})
        own_rows = next((sql for column, sql in conditions.items() if column in view.columns), None)
        if other != word and own_rows is not None:
            is_service = f"(select current_user <> '{_users_role(other)}')"
            return (
                f"select {names} from ({select_text}) as all_rows ({names}) "
                f"where {is_service} or {own_rows}"
            )
    return select_text


def main() -> None:
    """The command line: exits non-zero with a sentence when something is missing."""
    try:
        own = load(BootstrapSettings)
        shared = load(Settings)
        refuse_default_passwords(own, shared)
        asyncio.run(bootstrap(own, shared))
    except CommandError as error:
        sys.exit(
            f"bootstrap failed: {error}: the data is of a newer version, and nothing was changed; "
            "start that version, or restore a backup of this one"
        )
    except (Misconfigured, OSError, BusUnavailable) as error:
        sys.exit(f"bootstrap failed: {error}")


if __name__ == "__main__":
    main()
