"""Tasks that wait, and that end when they are cancelled."""

import asyncio
from contextlib import suppress

AGAIN_SECONDS = 2.0  # what a task that was cancelled may take to clean up


async def until_woken(woken: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set, `seconds` at most, and clear it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await woken.wait()
    woken.clear()


async def cancelled(*tasks: asyncio.Task[object]) -> None:
    """Cancel the tasks and return when all have ended, however each of them did.

    One cancellation is not enough: `asyncio.wait_for` of Python 3.11, with which nats-py waits for
    every answer, forgets the one that comes at the same moment as the answer.
    """
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
