"""How many requests a minute a caller may send.

Counted in this process, or in a store that all replicas share. A store that does not answer neither
delays nor refuses a request for long: this process counts for itself until the store is back, and
reports that in the log and in its readiness.
"""

import asyncio
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from time import monotonic, time
from typing import Any, Literal, cast

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import RateLimiter, SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string

STORE_SECONDS = 0.25  # a store that takes longer counts as away
RETRY_SECONDS = 5.0
Counted = Literal["in_process", "shared", "store_unreachable"]
log = structlog.get_logger("sigmasight.gateway")


def network_of(address: str) -> str:
    """What an address counts as: itself, or the /64 of an IPv6 address.

    A /64 belongs to one subscriber and holds more addresses than can be counted. What is no address
    counts as "unknown".
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    return (
        str(IPv6Network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address
    )


@dataclass(frozen=True)
class Standing:
    """A caller's allowance after a request.

    `resets_at` (Unix time) is when more requests may follow.
    """

    allowed: bool
    limit: int
    remaining: int
    resets_at: float

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that every answer carries; times in whole seconds."""
        values = {
            b"x-ratelimit-limit": self.limit,
            b"x-ratelimit-remaining": self.remaining,
            b"x-ratelimit-reset": ceil(self.resets_at),
        }
        return [(name, b"%d" % value) for name, value in values.items()]

    @property
    def seconds_to_wait(self) -> int:
        """Whole seconds until the next request may be sent."""
        return max(1, ceil(self.resets_at - time()))


class SharedStore:
    """A Redis (or a server that speaks its protocol) in which every replica counts."""

    def __init__(self, url: str) -> None:
        # Imported by those who have a store: a third of a second, and 20 MiB.
        from coredis.exceptions import RedisError

        self.unreachable = (RedisError, OSError, TimeoutError)
        options = {"connect_timeout": STORE_SECONDS, "stream_timeout": STORE_SECONDS}
        self._storage = cast(Any, storage_from_string(f"async+{url}", **options))
        self.limiter: RateLimiter = SlidingWindowCounterRateLimiter(self._storage)
        self._away_until = 0.0

    @property
    def away(self) -> bool:
        """Whether it did not answer a moment ago and is not queried yet."""
        return monotonic() < self._away_until

    def stay_away(self, reason: Exception) -> None:
        """Query nothing for a while."""
        self._away_until = monotonic() + RETRY_SECONDS
        log.warning(
            "rate limit store unreachable: this process counts for itself", reason=repr(reason)
        )

    def close(self) -> None:
        """Give the connections back."""
        self._storage.bridge.get_connection().connection_pool.disconnect()


class RateLimits:
    """Requests a minute, in sliding windows."""

    def __init__(self, store_url: str | None = None) -> None:
        self._in_process = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._store = SharedStore(store_url) if store_url else None

    @property
    def counted(self) -> Counted:
        """Where requests are counted now."""
        if self._store is None:
            return "in_process"
        return "store_unreachable" if self._store.away else "shared"

    async def standing_after(self, per_minute: int, *who: str) -> Standing:
        """Count one request of a caller and return the remaining allowance."""
        item = RateLimitItemPerMinute(per_minute)
        if self._store is not None and not self._store.away:
            try:
                async with asyncio.timeout(STORE_SECONDS):
                    return await _counted(self._store.limiter, item, who)
            except self._store.unreachable as error:
                self._store.stay_away(error)
        return await _counted(self._in_process, item, who)

    def close(self) -> None:
        """Give the store's connections back."""
        if self._store is not None:
            self._store.close()


async def _counted(limiter: RateLimiter, item: RateLimitItem, who: tuple[str, ...]) -> Standing:
    allowed = await limiter.hit(item, *who)
    window = await limiter.get_window_stats(item, *who)
    return Standing(allowed, item.amount, window.remaining if allowed else 0, window.reset_time)
