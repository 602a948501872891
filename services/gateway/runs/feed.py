"""What is recorded about runs, told to whoever follows: one reader in each process, one queue for
each follower.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.gateway.edge.queries import Row
from services.gateway.runs.queries import run_events, runs
from services.gateway.runs.queries.run_events import Span
from services.gateway.runs.shapes import RUN, as_told
from shared.database import Database, Session
from shared.service import Runtime

BATCH = 200
WAITING_AT_MOST = 1000
LOOK_ANYWAY_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 10.0
STREAMS_PER_USER = 20
log = structlog.get_logger("sigmasight.gateway")


@dataclass(frozen=True)
class Told:
    """One event for one follower."""

    event_id: int
    kind: str
    data: dict[str, Any]


class TooManyStreams(Exception):
    """The user has as many streams open in this process as anybody may."""


@dataclass(eq=False)
class Follower:
    """A user on an open stream, and what has been told since it was opened. A None ends the
    stream.
    """

    user_id: UUID
    waiting: asyncio.Queue[Told | None] = field(
        default_factory=lambda: asyncio.Queue(WAITING_AT_MOST)
    )
    cut_off: bool = False

    def tell(self, told: Told) -> None:
        """Queue an event; a follower too slow to keep up is cut off and comes back where it was."""
        if self.waiting.full():
            self.end()
        if not self.cut_off:
            self.waiting.put_nowait(told)

    def end(self) -> None:
        """Let the stream end after what is waiting."""
        self.cut_off = True
        if not self.waiting.full():
            self.waiting.put_nowait(None)

    async def next(self, seconds: float) -> Told | None:
        """The next event; None when the stream is to end, or `seconds` are over."""
        if self.cut_off and self.waiting.empty():
            return None
        with suppress(TimeoutError):
            return await asyncio.wait_for(self.waiting.get(), seconds)
        return None


class Feed:
    """Hears that something was recorded, by whichever process, reads it once, and hands it to the
    followers.

    What was recorded while the connection was lost is read when it is back: the log remembers, not
    the connection.
    """

    def __init__(self) -> None:
        self._followers: set[Follower] = set()
        self._woken = asyncio.Event()
        self._position: int | None = None  # the last event handed out; None while nobody follows
        self._closed = False

    async def run(self, runtime: Runtime) -> None:
        """Until cancelled. While the database is away, pauses grow up to ten seconds."""
        pause = 0.0
        while True:
            try:
                async with runtime.database.listening(run_events.CHANNEL, self._woken.set) as probe:
                    pause = 0.0
                    while True:
                        await self._hand_out(runtime.database)
                        await self._wait()
                        await probe()
            except (SQLAlchemyError, OSError) as error:
                pause = min(2 * pause + 0.1, LONGEST_PAUSE_SECONDS)
                log.warning("feed interrupted", reason=repr(error), next_try_seconds=pause)
                await asyncio.sleep(pause)

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), LOOK_ANYWAY_SECONDS)
        self._woken.clear()

    def close(self) -> None:
        """End every stream, now and from now on: the process is about to stop."""
        self._closed = True
        for follower in self._followers:
            follower.end()

    def streams_of(self, user_id: UUID) -> int:
        """How many streams the user has open here."""
        return sum(follower.user_id == user_id for follower in self._followers)

    @contextmanager
    def following(self, user_id: UUID) -> Iterator[Follower]:
        """Queue what is told to a user from now on; raises `TooManyStreams`."""
        if self.streams_of(user_id) >= STREAMS_PER_USER:
            raise TooManyStreams
        follower = Follower(user_id)
        if self._closed:
            follower.end()
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    async def stream(
        self, database: Database, follower: Follower, wanted: "Wanted", seconds: float
    ) -> AsyncIterator[Told]:
        """What was told before, as far as it is wanted, and what is told from now on, each once and
        in order.
        """
        deadline = monotonic() + seconds
        seen, over = await self._begin(database, wanted)
        async for told in _earlier(database, follower.user_id, wanted.span(seen)):
            yield told
        while not over:
            told_now = await follower.next(deadline - monotonic())
            if told_now is None:
                return
            if told_now.event_id > seen and wanted.includes(told_now):
                yield told_now
                over = wanted.ends_with(told_now)

    async def _begin(self, database: Database, wanted: "Wanted") -> tuple[int, bool]:
        """Up to which event the log is to be read, and whether nothing comes after it."""
        async with database.transaction() as session:
            seen = await run_events.latest_event_id(session)
            run = await runs.load_run(session, wanted.run_id) if wanted.run_id else None
        if self._position is None:
            self._position = seen
        return seen, not wanted.follow or (run is not None and run["status"] != "running")

    async def _hand_out(self, database: Database) -> None:
        """Read what is new for the followers there are, a batch at a time."""
        rows: Sequence[Row] = ()
        while (
            self._followers and self._position is not None and (rows := await self._read(database))
        ):
            self._position = rows[-1]["event_id"]
        if not self._followers:
            self._position = None

    async def _read(self, database: Database) -> Sequence[Row]:
        """Hand out one batch. Whoever begins to follow after it was read finds it in the log."""
        async with database.transaction() as session:
            rows = await run_events.load_after(session, self._position or 0, BATCH)
            followers = list(self._followers)
            told = await _addressed(session, rows, {follower.user_id for follower in followers})
        for follower in followers:
            for each in told[follower.user_id]:
                follower.tell(each)
        return rows


async def _earlier(database: Database, user_id: UUID, span: Span) -> AsyncIterator[Told]:
    """What the user was told in a span of the log, read a batch at a time."""
    while True:
        async with database.transaction() as session:
            rows = await run_events.load_told(session, user_id, span, BATCH)
            told = await _addressed(session, rows, {user_id})
        for each in told[user_id]:
            yield each
        if len(rows) < BATCH:
            return
        span = replace(span, after=rows[-1]["event_id"])


async def _addressed(
    session: Session, rows: Sequence[Row], user_ids: Collection[UUID]
) -> dict[UUID, list[Told]]:
    """The events that each user may know of: about a portfolio of theirs, or of a run they asked
    for.
    """
    if not rows:
        return {user_id: [] for user_id in user_ids}
    about = {portfolio_id for row in rows for portfolio_id in row["portfolio_ids"]}
    owned = await run_events.owners_of(session, user_ids, about)
    return {user_id: list(_told_to(user_id, owned.get(user_id), rows)) for user_id in user_ids}


def _told_to(user_id: UUID, own: frozenset[UUID] | None, rows: Sequence[Row]) -> Iterator[Told]:
    if own is None:  # may not log in any more
        return
    for row in rows:
        asked = row["requested_by"] == user_id
        if asked or not own.isdisjoint(row["portfolio_ids"]):
            data = as_told(row["kind"], row["data"], row["portfolio_ids"], own, asked=asked)
            yield Told(row["event_id"], row["kind"], data)


@dataclass(frozen=True)
class Wanted:
    """What a follower wants: events `after` one they know, or of one run until it is over; else of
    all that goes on.

    Without `follow`, what was told so far and no more.
    """

    after: int | None = None
    run_id: UUID | None = None
    follow: bool = True

    def span(self, until: int) -> Span:
        """The part of the log that is wanted, up to an event."""
        everything = self.after is not None or self.run_id is not None
        return Span(self.after or 0, until, self.run_id, going_on=not everything)

    def includes(self, told: Told) -> bool:
        """Whether the event is of the run that is wanted, if it is only one."""
        return self.run_id is None or told.data["run_id"] == str(self.run_id)

    def ends_with(self, told: Told) -> bool:
        """Whether nothing can follow."""
        return self.run_id is not None and told.kind == RUN
