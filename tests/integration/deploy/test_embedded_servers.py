"""The embedded servers start from their wheels, in open and in closed places, and leave nothing
behind.
"""

import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import nats
import pytest

from deploy.local import places
from deploy.local.nats import (
    EmbeddedNats,
    NatsMissing,
    bundled_server,
    running_nats,
    server_program,
)
from deploy.local.places import outside_place
from deploy.local.ports import free_port, is_listening
from deploy.local.postgres import (
    PROGRAMS,
    EmbeddedPostgres,
    OtherPostgres,
    PostgresMissing,
    binaries,
    bundled_installation,
    running_postgres,
)
from deploy.local.programs import NotInstalled, running
from tests.chaos.machine import small_disks

AUTHORIZATION = 'authorization { users: [ { user: "one", password: "secret" } ] }'


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that any account may pass through."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def closed_directory() -> Iterator[Path]:
    """A directory that only its owner may enter."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def test_a_server_of_another_stack_on_the_port_is_not_ours(open_directory: Path) -> None:
    with running_postgres(open_directory / "theirs") as address:
        ours = EmbeddedPostgres(open_directory / "ours", address.port, "secret", durable=False)
        ours.prepare()
        is_ready = ours.is_ready()
        shutil.copy(open_directory / "theirs/data/postmaster.pid", ours.data)
        is_ready_as_a_copy = ours.is_ready()
        ours.forget_foreign_lock()

    assert not is_ready
    assert not is_ready_as_a_copy
    assert not (ours.data / "postmaster.pid").exists()


def test_a_bus_of_another_stack_on_the_port_is_not_ours(tmp_path: Path) -> None:
    with running_nats(tmp_path / "theirs", AUTHORIZATION) as address:
        ports = (address.port, address.monitoring_port)
        ours = EmbeddedNats(tmp_path / "ours", *ports, AUTHORIZATION, name="sigmasight-ours")
        theirs = EmbeddedNats(tmp_path / "theirs", *ports, AUTHORIZATION)

        assert (theirs.is_ready(), ours.is_ready()) == (True, False)


async def test_postgres_serves_queries_and_leaves_nothing(open_directory: Path) -> None:
    with running_postgres(open_directory / "postgres") as address:
        connection = await asyncpg.connect(address.url())
        version = await connection.fetchval("show server_version_num")
        await connection.close()

    assert int(version) >= 160000
    assert not (open_directory / "postgres").exists()
    assert not is_listening(address.port)


async def test_postgres_refuses_a_wrong_password(closed_directory: Path) -> None:
    with running_postgres(closed_directory / "postgres") as address:
        wrong = address.url().replace(address.password, "wrong")

        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(wrong)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
async def test_root_behind_closed_parents_uses_a_private_stand_in(closed_directory: Path) -> None:
    before = closed_directory.stat().st_mode
    stand_in = outside_place(closed_directory / "postgres")

    with running_postgres(closed_directory / "postgres") as address:
        connection = await asyncpg.connect(address.url())
        await connection.close()
        mode = stand_in.stat().st_mode & 0o777

    assert mode == 0o700
    assert not stand_in.exists()
    assert closed_directory.stat().st_mode == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_stand_in_of_a_vanished_temporary_directory_is_swept(closed_directory: Path) -> None:
    with tempfile.TemporaryDirectory() as vanishing:
        abandoned = EmbeddedPostgres(
            Path(vanishing) / "postgres", port=1, password="secret", durable=False
        )
        abandoned.prepare()
    kept = EmbeddedPostgres(closed_directory / "postgres", port=1, password="secret", durable=False)

    kept.prepare()

    assert not abandoned.place.exists()
    assert kept.data.exists()
    kept.remove()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_root_copies_binaries_that_the_account_cannot_reach(
    closed_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in_root = closed_directory.parent / f"{closed_directory.name}-outside"
    monkeypatch.setattr(places, "OUTSIDE", stand_in_root)
    monkeypatch.setattr("deploy.local.postgres.can_pass", lambda path, account: False)

    server = EmbeddedPostgres(
        closed_directory / "postgres", port=1, password="secret", durable=False
    )
    server.prepare()

    assert server.binaries.is_relative_to(stand_in_root)
    assert (server.data / "PG_VERSION").exists()
    for path in sorted(stand_in_root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    stand_in_root.rmdir()


async def test_nats_serves_its_users_and_leaves_nothing(tmp_path: Path) -> None:
    with running_nats(tmp_path / "nats", AUTHORIZATION) as address:
        client = await nats.connect(address.url("one", "secret"))
        account = await client.jetstream().account_info()
        await client.close()

    assert account.streams == 0
    assert not (tmp_path / "nats").exists()
    assert not is_listening(address.port)


async def test_nats_refuses_strangers(tmp_path: Path) -> None:
    with (
        running_nats(tmp_path / "nats", AUTHORIZATION) as address,
        pytest.raises(nats.errors.Error),
    ):
        await nats.connect(address.url(), allow_reconnect=False, connect_timeout=2)


def test_an_installed_server_replaces_the_wheels(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = open_directory / "bin"
    mine.mkdir(mode=0o755)
    for name in PROGRAMS:
        _write_script(mine / name, f'exec "{bundled_installation() / "bin" / name}" "$@"')
    _write_script(mine / "nats-server", f'exec "{bundled_server()}" "$@"')
    monkeypatch.setenv("SIGMASIGHT_POSTGRES_BIN", str(mine))
    monkeypatch.setenv("SIGMASIGHT_NATS_SERVER", str(mine / "nats-server"))

    with running_nats(open_directory / "nats", AUTHORIZATION):
        pass

    assert (binaries(), server_program()) == (mine, mine / "nats-server")


@pytest.mark.parametrize("variable", ["SIGMASIGHT_POSTGRES_BIN", "SIGMASIGHT_NATS_SERVER"])
def test_a_named_server_that_is_not_there_is_refused_by_its_variable(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = binaries if "POSTGRES" in variable else server_program
    monkeypatch.setenv(variable, str(tmp_path / "absent"))

    with pytest.raises(NotInstalled, match=rf"{variable}=.*absent.*unset the variable"):
        find()


@pytest.mark.parametrize("command", ["true", "echo 'something else 1.0'", "exit 3"])
def test_a_named_program_that_is_another_is_refused_by_its_path(
    command: str, open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_directory / "bin"
    other.mkdir(mode=0o755)
    for name in (*PROGRAMS, "nats-server"):
        _write_script(other / name, command)
    monkeypatch.setenv("SIGMASIGHT_POSTGRES_BIN", str(other))
    monkeypatch.setenv("SIGMASIGHT_NATS_SERVER", str(other / "nats-server"))
    server = EmbeddedPostgres(open_directory / "postgres", port=1, password="x", durable=False)

    with pytest.raises(PostgresMissing, match=f"{other}/initdb"):
        server.prepare()
    with pytest.raises(NatsMissing, match=rf"{other}/nats-server is no nats-server.*unset"):
        server_program()
    assert not server.data.exists()
    server.remove()


def test_data_of_another_postgres_is_left_alone(
    open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedPostgres(open_directory / "postgres", port=1, password="x", durable=False)
    server.prepare()
    older = open_directory / "bin"
    older.mkdir(mode=0o755)
    for name in PROGRAMS:
        _write_script(older / name, "echo 'postgres (PostgreSQL) 15.18'")
    monkeypatch.setenv("SIGMASIGHT_POSTGRES_BIN", str(older))

    with pytest.raises(OtherPostgres, match=r"is of Postgres 18, and .* holds .* 15\.18"):
        server.prepare()
    server.remove()


def _write_script(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of running processes are Linux's")
async def test_a_stream_that_could_not_be_written_makes_the_server_sick_until_its_next_start(
    closed_directory: Path,
) -> None:
    server = EmbeddedNats(closed_directory / "nats", free_port(), free_port(), AUTHORIZATION)
    server.prepare()
    with running(server.program(), server.is_ready, seconds=20) as process:
        client = await nats.connect(server.address.url("one", "secret"))
        stream = client.jetstream(timeout=1)
        await stream.add_stream(name="EVENTS", subjects=["events"])
        await stream.publish("events", b"stored")
        unlimited = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (10, unlimited[1]))
        with pytest.raises(nats.errors.TimeoutError):
            await stream.publish("events", b"there is no room for this")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)

        assert server.is_sick()
        with pytest.raises(nats.errors.TimeoutError):
            await stream.publish("events", b"there would be room again")
        await client.close()
    with running(server.program(), server.is_ready, seconds=20):
        client = await nats.connect(server.address.url("one", "secret"))
        await client.jetstream().publish("events", b"stored again")
        kept = await client.jetstream().stream_info("EVENTS")
        await client.close()

    assert not server.is_sick()
    assert kept.state.messages == 2


async def test_a_bus_that_was_started_on_a_full_disk_takes_messages_when_there_is_room(
    tmp_path: Path,
) -> None:
    with small_disks(tmp_path) as disks:
        if "nats" not in disks:
            pytest.skip("a small disk needs a mount, which needs root")
        ports = (free_port(), free_port())
        server = EmbeddedNats(disks["nats"].folder, *ports, AUTHORIZATION)
        server.prepare()
        disks["nats"].fill()
        with running(server.program(), server.is_ready, seconds=20):
            disks["nats"].clear()
            client = await nats.connect(server.address.url("one", "secret"))
            stream = client.jetstream(timeout=5)
            await stream.add_stream(name="EVENTS", subjects=["events"])
            stored = [await stream.publish("events", b"x" * 10_000) for _ in range(200)]
            await client.close()

    assert stored[-1].seq == 200
