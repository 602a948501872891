"""Names, streams, durables and permissions, all derived from the topology."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import nats
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from shared.contracts.event import Event
from shared.errors import BusUnavailable
from shared.settings import Settings
from shared.topology import EVENTS, TOPOLOGY, publisher_of

LIST_CONSUMERS = "$JS.API.CONSUMER.LIST"
BOOTSTRAP_USER = "bootstrap"
SYSTEM_USER = "system"  # may ask servers how they are set, and nothing else
DEAD_STREAM = "DEAD"
DAY_SECONDS = 86_400.0
EVENT_RETENTION_SECONDS = 30 * DAY_SECONDS
DUPLICATE_WINDOW_SECONDS = 600.0


def stream_name(word: str) -> str:
    """The stream that holds everything a service publishes."""
    return word.upper()


def durable_name(word: str, event: type[Event]) -> str:
    """`<consumer>-<subject with dashes>`."""
    return f"{word}-{event.subject.replace('.', '-')}"


def dead_subject(word: str) -> str:
    """The subject of a service's dead letters; `*` for those of every service."""
    return f"dead.{word}"


@dataclass(frozen=True)
class Durable:
    """A durable consumer: its name, the stream it reads and the subject that it filters."""

    name: str
    stream: str
    subject: str


def durables_of(word: str) -> list[Durable]:
    """Every durable that a service reads."""
    wiring = TOPOLOGY[word]
    durables = [
        Durable(durable_name(word, event), stream_name(publisher_of(event)), event.subject)
        for event in wiring.subscribes
    ]
    if wiring.keeps_dead_letters:
        durables.append(Durable(f"{word}-dead", DEAD_STREAM, dead_subject("*")))
    return durables


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


def nats_authorization(passwords: Mapping[str, str]) -> str:
    """The users of a NATS server configuration: least privilege per service.

    `passwords` has one entry per service word and one for `bootstrap`, which may do everything, and
    whose password the system account's only user has as well.
    """
    users = [_user(BOOTSTRAP_USER, passwords[BOOTSTRAP_USER], [">"], [">"])]
    users += [
        _user(word, passwords[word], _publishable(word), _subscribable(word)) for word in TOPOLOGY
    ]
    system = _user(
        SYSTEM_USER, passwords[BOOTSTRAP_USER], ["$SYS.REQ.SERVER.PING.VARZ"], ["_INBOX.>"]
    )
    return (
        "authorization {\n  users = [\n" + "".join(users) + "  ]\n}\n"
        "accounts {\n  $SYS {\n  users = [\n" + system + "  ]\n  }\n}\n"
    )


def _user(name: str, password: str, publish: Sequence[str], subscribe: Sequence[str]) -> str:
    permissions = (
        f"publish: {json.dumps(list(publish))}, subscribe: {json.dumps(list(subscribe))}, "
        "allow_responses: true"
    )
    return (
        f"    {{ user: {json.dumps(name)}, password: {json.dumps(password)}, "
        f"permissions: {{ {permissions} }} }}\n"
    )


def _publishable(word: str) -> list[str]:
    wiring = TOPOLOGY[word]
    pulls = []
    for durable in durables_of(word):
        consumer = f"{durable.stream}.{durable.name}"
        pulls += [
            f"$JS.API.CONSUMER.MSG.NEXT.{consumer}",
            f"$JS.API.CONSUMER.INFO.{consumer}",
            f"$JS.ACK.{consumer}.>",
        ]
    if wiring.observes:
        pulls += [f"{LIST_CONSUMERS}.{stream.name}" for stream in stream_configs()]
    # A service that keeps dead letters replays them, so it may publish any event.
    own = EVENTS if wiring.keeps_dead_letters else [event.subject for event in wiring.publishes]
    return [*own, dead_subject(word), *(request.subject for request in wiring.requests), *pulls]


def _subscribable(word: str) -> list[str]:
    return [f"{inbox_prefix(word)}.>"] + [request.subject for request in TOPOLOGY[word].answers]


def inbox_prefix(word: str) -> str:
    """The prefix of the subjects for a service's replies: no other service may read them."""
    return f"_INBOX_{word}"
