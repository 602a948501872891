"""Three NATS servers, configured as the chart does: any one of them may be lost."""

import asyncio
import contextlib
import json
import shutil
import signal
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import nats
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from deploy.bootstrap import WORDS
from deploy.local.nats import server_program
from deploy.local.ports import free_port
from deploy.local.programs import Process, Program
from shared.bus import nats_authorization
from shared.messaging import MESSAGE_ID, durables_of, forgetful_servers, stream_configs
from shared.messaging.streams import consumer_config
from shared.settings import DEFAULT_PASSWORD, Settings

CONFIGURATION = Path(__file__).parents[3] / "deploy" / "kubernetes" / "files" / "nats-server.conf"
NODES = range(3)
STREAM = "INGEST"
CONSUMER = "greeks-prices-updated"
SUBJECT = "prices.updated"
Result = TypeVar("Result")
ROUTES_PASSWORD = "4routes-0nly"  # begins with a digit, as generated ones may


@dataclass
class Node:
    """One server of the cluster, in a folder laid out as in its container."""

    root: Path
    environment: dict[str, str]
    clients: int
    monitoring: int
    process: Process | None = field(default=None, init=False)

    def start(self) -> None:
        program = Program(
            name="nats",
            command=(
                str(server_program()),
                "--config",
                str(self.root / "etc" / "nats" / CONFIGURATION.name),
            ),
            directory=self.root,
            environment=self.environment,
        )
        self.process = program.start(self.root / "nats.log")

    def forget(self) -> None:
        """Have it acknowledge, from its next start on, what it has not written yet."""
        file = self.root / "etc" / "nats" / CONFIGURATION.name
        file.write_text(file.read_text().replace("sync_interval: always", ""))

    def lose(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def healthy(self) -> bool:
        """Whether it serves clients and has all that the cluster has."""
        with contextlib.suppress(OSError):
            address = f"http://127.0.0.1:{self.monitoring}/healthz"
            with urllib.request.urlopen(address, timeout=1) as answer:
                return bool(answer.status == 200)
        return False

    def asked(self, question: str) -> dict[str, Any]:
        """What the server says of itself, at its monitoring port."""
        address = f"http://127.0.0.1:{self.monitoring}/{question}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            said: dict[str, Any] = json.load(answer)
        return said


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[Node]]:
    routes = [free_port() for _ in NODES]
    nodes = [a_node(tmp_path / f"nats-{place}", place, routes) for place in NODES]
    try:
        for node in nodes:
            node.start()
        yield nodes
    finally:
        for node in nodes:
            node.lose()
        shutil.rmtree(tmp_path)


def a_node(root: Path, place: int, routes: list[int]) -> Node:
    configuration = root / "etc" / "nats" / CONFIGURATION.name
    secret = root / "run" / "secrets" / "nats_authorization"
    for path in (configuration, secret):
        path.parent.mkdir(parents=True)
    shutil.copy(CONFIGURATION, configuration)
    secret.write_text(nats_authorization(dict.fromkeys((*WORDS, "bootstrap"), DEFAULT_PASSWORD)))
    clients, monitoring = free_port(), free_port()
    addresses = {
        "POD_NAME": f"nats-{place}",
        "CLIENTS_LISTEN": f"127.0.0.1:{clients}",
        "MONITORING_LISTEN": f"127.0.0.1:{monitoring}",
        "ROUTES_LISTEN": f"127.0.0.1:{routes[place]}",
        "STORE_DIRECTORY": str(root / "data"),
        "ROUTES_PASSWORD": ROUTES_PASSWORD,
    }
    addresses |= {
        f"ROUTE_{each}": f"nats-route://routes:{ROUTES_PASSWORD}@127.0.0.1:{port}"
        for each, port in enumerate(routes)
    }
    # quoted: the server reads a variable's value as its configuration's syntax
    return Node(root, {k: json.dumps(v) for k, v in addresses.items()}, clients, monitoring)


async def all_healthy(nodes: list[Node], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        for node in nodes:
            while not node.healthy():
                await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def connected(nodes: list[Node]) -> AsyncIterator[Client]:
    client = await nats.connect(
        [f"nats://127.0.0.1:{node.clients}" for node in nodes],
        user="bootstrap",
        password=DEFAULT_PASSWORD,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.1,
        ping_interval=1,
    )
    try:
        yield client
    finally:
        await client.close()


async def replicated(jetstream: JetStreamContext) -> None:
    """The stream of prices and the consumer that reads it, as the bootstrap step declares them."""
    [stream] = [each for each in stream_configs(replicas=3) if each.name == STREAM]
    [durable] = [each for each in durables_of("greeks") if each.stream == STREAM]
    consumer = consumer_config(durable, Settings())
    await until_accepted(partial(jetstream.add_stream, stream))
    await until_accepted(partial(jetstream.add_consumer, STREAM, consumer))


async def until_accepted(attempt: Callable[[], Awaitable[Result]], seconds: float = 60.0) -> Result:
    """Try again while there is no leader, as a service does that has a message to publish."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(NatsError, OSError, TimeoutError):
                return await attempt()
            await asyncio.sleep(0.2)


async def published(jetstream: JetStreamContext, count: int) -> list[str]:
    """Publish so many messages; returns their ids, each acknowledged."""
    acknowledged = [str(uuid4()) for _ in range(count)]
    for message_id in acknowledged:
        send = partial(
            jetstream.publish,
            SUBJECT,
            message_id.encode(),
            timeout=2,
            stream=STREAM,
            headers={MESSAGE_ID: message_id},
        )
        await until_accepted(send)
    return acknowledged


async def delivered(jetstream: JetStreamContext, count: int) -> list[str]:
    """What the consumer delivers, acknowledged."""
    subscription = await jetstream.pull_subscribe_bind(CONSUMER, STREAM)
    found: list[str] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            with contextlib.suppress(NatsError, TimeoutError):
                for message in await subscription.fetch(count - len(found), timeout=2):
                    await message.ack()
                    found.append(message.data.decode())
    return found


async def test_every_server_of_a_cluster_says_whether_it_forgets(cluster: list[Node]) -> None:
    for node in cluster:
        node.lose()
        node.forget()
        node.start()
    await all_healthy(cluster)
    settings = Settings(nats_url=f"nats://127.0.0.1:{cluster[0].clients}")

    found = await forgetful_servers(settings, DEFAULT_PASSWORD)

    assert found == [f"nats-{place}" for place in NODES]


async def test_the_loss_of_any_server_loses_nothing_acknowledged(cluster: list[Node]) -> None:
    async with connected(cluster) as client:
        jetstream = client.jetstream(timeout=3)
        await all_healthy(cluster)
        await replicated(jetstream)
        acknowledged = await published(jetstream, 20)
        for node in cluster:
            node.lose()
            acknowledged += await published(jetstream, 20)
            node.start()
            await all_healthy(cluster)

        info = await until_accepted(partial(jetstream.stream_info, STREAM))
        found = await delivered(jetstream, len(acknowledged))

    config: StreamConfig = info.config
    assert (config.num_replicas, info.state.messages) == (3, len(acknowledged))
    assert found == acknowledged


async def test_the_scaler_finds_a_backlog_at_the_server_that_leads_the_consumer(
    cluster: list[Node],
) -> None:
    """It asks each server, by its name, and uses what the leader answers (KEDA's scaler)."""
    async with connected(cluster) as client:
        jetstream = client.jetstream(timeout=3)
        await all_healthy(cluster)
        await replicated(jetstream)
        acknowledged = await published(jetstream, 5)
        subscription = await jetstream.pull_subscribe_bind(CONSUMER, STREAM)
        await subscription.fetch(2, timeout=10)  # in progress: neither is acknowledged

        async with asyncio.timeout(30):
            while not (found := backlogs_of_leaders(cluster)):
                await asyncio.sleep(0.1)

    assert found == [len(acknowledged)]
    known = [node.asked("varz") for node in cluster]
    assert [each["server_name"] for each in known] == ["nats-0", "nats-1", "nats-2"]
    assert all(not each.get("connect_urls") for each in known)


def backlogs_of_leaders(cluster: list[Node]) -> list[int]:
    """The consumer's backlog, as each server that leads it reports it."""
    return [
        consumer["num_pending"] + consumer["num_ack_pending"]
        for place, node in enumerate(cluster)
        for account in node.asked("jsz?acc=$G&consumers=true&config=true")["account_details"]
        for stream in account["stream_detail"]
        for consumer in stream.get("consumer_detail", ())
        if consumer["name"] == CONSUMER and consumer["cluster"]["leader"] == f"nats-{place}"
    ]


async def test_a_server_without_the_password_of_the_routes_joins_nothing(
    cluster: list[Node], tmp_path: Path
) -> None:
    await all_healthy(cluster)
    strange = a_node(tmp_path / "nats-strange", 0, [free_port() for _ in NODES])
    for name, value in cluster[0].environment.items():
        if name.startswith("ROUTE_"):
            strange.environment[name] = value.replace(ROUTES_PASSWORD, "guessed")

    strange.start()
    try:
        log = strange.root / "nats.log"
        async with asyncio.timeout(30):
            while "uthorization" not in log.read_text():
                await asyncio.sleep(0.1)
        assert not strange.healthy()
    finally:
        strange.lose()
