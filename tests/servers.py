"""A real Postgres and a real NATS for the tests.

External when configured, else embedded, else containers.
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import nats
from nats.aio.client import Client
from pydantic import SecretStr

from deploy.bootstrap import WORDS, BootstrapSettings, bootstrap
from deploy.local.nats import NatsMissing, running_nats
from deploy.local.postgres import PostgresMissing, running_postgres
from shared.bus import nats_authorization
from shared.database import Database, create_engine
from shared.settings import DEFAULT_PASSWORD, Settings

POSTGRES_URL = "SIGMASIGHT_TEST_POSTGRES_URL"  # postgresql://superuser:password@host:port/
# nats://host:port, with the users of deploy/nats and default passwords
NATS_URL = "SIGMASIGHT_TEST_NATS_URL"
# `role("greeks")`: the database as a service sees it.
Role = Callable[[str], Database]
FAST_RETRIES = (0.05, 0.05, 0.05)


@dataclass(frozen=True)
class Servers:
    """Where the servers are, as the services and the bootstrap step see them."""

    settings: Settings
    own: BootstrapSettings

    @property
    def administrator_settings(self) -> Settings:
        """Settings whose password is the superuser's: use with the role `own.database_user`."""
        return self.settings.model_copy(update={"database_password": self.own.database_password})


@contextlib.contextmanager
def running_servers() -> Iterator[Servers]:
    """Both servers, bootstrapped; everything of ours is gone afterwards."""
    with contextlib.ExitStack() as stack:
        postgres = urlsplit(_postgres_url(stack))
        servers = Servers(
            Settings(
                database_host=postgres.hostname or "127.0.0.1",
                database_port=postgres.port or 5432,
                database_name=f"sigmasight_test_{os.getpid()}",
                nats_url=_nats_url(stack),
                retry_seconds=FAST_RETRIES,
                acknowledge_seconds=2.0,
            ),
            BootstrapSettings(
                database_user=postgres.username or "postgres",
                database_password=SecretStr(postgres.password or ""),
                durable_bus=False,
            ),
        )
        asyncio.run(bootstrap(servers.own, servers.settings))
        yield servers


@contextlib.asynccontextmanager
async def administrators_database(servers: Servers) -> AsyncIterator[Database]:
    """The database as its superuser."""
    database = Database(create_engine(servers.administrator_settings, servers.own.database_user))
    yield database
    await database.close()


@contextlib.asynccontextmanager
async def administrators_bus(servers: Servers) -> AsyncIterator[Client]:
    """The bus as its administrator."""
    password = servers.own.nats_password.get_secret_value()
    client = await nats.connect(servers.settings.nats_url, user="bootstrap", password=password)
    yield client
    await client.close()


def _postgres_url(stack: contextlib.ExitStack) -> str:
    if url := os.environ.get(POSTGRES_URL):
        return url
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    try:
        return stack.enter_context(running_postgres(directory / "postgres")).url()
    except PostgresMissing:
        from testcontainers.postgres import PostgresContainer

        container = stack.enter_context(
            PostgresContainer(
                "postgres:18", username="postgres", password=DEFAULT_PASSWORD, driver=None
            )
        )
        return str(container.get_connection_url())


def _nats_url(stack: contextlib.ExitStack) -> str:
    if url := os.environ.get(NATS_URL):
        return url
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    authorization = nats_authorization(dict.fromkeys((*WORDS, "bootstrap"), DEFAULT_PASSWORD))
    try:
        return stack.enter_context(running_nats(directory / "nats", authorization)).url()
    except NatsMissing:
        return _nats_container(stack, directory, authorization)


def _nats_container(stack: contextlib.ExitStack, directory: Path, authorization: str) -> str:
    from testcontainers.core.container import DockerContainer

    (directory / "server.conf").write_text(
        f'jetstream {{ store_dir: "/data", sync_interval: always }}\n{authorization}'
    )
    container = (
        DockerContainer("nats:2.15")
        .with_exposed_ports(4222)
        .with_command("-c /etc/nats/server.conf")
    )
    container.with_volume_mapping(str(directory / "server.conf"), "/etc/nats/server.conf", "ro")
    stack.enter_context(container)
    return f"nats://{container.get_container_host_ip()}:{container.get_exposed_port(4222)}"
