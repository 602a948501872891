"""Rate limits: at most a plan's requests in any minute, over all replicas.

A request reserves a slot and waits for it. Each slot lies at least a window and a margin after the
one `limit` places before it; a request is sent at its slot, or up to half the margin later, or not
at all. So two requests `limit` places apart are at least the window and half the margin apart; the
other half is for the network.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

WINDOW_SECONDS = 60.0
MARGIN_SECONDS = 2.0
POLYGON_REQUESTS_A_MINUTE = {
    "free": 5,
    "starter": 100,
    "developer": 1_000,
    "advanced": 10_000,
    "unlimited": None,
}
FRED_REQUESTS_A_SECOND = 2  # 120 a minute were documented once; since 2026 each second counts
TREASURY_REQUESTS_A_MINUTE = 30  # it publishes no limit, and a year of yields is one request


class Reserve(Protocol):
    """Assigns slots: `repository.reserve_slot` in a transaction."""

    async def __call__(self, limit: int, window_seconds: float, margin_seconds: float) -> float:
        """Reserve the earliest free slot; returns the seconds until it, 0 when it is now."""
        ...


class SharedPace:
    """Waits for slots. Nothing is locked meanwhile, and a missed slot is not made up for."""

    def __init__(
        self,
        reserve: Reserve,
        limit: int,
        *,
        window_seconds: float = WINDOW_SECONDS,
        margin_seconds: float = MARGIN_SECONDS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reserve = reserve
        self._limit = limit
        self._window = window_seconds
        self._margin = margin_seconds
        self._sleep = sleep
        self._clock = clock

    async def wait(self) -> None:
        """Return when one request may be sent, which must be done at once.

        The slot counts from the moment it was assigned, between `requested` and the reply. So
        waiting from the reply on is never too short, and counting from `requested` on never
        accepts a slot that has passed.
        """
        while True:
            requested = self._clock()
            until_slot = await self._reserve(self._limit, self._window, self._margin)
            await self._sleep(until_slot)
            if self._clock() - requested <= until_slot + self._margin / 2:
                return


class Unlimited:
    """No limit."""

    async def wait(self) -> None:
        """Return at once."""
