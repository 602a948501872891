"""Answers put together on their way into the database."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from services.ingest.providers import Answer

BARS_AT_ONCE = 50_000


async def gathered(
    answers: AsyncIterator[Answer], seconds: float, bars_at_once: int = BARS_AT_ONCE
) -> AsyncGenerator[Answer, None]:
    """Small answers put together, so that storing them costs less; none is kept back longer than `seconds`, or lost.

    What the provider fails with is raised after everything it answered before.
    """
    loop = asyncio.get_running_loop()
    coming = _next_of(answers)
    try:
        while (first := await coming) is not None:
            until, coming = loop.time() + seconds, _next_of(answers)
            bars, settled = list(first.bars), set(first.settled)
            while len(bars) < bars_at_once and (more := await _in_time(coming, until - loop.time())):
                bars += more.bars
                settled |= more.settled
                coming = _next_of(answers)
            yield Answer(bars, frozenset(settled))
    finally:
        coming.cancel()


def _next_of(answers: AsyncIterator[Answer]) -> asyncio.Future[Answer | None]:
    """The next answer, already asked for; None when there is none."""
    return asyncio.ensure_future(anext(answers, None))


async def _in_time(coming: asyncio.Future[Answer | None], seconds: float) -> Answer | None:
    """The answer, if it comes within so many seconds; otherwise, or when there is none, it is left as it is."""
    done, _ = await asyncio.wait({coming}, timeout=max(0.0, seconds))
    return coming.result() if done and coming.exception() is None else None
