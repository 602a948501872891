"""What operators ask for beside whole sessions: work on what is stored, and messages replayed."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from services.gateway.edge import queries as edge_queries
from services.gateway.edge.outbox import publish_waiting
from services.gateway.runs.queries import runs
from services.gateway.runs.stages import RISK_METRICS, SNAPSHOTS
from shared.contracts.event import ShardEvent
from shared.contracts.gateway import RiskRequested, SnapshotsRequested
from shared.contracts.ingest import PricesUpdated
from shared.database import Database
from shared.topology import EVENTS
from tests.builders import AS_OF, a_portfolio, a_position, save_positions
from tests.pipeline import Pipeline, content_hash
from tests.servers import Role


@pytest.fixture
async def book(admin: Database, empty: None) -> UUID:
    portfolio_id = await a_portfolio(admin)
    option = a_position(portfolio_id, "MSFT230317C00250000", -2, 12.5)
    await save_positions(admin, a_position(portfolio_id, "AAPL", 100, 140), option)
    return portfolio_id


async def published_by_an_operator(
    pipeline: Pipeline, role: Role, trigger: str, kinds: list[type[ShardEvent]], book: UUID
) -> UUID:
    run_id, price_run = (
        uuid4(),
        await stored(pipeline, "select price_run from factors.factor_covariances limit 1"),
    )
    async with role("gateway").transaction() as session:
        await runs.save_run(session, run_id, AS_OF, trigger, None)
    for kind in kinds:
        facts = {"price_run": price_run, "shard": 0, "shards": 1, "portfolio_ids": (book,)}
        await pipeline.publish(kind.new(run_id, AS_OF, **facts))
    return run_id


async def stored(pipeline: Pipeline, query: str, **values: Any) -> Any:
    async with pipeline.admin.transaction() as session:
        return await session.scalar(text(query), values)


@pytest.mark.parametrize(
    ("trigger", "kinds"),
    [(SNAPSHOTS, [SnapshotsRequested]), (RISK_METRICS, [SnapshotsRequested, RiskRequested])],
)
async def test_work_on_what_is_stored_completes_its_run_and_changes_nothing(
    pipeline: Pipeline,
    role: Role,
    admin: Database,
    book: UUID,
    trigger: str,
    kinds: list[type[ShardEvent]],
) -> None:
    await pipeline.finished([await pipeline.close(AS_OF)])
    before = await content_hash(admin)

    run_id = await published_by_an_operator(pipeline, role, trigger, kinds, book)

    assert await pipeline.finished([run_id]) == {run_id: "completed"}
    assert await content_hash(admin) == before


async def test_snapshots_that_were_lost_are_taken_again_by_themselves(
    pipeline: Pipeline, role: Role, admin: Database, book: UUID
) -> None:
    await pipeline.finished([await pipeline.close(AS_OF)])
    before = await content_hash(admin)
    async with admin.transaction() as session:
        await session.execute(text("delete from snapshots.portfolio_snapshots"))

    run_id = await published_by_an_operator(pipeline, role, SNAPSHOTS, [SnapshotsRequested], book)

    assert await pipeline.finished([run_id]) == {run_id: "completed"}
    assert await content_hash(admin) == before


async def test_a_message_given_up_is_kept_and_completes_its_run_when_replayed(
    pipeline: Pipeline, role: Role, admin: Database, bus: Client, book: UUID
) -> None:
    """Greeks cannot write at first: its table is away. The letter is replayed when it is back."""
    async with admin.transaction() as session:
        await session.execute(text("alter table greeks.contract_greeks rename to put_away"))
    try:
        run_id = await pipeline.close(AS_OF)
        first = await pipeline.finished([run_id])
        letter = await the_letter(pipeline, run_id)
    finally:
        async with admin.transaction() as session:
            await session.execute(text("alter table greeks.put_away rename to contract_greeks"))

    async with role("gateway").transaction() as session:
        event = EVENTS[letter["heard"]].model_validate_json(letter["payload"])
        await edge_queries.save_event(session, event, {}, replay_id=letter["letter_id"])
    await publish_waiting(role("gateway"), pipeline.brokers["gateway"])
    await until_completed(pipeline, run_id)

    assert first == {run_id: "failed"}
    assert (letter["service"], letter["heard"]) == ("greeks", PricesUpdated.subject)


async def the_letter(pipeline: Pipeline, run_id: UUID) -> Any:
    async with asyncio.timeout(20):
        while True:
            async with pipeline.admin.transaction() as session:
                letters = text("select * from gateway.dead_letters where run_id = :run_id")
                found = (await session.execute(letters, {"run_id": run_id})).mappings().all()
            if found:
                return found[0]
            await asyncio.sleep(0.05)


async def until_completed(pipeline: Pipeline, run_id: UUID) -> None:
    async with asyncio.timeout(30):
        query = "select status from gateway.batch_runs where run_id = :run_id"
        while await stored(pipeline, query, run_id=run_id) != "completed":
            await asyncio.sleep(0.05)
