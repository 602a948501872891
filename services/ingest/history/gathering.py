"""Answers put together on their way into the database, while the next ones are asked for."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

from services.ingest.providers import Answer

BARS_AT_ONCE = 50_000
ANSWERS_AHEAD = 20  # as many as may wait while others are stored

_Coming = asyncio.Queue[Answer | None]


async def gathered(
    answers: AsyncIterator[Answer], seconds: float, bars_at_once: int = BARS_AT_ONCE
) -> AsyncGenerator[Answer, None]:
    """Small answers put together, so that storing them costs less; none waits `seconds` for others,
    or is lost.

    What the provider fails with is raised after everything it answered before.
    """
    coming: _Coming = asyncio.Queue(ANSWERS_AHEAD)
    asking = asyncio.create_task(_ask(answers, coming))
    try:
        more = True
        while more and (first := await coming.get()) is not None:
            bars, settled = list(first.bars), set(first.settled)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while len(bars) < bars_at_once and (
                        more := (another := await coming.get()) is not None
                    ):
                        bars += another.bars
                        settled |= another.settled
            yield Answer(bars, frozenset(settled))
        await asking
    finally:
        asking.cancel()


async def _ask(answers: AsyncIterator[Answer], coming: _Coming) -> None:
    """Put every answer into the queue, and None after the last one, also when it is the last
    because of a failure.
    """
    try:
        async for answer in answers:
            await coming.put(answer)
    except Exception:
        await coming.put(None)
        raise
    await coming.put(None)
