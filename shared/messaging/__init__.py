"""The bus. The only package that knows NATS and FastStream; import from here."""

from shared.messaging.broker import MESSAGE_ID, create_broker, durables_missing, publish
from shared.messaging.consumption import Consumption
from shared.messaging.requests import Refused, Unanswered, ask
from shared.messaging.router import ServiceRouter
from shared.messaging.streams import (
    EVENT_RETENTION_SECONDS,
    declare_topology,
    durable_name,
    nats_authorization,
    stream_configs,
)

__all__ = [
    "EVENT_RETENTION_SECONDS",
    "MESSAGE_ID",
    "Consumption",
    "Refused",
    "ServiceRouter",
    "Unanswered",
    "ask",
    "create_broker",
    "declare_topology",
    "durable_name",
    "durables_missing",
    "nats_authorization",
    "publish",
    "stream_configs",
]
