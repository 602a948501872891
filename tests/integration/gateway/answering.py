"""Other services' answers on the bus, where the gateway alone is at work."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import BaseModel

from shared.contracts.event import Request
from shared.database import Database, Session
from shared.errors import Permanent

Asked = TypeVar("Asked", bound=Request[Any])


@asynccontextmanager
async def replying(
    bus: Client, reply: Callable[[Msg], Awaitable[None]], *kinds: type[Request[Any]]
) -> AsyncIterator[None]:
    """`reply` answers the requests of these kinds."""
    subscriptions = [await bus.subscribe(kind.subject, cb=reply) for kind in kinds]
    await bus.flush()
    yield
    for subscription in subscriptions:
        await subscription.unsubscribe()


@asynccontextmanager
async def handling(
    bus: Client,
    database: Database,
    kind: type[Asked],
    handler: Callable[[Asked, Session], Awaitable[BaseModel]],
) -> AsyncIterator[None]:
    """A service's own handler answers requests of the kind, in its own role, or refuses them."""

    async def reply(message: Msg) -> None:
        request = kind.model_validate_json(message.data)
        try:
            async with database.transaction() as session:
                answer = {"answer": (await handler(request, session)).model_dump(mode="json")}
        except Permanent as error:
            answer = {"refusal": {"code": "refused", "message": str(error)}}
        await message.respond(json.dumps(answer).encode())

    async with replying(bus, reply, kind):
        yield
