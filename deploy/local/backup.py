"""Back up the stack's database while it runs, and restore it into an empty state directory.

One snapshot of the database is counted and dumped, by `pg_dump` of the servers' package. Streams of
the bus are not in it: what is unfinished is published again from the outbox and from the open runs.
Reasons: docs/decisions/0075-a-backup-is-one-snapshot-of-the-database.md.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import asyncpg
from alembic.script import ScriptDirectory

from deploy.bootstrap import WORDS, alembic_config
from deploy.local.archive import (
    Content,
    Manifest,
    Role,
    Unrestorable,
    extract_dump,
    passphrase,
    read_manifest,
    read_secrets,
    write_archive,
)
from deploy.local.control import ready_state
from deploy.local.errors import Explained
from deploy.local.ports import LOOPBACK
from deploy.local.postgres import INSTALLED, SUPERUSER, EmbeddedPostgres, PostgresAddress, binaries
from deploy.local.programs import running
from deploy.local.stack import Stack
from deploy.local.state import VARIABLE, StackState, StateDirectory
from shared import __version__
from shared.database import quote

DATABASE = "sigmasight"
SERVER_SECONDS = 60.0
_OF_THE_PLACE = ("postgres", "database_", "bus_")  # secrets that a new place makes itself


class NotBackedUp(Explained):
    """The backup could not be written; the message names the reason."""


def take_backup(directory: StateDirectory, target: Path, now: datetime) -> tuple[Path, Manifest]:
    """Write a backup of a running or stopped stack; returns the file and what it holds."""
    file = target / f"sigmasight-{now:%Y%m%dT%H%M%SZ}.tar" if target.is_dir() else target
    if file.exists():
        raise NotBackedUp(f"{file} exists: name another file, or a folder")
    if not file.parent.is_dir():
        raise NotBackedUp(f"there is no folder {file.parent}: create it, or name another file")
    state = directory.load()
    with (
        _served(directory, state) as address,
        tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as scratch,
    ):
        dump = Path(scratch) / "dump"
        manifest = asyncio.run(dumped(address, DATABASE, dump, now))
        write_archive(file, manifest, dump, kept_secrets(state.secrets))
    return file, manifest


def kept_secrets(secrets: Mapping[str, str]) -> dict[str, str]:
    """The secrets that belong to the data: the administrator's, and the key that signs tokens.

    Passwords of servers and roles belong to a place, and a restored stack has new ones.
    """
    return {name: value for name, value in secrets.items() if not name.startswith(_OF_THE_PLACE)}


@contextmanager
def _served(directory: StateDirectory, state: StackState) -> Iterator[PostgresAddress]:
    """The stack's Postgres, which is started for as long as the stack is stopped."""
    if directory.is_claimed():
        state = ready_state(directory)
        yield PostgresAddress(
            LOOPBACK, state.ports["postgres"], SUPERUSER, state.secrets["postgres"]
        )
        return
    if not state.secrets:
        raise NotBackedUp(f"{directory.path} has no data: `sigmasight up` starts a stack there")
    with directory.claim() as is_ours:
        if not is_ours:
            raise NotBackedUp("the stack is just being started: try again in a moment")
        with _started(Stack(directory, state).postgres) as address:
            yield address


@contextmanager
def _started(server: EmbeddedPostgres) -> Iterator[PostgresAddress]:
    server.prepare()
    server.forget_foreign_lock()
    with running(server.program(), server.is_ready, SERVER_SECONDS):
        yield server.address


async def dumped(address: PostgresAddress, database: str, dump: Path, now: datetime) -> Manifest:
    """Count and dump one snapshot of the database, in which no transaction is in part."""
    connection = await asyncpg.connect(address.url(database))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("select pg_export_snapshot()")
            options = ("--format=custom", f"--snapshot={snapshot}", f"--file={dump}")
            await asyncio.to_thread(_run, "pg_dump", address, *options, f"--dbname={database}")
            return Manifest(
                version=__version__,
                created_at=now.isoformat(timespec="seconds"),
                revisions=await _revisions(connection),
                tables=await contents(connection),
                roles=await _roles(connection),
                encrypted=passphrase() is not None,
            )
    finally:
        await connection.close()


async def _revisions(connection: asyncpg.Connection) -> dict[str, str]:
    return {
        word: await connection.fetchval(f"select version_num from {word}.alembic_version")
        for word in WORDS
    }


async def contents(connection: asyncpg.Connection) -> dict[str, Content]:
    """What each table of the services holds."""
    tables = await connection.fetch(
        "select schemaname, tablename from pg_tables where schemaname = any($1::text[]) "
        "order by schemaname, tablename",
        list(WORDS),
    )
    await connection.execute("set local timezone = 'UTC'")
    found = {}
    for schema, table in tables:
        checked = await connection.fetchrow(
            "select count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text "
            f"from {quote(schema)}.{quote(table)} as t"
        )
        found[f"{schema}.{table}"] = Content(rows=checked[0], checksum=checked[1])
    return found


async def _roles(connection: asyncpg.Connection) -> list[Role]:
    found = await connection.fetch(
        "select rolname, rolcanlogin from pg_roles "
        "where not rolsuper and rolname !~ '^pg_' order by rolname"
    )
    return [Role(name=name, can_log_in=can_log_in) for name, can_log_in in found]


def restore_backup(directory: StateDirectory, file: Path) -> Manifest:
    """Restore a backup into an empty state directory; returns what it held.

    The next start migrates an older schema. Raises `Explained` when the directory is not empty, the
    schema is newer than this version, or what is restored is not what was backed up; the directory
    is empty again then.
    """
    manifest = read_manifest(file)
    refuse_newer(manifest)
    secrets = read_secrets(file, manifest)
    refuse_data(directory)
    directory.create()
    with directory.claim() as is_ours:
        if not is_ours:
            raise Unrestorable(f"{directory.path} is in use by another command")
        stack = Stack(directory, StackState(secrets=secrets))
        try:
            _fill(stack, directory, file, manifest)
        except BaseException:
            stack.postgres.remove()
            for each in directory.path.iterdir():  # it was empty, and may be tried again
                shutil.rmtree(each) if each.is_dir() else each.unlink()
            raise
        directory.save(StackState(secrets=stack.secrets, ports=stack.ports))
    return manifest


def _fill(stack: Stack, directory: StateDirectory, file: Path, manifest: Manifest) -> None:
    with tempfile.TemporaryDirectory(dir=directory.path, prefix=".restore-") as scratch:
        dump = Path(scratch) / "dump"
        extract_dump(file, manifest, dump)
        with _started(stack.postgres) as address:
            asyncio.run(restored(address, DATABASE, dump, manifest))


async def restored(address: PostgresAddress, database: str, dump: Path, manifest: Manifest) -> None:
    """Create roles and database, restore the dump and compare every table with the manifest.

    Passwords of the roles are set by the bootstrap step. Raises `Unrestorable`.
    """
    server = await asyncpg.connect(address.url())
    try:
        for role in manifest.roles:
            login = "login" if role.can_log_in else "nologin"
            await server.execute(f"create role {quote(role.name)} {login}")
        await server.execute(f"create database {quote(database)}")
    finally:
        await server.close()
    options = ("--exit-on-error", "--single-transaction", f"--dbname={database}")
    await asyncio.to_thread(_run, "pg_restore", address, *options, str(dump))
    connection = await asyncpg.connect(address.url(database))
    try:
        async with connection.transaction():
            found = await contents(connection)
    finally:
        await connection.close()
    tables = manifest.tables.keys() | found.keys()
    different = sorted(name for name in tables if found.get(name) != manifest.tables.get(name))
    if different:
        raise Unrestorable(f"restored tables differ from the backup: {', '.join(different)}")


def refuse_newer(manifest: Manifest) -> None:
    """Raise `Unrestorable` for a schema with migrations that this version does not have."""
    for word, revision in manifest.revisions.items():
        known = word in WORDS and {
            script.revision
            for script in ScriptDirectory.from_config(alembic_config(word)).walk_revisions()
        }
        if not known or revision not in known:
            raise Unrestorable(
                f"the backup is of version {manifest.version} with revision {revision} of the "
                f"schema {word}, which this version ({__version__}) does not know: restore it "
                f"with version {manifest.version} or newer"
            )


def refuse_data(directory: StateDirectory) -> None:
    """Raise `Unrestorable` unless the directory is missing or empty."""
    if directory.path.exists() and any(directory.path.iterdir()):
        raise Unrestorable(
            f"{directory.path} is not empty: set {VARIABLE} to a new directory, or remove this one"
        )


def _run(program: str, address: PostgresAddress, *options: str) -> None:
    """Run a client of the servers' package; its password is in no list of processes."""
    connection = (f"--host={address.host}", f"--port={address.port}")
    user = (f"--username={address.superuser}", "--no-password")
    path = binaries() / program
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "PGPASSWORD": address.password}
    try:
        done = subprocess.run(
            [path, *connection, *user, *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=environment,
        )
    except OSError as error:
        raise NotBackedUp(
            f"{path} cannot be run ({error.strerror}): `unset {INSTALLED}` to use the wheel's"
        ) from error
    if done.returncode:
        raise NotBackedUp(f"{program} failed: {done.stderr.strip()[-500:]}")
