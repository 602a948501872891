"""Names on the bus, and who may use them: derived from the topology, without the bus's client.

What configures a server of the bus imports this and not `shared.messaging`, which takes a second.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.event import Event
from shared.topology import EVENTS, TOPOLOGY, publisher_of

LIST_CONSUMERS = "$JS.API.CONSUMER.LIST"
BOOTSTRAP_USER = "bootstrap"
SYSTEM_USER = "system"  # may ask servers how they are set, and nothing else
DEAD_STREAM = "DEAD"


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
        streams = (*map(stream_name, TOPOLOGY), DEAD_STREAM)
        pulls += [f"{LIST_CONSUMERS}.{stream}" for stream in streams]
    # A service that keeps dead letters replays them, so it may publish any event.
    own = EVENTS if wiring.keeps_dead_letters else [event.subject for event in wiring.publishes]
    return [*own, dead_subject(word), *(request.subject for request in wiring.requests), *pulls]


def _subscribable(word: str) -> list[str]:
    return [f"{inbox_prefix(word)}.>"] + [request.subject for request in TOPOLOGY[word].answers]


def inbox_prefix(word: str) -> str:
    """The prefix of the subjects for a service's replies: no other service may read them."""
    return f"_INBOX_{word}"
