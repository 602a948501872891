"""Applications behind a real HTTP server in the process of the tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from deploy.local.ports import LOOPBACK


class QuietServer(uvicorn.Server):
    """Leaves signals to the test run."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured."""
        yield


@asynccontextmanager
async def serving(
    app: ASGIApp, port: int = 0, http: type[asyncio.Protocol] | str = "auto"
) -> AsyncIterator[str]:
    """Serve an application, by default on a free port; gives `host:port`.

    What it does when it starts and ends is left to the test. `http`: the class
    of a connection, or its name.
    """
    config = uvicorn.Config(
        app,
        host=LOOPBACK,
        port=port,
        http=http,
        lifespan="off",
        log_level="warning",
        access_log=False,
    )
    server = QuietServer(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    host, found = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"{host}:{found}"
    finally:
        server.should_exit = server.force_exit = True
        await running
