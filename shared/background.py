"""What a service does again and again beside its handlers."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from shared.database import DATABASE_ERRORS
from shared.errors import BusUnavailable

log = structlog.get_logger("sigmasight.background")


async def repeat(step: Callable[[], Awaitable[object]], seconds: float, work: str) -> None:
    """Do a step, with a pause of so many seconds after each, until cancelled.

    While the database or the bus is away, it is left for the next time; `work` names it in the log.
    Any other error is raised: it ends the process, which is started again.
    """
    while True:
        try:
            await step()
        except (*DATABASE_ERRORS, BusUnavailable) as error:
            log.warning("put off", work=work, reason=repr(error))
        await asyncio.sleep(seconds)
