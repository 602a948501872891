"""A service with all its defaults: `app = create_service("greeks", router)` is a whole `main.py`.

The lifetime of a process is here: settings, database, telemetry, background tasks. The ASGI
application itself comes from `shared.messaging`, because it starts and stops the subscriptions.
"""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any, TypeVar

import structlog

from shared.database import Database, Session, create_engine
from shared.errors import Misconfigured
from shared.messaging import Application, Broker, Consumption, Page, ServiceRouter, application
from shared.settings import ServiceSettings, check_spelling, load, shared_settings
from shared.tasks import cancelled
from shared.telemetry import Telemetry, create_telemetry, metrics_page

log = structlog.get_logger("sigmasight.service")
StartupStep = Callable[[Session], Awaitable[object]]
State = dict[str, object]
BackgroundTask = Callable[["Runtime"], Coroutine[Any, Any, None]]
Result = TypeVar("Result")
READY_SECONDS = 2.0  # how old an answer of readiness may be
LOOK_SECONDS = 2.0  # how long the bus or the database may take to answer


class Runtime:
    """The database, broker and telemetry of one process of a service, and their lifetime."""

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
        self.broker = Broker(word, self.settings, self.telemetry, self._end_process_when_closed)
        self.stopping = False
        self._state_at = -READY_SECONDS
        self._state: asyncio.Task[State] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        Consumption(router, self.broker, self.database, self.settings, self.telemetry).attach()

    def _end_process_when_closed(self) -> None:
        if not self.stopping:
            log.error("bus connection closed: the process ends and has to be restarted")
            os.kill(os.getpid(), signal.SIGTERM)

    async def start_background(self, tasks: Sequence[BackgroundTask]) -> None:
        """Run the tasks alongside the handlers; a failing one ends the process, to be restarted."""
        for task in tasks:
            running = asyncio.create_task(task(self), name=task.__name__)
            running.add_done_callback(self._end_process_when_failed)
            self._tasks.append(running)

    def _end_process_when_failed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None and not self.stopping:
            log.error("background task failed", task=task.get_name(), exc_info=task.exception())
            os.kill(os.getpid(), signal.SIGTERM)

    async def run_startup(self, steps: Sequence[StartupStep]) -> None:
        """Run each step in a separate transaction."""
        for step in steps:
            async with self.database.transaction() as session:
                await step(session)

    async def stop_background(self) -> None:
        """Cancel the background tasks and wait for them."""
        self.stopping = True
        await cancelled(*self._tasks)

    async def close(self) -> None:
        """Close the database connections and flush the traces."""
        await self.database.close()
        self.telemetry.tracer_provider.shutdown()

    async def readiness(self) -> State:
        """Whether the bus and the service's durables are ready, whether it stores what is
        published, and whether the database is ready, as it was up to two seconds ago.

        Looking takes calls to the bus for every durable: however many ask, one looks at a time.
        """
        now = monotonic()
        if self._state is None or (self._state.done() and now >= self._state_at + READY_SECONDS):
            self._state_at = now
            self._state = asyncio.create_task(self._look())
        return dict(await asyncio.shield(self._state))

    async def _look(self) -> State:
        """What does not answer in time is not there: neither waits for the other."""
        (connected, missing), database = await asyncio.gather(
            _in_time(self._bus(), (False, [])), _in_time(self.database.reachable(), False)
        )
        return {
            "ready": connected and self.broker.publishing and database and not missing,
            "bus": connected,
            "publishing": self.broker.publishing,
            "database": database,
            "durables_missing": missing,
        }

    async def _bus(self) -> tuple[bool, list[str]]:
        connected = await self.broker.connected()
        return connected, await self.broker.missing_durables() if connected else []


async def _in_time(looked: Awaitable[Result], otherwise: Result) -> Result:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await looked
    except TimeoutError:
        return otherwise


def _start_or_explain(step: Callable[[], Result]) -> Result:
    try:
        return step()
    except Misconfigured as error:
        raise SystemExit(f"sigmasight cannot start: {error}") from error


def leave_what_stays() -> None:
    """Let the garbage collector skip what was loaded so far, and look less often: scanning the
    same objects again and again takes a part of the time of every message.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # new objects until it looks; by default 700 (Python 3.11)


def create_service(
    word: str,
    router: ServiceRouter,
    own_settings: type[ServiceSettings] | None = None,
    on_startup: Sequence[StartupStep] = (),
    background: Sequence[BackgroundTask] = (),
) -> Application:
    """An ASGI application with handlers subscribed, health and metrics served, telemetry set up.

    `on_startup` steps get a session each, in order, before the first message; `background` tasks
    get the runtime. Exits with a named reason when the settings are wrong.
    """
    runtime = Runtime(word, router, own_settings)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await runtime.run_startup(on_startup)
        leave_what_stays()
        yield
        await runtime.close()

    async def live() -> Page:
        return Page(200, {"status": "live"})

    async def ready() -> Page:
        state = await runtime.readiness()
        return Page(200 if state["ready"] else 503, state)

    return application(
        runtime.broker,
        pages={"/health/live": live, "/health/ready": ready},
        mounted={"/metrics": metrics_page(runtime.telemetry.registry, runtime.settings)},
        lifespan=lifespan,
        after_startup=[partial(runtime.start_background, background)],
        on_shutdown=[runtime.stop_background],
    )
