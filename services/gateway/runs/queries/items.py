"""The items of runs: recorded, and followed up, many at a time.

What follows from an item (a run's status, news for its followers, outdated answers) is left to do
in the row itself, so that recording never waits for it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Executable,
    Integer,
    Select,
    String,
    Table,
    Uuid,
    bindparam,
    case,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.gateway.runs.shapes import Item, Trouble
from services.gateway.tables import BatchItem, BatchRun
from services.gateway.tables.runs import CLOSE, INTERACTIVE
from shared.contracts.event import CALCULATION_FAILED, NOT_CALCULATED, ShardEvent, WorkFailed
from shared.contracts.ingest import MarketClosed, PricesUpdated
from shared.contracts.limits import LimitsEvaluated
from shared.database import (
    Session,
    among,
    changed,
    execute_each,
    fetched,
    prepared,
    sql_table,
    tuples,
)

runs = sql_table(BatchRun)
items = sql_table(BatchItem)
UNKNOWN_TRIGGER = "unknown"


@dataclass(frozen=True)
class StageRecord:
    """What is to be recorded of an event.

    Its stage and trace; `troubles`: why it failed, or what it succeeded without.
    """

    stage: str
    event: ShardEvent | WorkFailed
    trace_id: str | None = None
    troubles: Sequence[Trouble] = ()


async def save_stages(session: Session, records: Iterable[StageRecord]) -> None:
    """Record items, and that they are to be followed up, that say more than the recorded ones.

    Success outlives failure and the later report outlives the earlier, so the order of arrival does
    not matter. Their runs' rows, which are there (see `save_begun`), are not locked: the items of a
    run do not wait for each other. They are written in the order of their keys, so transactions
    that record the same ones wait for each other instead of deadlocking.
    """
    rows = sorted(map(_row, records), key=itemgetter(*_KEY))
    await execute_each(session, _RECORDED, rows)


def _row(record: StageRecord) -> dict[str, object]:
    event = record.event
    return {
        "run_id": event.run_id,
        "stage": record.stage,
        "shard": event.shard,
        "shards": event.shards,
        "occurred_at": event.occurred_at,
        "portfolio_ids": [*event.portfolio_ids, *_failed(event)],
        "trace_id": record.trace_id,
        "follow_up": _follow_up(event),
        "problems": [trouble.as_row() for trouble in record.troubles],
        **_outcome(event),
    }


def _outcome(event: ShardEvent | WorkFailed) -> dict[str, object]:
    """That the stage succeeded for the shard, or was given up."""
    if isinstance(event, WorkFailed):
        error = {"error": event.error, "message": event.message}
        return {"status": "failed", "elapsed_seconds": 0.0, "counts": {}, "warnings": [], **error}
    return {
        "status": "ok",
        "elapsed_seconds": event.elapsed_seconds,
        "counts": event.counts,
        "warnings": [notice.model_dump(mode="json") for notice in event.warnings],
        "error": None,
        "message": None,
    }


def _given(table: Table, *names: str) -> dict[str, BindParameter[object]]:
    return {name: bindparam(name, type_=table.c[name].type) for name in names}


_BEGUN = """
    insert into gateway.batch_runs (run_id, as_of, trigger, started_at)
    select * from unnest(
        cast(:run_ids as uuid[]), cast(:days as date[]),
        cast(:triggers as text[]), cast(:beginnings as timestamptz[])
    )
    on conflict do nothing
"""
_FOLLOWED = """
    update gateway.batch_items as item set follow_up = null
    from unnest(cast(:run_ids as uuid[]), cast(:stages as text[]), cast(:shards as integer[]))
        as done (run_id, stage, shard)
    where item.run_id = done.run_id and item.stage = done.stage and item.shard = done.shard
"""
_KEY = ("run_id", "stage", "shard")
Key = tuple[UUID, str, int]  # of an item: its run, stage and shard
_SAID = (
    *("shards", "occurred_at", "portfolio_ids", "trace_id", "follow_up", "status"),
    *("elapsed_seconds", "counts", "warnings", "problems", "error", "message"),
)
_new = insert(items).values(_given(items, *_KEY, *_SAID))
_RECORDED = _new.on_conflict_do_update(
    index_elements=[items.c[name] for name in _KEY],
    set_={name: _new.excluded[name] for name in _SAID},
    where=tuple_(_new.excluded.status == "ok", _new.excluded.occurred_at)
    > tuple_(items.c.status == "ok", items.c.occurred_at),
).inline()


async def save_begun(session: Session, events: Iterable[ShardEvent | WorkFailed]) -> None:
    """The events' runs have begun, by the first of each; those that are there are left alone."""
    first: dict[UUID, ShardEvent | WorkFailed] = {}
    for event in sorted(events, key=lambda event: (event.run_id, event.occurred_at)):
        first.setdefault(event.run_id, event)
    begun = {
        "run_ids": list(first),
        "days": [event.as_of for event in first.values()],
        "triggers": [trigger_of(event) for event in first.values()],
        "beginnings": [event.occurred_at for event in first.values()],
    }
    await changed(session, _BEGUN, begun)


def trigger_of(event: ShardEvent | WorkFailed) -> str:
    """The trigger, as far as the event names it."""
    if isinstance(event, PricesUpdated) and event.trigger:
        return event.trigger
    return "clock" if event.run_id == MarketClosed.clock_run(event.as_of) else UNKNOWN_TRIGGER


def _failed(event: ShardEvent | WorkFailed) -> list[UUID]:
    """The portfolios of a shard that the stage failed for, and that the event is not about."""
    failures = event.failed_portfolios if isinstance(event, ShardEvent) else ()
    return [failure.portfolio_id for failure in failures]


def _follow_up(event: ShardEvent | WorkFailed) -> dict[str, object]:
    """What the event says for what follows from it."""
    edits = event.edits if isinstance(event, ShardEvent) else {}
    alerts = event.alerts if isinstance(event, LimitsEvaluated) else {}
    return {
        "event_id": str(event.event_id),
        "trigger": trigger_of(event),
        "edits": {str(portfolio_id): count for portfolio_id, count in edits.items()},
        "alerts": {str(portfolio_id): count for portfolio_id, count in alerts.items()},
    }


async def add_problem(session: Session, run_id: UUID, trouble: Trouble) -> None:
    """Add to the problems of a stage that is recorded already; a known one is left alone."""
    key = {"run_id": run_id, "stage": trouble.stage, "shard": trouble.shard}
    row = [trouble.as_row()]
    recorded = update(items).where(*(items.c[name] == value for name, value in key.items()))
    unknown = recorded.where(~items.c.problems.contains(row))
    await session.execute(unknown.values(problems=items.c.problems.concat(row)))


# --- as typed values ---


def as_items(rows: Iterable[Mapping[str, Any]]) -> list[Item]:
    """A run's stored items as typed values."""
    shared = ("stage", "shard", "shards", "occurred_at", "elapsed_seconds")
    return [
        Item(
            succeeded=row["status"] == "ok",
            portfolio_ids=tuple(row["portfolio_ids"]),
            troubles=(*map(_trouble, row["problems"]), *_unexplained(row)),
            **{name: row[name] for name in shared},
        )
        for row in rows
    ]


def _trouble(problem: Mapping[str, Any]) -> Trouble:
    portfolio_ids = tuple(UUID(each) for each in problem["portfolio_ids"])
    return Trouble(**{**problem, "portfolio_ids": portfolio_ids})


def _unexplained(row: Mapping[str, object]) -> list[Trouble]:
    """The trouble of a failed item that an older version recorded, without any."""
    if row["status"] == "ok" or row["problems"]:
        return []
    message = {"code": CALCULATION_FAILED, "message": NOT_CALCULATED, "detail": row["message"]}
    about = {name: row[name] for name in ("stage", "shard")}
    portfolio_ids = [str(each) for each in cast(list[UUID], row["portfolio_ids"])]
    return [_trouble({**about, **message, "portfolio_ids": portfolio_ids})]


# --- what is to be followed up ---


@dataclass(frozen=True)
class NewItem:
    """An item that is to be followed up, with what its event says for that.

    `edits` and `alerts`: counts by portfolio.
    """

    run_id: UUID
    item: Item
    event_id: UUID
    trigger: str
    edits: Mapping[UUID, int]
    alerts: Mapping[UUID, int]


async def lock_waiting(session: Session, limit: int) -> list[NewItem]:
    """The next items to be followed up, with their runs held until the transaction ends.

    Those that a user waits for first, then the evening's, histories last. Those of a run that
    another transaction follows up are left to it, or to the next call.
    """
    rows = await fetched(session, *_next(limit))
    ids = _Ids()
    return [
        NewItem(
            row["run_id"],
            item,
            UUID(row["follow_up"]["event_id"]),
            row["follow_up"]["trigger"],
            ids.keys_of(row["follow_up"]["edits"]),
            ids.keys_of(row["follow_up"]["alerts"]),
        )
        for row, item in zip(rows, as_items(rows), strict=True)
    ]


@prepared(limit=Integer())
def _next(limit: int) -> Executable:
    lane = case((runs.c.work_class == INTERACTIVE, 0), (runs.c.work_class == CLOSE, 1), else_=2)
    waiting = select(items).join(runs, runs.c.run_id == items.c.run_id)
    in_order = waiting.where(items.c.follow_up.is_not(None)).order_by(lane, items.c.occurred_at)
    return in_order.limit(limit).with_for_update(skip_locked=True, key_share=True)


class _Ids(dict[str, UUID]):
    """Ids by their texts, each read once: the stages of a shard name the same portfolios."""

    def __missing__(self, text: str) -> UUID:
        found = self[text] = UUID(text)
        return found

    def keys_of(self, counts: Mapping[str, int]) -> dict[UUID, int]:
        return {self[text]: count for text, count in counts.items()}


async def is_any_waiting(session: Session) -> bool:
    """Whether an item is to be followed up."""
    [(is_any,)] = await tuples(session, *_any_waiting())
    return is_any


@prepared()
def _any_waiting() -> Select[bool]:
    waiting = select(items.c.run_id).where(items.c.follow_up.is_not(None))
    return select(waiting.exists())


async def save_followed(session: Session, followed: Sequence[NewItem]) -> None:
    """Nothing is left to do about these items, which the transaction holds."""
    await _save_followed(
        session, [(each.run_id, each.item.stage, each.item.shard) for each in followed]
    )


async def next_key(session: Session) -> Key | None:
    """The next item to be followed up, held with its run; None where none waits."""
    rows = await fetched(session, *_next(1))
    return next(((row["run_id"], row["stage"], row["shard"]) for row in rows), None)


async def leave(session: Session, key: Key) -> None:
    """Leave an item, which the transaction holds, as it is: without what follows from it."""
    await _save_followed(session, [key])


async def _save_followed(session: Session, keys: Sequence[Key]) -> None:
    done = zip(("run_ids", "stages", "shards"), map(list, zip(*keys, strict=True)), strict=True)
    await changed(session, _FOLLOWED, dict(done))


async def load_of_shards(
    session: Session, shards: Collection[tuple[UUID, int]]
) -> dict[UUID, list[Item]]:
    """What was reported about these shards of runs, by run."""
    wanted = sorted(shards)
    named = {"run_ids": [run for run, _ in wanted], "shards": [shard for _, shard in wanted]}
    rows = await fetched(session, _OF_SHARDS, named)
    by_run: defaultdict[UUID, list[Item]] = defaultdict(list)
    for row, item in zip(rows, as_items(rows), strict=True):
        by_run[row["run_id"]].append(item)
    return by_run


def _of_shards() -> Executable:
    """The items of `shards` of the runs `run_ids`, which are arrays of the same length."""
    named = func.unnest(
        bindparam("run_ids", type_=ARRAY(Uuid)), bindparam("shards", type_=ARRAY(Integer))
    )
    these = named.table_valued("run_id", "shard", name="these").render_derived().c
    found = select(items).where(items.c.run_id == these.run_id, items.c.shard == these.shard)
    return found.order_by(items.c.shard, items.c.occurred_at)


_OF_SHARDS = _of_shards()


async def runs_ended(
    session: Session, run_ids: Collection[UUID], stages: Sequence[str]
) -> set[UUID]:
    """Which of these runs, which consist of the `stages`, wait for no shard any more.

    Those whose every shard is done or closed, counted in the rows that are there: a run of hundreds
    of shards is read whole once, when this says that it has ended.
    """
    return {
        run_id
        for run_id, shards, over in await tuples(session, *_shards_ended(list(run_ids), stages))
        if sum(shard < shards for shard in over or ()) == shards
    }


@prepared(run_ids=ARRAY(Uuid), stages=ARRAY(String))
def _shards_ended(
    run_ids: Sequence[UUID], stages: Sequence[str]
) -> Select[UUID, int, Sequence[int] | None]:
    """By run, how many shards it has, and which of them are done or closed."""
    succeeded = items.c.status == "ok"
    done = func.count().filter(succeeded) == func.cardinality(stages)
    ended = or_(done, func.bool_or(~succeeded))
    by_shard = (
        select(
            items.c.run_id,
            items.c.shard,
            func.max(items.c.shards).filter(succeeded).label("shards"),
            ended.label("ended"),
        )
        .where(among(items.c.run_id, run_ids), among(items.c.stage, stages))
        .group_by(items.c.run_id, items.c.shard)
        .subquery("by_shard")
    ).c
    return select(
        by_shard.run_id,
        func.coalesce(func.max(by_shard.shards), 1),
        func.array_agg(by_shard.shard).filter(by_shard.ended),
    ).group_by(by_shard.run_id)
