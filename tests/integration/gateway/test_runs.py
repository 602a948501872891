"""Run tracking: repeated, late and shuffled events give the same rows."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.gateway.edge.dependencies import Gateway
from services.gateway.runs import tracking
from services.ingest.tables import PriceClaim, ProviderRequest
from shared.contracts.event import NOT_CALCULATED, Event, ShardEvent, WorkFailed
from shared.contracts.factors import FactorsComputed, FactorsFailed
from shared.contracts.greeks import GreeksComputed
from shared.contracts.ingest import IngestFailed, MarketClosed, PricesUpdated
from shared.contracts.limits import LimitsEvaluated
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated, SnapshotsFailed
from shared.contracts.stress import StressComputed
from shared.database import Database
from tests.builders import AS_OF, a_portfolio, save
from tests.integration.gateway.tracking import followed_up, handled

NOON = datetime(2022, 12, 28, 12, tzinfo=UTC)
PORTFOLIOS = (UUID(int=1), UUID(int=2))
STAGES: list[tuple[type[ShardEvent], str]] = [
    (PricesUpdated, "prices"),
    (GreeksComputed, "greeks"),
    (FactorsComputed, "factors"),
    (SnapshotsCreated, "snapshots"),
    (StressComputed, "stress"),
    (RiskMeasured, "risk"),
    (LimitsEvaluated, "limits"),
]


def a_stage(
    kind: type[ShardEvent], run_id: UUID, shard: int = 0, shards: int = 2, **more: Any
) -> ShardEvent:
    place = [each for each, _ in STAGES].index(kind)
    facts = {
        "price_run": "1",
        "shard": shard,
        "shards": shards,
        "portfolio_ids": PORTFOLIOS,
        "elapsed_seconds": 0.5,
    }
    facts |= {"occurred_at": NOON + timedelta(seconds=place), "counts": {"positions": 3}} | more
    return kind.new(run_id, AS_OF, part=shard, **facts)


def a_failure(
    kind: type[WorkFailed],
    run_id: UUID,
    shard: int = 0,
    shards: int = 2,
    received: str = GreeksComputed.subject,
) -> WorkFailed:
    facts = {
        "heard": received,
        "attempts": 4,
        "error": "MarketDataNotReady",
        "message": "no prices",
    }
    more = {"shard": shard, "shards": shards, "occurred_at": NOON + timedelta(seconds=9)}
    return kind.new(run_id, AS_OF, part=shard, **facts, **more)


def a_whole_run(run_id: UUID, shards: int = 2) -> list[Event]:
    return [a_stage(kind, run_id, shard, shards) for shard in range(shards) for kind, _ in STAGES]


async def deliver(gateway: Gateway, events: list[Event]) -> None:
    for event in events:
        async with gateway.database.transaction() as session:
            await handled(session, event)
        await followed_up(gateway.database)


async def rows(admin: Database, run_id: UUID) -> list[Any]:
    async with admin.transaction() as session:
        items = await session.execute(
            text("select * from gateway.batch_items where run_id = :run order by stage, shard"),
            {"run": run_id},
        )
        run = await session.execute(
            text("select * from gateway.batch_runs where run_id = :run"), {"run": run_id}
        )
        return [dict(row) for row in [*items.mappings(), *run.mappings()]]


async def status(admin: Database, run_id: UUID) -> str:
    return str((await rows(admin, run_id))[-1]["status"])


async def test_a_run_is_completed_when_every_stage_of_every_shard_is(
    gateway: Gateway, admin: Database
) -> None:
    run_id = uuid4()

    await deliver(gateway, a_whole_run(run_id)[:-1])
    before = await status(admin, run_id)
    await deliver(gateway, a_whole_run(run_id)[-1:])

    assert (before, await status(admin, run_id)) == ("running", "completed")


@pytest.mark.parametrize("seed", range(5))
async def test_shuffled_and_repeated_events_leave_the_same_rows(
    gateway: Gateway, admin: Database, seed: int
) -> None:
    run_id = uuid4()
    events = [*a_whole_run(run_id), a_failure(FactorsFailed, run_id, 1)]
    events.remove(a_stage(FactorsComputed, run_id, 1))
    await deliver(gateway, events)
    once = await rows(admin, run_id)
    async with admin.transaction() as session:
        await session.execute(text("truncate gateway.batch_runs cascade"))

    shuffled = events * 3
    random.Random(seed).shuffle(shuffled)
    await deliver(gateway, shuffled)

    assert await rows(admin, run_id) == once
    assert once[-1]["status"] == "partial"


async def test_success_after_failure_and_failure_after_success_agree(
    gateway: Gateway, admin: Database
) -> None:
    one, other = uuid4(), uuid4()
    await deliver(gateway, [*a_whole_run(one), a_failure(FactorsFailed, one)])
    await deliver(gateway, [a_failure(FactorsFailed, other), *a_whole_run(other)])

    assert (await status(admin, one), await status(admin, other)) == ("completed", "completed")


async def test_partial_run_names_what_failed_and_why(gateway: Gateway, admin: Database) -> None:
    run_id = uuid4()
    good = [a_stage(kind, run_id, 0) for kind, _ in STAGES]

    await deliver(
        gateway, [*good, a_stage(PricesUpdated, run_id, 1), a_failure(FactorsFailed, run_id, 1)]
    )

    (*_, run) = await rows(admin, run_id)
    assert run["status"] == "partial"
    assert run["problems"] == [
        {
            "stage": "factors",
            "shard": 1,
            "code": "calculation_failed",
            "message": NOT_CALCULATED,
            "portfolio_ids": [],
            "fatal": True,
            "detail": "MarketDataNotReady: no prices",
        }
    ]


@pytest.mark.parametrize(
    ("received", "stage"), [(FactorsComputed, "snapshots"), (StressComputed, "risk")]
)
async def test_failure_of_snapshots_belongs_to_the_stage_that_received(
    gateway: Gateway, admin: Database, received: type[Event], stage: str
) -> None:
    run_id = uuid4()

    await deliver(gateway, [a_failure(SnapshotsFailed, run_id, 0, 1, received.subject)])

    assert [row["stage"] for row in await rows(admin, run_id) if "stage" in row] == [stage]


async def test_failed_ingest_fails_the_run(gateway: Gateway, admin: Database) -> None:
    run_id = uuid4()

    await deliver(gateway, [a_failure(IngestFailed, run_id, 0, 1)])

    assert await status(admin, run_id) == "failed"


async def test_the_clocks_run_is_known_in_any_order_of_events(
    gateway: Gateway, admin: Database
) -> None:
    await a_portfolio(admin)
    run_id = MarketClosed.clock_run(AS_OF)
    announced = MarketClosed.new(
        run_id, AS_OF, trigger="clock", occurred_at=NOON - timedelta(seconds=5)
    )

    await deliver(gateway, [a_stage(PricesUpdated, run_id), announced])

    (*_, run) = await rows(admin, run_id)
    assert (run["trigger"], run["started_at"]) == ("clock", announced.occurred_at)


@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "backwards"])
async def test_a_restatement_says_so_in_any_order_of_events(
    gateway: Gateway, admin: Database, backwards: bool
) -> None:
    await a_portfolio(admin)
    run_id = uuid4()
    emitted: list[Event] = [
        a_stage(PricesUpdated, run_id, trigger="restatement"),
        a_stage(GreeksComputed, run_id),
    ]

    await deliver(gateway, emitted[::-1] if backwards else emitted)

    (*_, run) = await rows(admin, run_id)
    assert run["trigger"] == "restatement"


async def test_a_close_without_portfolios_anywhere_is_completed_by_its_empty_shard(
    gateway: Gateway, admin: Database
) -> None:
    event = MarketClosed.new(uuid4(), AS_OF, trigger="operator")
    empty: list[Event] = [
        a_stage(kind, event.run_id, shards=1, portfolio_ids=()) for kind, _ in STAGES
    ]

    await deliver(gateway, [event])
    before = await status(admin, event.run_id)
    await deliver(gateway, empty)

    assert (before, await status(admin, event.run_id)) == ("running", "completed")


async def test_an_overdue_run_is_closed_naming_what_is_missing(
    gateway: Gateway, admin: Database
) -> None:
    run_id = uuid4()
    await deliver(gateway, a_whole_run(run_id)[:-1])

    async with gateway.database.transaction() as session:
        closed = await tracking.close_overdue_runs(
            session, NOON + timedelta(hours=1), overdue_seconds=900
        )

    (*_, run) = await rows(admin, run_id)
    assert closed == [run_id]
    assert (run["status"], run["finished_at"]) == ("partial", NOON + timedelta(hours=1))
    assert [(p["stage"], p["shard"], p["code"]) for p in run["problems"]] == [
        ("limits", 1, "overdue")
    ]


async def test_a_late_event_completes_an_overdue_run(gateway: Gateway, admin: Database) -> None:
    run_id = uuid4()
    await deliver(gateway, a_whole_run(run_id)[:-1])
    async with gateway.database.transaction() as session:
        await tracking.close_overdue_runs(session, NOON + timedelta(hours=1), overdue_seconds=900)

    await deliver(gateway, a_whole_run(run_id)[:1])
    still = await status(admin, run_id)
    await deliver(gateway, a_whole_run(run_id)[-1:])

    assert (still, await status(admin, run_id)) == ("partial", "completed")


async def test_a_run_is_not_overdue_while_its_prices_are_fetched(
    gateway: Gateway, admin: Database
) -> None:
    waiting, brought = uuid4(), uuid4()
    await deliver(gateway, [MarketClosed.new(waiting, AS_OF, trigger="operator", occurred_at=NOON)])
    await deliver(gateway, a_whole_run(brought)[:1])
    claim = {
        "symbol": "AAPL",
        "claimant": uuid4(),
        "claimed_until": datetime.now(UTC) + timedelta(minutes=1),
    }
    await save(admin, PriceClaim, [claim])

    late = NOON + timedelta(hours=1)
    async with gateway.database.transaction() as session:
        meanwhile = await tracking.close_overdue_runs(session, late, overdue_seconds=900)
    await save(
        admin, PriceClaim, [claim | {"claimed_until": datetime.now(UTC) - timedelta(seconds=1)}]
    )
    async with gateway.database.transaction() as session:
        once_no_replica_fetches = await tracking.close_overdue_runs(
            session, late, overdue_seconds=900
        )

    assert (meanwhile, once_no_replica_fetches) == ([brought], [waiting])


async def test_a_run_is_not_overdue_while_a_provider_makes_its_prices_wait(
    gateway: Gateway, admin: Database
) -> None:
    waiting = uuid4()
    await deliver(gateway, [MarketClosed.new(waiting, AS_OF, trigger="operator", occurred_at=NOON)])

    async def swept_after(slot: datetime) -> list[UUID]:
        await save(admin, ProviderRequest, [{"request_id": 1, "provider": "polygon", "slot": slot}])
        async with gateway.database.transaction() as session:
            late = NOON + timedelta(hours=1)
            return await tracking.close_overdue_runs(session, late, overdue_seconds=900)

    assert await swept_after(datetime.now(UTC) + timedelta(seconds=40)) == []
    assert await swept_after(datetime.now(UTC) - timedelta(minutes=10)) == [waiting]


async def test_a_run_is_overdue_by_its_last_news(gateway: Gateway, admin: Database) -> None:
    run_id, held = uuid4(), (await a_portfolio(admin),)
    late = NOON + timedelta(minutes=50)
    await deliver(gateway, [a_stage(PricesUpdated, run_id, shards=1, portfolio_ids=held)])
    await deliver(
        gateway, [a_stage(GreeksComputed, run_id, shards=1, portfolio_ids=held, occurred_at=late)]
    )

    async with gateway.database.transaction() as session:
        soon = await tracking.close_overdue_runs(
            session, NOON + timedelta(minutes=60), overdue_seconds=900
        )
        later = await tracking.close_overdue_runs(
            session, NOON + timedelta(minutes=70), overdue_seconds=900
        )

    assert (soon, later) == ([], [run_id])


async def test_a_young_run_is_left_alone(gateway: Gateway) -> None:
    await deliver(gateway, a_whole_run(uuid4())[:1])

    async with gateway.database.transaction() as session:
        assert (
            await tracking.close_overdue_runs(
                session, NOON + timedelta(minutes=1), overdue_seconds=900
            )
            == []
        )


async def test_a_run_does_not_wait_long_for_a_deleted_portfolio(
    gateway: Gateway, admin: Database
) -> None:
    run_id, other = uuid4(), uuid4()
    held = await a_portfolio(admin)
    await deliver(gateway, [a_stage(PricesUpdated, run_id, shards=1)])
    await deliver(
        gateway, [a_stage(PricesUpdated, other, shards=1, portfolio_ids=(PORTFOLIOS[0], held))]
    )

    async with gateway.database.transaction() as session:
        closed = await tracking.close_overdue_runs(
            session, NOON + timedelta(minutes=3), overdue_seconds=900
        )

    assert closed == [run_id]
    assert (await status(admin, run_id), await status(admin, other)) == ("failed", "running")


async def test_the_last_run_of_a_portfolio_is_found(gateway: Gateway) -> None:
    early, late = uuid4(), uuid4()
    await deliver(gateway, a_whole_run(late))
    await deliver(gateway, [a_stage(PricesUpdated, early, occurred_at=NOON - timedelta(days=1))])

    async with gateway.database.transaction() as session:
        found = await tracking.last_run_of(session, PORTFOLIOS[0])
        unknown = await tracking.last_run_of(session, UUID(int=9))

    assert found is not None
    assert (found.run_id, unknown) == (late, None)
