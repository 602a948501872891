"""A service with every default in place: `app = create_service("greeks", router)` is a whole
main.py.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import structlog
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.nats import NatsBroker
from prometheus_client import make_asgi_app

from shared.database import Database, Session, create_engine
from shared.errors import Misconfigured
from shared.messaging import Consumption, ServiceRouter, create_broker, durables_missing
from shared.settings import ServiceSettings, check_spelling, load, shared_settings
from shared.telemetry import Telemetry, create_telemetry

log = structlog.get_logger("sigmasight.service")
StartupStep = Callable[[Session], Awaitable[object]]
BackgroundTask = Callable[["Runtime"], Coroutine[Any, Any, None]]
Result = TypeVar("Result")


class Runtime:
    """What one process of a service runs on: database, broker, telemetry, and their lifetime."""

    def __init__(
        self, word: str, router: ServiceRouter, own_settings: type[ServiceSettings] | None = None
    ) -> None:
        _start_or_explain(lambda: check_spelling(word, own_settings))
        self.word = word
        self.settings = _start_or_explain(shared_settings)
        if own_settings is not None:
            _start_or_explain(partial(load, own_settings))
        self.telemetry: Telemetry = create_telemetry(word, self.settings)
        self.database = Database(create_engine(self.settings, word))
        self.broker: NatsBroker = create_broker(
            word, self.settings, self.telemetry, self._end_process_when_closed
        )
        self.stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        Consumption(router, self.broker, self.database, self.settings, self.telemetry).attach()

    def _end_process_when_closed(self) -> None:
        if not self.stopping:
            log.error("bus connection closed for good: ending the process so that it is restarted")
            os.kill(os.getpid(), signal.SIGTERM)

    async def start_background(self, tasks: Sequence[BackgroundTask]) -> None:
        """Run each task beside the handlers; one that fails ends the process, whose supervisor
        restarts it.
        """
        for task in tasks:
            running = asyncio.create_task(task(self), name=task.__name__)
            running.add_done_callback(self._end_process_when_failed)
            self._tasks.append(running)

    def _end_process_when_failed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None and not self.stopping:
            log.error("background task failed", task=task.get_name(), exc_info=task.exception())
            os.kill(os.getpid(), signal.SIGTERM)

    async def run_startup(self, steps: Sequence[StartupStep]) -> None:
        """Run each step in a transaction of its own."""
        for step in steps:
            async with self.database.transaction() as session:
                await step(session)

    async def stop_background(self) -> None:
        """Cancel what runs beside the handlers and wait for it."""
        self.stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Give back the database connections and flush the traces."""
        await self.database.close()
        self.telemetry.tracer_provider.shutdown()

    async def readiness(self) -> dict[str, Any]:
        """What is and is not ready: the bus connection, the service's durables, the database."""
        connected = await self.broker.ping(timeout=2.0)
        missing = await durables_missing(self.broker, self.word) if connected else []
        database = await self.database.reachable()
        return {
            "ready": connected and database and not missing,
            "bus": connected,
            "database": database,
            "durables_missing": missing,
        }


def _start_or_explain(step: Callable[[], Result]) -> Result:
    try:
        return step()
    except Misconfigured as error:
        raise SystemExit(f"sigmasight cannot start: {error}") from error


def create_service(
    word: str,
    router: ServiceRouter,
    own_settings: type[ServiceSettings] | None = None,
    on_startup: Sequence[StartupStep] = (),
    background: Sequence[BackgroundTask] = (),
) -> AsgiFastStream:
    """An application for `faststream run`: handlers attached, health and metrics served, telemetry
    set up.

    `on_startup` steps get a session each, in order, before messages flow; `background` tasks get
    the runtime. Exits with a named reason when the settings are wrong.
    """
    runtime = Runtime(word, router, own_settings)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await runtime.run_startup(on_startup)
        yield
        await runtime.close()

    return AsgiFastStream(
        runtime.broker,
        lifespan=lifespan,
        asgi_routes=[
            ("/health/live", get(_live)),
            ("/health/ready", get(_ready(runtime))),
            ("/metrics", make_asgi_app(runtime.telemetry.registry)),
        ],
        after_startup=[partial(runtime.start_background, background)],
        on_shutdown=[runtime.stop_background],
    )


async def _live(scope: Any) -> AsgiResponse:
    return AsgiResponse(b'{"status": "live"}', 200, {"content-type": "application/json"})


def _ready(runtime: Runtime) -> Callable[[Any], Awaitable[AsgiResponse]]:
    async def ready(scope: Any) -> AsgiResponse:
        state = await runtime.readiness()
        return AsgiResponse(
            json.dumps(state).encode(),
            200 if state["ready"] else 503,
            {"content-type": "application/json"},
        )

    return ready
