"""How much of the process one user may occupy at once.

A request holds a connection to the database while its answer is built, and there are only a few:
without a share, the large answers of one user keep every other user waiting for one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.edge.middleware import (
    API,
    TOKENS_REMEMBERED,
    AroundRequests,
    UserOf,
    user_behind,
)

STREAMS = frozenset({f"{API}events"})  # they last for hours, and hold no connection


@dataclass
class _Share:
    places: asyncio.Semaphore
    requests: int = 0  # in progress and waiting


class FairShare(AroundRequests):
    """Lets each user have a few requests in progress; their further ones wait, in order.

    Streams of events are not counted, and neither are requests without a valid token.
    """

    def __init__(self, app: ASGIApp, at_once: int, user_of: UserOf) -> None:
        super().__init__(app)
        self.at_once = at_once
        self.user_of = lru_cache(TOKENS_REMEMBERED)(user_of)
        self._shares: dict[UUID, _Share] = {}

    @property
    def users_in_progress(self) -> int:
        """How many users have requests in progress."""
        return len(self._shares)

    async def around(self, scope: Scope, receive: Receive, send: Send) -> None:
        user = None if scope["path"] in STREAMS else user_behind(scope, self.user_of)
        if user is None:
            await self.app(scope, receive, send)
            return
        async with self._place(user):
            await self.app(scope, receive, send)

    @asynccontextmanager
    async def _place(self, user: UUID) -> AsyncIterator[None]:
        share = self._shares.setdefault(user, _Share(asyncio.Semaphore(self.at_once)))
        share.requests += 1
        try:
            async with share.places:
                yield
        finally:
            share.requests -= 1
            if not share.requests:
                del self._shares[user]
