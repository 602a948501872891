"""The feed of run events to their followers.

One reader in each process, one queue for each follower.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any
from uuid import UUID

import structlog

from services.gateway.edge.queries import Proof, Row, load_ended
from services.gateway.runs.queries import run_events, runs
from services.gateway.runs.queries.run_events import Readable, Span
from services.gateway.runs.queries.runs import DRAFT_TRIGGER
from services.gateway.runs.shapes import ALERT, RUN, data_for_follower
from shared.database import DATABASE_ERRORS, Database, Session
from shared.service import Runtime
from shared.tasks import until_woken

BATCH = 200
WAITING_AT_MOST = 1000
LOOK_ANYWAY_SECONDS = 5.0
CHECK_AFTER_SECONDS = 3.0  # at the next look: within eight seconds
LONGEST_PAUSE_SECONDS = 10.0
STREAMS_PER_USER = 20
log = structlog.get_logger("sigmasight.gateway")


@dataclass(frozen=True)
class FollowerEvent:
    """One event for one follower."""

    event_id: int
    kind: str
    data: dict[str, Any]


class TooManyStreams(Exception):
    """The user has the largest number of streams open that a process allows."""


@dataclass(eq=False)
class Follower:
    """A user on an open stream, and the events queued since it was opened.

    `proof`: what it was opened with. A None ends the stream.
    """

    proof: Proof
    waiting: asyncio.Queue[FollowerEvent | None] = field(
        default_factory=lambda: asyncio.Queue(WAITING_AT_MOST)
    )
    cut_off: bool = False
    refused: bool = False

    @property
    def user_id(self) -> UUID:
        """Whose events it has."""
        return self.proof.user_id

    def queue(self, event: FollowerEvent) -> None:
        """Queue an event; a follower too slow to keep up is cut off and resumes where it was."""
        if self.waiting.full():
            self.end()
        if not self.cut_off:
            self.waiting.put_nowait(event)

    def end(self) -> None:
        """Let the stream end after what is waiting."""
        self.cut_off = True
        if not self.waiting.full():
            self.waiting.put_nowait(None)

    def refuse(self) -> None:
        """End the stream at once: what it was opened with is over."""
        self.refused = True
        while not self.waiting.empty():
            self.waiting.get_nowait()
        self.end()

    async def next(self, seconds: float) -> FollowerEvent | None:
        """The next event; None when the stream is to end, or `seconds` are over."""
        if self.cut_off and self.waiting.empty():
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self.waiting.get()
        return None


def _nothing() -> None:
    """What else a notification is for, by default."""


class Feed:
    """Distributes what any process has recorded to the followers of this one.

    It is notified and reads each event once. Events recorded while the connection was lost are read
    when it is back: they are in the log.
    """

    def __init__(self, also: Callable[[], None] = _nothing) -> None:
        self._also = also  # called at every notification, with or without followers
        self._followers: set[Follower] = set()
        self._woken = asyncio.Event()
        self._position: int | None = None  # the last event distributed; None without followers
        self._closed = False
        self._checked_at = monotonic()

    async def run(self, runtime: Runtime) -> None:
        """Distribute until cancelled.

        While the database is away, pauses grow up to ten seconds.
        """
        pause = 0.0
        while True:
            try:
                async with runtime.database.listening(run_events.CHANNEL, self._notice) as probe:
                    pause = 0.0
                    while True:
                        await self._refuse_ended(runtime.database)
                        await self._distribute(runtime.database)
                        await until_woken(self._woken, LOOK_ANYWAY_SECONDS)
                        await probe()
            except DATABASE_ERRORS as error:
                pause = min(2 * pause + 0.1, LONGEST_PAUSE_SECONDS)
                log.warning("feed interrupted", reason=repr(error), next_try_seconds=pause)
                await asyncio.sleep(pause)

    def _notice(self) -> None:
        self._woken.set()
        self._also()

    def close(self) -> None:
        """End every stream, now and from now on: the process is about to stop."""
        self._closed = True
        for follower in self._followers:
            follower.end()

    async def _refuse_ended(self, database: Database) -> None:
        """End the streams whose log-in or token is over, by one statement every few seconds."""
        if not self._followers or monotonic() < self._checked_at + CHECK_AFTER_SECONDS:
            return
        self._checked_at = monotonic()
        followers = list(self._followers)
        async with database.transaction() as session:
            ended = await load_ended(session, [each.proof for each in followers])
        for follower in followers:
            if follower.proof in ended:
                follower.refuse()

    def streams_of(self, user_id: UUID) -> int:
        """How many streams the user has open here."""
        return sum(follower.user_id == user_id for follower in self._followers)

    @contextmanager
    def following(self, proof: Proof) -> Iterator[Follower]:
        """Queue the events of a user from now on; raises `TooManyStreams`."""
        if self.streams_of(proof.user_id) >= STREAMS_PER_USER:
            raise TooManyStreams
        follower = Follower(proof)
        if self._closed:
            follower.end()
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    async def stream(
        self, database: Database, follower: Follower, wanted: "Wanted", seconds: float
    ) -> AsyncIterator[FollowerEvent]:
        """The earlier events that are wanted, then new ones, each once and in order."""
        deadline = monotonic() + seconds
        seen, over = await self._begin(database, wanted)
        async for earlier in _earlier(database, follower.user_id, wanted.span(seen)):
            if follower.refused:
                return
            if wanted.includes(earlier):
                yield earlier
        while not over:
            latest = await follower.next(deadline - monotonic())
            if latest is None:
                return
            if latest.event_id > seen and wanted.includes(latest):
                yield latest
                over = wanted.ends_with(latest)

    async def _begin(self, database: Database, wanted: "Wanted") -> tuple[int, bool]:
        """Up to which event the log is to be read, and whether nothing comes after it."""
        async with database.transaction() as session:
            seen = await run_events.latest_event_id(session)
            run = await runs.load_run(session, wanted.run_id) if wanted.run_id else None
        if self._position is None:
            self._position = seen
        return seen, not wanted.follow or (run is not None and run["status"] != "running")

    async def _distribute(self, database: Database) -> None:
        """Read what is new for the followers there are, a batch at a time."""
        rows: Sequence[Row] = ()
        while (
            self._followers and self._position is not None and (rows := await self._read(database))
        ):
            self._position = rows[-1]["event_id"]
        if not self._followers:
            self._position = None

    async def _read(self, database: Database) -> Sequence[Row]:
        """Distribute one batch.

        Who begins to follow after it was read finds it in the log.
        """
        async with database.transaction() as session:
            rows = await run_events.load_after(session, self._position or 0, BATCH)
            followers = list(self._followers)
            events = await _addressed(session, rows, {follower.user_id for follower in followers})
        for follower in followers:
            for each in events[follower.user_id]:
                follower.queue(each)
        return rows


async def _earlier(database: Database, user_id: UUID, span: Span) -> AsyncIterator[FollowerEvent]:
    """A user's events in a span of the log, read a batch at a time."""
    while True:
        async with database.transaction() as session:
            rows = await run_events.load_of_user(session, user_id, span, BATCH)
            events = await _addressed(session, rows, {user_id})
        for each in events[user_id]:
            yield each
        if len(rows) < BATCH:
            return
        span = replace(span, after=rows[-1]["event_id"])


async def _addressed(
    session: Session, rows: Sequence[Row], user_ids: Collection[UUID]
) -> dict[UUID, list[FollowerEvent]]:
    """The events that each user may see.

    Those about a portfolio that they read, or of a run they requested.
    """
    if not rows:
        return {user_id: [] for user_id in user_ids}
    about = {portfolio_id for row in rows for portfolio_id in row["portfolio_ids"]}
    read = await run_events.readable_by(session, user_ids, about)
    return {user_id: list(_events_for(user_id, read.get(user_id), rows)) for user_id in user_ids}


def _events_for(
    user_id: UUID, read: Readable | None, rows: Sequence[Row]
) -> Iterator[FollowerEvent]:
    if read is None:  # disabled or deleted
        return
    for row in rows:
        if row["user_id"] not in (None, user_id):
            continue
        # alerts are their owners' alone
        own = read.own if row["kind"] == ALERT else read.own | read.shared
        asked = row["requested_by"] == user_id and row["kind"] != ALERT
        if asked or not own.isdisjoint(row["portfolio_ids"]):
            data = data_for_follower(
                row["kind"], row["data"], row["portfolio_ids"], own, asked=asked
            )
            yield FollowerEvent(row["event_id"], row["kind"], data)


@dataclass(frozen=True)
class Wanted:
    """The events that a follower wants.

    Those `after` one they know, or those of one run until it is over, or else those of all running
    runs. Without `follow`, only the events recorded so far.
    """

    after: int | None = None
    run_id: UUID | None = None
    follow: bool = True

    def span(self, until: int) -> Span:
        """The part of the log that is wanted, up to an event."""
        everything = self.after is not None or self.run_id is not None
        return Span(self.after or 0, until, self.run_id, going_on=not everything)

    def includes(self, event: FollowerEvent) -> bool:
        """Whether the event is of the run that is wanted, if it is only one.

        Else those of all but drafts' runs, whose followers name them.
        """
        if self.run_id is None:
            return bool(event.data.get("trigger") != DRAFT_TRIGGER)
        return bool(event.data.get("run_id") == str(self.run_id))

    def ends_with(self, event: FollowerEvent) -> bool:
        """Whether nothing can follow."""
        return self.run_id is not None and event.kind == RUN
