"""Waiting for Postgres and for the bus: while one of them is away, no attempt is used up.

    Postgres does not answer, or cannot write (disk full, read-only)  -> the same work again
    the bus does not store what is published                          -> it is published again
    the connection was lost, but Postgres answers                     -> raised: an attempt

The message stays in progress meanwhile, so its subscriber takes no other one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, repeat
from typing import TypeVar

import structlog

from shared.database import Database, cannot_write, is_outage
from shared.errors import BusUnavailable, MessageTooLarge

PAUSE_SECONDS = 1.0  # where settings name no pauses
Result = TypeVar("Result")
log = structlog.get_logger("sigmasight.messaging")


async def when_back(
    work: Callable[[], Awaitable[Result]],
    is_away: Callable[[Exception], Awaitable[bool]],
    pauses_seconds: Sequence[float],
) -> Result:
    """The result of the work, which is done again while it fails for what `is_away` says is away.

    The last pause is repeated for as long as that takes. Raises every other error of the work.
    """
    pauses = chain(pauses_seconds, repeat((pauses_seconds or (PAUSE_SECONDS,))[-1]))
    for pause in pauses:
        try:
            return await work()
        except Exception as error:
            if not await is_away(error):
                raise
            log.warning("waits for Postgres or the bus", reason=repr(error), next_try_seconds=pause)
        await asyncio.sleep(pause)
    raise AssertionError("the pauses never end")


async def is_database_away(database: Database, error: Exception) -> bool:
    """Whether work failed because Postgres cannot be reached, or cannot write."""
    return cannot_write(error) or (is_outage(error) and not await database.reachable())


async def is_bus_away(error: Exception) -> bool:
    """Whether a message was not stored, and may be later; one that is too large never is."""
    return isinstance(error, BusUnavailable) and not isinstance(error, MessageTooLarge)
