"""What follows from the items that events have left: many at once, those of users first.

Recording an event writes one row and waits for no other. What follows from the rows is derived from
them here, in lanes: hundreds of items of an evening in one transaction, and before them those of
the run that a user waits for.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import event

from services.gateway.edge import queries as edge_queries
from services.gateway.runs.queries import items, revisions, run_events, runs
from services.gateway.runs.queries.items import NewItem
from services.gateway.runs.queries.runs import RunHead
from services.gateway.runs.shapes import RESULTS, Item, News, Run, alert_news, shard_news
from services.gateway.runs.stages import CORRELATIONS, stages_of
from services.gateway.runs.starting import start_run_of
from services.gateway.runs.tracking import (
    derive_status,
    load_reported,
    rows_of,
    run_of,
)
from shared.database import DATABASE_ERRORS, Database, Session, is_outage
from shared.service import Runtime
from shared.tasks import until_woken

BATCH = 500
FEWER = (50, 5)  # where a batch fails
# A round costs little more for many items than for one: while many come, the next are let gather.
MANY = 10
GATHERING_SECONDS = 0.1
LOOK_ANYWAY_SECONDS = 1.0  # for what a process that died had recorded
LONGEST_PAUSE_SECONDS = 10.0
RETRY_SECONDS = (0.1, 0.5, 2.0)
EDITED = "edited_meanwhile"  # the reason that `portfolios.changed` gives
log = structlog.get_logger("sigmasight.gateway")


class Tracker:
    """Follows up what this process records, at once, and what others left."""

    def __init__(self) -> None:
        self._woken: asyncio.Event | None = None

    def wake_after(self, session: Session) -> None:
        """Have what the session records followed up as soon as it is committed."""
        event.listen(session.sync_session, "after_commit", self._wake, once=True)

    def _wake(self, *_: object) -> None:
        if self._woken is not None:
            self._woken.set()

    async def run(self, runtime: Runtime) -> None:
        """Follow up until cancelled."""
        await self.follow(runtime.database)

    async def follow(self, database: Database) -> None:
        """The same; while the database is away, pauses grow to ten seconds."""
        self._woken = asyncio.Event()
        pause = 0.0
        while True:
            try:
                while followed := await follow_up_waiting(database):
                    if MANY <= followed < BATCH:
                        await asyncio.sleep(GATHERING_SECONDS)
                pause = 0.0
                await until_woken(self._woken, LOOK_ANYWAY_SECONDS)
            except DATABASE_ERRORS as error:
                pause = min(2 * pause + 0.1, LONGEST_PAUSE_SECONDS)
                log.warning("follow-up put off", reason=repr(error), next_try_seconds=pause)
                await asyncio.sleep(pause)


tracker = Tracker()  # of this process: handlers of events know nothing of the application


async def follow_up_waiting(database: Database) -> int:
    """Follow up a batch of items in one transaction; returns how many.

    Where that fails, fewer, and then the first alone: an item that cannot be followed up holds up
    no other for long.
    """
    for limit in (BATCH, *FEWER):
        try:
            return await _follow_up_next(database, limit)
        except Exception as error:
            if is_outage(error):
                raise
            log.warning("follow-up failed, will try fewer items", items=limit, exc_info=error)
    first = await _next_key(database)
    for pause in RETRY_SECONDS:
        try:
            return await _follow_up_next(database, 1)
        except Exception as error:
            if is_outage(error):
                raise
            log.error("item not followed up", next_try_seconds=pause, exc_info=error)
        await asyncio.sleep(pause)
    return await _leave(database, first)


async def _follow_up_next(database: Database, limit: int) -> int:
    async with database.transaction() as session:
        waiting = await items.lock_waiting(session, limit)
        if waiting:
            await _follow_up(session, waiting)
    return len(waiting)


async def _next_key(database: Database) -> items.Key | None:
    async with database.transaction() as session:
        return await items.next_key(session)


async def _leave(database: Database, tried: items.Key | None) -> int:
    """Leave the item that failed as it is: its run is closed as overdue if nothing else ends it.

    Another one that has come before it meanwhile is not left, but followed up next.
    """
    async with database.transaction() as session:
        found = await items.next_key(session)
        if found is not None and found == tried:
            await items.leave(session, found)
    return int(found is not None)


async def _follow_up(session: Session, waiting: Sequence[NewItem]) -> None:
    """Derive what has become of the runs, and notify their followers.

    Answers about what has changed are outdated.
    """
    work = await _load_work(session, waiting)
    over = await _derive_statuses(session, [each.head for each in work])
    if over:
        await edge_queries.notify_relays(session)  # other runs may start
    concerned = {each for new in waiting for each in (*new.item.portfolio_ids, *new.edits)}
    await revisions.raise_revision(session, concerned)
    for each in work:
        await _run_edited_again(session, each)
    await items.save_followed(session, waiting)
    news = [
        row
        for each in work
        for row in rows_of(each.run.run_id, [*each.news, *over.get(each.run.run_id, ())])
    ]
    await run_events.save_news(session, news)


@dataclass(frozen=True)
class _Work:
    """A run with the news of its new items; `edits`: what the results that are ready are of."""

    head: RunHead
    run: Run
    news: Sequence[News]
    edits: Mapping[UUID, int]


async def _load_work(session: Session, waiting: Sequence[NewItem]) -> list[_Work]:
    """The runs of the items, in the order of their first one."""
    by_run: defaultdict[UUID, list[NewItem]] = defaultdict(list)
    for new in waiting:
        by_run[new.run_id].append(new)
    heads = await _load_heads(session, by_run)
    shards = {(new.run_id, new.item.shard) for new in waiting}
    reported = await items.load_of_shards(session, shards)
    return [_work(heads[run_id], own, reported[run_id]) for run_id, own in by_run.items()]


async def _load_heads(
    session: Session, by_run: Mapping[UUID, Sequence[NewItem]]
) -> Mapping[UUID, RunHead]:
    """The runs of new items, which may say more of how they began."""
    heads = await runs.load_heads(session, by_run)
    for run_id, own in by_run.items():
        began = min(new.item.occurred_at for new in own)
        triggers = {new.trigger for new in own} - {items.UNKNOWN_TRIGGER}
        named = heads[run_id].trigger != items.UNKNOWN_TRIGGER or not triggers
        if named and heads[run_id].started_at <= began:
            continue
        trigger = min(triggers, default=items.UNKNOWN_TRIGGER)
        await runs.save_beginning(session, run_id, trigger, began)
        heads[run_id] = await runs.load_head(session, run_id)
    return heads


def _work(head: RunHead, own: Sequence[NewItem], reported: Sequence[Item]) -> _Work:
    """What the new items of a run say, one after the other; `reported`: of their shards."""
    run = run_of(head)
    waiting = {(new.item.stage, new.item.shard) for new in own}
    known: defaultdict[int, list[Item]] = defaultdict(list)
    for item in reported:
        if (item.stage, item.shard) not in waiting:
            known[item.shard].append(item)
    news: list[News] = []
    edits: dict[UUID, int] = {}
    for new in own:
        of_shard = known[new.item.shard]
        of_shard.append(new.item)
        said = shard_news(run, new.item, of_shard)
        news += [*said, *alert_news(run, new.event_id, new.alerts)]
        edits |= new.edits if _are_ready(said) else {}
    return _Work(head, run, news, edits)


def _are_ready(news: Iterable[News]) -> bool:
    """Whether the news are that the results of a shard are final."""
    return any(each.kind == RESULTS and each.data["status"] == "ready" for each in news)


async def _derive_statuses(
    session: Session, heads: Sequence[RunHead]
) -> dict[UUID, Sequence[News]]:
    """Save what has become of the runs; the events about those of which that is new.

    A run is read whole where it has ended, or was closed before: not while it goes on.
    """
    by_stages: defaultdict[Sequence[str], list[RunHead]] = defaultdict(list)
    for head in heads:
        by_stages[stages_of(head.trigger)].append(head)
    over: dict[UUID, Sequence[News]] = {}
    for stages, these in by_stages.items():
        ended = await items.runs_ended(session, [head.run_id for head in these], stages)
        for head in these:
            if head.run_id in ended or head.status != "running":
                reported = await load_reported(session, head.run_id)
                news = await derive_status(session, reported, reported.given_up_at)
                over |= {} if news is None else {head.run_id: news}
    return over


async def _run_edited_again(session: Session, work: _Work) -> None:
    """Run the session again for those portfolios that were edited after this run read them.

    Some stages may have read them before the edit and some after it. Not where another run of
    theirs goes on, which looks when it ends. The caller holds the revisions of the portfolios, so
    that no edit is under way. The run of one user's portfolios is that user's. A draft is not run
    again: it is stale then, until its owner calculates it.
    """
    run = work.run
    if not work.edits or run.stages == (CORRELATIONS,) or run.trigger == runs.DRAFT_TRIGGER:
        return
    edited = [
        portfolio_id
        for portfolio_id in await revisions.edited_since(session, work.edits)
        if not await runs.is_run_again(session, run.run_id, run.as_of, portfolio_id)
    ]
    if edited:
        owners = await runs.owners_of(session, edited)
        owner = owners.pop() if len(owners) == 1 else None
        await start_run_of(session, owner, edited, run.as_of, EDITED)
