"""Blocking calls in threads, and many of them at once."""

import asyncio
import threading
from functools import partial

import pytest

from services.ingest.providers.pace import Unlimited
from services.ingest.providers.patience import Refused
from services.ingest.providers.threads import MOST_REQUESTS_OF_ONE_CALL, Threads, as_they_finish


class Never:
    """A pace whose turn never comes."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def wait(self) -> None:
        self.asked.set()
        await asyncio.Event().wait()


async def test_calls_run_in_separate_threads() -> None:
    threads = Threads("provider", Unlimited(), at_once=1)

    name = await threads.run(lambda: threading.current_thread().name)

    assert name.startswith("provider")


async def test_cancelled_call_waits_no_longer_and_sends_nothing() -> None:
    pace, sent, ended = Never(), [], threading.Event()
    threads = Threads("provider", pace, at_once=1)

    def call() -> None:
        try:
            threads.wait_for_turn()
            sent.append("request")
        finally:
            ended.set()

    running = asyncio.ensure_future(threads.run(call))
    await pace.asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert await asyncio.to_thread(ended.wait, 5)
    assert sent == []
    assert await threads.run(lambda: "free again") == "free again"


def test_end_of_the_loop_ends_what_waits_for_it() -> None:
    ended = threading.Event()

    async def leaving() -> None:
        pace = Never()
        threads = Threads("provider", pace, at_once=1)

        def call() -> None:
            try:
                threads.wait_for_turn()
            finally:
                ended.set()

        asyncio.ensure_future(threads.run(call))  # noqa: RUF006 - ends with the loop
        await pace.asked.wait()

    asyncio.run(leaving())

    assert ended.wait(5)


async def test_call_that_sends_without_end_is_refused() -> None:
    threads = Threads("provider", Unlimited(), at_once=1)
    sent = []

    def endless() -> None:
        while True:
            threads.wait_for_turn()
            sent.append("request")

    with pytest.raises(Refused):
        await threads.run(endless)
    assert len(sent) == MOST_REQUESTS_OF_ONE_CALL


async def test_at_most_the_allowed_number_run_at_once() -> None:
    running, most = 0, 0

    async def call(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return number

    found = [
        number
        async for number in as_they_finish([partial(call, number) for number in range(20)], 3)
    ]

    assert sorted(found) == list(range(20))
    assert most == 3


async def test_after_a_failure_nothing_starts_and_what_runs_still_counts() -> None:
    failed, started = asyncio.Event(), []

    async def call(number: int) -> int:
        started.append(number)
        if number == 1:
            failed.set()
            raise ValueError(number)
        await failed.wait()
        await asyncio.sleep(0)
        return number

    found = []

    async def take() -> None:
        async for number in as_they_finish([partial(call, number) for number in range(10)], 3):
            found.append(number)  # noqa: PERF401 - what came before the error is the point

    with pytest.raises(ValueError, match="1"):
        await take()
    assert (sorted(started), sorted(found)) == ([0, 1, 2], [0, 2])


async def test_leaving_early_cancels_what_runs() -> None:
    cancelled = []

    async def call(number: int) -> int:
        if number == 0:
            return number
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise
        return number

    results = as_they_finish([partial(call, number) for number in range(3)], 3)
    assert await anext(results) == 0
    await results.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0)

    assert sorted(cancelled) == [1, 2]
