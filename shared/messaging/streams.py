"""The streams and durables of the topology, declared at the servers."""

from dataclasses import dataclass
from typing import cast

import nats
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from shared.bus import (
    BOOTSTRAP_USER,
    DEAD_STREAM,
    Durable,
    dead_subject,
    durables_of,
    stream_name,
)
from shared.errors import BusUnavailable
from shared.settings import Settings
from shared.topology import TOPOLOGY

DAY_SECONDS = 86_400.0
EVENT_RETENTION_SECONDS = 30 * DAY_SECONDS
DUPLICATE_WINDOW_SECONDS = 600.0


@dataclass(frozen=True)
class Backlog:
    """What a durable has before it, in messages.

    `waiting`: not delivered yet; `unacknowledged`: delivered, and worked on or due again.
    """

    waiting: int
    unacknowledged: int


def stream_configs(replicas: int = 1) -> list[api.StreamConfig]:
    """One file-stored stream per publishing service, and one for dead letters."""
    subjects_by_stream = {
        stream_name(word): [event.subject for event in wiring.publishes]
        for word, wiring in TOPOLOGY.items()
    }
    subjects_by_stream[DEAD_STREAM] = [dead_subject("*")]
    return [
        api.StreamConfig(
            name=name,
            subjects=sorted(subjects),
            storage=api.StorageType.FILE,
            num_replicas=replicas,
            max_age=EVENT_RETENTION_SECONDS,
            duplicate_window=DUPLICATE_WINDOW_SECONDS,
        )
        for name, subjects in subjects_by_stream.items()
    ]


def consumer_config(durable: Durable, settings: Settings) -> api.ConsumerConfig:
    """A durable as the server knows it. We count the attempts, so the server never gives up."""
    return api.ConsumerConfig(
        durable_name=durable.name,
        filter_subject=durable.subject,
        ack_policy=api.AckPolicy.EXPLICIT,
        deliver_policy=api.DeliverPolicy.ALL,
        ack_wait=settings.acknowledge_seconds,
        max_deliver=-1,
        max_ack_pending=1000,
    )


async def declare_topology(settings: Settings, password: str, replicas: int = 1) -> None:
    """Create or update every stream and durable; only the bootstrap step does this.

    `password` is that of the bus user `bootstrap`. Raises `BusUnavailable`.
    """
    try:
        client = await nats.connect(
            settings.nats_url, user=BOOTSTRAP_USER, password=password, connect_timeout=10
        )
        try:
            await _declare(client.jetstream(), settings, replicas)
        finally:
            await client.close()
    except (nats.errors.Error, OSError) as error:
        raise BusUnavailable(f"{type(error).__name__}: {error}") from error


async def _declare(jetstream: JetStreamContext, settings: Settings, replicas: int) -> None:
    for stream in stream_configs(replicas):
        try:
            await jetstream.stream_info(cast(str, stream.name))
            await jetstream.update_stream(stream)
        except NotFoundError:
            await jetstream.add_stream(stream)
    for word in TOPOLOGY:
        for durable in durables_of(word):
            await jetstream.add_consumer(durable.stream, consumer_config(durable, settings))
