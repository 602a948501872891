"""The background work of every replica: alerts become messages, and messages are sent."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from functools import partial
from typing import TypeVar

import structlog

from services.limits import repository
from services.limits.calculations.grouping import Patience
from services.limits.handlers.gather_alerts import gather_alerts
from services.limits.handlers.send_messages import Sending
from services.limits.senders.meters import Meters
from services.limits.senders.outgoing import senders_of
from services.limits.settings import get_settings
from shared.background import repeat
from shared.database import DATABASE_ERRORS
from shared.service import Runtime

AT_ONCE = 32  # messages that one process sends at the same time
EVERY_HOUR = 3600.0
KEPT = timedelta(days=30)
Result = TypeVar("Result")
log = structlog.get_logger("sigmasight.limits")


async def notify_users(runtime: Runtime) -> None:
    """Make messages of alerts, send them, and delete old ones, until the process ends."""
    settings = get_settings()
    patience = Patience(
        timedelta(seconds=settings.group_quiet_seconds),
        timedelta(seconds=settings.group_longest_seconds),
    )
    meters = Meters(runtime.telemetry.registry)
    sending = Sending(runtime.database, senders_of(settings), meters)

    async def gather() -> None:
        meters.count_raised(await gather_alerts(runtime.database, patience, sending.clock()))

    async def forget() -> None:
        async with runtime.database.transaction() as session:
            await repository.delete_past(session, sending.clock(), KEPT)
            await repository.delete_gone_limits(session)

    await asyncio.gather(
        repeat(gather, settings.notify_seconds, "gathering of notifications"),
        repeat(forget, EVERY_HOUR, "deletion of old notifications"),
        _send(sending, settings.notify_seconds),
    )


async def _or_later(step: Callable[[], Awaitable[Result]]) -> Result | None:
    """Do a step of work; None while the database is away, when it is left for the next time."""
    try:
        return await step()
    except DATABASE_ERRORS as error:
        log.warning("notifications wait", reason=repr(error))
        return None


async def _send(sending: Sending, seconds: float) -> None:
    """Send what is due until cancelled. A slow receiver takes one place, and delays no other."""
    under_way: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as tasks:
        while True:
            free = AT_ONCE - len(under_way)
            claimed = await _or_later(partial(sending.claim, free)) if free else None
            for due in claimed or ():
                task = tasks.create_task(_or_later(partial(sending.deliver, due)))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await _pause(under_way, seconds)


async def _pause(under_way: Collection[asyncio.Task[None]], seconds: float) -> None:
    """Until a message is done, at most so long."""
    if under_way:
        await asyncio.wait(under_way, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    else:
        await asyncio.sleep(seconds)
