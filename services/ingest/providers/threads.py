"""Blocking client libraries run in threads, apart from the event loop."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from services.ingest.providers import Pace
from services.ingest.providers.patience import Refused

T = TypeVar("T")

MOST_REQUESTS_OF_ONE_CALL = 500  # a provider whose pages never end is stopped


class _Call:
    """One blocking call: how many requests it has sent, and what it waits for."""

    def __init__(self) -> None:
        self.requests = 0
        self._abandoned = False
        self._waiting: Future[None] | None = None

    def wait(self, waiting: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> None:
        self._waiting = asyncio.run_coroutine_threadsafe(waiting, loop)
        if self._abandoned:
            self._waiting.cancel()
        self._waiting.result()

    def abandon(self) -> None:
        """The result is no longer needed: end at the next wait, or in the one in progress."""
        self._abandoned = True
        if self._waiting is not None:
            self._waiting.cancel()


class Threads:
    """Runs blocking calls; what they wait for, they wait for on the event loop.

    So a call that waits for its turn ends when it is cancelled or the loop ends, and sends nothing.
    """

    def __init__(self, name: str, pace: Pace, at_once: int) -> None:
        self.at_once = at_once
        self._pace = pace
        self._executor = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._current = threading.local()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, call: Callable[[], T]) -> T:
        """The call's result, from a thread."""
        self._loop = asyncio.get_running_loop()
        current = _Call()
        try:
            return await self._loop.run_in_executor(self._executor, self._in_thread, current, call)
        except asyncio.CancelledError:
            current.abandon()
            raise

    def wait_for_turn(self) -> None:
        """In a thread: return when one request may be sent."""
        self._current.call.requests += 1
        if self._current.call.requests > MOST_REQUESTS_OF_ONE_CALL:
            raise Refused(200, f"its pages do not end after {MOST_REQUESTS_OF_ONE_CALL:,} requests")
        self._on_loop(self._pace.wait())

    def pause(self, seconds: float) -> None:
        """In a thread: wait some seconds."""
        self._on_loop(asyncio.sleep(seconds))

    def _in_thread(self, current: _Call, call: Callable[[], T]) -> T:
        self._current.call = current
        return call()

    def _on_loop(self, waiting: Coroutine[Any, Any, None]) -> None:
        if self._loop is None or self._loop.is_closed():
            waiting.close()
            raise RuntimeError("the event loop that this provider works for has ended")
        self._current.call.wait(waiting, self._loop)


async def as_they_finish(
    calls: Iterable[Callable[[], Awaitable[T]]], at_once: int
) -> AsyncIterator[T]:
    """Results in the order they arrive, with at most `at_once` calls in progress.

    After the first failure no further call is started; those in progress still give their results,
    then it is raised.
    """
    waiting = deque(calls)
    running: set[asyncio.Task[T]] = set()
    failure: BaseException | None = None
    try:
        while running or (waiting and failure is None):
            while waiting and failure is None and len(running) < at_once:
                running.add(asyncio.ensure_future(waiting.popleft()()))
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.exception() is None:
                    yield task.result()
                else:
                    failure = failure or task.exception()
    finally:
        for task in running:
            task.cancel()
    if failure is not None:
        raise failure
