"""Answers put together on their way into the database, while the next ones are fetched."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

from services.ingest.providers import Answer

BARS_AT_ONCE = 50_000
ANSWERS_AHEAD = 20  # as many may wait while others are stored

_Coming = asyncio.Queue[Answer | None]


async def gathered(
    answers: AsyncIterator[Answer], seconds: float, bars_at_once: int = BARS_AT_ONCE
) -> AsyncGenerator[Answer, None]:
    """Small answers put together, so that storing them costs less.

    No answer waits longer than `seconds` for others, and none is lost: an error of the provider is
    raised after everything it answered before.
    """
    coming: _Coming = asyncio.Queue(ANSWERS_AHEAD)
    receiving = asyncio.create_task(_receive(answers, coming))
    try:
        more = True
        while more and (first := await coming.get()) is not None:
            bars = list(first.bars)
            settled = set(first.settled)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while len(bars) < bars_at_once and (
                        more := (another := await coming.get()) is not None
                    ):
                        bars += another.bars
                        settled |= another.settled
            yield Answer(bars, frozenset(settled))
        await receiving
    finally:
        receiving.cancel()


async def _receive(answers: AsyncIterator[Answer], coming: _Coming) -> None:
    """Put every answer into the queue, and None after the last one, also after an error."""
    try:
        async for answer in answers:
            await coming.put(answer)
    except Exception:
        await coming.put(None)
        raise
    await coming.put(None)
