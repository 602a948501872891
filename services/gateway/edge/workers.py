"""Processes for work whose length a user decides: few of them, and each can be ended.

A thread cannot be ended, and all threads share one interpreter: work that a request has given up
on would go on beside the requests of others.
"""

import asyncio
import gc
import signal
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeVar, cast

Answer = TypeVar("Answer")


class WorkerFailed(RuntimeError):
    """The work raised, or its process ended; the text holds the process's traceback."""


class Workers:
    """At most `count` processes, started when they are needed, each with one piece of work.

    What waits for a free one is taken in the order it came.
    """

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._idle: list[_Worker] = []
        self._threads = ThreadPoolExecutor(count, "workers")  # each waits for one process

    async def run(self, work: Callable[..., Answer], *arguments: object) -> Answer:
        """What a function of a module returns for the arguments, from another process.

        All of them are pickled, so expected refusals are values. Ends the process when the request
        is cancelled. Raises `WorkerFailed` when the function raises or its process ends.
        """
        loop = asyncio.get_running_loop()
        async with self._free:
            worker = self._idle.pop() if self._idle else _Worker()
            try:
                answer = await loop.run_in_executor(self._threads, worker.answer, work, arguments)
            except BaseException:
                worker.end()
                raise
            self._idle.append(worker)
            return cast(Answer, answer)

    def close(self) -> None:
        """End the processes that wait for work."""
        while self._idle:
            self._idle.pop().end()
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Worker:
    """One process, from this side."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def answer(self, work: Callable[..., object], arguments: tuple[object, ...]) -> object:
        """The answer of the process; blocks until it comes or the process ends."""
        try:
            self._connection.send((work, arguments))
            done, answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise WorkerFailed("the process ended before it answered") from error
        if not done:
            raise WorkerFailed(answer)
        return answer

    def end(self) -> None:
        """End the process; a thread that waits for its answer is free then."""
        self._process.kill()
        self._process.join()


def _serve(connection: Connection) -> None:
    """Answer one piece of work after the other until the other side is gone.

    Garbage is looked for between them: among the many rows of a file, which all stay until it is
    read, that would take a fifth of the time.
    """
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: the other side ends us
    with suppress(EOFError, OSError):
        while True:
            work, arguments = connection.recv()
            try:
                answer = (True, work(*arguments))
            except Exception:  # noqa: BLE001 - the caller's process raises it
                answer = (False, traceback.format_exc())
            connection.send(answer)
            del work, arguments, answer
            gc.collect()
