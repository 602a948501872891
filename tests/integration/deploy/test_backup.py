"""A backup is one moment of the database, and comes back whole or not at all."""

import asyncio
import secrets
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from deploy.local import archive
from deploy.local.archive import (
    PASSPHRASE,
    Manifest,
    Unrestorable,
    extract_dump,
    read_manifest,
    read_secrets,
    write_archive,
)
from deploy.local.backup import (
    NotBackedUp,
    contents,
    dumped,
    kept_secrets,
    refuse_data,
    refuse_newer,
    restore_backup,
    restored,
    take_backup,
)
from deploy.local.postgres import PostgresAddress, running_postgres
from deploy.local.state import StateDirectory
from tests.servers import Servers

NOW = datetime(2023, 1, 2, 21, 0, tzinfo=UTC)


@pytest.fixture
def address(servers: Servers) -> PostgresAddress:
    shared = servers.settings
    own = servers.own
    password = own.database_password.get_secret_value()
    return PostgresAddress(shared.database_host, shared.database_port, own.database_user, password)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[PostgresAddress]:
    tmp_path.chmod(0o711)
    with running_postgres(tmp_path / "postgres") as running:
        yield running


async def write_until(stop: asyncio.Event, url: str) -> list[str]:
    """Users with two log entries each, a transaction each; returns those that were committed."""
    connection = await asyncpg.connect(url)
    committed = []
    while not stop.is_set():
        user_id = uuid4()
        email = f"{secrets.token_hex(8)}@example.com"
        async with connection.transaction():
            await connection.execute(
                "insert into gateway.users (user_id, email, full_name, password_hash) "
                "values ($1, $2, 'A', 'x')",
                user_id,
                email,
            )
            for action in ("first", "second"):
                await connection.execute(
                    "insert into gateway.audit_log (user_id, action, details) "
                    "values ($1, $2, '{}')",
                    user_id,
                    action,
                )
        committed.append(email)
    await connection.close()
    return committed


async def test_backup_under_load_holds_every_write_that_was_committed_before(
    servers: Servers, address: PostgresAddress, elsewhere: PostgresAddress, tmp_path: Path
) -> None:
    name = servers.settings.database_name
    dump = tmp_path / "dump"
    stop = asyncio.Event()
    url = address.url(name)
    writing = asyncio.create_task(write_until(stop, url))
    await asyncio.sleep(0.5)
    looking = await asyncpg.connect(url)
    before = {row[0] for row in await looking.fetch("select email from gateway.users")}
    await looking.close()

    manifest = await dumped(address, name, dump, NOW)
    stop.set()
    committed = await writing
    await restored(elsewhere, "sigmasight", dump, manifest)

    connection = await asyncpg.connect(elsewhere.url("sigmasight"))
    after = {row[0] for row in await connection.fetch("select email from gateway.users")}
    halves = await connection.fetchval(
        "select count(*) from gateway.users u where 2 <> "
        "(select count(*) from gateway.audit_log a where a.user_id = u.user_id)"
    )
    async with connection.transaction():
        assert await contents(connection) == manifest.tables
    await connection.close()
    assert before
    assert before <= after <= set(committed)
    assert len(after) < len(committed)  # writes went on meanwhile
    assert halves == 0


async def test_what_is_restored_differently_is_named(
    servers: Servers, address: PostgresAddress, elsewhere: PostgresAddress, tmp_path: Path
) -> None:
    manifest = await dumped(address, servers.settings.database_name, tmp_path / "dump", NOW)
    manifest.tables["gateway.users"].rows += 1

    with pytest.raises(Unrestorable, match=r"differ from the backup: gateway\.users$"):
        await restored(elsewhere, "sigmasight", tmp_path / "dump", manifest)


def a_manifest(**changes: object) -> Manifest:
    facts = {"version": "9.0", "created_at": "", "revisions": {}, "tables": {}, "roles": []}
    return Manifest.model_validate(facts | {"encrypted": False} | changes)


def a_backup(folder: Path, **changes: object) -> Path:
    (folder / "dump").write_bytes(b"rows" * 1000)
    write_archive(folder / "file.tar", a_manifest(**changes), folder / "dump", {"admin": "pass"})
    return folder / "file.tar"


def test_file_is_private_and_comes_back(tmp_path: Path) -> None:
    file = a_backup(tmp_path)

    manifest = read_manifest(file)
    extract_dump(file, manifest, tmp_path / "again")

    assert file.stat().st_mode & 0o777 == 0o600
    assert read_secrets(file, manifest) == {"admin": "pass"}
    assert (tmp_path / "again").read_bytes() == b"rows" * 1000


def test_secrets_are_encrypted_with_a_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, "long words")
    file = a_backup(tmp_path, encrypted=True)
    manifest = read_manifest(file)

    assert b"admin" not in file.read_bytes()
    assert read_secrets(file, manifest) == {"admin": "pass"}
    for wrong, reason in (("other words", "is not the passphrase"), ("", "are encrypted")):
        monkeypatch.setenv(PASSPHRASE, wrong)
        with pytest.raises(Unrestorable, match=reason):
            read_secrets(file, manifest)


def test_damaged_file_is_refused(tmp_path: Path) -> None:
    file = a_backup(tmp_path)
    damaged = file.read_bytes().replace(b"rowsrows", b"rowsrowt", 1)
    file.write_bytes(damaged)

    with pytest.raises(Unrestorable, match=r"is damaged: database\.dump"):
        extract_dump(file, read_manifest(file), tmp_path / "again")


def test_file_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("nothing")

    with pytest.raises(Unrestorable, match="cannot be read as a backup"):
        read_manifest(tmp_path / "file")
    with pytest.raises(Unrestorable, match="of format 2"):
        read_manifest(a_backup(tmp_path, format=archive.FORMAT + 1))


def test_newer_schema_is_refused_and_older_ones_are_not() -> None:
    refuse_newer(a_manifest(revisions={"gateway": "0001", "greeks": "0002"}))

    with pytest.raises(Unrestorable, match=r"restore it with version 9\.0 or newer"):
        refuse_newer(a_manifest(revisions={"gateway": "9999"}))
    with pytest.raises(Unrestorable, match="schema futures"):
        refuse_newer(a_manifest(revisions={"futures": "0001"}))


def test_only_an_empty_directory_is_restored_into(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path / "state")
    refuse_data(directory)
    directory.create()
    shutil.rmtree(directory.logs)
    refuse_data(directory)
    directory.file.write_text("{}")

    with pytest.raises(Unrestorable, match="is not empty"):
        refuse_data(directory)


def test_restore_that_fails_leaves_the_directory_empty(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    directory = StateDirectory(tmp_path / "state")
    file = a_backup(tmp_path)  # its dump is none

    with pytest.raises(NotBackedUp, match="pg_restore failed"):
        restore_backup(directory, file)

    refuse_data(directory)


def test_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")

    with pytest.raises(NotBackedUp, match="exists"):
        take_backup(StateDirectory(tmp_path / "state"), tmp_path / "file", NOW)
    with pytest.raises(NotBackedUp, match="has no data"):
        take_backup(StateDirectory(tmp_path / "state"), tmp_path, NOW)
    assert (tmp_path / "file").read_text() == "kept"


def test_secrets_of_servers_stay_where_they_are() -> None:
    secrets_of_a_stack = {
        "postgres": "1",
        "database_greeks": "2",
        "bus_greeks": "3",
        "admin": "4",
        "signing_key": "5",
    }

    assert kept_secrets(secrets_of_a_stack) == {"admin": "4", "signing_key": "5"}
