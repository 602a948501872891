"""Events handled many at once: those that arrive while a transaction runs share the next one.

For handlers that write a row or so for each event: a separate transaction would cost each event
more than its row. Every message keeps its attempts, its heartbeat and its acknowledgement.

    an event comes alone        -> its transaction begins at once
    several wait meanwhile      -> one transaction; each is acknowledged once that has committed
    the transaction fails       -> each of its events alone: one that cannot be handled holds up no
                                   other, and is tried again or given up as any message is
    Postgres is away            -> all of them again when it is back (see `outages`)
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import structlog

from shared.contracts.event import Event
from shared.database import Database
from shared.messaging.outages import is_database_away, when_back

MOST = 200  # events of a transaction
AT_ONCE = 8  # messages of one kind that wait together, each with a subscriber
Received = TypeVar("Received", bound=Event, covariant=True)

log = structlog.get_logger("sigmasight.messaging")


@dataclass(frozen=True)
class Traced(Generic[Received]):
    """An event with the trace that it is part of, as 32 hex digits: many share one handler."""

    event: Received
    trace_id: str | None


@dataclass(frozen=True)
class _Group:
    """Events that share a transaction, and the task that ends when it is committed."""

    events: list[Traced[Event]]
    committed: asyncio.Task[None]


class Together:
    """The events of one handler, which takes a sequence of them and a session."""

    def __init__(
        self,
        handler: Callable[..., Awaitable[object]],
        database: Database,
        pauses_seconds: Sequence[float],
    ) -> None:
        self._handler = handler
        self._database = database
        self._pauses_seconds = pauses_seconds
        self._turn = asyncio.Lock()
        self._filling: _Group | None = None

    async def handled(self, traced: Traced[Event]) -> None:
        """Return once the event is handled and committed; raises the handler's error about it."""
        group = self._joined(traced)
        try:
            # The others' events, too: who waits for one of them may be cancelled alone.
            await asyncio.shield(group.committed)
        except Exception:
            if len(group.events) == 1:
                raise
            async with self._turn:
                await self._handle([traced])

    def _joined(self, traced: Traced[Event]) -> _Group:
        if self._filling is None or len(self._filling.events) >= MOST:
            events: list[Traced[Event]] = []
            # Without what the first event's context says: its run is not that of the others.
            task = asyncio.create_task(self._commit(events), context=Context())
            self._filling = _Group(events, task)
        self._filling.events.append(traced)
        return self._filling

    async def _commit(self, events: list[Traced[Event]]) -> None:
        async with self._turn:
            if self._filling is not None and self._filling.events is events:
                self._filling = None
            try:
                await self._handle(events)
            except Exception as error:
                if len(events) > 1:
                    log.warning("will handle one by one", events=len(events), exc_info=error)
                raise

    async def _handle(self, events: Sequence[Traced[Event]]) -> None:
        async def attempt() -> None:
            async with self._database.transaction() as session:
                await self._handler(events, session)

        is_away = partial(is_database_away, self._database)
        await when_back(attempt, is_away, self._pauses_seconds)
