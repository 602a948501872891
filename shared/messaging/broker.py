"""The connection to the bus: one broker per process, with the lifetime and the name of its service.

`publish` and `ask` (in `requests`) take any `Bus`, so a test passes a fake. Errors of the client
libraries end here: callers see `BusUnavailable`.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from faststream import AckPolicy
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.types import ASGIApp, Scope
from faststream.exceptions import FastStreamException
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from faststream.nats.opentelemetry import NatsTelemetryMiddleware
from faststream.nats.prometheus import NatsPrometheusMiddleware
from faststream.security import SASLPlaintext
from nats.errors import Error as NatsError

from shared.bus import Durable, durables_of, inbox_prefix, stream_name
from shared.contracts.event import Event
from shared.errors import BusUnavailable, MessageTooLarge
from shared.messaging.streams import Backlog, stream_configs
from shared.settings import Settings
from shared.telemetry import Telemetry
from shared.topology import publisher_of

MESSAGE_ID = "Nats-Msg-Id"
# How long a subscriber waits for a message before it asks again. An idle stack, with its hundreds
# of them, takes 7 % of a core; with one second 17 %. After a restart of the bus, which forgets who
# asked, the first message comes so much later at most.
PULL_SECONDS = 5.0
PUBLISH_SECONDS = 10.0
REPLY_SECONDS = 2
# A server that has not answered two pings is gone, also where no packet says so: after half a
# minute, with the client's defaults after six.
PING_SECONDS = 10
PINGS_UNANSWERED = 2
LARGEST_BYTES = 1_000_000  # a server's `max_payload` is 1 MiB by default, headers included

Application = AsgiFastStream
Step = Callable[[], Awaitable[None]]
Lifespan = Callable[[], AbstractAsyncContextManager[None]]


class Bus(Protocol):
    """What publishing and asking need of a connection."""

    async def send(self, subject: str, body: bytes, *, stream: str, message_id: UUID) -> None:
        """Store one message; returns once the stream holds it, raises `BusUnavailable`."""

    async def request(self, subject: str, body: bytes, timeout_seconds: float) -> bytes:
        """The reply to one request; raises `BusUnavailable` when there is none in time."""


class Delivery:
    """One delivery of a message by a durable; it has to be settled exactly once."""

    def __init__(self, message: NatsMessage) -> None:
        metadata = message.raw_message.metadata
        self.body: bytes = message.body
        self.headers: dict[str, str] = dict(message.headers)
        self.attempt: int = metadata.num_delivered
        self.position = f"{metadata.stream}/{metadata.sequence.stream}"
        self._message = message

    async def acknowledge(self) -> None:
        """Settle it: the work is done."""
        await self._message.ack()

    async def redeliver(self, delay_seconds: float) -> None:
        """Settle it for now: it is delivered again after the delay."""
        await self._message.nack(delay=delay_seconds)

    async def reject(self) -> None:
        """Settle it: it is not delivered again."""
        await self._message.reject()

    async def in_progress(self) -> None:
        """Start the time for acknowledging it again."""
        with bus_errors():
            await self._message.in_progress()


async def _as_received(message: NatsMessage) -> NatsMessage:
    return message


class Broker:
    """The connection of the service `word`. It reconnects for ever.

    `on_closed` is called when the connection is closed for good. `publishing`: whether the bus
    stored what was last published; who publishes tries again until it does.
    """

    def __init__(
        self, word: str, settings: Settings, telemetry: Telemetry, on_closed: Callable[[], None]
    ) -> None:
        async def closed() -> None:
            on_closed()

        password = settings.nats_password.get_secret_value()
        self.word = word
        self.publishing = True
        self._nats = NatsBroker(
            settings.nats_url,
            name=f"sigmasight-{word}",
            security=SASLPlaintext(username=word, password=password),
            inbox_prefix=inbox_prefix(word).encode(),
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            ping_interval=PING_SECONDS,
            max_outstanding_pings=PINGS_UNANSWERED,
            closed_cb=closed,
            graceful_timeout=10.0,
            logger=logging.getLogger("sigmasight.bus"),
            log_level=logging.DEBUG,
            # Handlers take the message as it came: no JSON is read for nothing, and no thread is
            # asked to find arguments.
            apply_types=False,
            decoder=_as_received,
            middlewares=(
                NatsTelemetryMiddleware(tracer_provider=telemetry.tracer_provider),
                NatsPrometheusMiddleware(registry=telemetry.registry),
            ),
        )

    async def __aenter__(self) -> Self:
        """Connect without consuming anything: enough to publish and to ask."""
        with bus_errors():
            await self._nats.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Connect and let the subscribed handlers consume."""
        with bus_errors():
            await self._nats.start()

    async def stop(self) -> None:
        """Finish the messages in progress and disconnect."""
        await self._nats.stop()

    async def connected(self) -> bool:
        """Whether the server replies now: a client calls itself connected until it learns more."""
        if not await self._nats.ping(timeout=REPLY_SECONDS):
            return False
        try:
            await self._nats.connection.flush(timeout=REPLY_SECONDS)
        except (NatsError, OSError):
            return False
        return True

    async def missing_durables(self) -> list[str]:
        """The service's durables that the server does not have.

        A pull subscriber on a missing durable receives nothing and reports no error.
        """
        jetstream = self._nats.config.broker_config.connection_state.stream
        missing = []
        for durable in durables_of(self.word):
            try:
                await jetstream.consumer_info(durable.stream, durable.name)
            except (NatsError, TimeoutError):
                missing.append(durable.name)
        return missing

    async def backlogs(self) -> dict[str, Backlog]:
        """The backlog of every durable of every service, by name; a missing durable has none.

        For a service that observes the others. Raises `BusUnavailable`.
        """
        jetstream = self._nats.config.broker_config.connection_state.stream
        found = {}
        with bus_errors():
            for stream in stream_configs():
                for consumer in await jetstream.consumers_info(str(stream.name)):
                    found[str(consumer.name)] = Backlog(
                        consumer.num_pending or 0, consumer.num_ack_pending or 0
                    )
        return found

    async def send(self, subject: str, body: bytes, *, stream: str, message_id: UUID) -> None:
        """Store one message; a repeated `message_id` is discarded by the stream.

        Raises `MessageTooLarge`, and `BusUnavailable` for every other reason.
        """
        if len(body) > LARGEST_BYTES:
            raise MessageTooLarge(subject, len(body), LARGEST_BYTES)
        headers = {MESSAGE_ID: str(message_id), "content-type": "application/json"}
        try:
            with bus_errors():
                await self._nats.publish(
                    body, subject, stream=stream, headers=headers, timeout=PUBLISH_SECONDS
                )
        except BusUnavailable:
            self.publishing = False
            raise
        self.publishing = True

    async def request(self, subject: str, body: bytes, timeout_seconds: float) -> bytes:
        """The reply to one request; raises `BusUnavailable` when there is none in time."""
        with bus_errors():
            response = await self._nats.request(body, subject, timeout=timeout_seconds)
        return response.body

    def consume(self, durable: Durable, consume: Callable[[Delivery], Awaitable[None]]) -> None:
        """Add one pull subscriber; `consume` settles each delivery."""

        async def received(message: NatsMessage) -> None:
            await consume(Delivery(message))

        subscriber = self._nats.subscriber(
            durable.subject,
            durable=durable.name,
            stream=JStream(durable.stream, declare=False),
            pull_sub=PullSub(batch_size=1, timeout=PULL_SECONDS),
            inbox_prefix=f"{inbox_prefix(self.word)}.".encode(),
            ack_policy=AckPolicy.MANUAL,
        )
        subscriber(received)

    def serve(self, subject: str, respond: Callable[[bytes], Awaitable[bytes]]) -> None:
        """Answer requests on `subject`; each goes to one replica of the service."""

        async def received(message: NatsMessage) -> bytes:
            return await respond(message.body)

        self._nats.subscriber(subject, queue=self.word)(received)


@dataclass(frozen=True)
class Page:
    """What a health page replies: an HTTP status and facts, sent as JSON."""

    status: int
    facts: Mapping[str, object]


def application(
    broker: Broker,
    *,
    pages: Mapping[str, Callable[[], Awaitable[Page]]],
    mounted: Mapping[str, ASGIApp],
    lifespan: Lifespan,
    after_startup: Sequence[Step] = (),
    on_shutdown: Sequence[Step] = (),
) -> Application:
    """An ASGI application that consumes messages while it is served.

    `pages` reply to GET, by path; `mounted` are other ASGI applications, by path.
    """
    return AsgiFastStream(
        broker._nats,
        lifespan=lifespan,
        asgi_routes=[*((path, _json(page)) for path, page in pages.items()), *mounted.items()],
        after_startup=after_startup,
        on_shutdown=on_shutdown,
    )


def _json(page: Callable[[], Awaitable[Page]]) -> ASGIApp:
    @get
    async def reply(scope: Scope) -> AsgiResponse:
        answer = await page()
        body = json.dumps(answer.facts).encode()
        return AsgiResponse(body, answer.status, {"content-type": "application/json"})

    return reply


async def publish(bus: Bus, event: Event, message_id: UUID | None = None) -> None:
    """Publish to the event's stream; raises `BusUnavailable` when the stream did not store it.

    The stream discards a repeated event id. `message_id` replaces it when an event is replayed on
    purpose.
    """
    await bus.send(
        event.subject,
        event.model_dump_json().encode(),
        stream=stream_name(publisher_of(type(event))),
        message_id=message_id or event.event_id,
    )


@contextmanager
def bus_errors() -> Iterator[None]:
    """Raise `BusUnavailable` for any error of the client libraries or the connection."""
    try:
        yield
    except (NatsError, FastStreamException, OSError) as error:
        raise BusUnavailable(f"{type(error).__name__}: {error}") from error
