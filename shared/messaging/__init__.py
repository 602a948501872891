"""The bus: the only package that knows NATS and FastStream (an import contract holds it).

Import from here. Rooms: `router` (what a service declares), `streams` (what its servers keep),
`broker` (the connection), `requests` (questions and replies), `consumption` (around a handler),
`together` (many events in one transaction), `durability` (what servers promise).
"""

from shared.bus import Durable, durable_name, durables_of
from shared.messaging.broker import (
    MESSAGE_ID,
    Application,
    Broker,
    Bus,
    Page,
    application,
    publish,
)
from shared.messaging.consumption import Consumption
from shared.messaging.durability import forgetful_servers
from shared.messaging.requests import Refused, RequestTooLarge, Unanswered, ask
from shared.messaging.router import ServiceRouter
from shared.messaging.streams import (
    EVENT_RETENTION_SECONDS,
    Backlog,
    declare_topology,
    stream_configs,
)
from shared.messaging.together import Traced

__all__ = [
    "EVENT_RETENTION_SECONDS",
    "MESSAGE_ID",
    "Application",
    "Backlog",
    "Broker",
    "Bus",
    "Consumption",
    "Durable",
    "Page",
    "Refused",
    "RequestTooLarge",
    "ServiceRouter",
    "Traced",
    "Unanswered",
    "application",
    "ask",
    "declare_topology",
    "durable_name",
    "durables_of",
    "forgetful_servers",
    "publish",
    "stream_configs",
]
