"""What agents reach: `/mcp`, its metadata and `llms.txt`; none of it is part of the API's document.

`/mcp` is a route, not a mount: nothing below it exists, and nothing beside it is shadowed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.gateway.agents.calling import AGENT
from services.gateway.agents.entrance import (
    METADATA,
    PATH,
    metadata_of,
    refuse_foreign,
    the_agent,
)
from services.gateway.agents.resources import llms_text
from services.gateway.agents.tools import TOOLS
from services.gateway.agents.workspace.serving import workspace_routes
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.problems import Problem

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

ROUTE = f"POST {PATH}"
Serve = Callable[[Scope, Receive, Send], Awaitable[None]]


class Agents:
    """Answers agents from the first one that asks until the gateway stops.

    The protocol's SDK is imported then, beside the event loop.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._over = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[Serve] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        agent = await the_agent(self.gateway, request, ROUTE)
        if request.method != "POST":
            detail = "messages are posted: there is no stream to open and no session to end"
            raise Problem(405, "method_not_allowed", detail, headers={"Allow": "POST"})
        serve = await self._started()
        await serve({**scope, AGENT: agent}, receive, send)

    async def _started(self) -> Serve:
        if self._ready is None or (self._ready.done() and self._ready.exception()):
            self._ready = asyncio.get_running_loop().create_future()
            # in an empty context: what a request knows is not what serves the next one
            self._serving = asyncio.get_running_loop().create_task(
                self._serve(self._ready), context=Context()
            )
        return await asyncio.shield(self._ready)

    async def _serve(self, ready: "asyncio.Future[Serve]") -> None:
        try:
            manager, serve = await asyncio.to_thread(_session_manager)
            async with manager.run():
                ready.set_result(serve)
                await self._over.wait()
        except Exception as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def close(self) -> None:
        """End what is served; requests that go on are cancelled."""
        self._over.set()
        if self._serving is not None:
            await self._serving


def _session_manager() -> "tuple[StreamableHTTPSessionManager, Serve]":
    from services.gateway.agents.serving import refusing_first, session_manager

    manager = session_manager()
    return manager, refusing_first(manager.handle_request)


def agent_routes(agents: Agents) -> list[Route]:
    """The routes for agents. The metadata is at both addresses that clients try."""
    settings = agents.gateway.settings

    async def metadata(request: Request) -> Response:
        refuse_foreign(request, settings)
        return JSONResponse(metadata_of(request, settings))

    async def page(_: Request) -> Response:
        text = llms_text(TOOLS, documented=settings.docs_enabled)
        return PlainTextResponse(text, media_type="text/plain; charset=utf-8")

    return [
        Route(PATH, agents),
        Route(METADATA, metadata),
        Route(f"{METADATA}{PATH}", metadata),
        Route("/llms.txt", page),
        *workspace_routes(agents.gateway),
    ]
