"""Names, streams, durables and permissions, all derived from the topology."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from shared.contracts.event import (
    Event,
)
from shared.settings import Settings
from shared.topology import EVENTS, TOPOLOGY, publisher_of

DEAD_STREAM = "DEAD"
DAY_SECONDS = 86_400.0
EVENT_RETENTION_SECONDS = 30 * DAY_SECONDS
DUPLICATE_WINDOW_SECONDS = 600.0


def stream_name(word: str) -> str:
    """The stream that holds everything a service tells."""
    return word.upper()


def durable_name(word: str, event: type[Event]) -> str:
    """`<consumer>-<subject with dashes>`."""
    return f"{word}-{event.subject.replace('.', '-')}"


def dead_subject(word: str) -> str:
    """Where a service's dead letters lie; `*` for everybody's."""
    return f"dead.{word}"


@dataclass(frozen=True)
class Durable:
    """A durable consumer: its name, the stream it reads and the subject it is narrowed to."""

    name: str
    stream: str
    subject: str


def durables_of(word: str) -> list[Durable]:
    """Every durable that a service reads."""
    wiring = TOPOLOGY[word]
    heard = [
        Durable(durable_name(word, event), stream_name(publisher_of(event)), event.subject)
        for event in wiring.hears
    ]
    return heard + (
        [Durable(f"{word}-dead", DEAD_STREAM, dead_subject("*"))]
        if wiring.keeps_dead_letters
        else []
    )


def stream_configs(replicas: int = 1) -> list[api.StreamConfig]:
    """One file-stored stream per telling service, and one for dead letters."""
    told = {
        stream_name(word): [e.subject for e in wiring.everything_told()]
        for word, wiring in TOPOLOGY.items()
    }
    told[DEAD_STREAM] = [dead_subject("*")]
    return [
        api.StreamConfig(
            name=name,
            subjects=sorted(subjects),
            storage=api.StorageType.FILE,
            num_replicas=replicas,
            max_age=EVENT_RETENTION_SECONDS,
            duplicate_window=DUPLICATE_WINDOW_SECONDS,
        )
        for name, subjects in told.items()
    ]


def durable_configs(settings: Settings) -> list[tuple[str, api.ConsumerConfig]]:
    """(stream, durable) of everybody; attempts are counted by us, so the server never gives up."""
    return [
        (
            durable.stream,
            api.ConsumerConfig(
                durable_name=durable.name,
                filter_subject=durable.subject,
                ack_policy=api.AckPolicy.EXPLICIT,
                deliver_policy=api.DeliverPolicy.ALL,
                ack_wait=settings.acknowledge_seconds,
                max_deliver=-1,
                max_ack_pending=1000,
            ),
        )
        for word in TOPOLOGY
        for durable in durables_of(word)
    ]


async def declare_topology(
    jetstream: JetStreamContext, settings: Settings, replicas: int = 1
) -> None:
    """Create or update every stream and durable; run by the bootstrap step only."""
    for stream in stream_configs(replicas):
        try:
            await jetstream.stream_info(cast(str, stream.name))
            await jetstream.update_stream(stream)
        except NotFoundError:
            await jetstream.add_stream(stream)
    for stream_of_durable, durable in durable_configs(settings):
        await jetstream.add_consumer(stream_of_durable, durable)


def nats_authorization(passwords: Mapping[str, str]) -> str:
    """The `authorization` block of a NATS server configuration: each service may do its own work
    and no more.

    `passwords` has one entry per service word and one for `bootstrap`, which may do everything.
    """
    users = [_user("bootstrap", passwords["bootstrap"], [">"], [">"])]
    users += [
        _user(word, passwords[word], _publishable(word), _subscribable(word)) for word in TOPOLOGY
    ]
    return "authorization {\n  users = [\n" + "".join(users) + "  ]\n}\n"


def _user(name: str, password: str, publish: Sequence[str], subscribe: Sequence[str]) -> str:
    may = f"publish: {json.dumps(list(publish))}, subscribe: {json.dumps(list(subscribe))}, allow_responses: true"
    return f"    {{ user: {json.dumps(name)}, password: {json.dumps(password)}, permissions: {{ {may} }} }}\n"


def _publishable(word: str) -> list[str]:
    wiring = TOPOLOGY[word]
    pulls = []
    for durable in durables_of(word):
        place = f"{durable.stream}.{durable.name}"
        pulls += [
            f"$JS.API.CONSUMER.MSG.NEXT.{place}",
            f"$JS.API.CONSUMER.INFO.{place}",
            f"$JS.ACK.{place}.>",
        ]
    told = (
        list(EVENTS)
        if wiring.keeps_dead_letters
        else [event.subject for event in wiring.everything_told()]
    )
    return [*told, dead_subject(word), *(request.subject for request in wiring.asks), *pulls]


def _subscribable(word: str) -> list[str]:
    return [f"{inbox_prefix(word)}.>"] + [request.subject for request in TOPOLOGY[word].answers]


def inbox_prefix(word: str) -> str:
    """Replies come to a prefix of the service's own, so no service can listen to another's."""
    return f"_INBOX_{word}"
