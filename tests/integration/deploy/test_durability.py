"""A bus that may lose what it has acknowledged is refused, unless that is accepted."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.bootstrap import BootstrapSettings, prepare_bus
from deploy.local.nats import EmbeddedNats
from deploy.local.ports import free_port
from deploy.local.programs import running
from shared.bus import nats_authorization
from shared.errors import Misconfigured
from shared.messaging import durability, forgetful_servers
from shared.settings import Settings
from shared.topology import TOPOLOGY

PASSWORD = "secret-of-bootstrap"
USERS = nats_authorization(dict.fromkeys((*TOPOLOGY, "bootstrap"), PASSWORD))
OLDER_USERS = USERS[: USERS.index("accounts {")]


@contextmanager
def bus(folder: Path, users: str, *, durable: bool) -> Iterator[Settings]:
    server = EmbeddedNats(folder, free_port(), free_port(), users, name="mine", durable=durable)
    server.prepare()
    with running(server.program(), server.is_ready, seconds=20):
        yield Settings(nats_url=server.address.url())


def administrator(*, durable_bus: bool = True) -> BootstrapSettings:
    return BootstrapSettings(nats_password=SecretStr(PASSWORD), durable_bus=durable_bus)


async def test_a_bus_that_writes_before_it_acknowledges_is_accepted(tmp_path: Path) -> None:
    with bus(tmp_path, USERS, durable=True) as settings:
        await prepare_bus(administrator(), settings)

        assert await forgetful_servers(settings, PASSWORD) == []


async def test_a_server_without_others_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durability, "LISTEN_SECONDS", 600.0)

    with bus(tmp_path, USERS, durable=False) as settings:
        async with asyncio.timeout(60):
            assert await forgetful_servers(settings, PASSWORD) == ["mine"]


async def test_a_bus_that_may_forget_is_refused_by_its_name(tmp_path: Path) -> None:
    with bus(tmp_path, USERS, durable=False) as settings:
        with pytest.raises(Misconfigured, match=re.escape("NATS mine may lose")):
            await prepare_bus(administrator(), settings)

        await prepare_bus(administrator(durable_bus=False), settings)


async def test_a_bus_that_does_not_say_is_accepted_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with bus(tmp_path, OLDER_USERS, durable=False) as settings:
        await prepare_bus(administrator(), settings)

    assert "make sure yourself" in capsys.readouterr().err
