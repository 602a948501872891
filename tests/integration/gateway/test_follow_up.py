"""What follows from recorded events is done for many at once, and for users first."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.gateway.edge.dependencies import Gateway
from services.gateway.runs import follow_up
from services.gateway.runs.queries import items, runs
from services.gateway.tables.runs import BACKFILL, CLOSE, INTERACTIVE
from shared.contracts.event import ShardEvent
from shared.database import Database, is_outage
from tests.builders import AS_OF
from tests.integration.gateway.test_problems import made_read_only
from tests.integration.gateway.test_runs import NOON, STAGES, a_stage, a_whole_run, rows, status
from tests.integration.gateway.tracking import followed_up, handled, is_any_waiting, recorded
from tests.integration.statements import noted_statements


async def follow_up_at_once(
    gateway: Gateway, events: Sequence[ShardEvent]
) -> tuple[int, Sequence[str]]:
    """Record the events and follow all of them up in one transaction.

    How many it were, and the statements that this took.
    """
    with noted_statements(gateway.database) as sent:
        async with gateway.database.transaction() as session:
            await recorded(session, events)
            await asyncio.sleep(0)
            sent.clear()
            waiting = await items.lock_waiting(session, 10_000)
            await follow_up._follow_up(session, waiting)
        await asyncio.sleep(0)
    return len(waiting), sent


async def test_a_run_followed_up_at_once_ends_like_one_followed_up_event_by_event(
    gateway: Gateway, admin: Database
) -> None:
    run_id = uuid4()
    for event in a_whole_run(run_id, 3):
        async with gateway.database.transaction() as session:
            await handled(session, event)
        await followed_up(gateway.database)
    one_by_one = await rows(admin, run_id)
    news = await news_of(admin, run_id)
    async with admin.transaction() as session:
        await session.execute(text("truncate gateway.batch_runs cascade"))

    await follow_up_at_once(gateway, whole_run(run_id, 3))

    assert await rows(admin, run_id) == one_by_one
    assert sorted(await news_of(admin, run_id)) == sorted(news)
    assert one_by_one[-1]["status"] == "completed"


def whole_run(run_id: UUID, shards: int) -> list[ShardEvent]:
    return [a_stage(kind, run_id, shard, shards) for shard in range(shards) for kind, _ in STAGES]


async def news_of(admin: Database, run_id: UUID) -> list[tuple[str, str]]:
    """What followers learn of a run, without the order."""
    query = text("select kind, data::text from gateway.run_events where run_id = :run_id")
    async with admin.transaction() as session:
        return [tuple(row) for row in await session.execute(query, {"run_id": run_id})]


async def test_hundreds_of_items_take_the_statements_of_a_few(gateway: Gateway) -> None:
    few, sent_for_few = await follow_up_at_once(gateway, whole_run(uuid4(), 2)[:-1])
    many, sent_for_many = await follow_up_at_once(gateway, whole_run(uuid4(), 40)[:-1])

    assert (few, many) == (13, 279)
    assert len(sent_for_many) < 2 * len(sent_for_few)  # other tasks of the process send some


async def test_a_users_run_comes_before_the_evening_and_histories(gateway: Gateway) -> None:
    lanes = {work_class: uuid4() for work_class in (BACKFILL, CLOSE, INTERACTIVE)}

    async with gateway.database.transaction() as session:
        for number, (work_class, run_id) in enumerate(lanes.items()):
            await runs.save_run(session, run_id, AS_OF, "operator", None, work_class)
            later = NOON + timedelta(seconds=number)
            await recorded(session, [a_stage(STAGES[0][0], run_id, occurred_at=later)])
        waiting = await items.lock_waiting(session, 10)

    assert [new.run_id for new in waiting] == [
        lanes[work_class] for work_class in (INTERACTIVE, CLOSE, BACKFILL)
    ]


async def test_follow_up_goes_on_after_postgres_could_store_nothing(gateway: Gateway) -> None:
    run_id = uuid4()
    following = asyncio.create_task(follow_up.Tracker().follow(gateway.database))

    async with made_read_only(gateway):
        with pytest.raises(DBAPIError) as refused:
            await follow_up.follow_up_waiting(gateway.database)
        await asyncio.sleep(0.3)  # it looks, and pauses
    async with gateway.database.transaction() as session:
        await recorded(session, [a_stage(STAGES[0][0], run_id)])
    async with asyncio.timeout(20):
        while await is_any_waiting(gateway.database):
            await asyncio.sleep(0.02)

    assert is_outage(refused.value)
    assert not following.done()
    following.cancel()


async def test_an_item_that_cannot_be_followed_up_holds_up_no_other(
    gateway: Gateway, admin: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_up, "RETRY_SECONDS", (0.01,))
    broken, sound = uuid4(), uuid4()
    spoil = text("update gateway.batch_items set follow_up = '{}' where run_id = :run_id")
    earlier = a_stage(STAGES[0][0], broken, occurred_at=NOON - timedelta(seconds=1))

    async with gateway.database.transaction() as session:
        await recorded(session, [earlier, *whole_run(sound, 2)])
        await session.execute(spoil, {"run_id": broken})
    await followed_up(gateway.database)

    assert (await status(admin, broken), await status(admin, sound)) == ("running", "completed")


async def test_an_item_that_comes_while_another_fails_is_not_left_in_its_place(
    gateway: Gateway, admin: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = uuid4(), uuid4()
    *earlier, last = whole_run(sound, 1)
    spoil = text("update gateway.batch_items set follow_up = '{}' where run_id = :run_id")
    async with gateway.database.transaction() as session:
        await runs.save_run(session, sound, AS_OF, "operator", None, INTERACTIVE)
        await recorded(session, earlier)
    await followed_up(gateway.database)
    async with gateway.database.transaction() as session:
        await recorded(session, whole_run(broken, 1))
        await session.execute(spoil, {"run_id": broken})
    leave = follow_up._leave

    async def leave_late(database: Database, tried: items.Key | None) -> int:
        async with database.transaction() as session:
            await recorded(session, [last])
        monkeypatch.setattr(follow_up, "_leave", leave)
        return await leave(database, tried)

    monkeypatch.setattr(follow_up, "RETRY_SECONDS", (0.01,))
    monkeypatch.setattr(follow_up, "_leave", leave_late)
    await followed_up(gateway.database)

    assert (await status(admin, broken), await status(admin, sound)) == ("running", "completed")


async def test_an_event_recorded_by_a_process_that_died_is_followed_up_later(
    gateway: Gateway, admin: Database
) -> None:
    run_id = uuid4()
    async with gateway.database.transaction() as session:
        await recorded(session, whole_run(run_id, 1))
    before = await status(admin, run_id)

    await followed_up(gateway.database)

    assert (before, await status(admin, run_id)) == ("running", "completed")
