"""The gateway as served in production, with a count of what it asks Postgres.

For the benchmark only.
"""

import json
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import Engine, event
from starlette.types import Receive, Scope, Send

from services.gateway.application import create_gateway
from tests.bench.gateway_load import COUNTERS


class Counted:
    """How many statements were sent and how long their answers were awaited."""

    statements = 0
    seconds = 0.0


@event.listens_for(Engine, "before_cursor_execute")
def _begin(_: Any, __: Any, ___: Any, ____: Any, context: Any, _____: Any) -> None:
    context.began = perf_counter()


@event.listens_for(Engine, "after_cursor_execute")
def _end(_: Any, __: Any, ___: Any, ____: Any, context: Any, _____: Any) -> None:
    Counted.statements += 1
    Counted.seconds += perf_counter() - context.began


gateway = create_gateway()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The gateway, and `/counters` beside it."""
    if scope["type"] != "http" or scope["path"] != COUNTERS:
        await gateway(scope, receive, send)
        return
    counters = {"statements": Counted.statements, "seconds": Counted.seconds, "cpu": process_time()}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(counters).encode()})
