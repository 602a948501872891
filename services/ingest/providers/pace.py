"""Rate limits: never more than a plan's requests in any minute, whatever the number of replicas.

A request reserves a slot and waits for it. Slots are handed out so that each lies at least a window
and a margin after the one `limit` places before it; a request leaves at its slot, or up to half the
margin later, or not at all. So two requests `limit` places apart leave at least the window and half
the margin apart; the other half is for the network.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

WINDOW_SECONDS, MARGIN_SECONDS = 60.0, 2.0
POLYGON_REQUESTS_A_MINUTE = {
    "free": 5,
    "starter": 100,
    "developer": 1_000,
    "advanced": 10_000,
    "unlimited": None,
}
FRED_REQUESTS_A_SECOND = 2  # 120 a minute were documented once; since 2026 each second counts


class Reserve(Protocol):
    """Where slots are handed out; with the replicas' own answers this is `repository.reserve_slot`
    in a transaction.
    """

    async def __call__(self, limit: int, window_seconds: float, margin_seconds: float) -> float:
        """Reserve the earliest free slot, for good; returns the seconds until it, 0 when it is
        now.
        """
        ...


class SharedPace:
    """Waits for slots. Nothing is locked meanwhile, and a slot that was missed is not made up
    for.
    """

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
        self._reserve, self._limit = reserve, limit
        self._window, self._margin = window_seconds, margin_seconds
        self._sleep, self._clock = sleep, clock

    async def wait(self) -> None:
        """Return when one request may be sent, which is to be done at once.

        The slot is counted from when it was given out, which was after `asked` and before the
        answer came: sleeping from the answer on is never too short, and counting from `asked` on
        never takes too late for in time.
        """
        while True:
            asked = self._clock()
            until_slot = await self._reserve(self._limit, self._window, self._margin)
            await self._sleep(until_slot)
            if self._clock() - asked <= until_slot + self._margin / 2:
                return


class Unlimited:
    """No limit."""

    async def wait(self) -> None:
        """Return at once."""
