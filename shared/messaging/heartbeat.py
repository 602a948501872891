"""A message stays with its subscriber for as long as it is worked on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from shared.errors import BusUnavailable
from shared.messaging.broker import Delivery
from shared.tasks import cancelled


@asynccontextmanager
async def heartbeat(message: Delivery, every_seconds: float) -> AsyncIterator[None]:
    """Report the message as in progress to the server until the block ends."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(every_seconds)
            with suppress(
                BusUnavailable
            ):  # a lost connection: the next beat, or redelivery, follows
                await message.in_progress()

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        await cancelled(task)
    if not task.cancelled():
        task.result()
