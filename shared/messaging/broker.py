"""The connection to the bus."""

import logging
from collections.abc import Callable
from uuid import UUID

from faststream.nats import NatsBroker
from faststream.nats.opentelemetry import NatsTelemetryMiddleware
from faststream.nats.prometheus import NatsPrometheusMiddleware
from faststream.security import SASLPlaintext
from nats.errors import Error as NatsError

from shared.contracts.event import (
    Event,
)
from shared.messaging.streams import durables_of, inbox_prefix, stream_name
from shared.settings import Settings
from shared.telemetry import Telemetry
from shared.topology import publisher_of

MESSAGE_ID = "Nats-Msg-Id"


def create_broker(
    word: str, settings: Settings, telemetry: Telemetry, on_closed: Callable[[], None]
) -> NatsBroker:
    """A broker that reconnects for ever; `on_closed` is called when the connection is gone for
    good.
    """

    async def closed() -> None:
        on_closed()

    return NatsBroker(
        settings.nats_url,
        name=f"sigmasight-{word}",
        security=SASLPlaintext(username=word, password=settings.nats_password.get_secret_value()),
        inbox_prefix=inbox_prefix(word).encode(),
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        closed_cb=closed,
        graceful_timeout=10.0,
        logger=logging.getLogger("sigmasight.bus"),
        log_level=logging.DEBUG,
        middlewares=(
            NatsTelemetryMiddleware(tracer_provider=telemetry.tracer_provider),
            NatsPrometheusMiddleware(registry=telemetry.registry),
        ),
    )


async def publish(broker: NatsBroker, event: Event, message_id: UUID | None = None) -> None:
    """Publish to the event's stream under its own id, or another when it is told again on purpose.

    Raises when no stream took it.
    """
    await broker.publish(
        event.model_dump_json().encode(),
        subject=event.subject,
        stream=stream_name(publisher_of(type(event))),
        headers={MESSAGE_ID: str(message_id or event.event_id), "content-type": "application/json"},
        timeout=10.0,
    )


async def durables_missing(broker: NatsBroker, word: str) -> list[str]:
    """Durables the service needs and the server does not have: a pull subscriber on one stalls
    silently.
    """
    jetstream = broker.config.broker_config.connection_state.stream
    missing = []
    for durable in durables_of(word):
        try:
            await jetstream.consumer_info(durable.stream, durable.name)
        except (NatsError, TimeoutError):
            missing.append(durable.name)
    return missing
