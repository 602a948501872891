"""How many requests a minute a caller may send, exactly: no minute holds more.

The time of every request counts until it is a minute old, whichever clock minute it was in. Times
are kept in this process, or in a store that all replicas share and whose clock is the only one that
matters. A store that does not answer neither delays nor refuses a request for long: this process
counts for itself until the store is back, and reports that in the log and in its readiness.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from time import monotonic, time
from typing import Any, Literal, cast

import structlog

WINDOW_SECONDS = 60.0
STORE_SECONDS = 0.25  # a store that takes longer counts as away
RETRY_SECONDS = 5.0
Counted = Literal["in_process", "shared", "store_unreachable"]
log = structlog.get_logger("sigmasight.gateway")


def network_of(address: str) -> str:
    """What an address counts as: itself, or the /64 of an IPv6 address.

    A /64 belongs to one subscriber and holds more addresses than can be counted. An IPv4 address
    written as an IPv6 one, as sockets for both do, is that IPv4 address. What is no address counts
    as "unknown".
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((int(parsed), 64), strict=False))


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


@dataclass(frozen=True)
class Count:
    """What one request met: `seconds` until the oldest that counts is a window old."""

    allowed: bool
    remaining: int
    seconds: float


class MovingWindow:
    """The times of each caller's requests in the last window, in this process."""

    def __init__(
        self, seconds: float = WINDOW_SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        # by the latest request: those at the front have gone quiet first
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, limit: int, who: str) -> Count:
        """Count one request of a caller; one that is refused does not count."""
        now = self._clock()
        self._forget_quiet(now)
        times = self._times.get(who) or deque()
        while times and now - times[0] >= self._seconds:
            times.popleft()
        allowed = len(times) < limit
        if allowed:
            times.append(now)
            self._times[who] = times
            self._times.move_to_end(who)
        return Count(allowed, max(0, limit - len(times)), times[0] + self._seconds - now)

    def _forget_quiet(self, now: float) -> None:
        while self._times:
            who = next(iter(self._times))
            if now - self._times[who][-1] < self._seconds:
                return
            del self._times[who]

    def __len__(self) -> int:
        """How many callers are remembered."""
        return len(self._times)


_COUNT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local window = tonumber(ARGV[1])
local limit = tonumber(ARGV[2])
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and now - tonumber(oldest) >= window do
    redis.call('LPOP', KEYS[1])
    oldest = redis.call('LINDEX', KEYS[1], 0)
end
local counted = redis.call('LLEN', KEYS[1])
local allowed = 0
if counted < limit then
    redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
    counted = counted + 1
    allowed = 1
end
return {allowed, math.max(0, limit - counted), (tonumber(oldest) or now) + window - now}
"""  # one script: a request that is cancelled is counted wholly or not at all


class SharedStore:
    """A Redis (or a server that speaks its protocol) in which every replica counts.

    Times are microseconds of the store's own clock, so the replicas' clocks may differ.
    """

    def __init__(self, url: str, seconds: float, patience_seconds: float) -> None:
        # Imported by those who have a store: a third of a second, and 20 MiB.
        from coredis import Redis
        from coredis.exceptions import RedisError

        self.unreachable = (RedisError, OSError, TimeoutError)
        self._window = round(seconds * 1_000_000)
        self._patience_seconds = patience_seconds
        self._client = cast(
            Any,
            Redis.from_url(url, connect_timeout=patience_seconds, stream_timeout=patience_seconds),
        )
        self._count = self._client.register_script(_COUNT)
        self._away_until = 0.0

    async def count(self, limit: int, who: str) -> Count:
        """Count one request of a caller; one that is refused does not count.

        Raises one of `unreachable` where the store does not answer in time.
        """
        async with asyncio.timeout(self._patience_seconds):
            answer = await self._count(
                keys=[f"sigmasight/requests/{who}"], args=[self._window, limit]
            )
        allowed, remaining, microseconds = (int(each) for each in answer)
        return Count(allowed == 1, remaining, microseconds / 1_000_000)

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
        self._client.connection_pool.disconnect()


class RateLimits:
    """Requests within a moving minute."""

    def __init__(
        self,
        store_url: str | None = None,
        seconds: float = WINDOW_SECONDS,
        patience_seconds: float = STORE_SECONDS,
    ) -> None:
        self._in_process = MovingWindow(seconds)
        self._store = SharedStore(store_url, seconds, patience_seconds) if store_url else None

    @property
    def counted(self) -> Counted:
        """Where requests are counted now."""
        if self._store is None:
            return "in_process"
        return "store_unreachable" if self._store.away else "shared"

    async def standing_after(self, per_minute: int, *who: str) -> Standing:
        """Count one request of a caller and return the remaining allowance."""
        counted = await self._after(per_minute, "/".join(who))
        return Standing(counted.allowed, per_minute, counted.remaining, time() + counted.seconds)

    async def _after(self, per_minute: int, who: str) -> Count:
        if self._store is not None and not self._store.away:
            try:
                return await self._store.count(per_minute, who)
            except self._store.unreachable as error:
                self._store.stay_away(error)
        return self._in_process.count(per_minute, who)

    def close(self) -> None:
        """Give the store's connections back."""
        if self._store is not None:
            self._store.close()
