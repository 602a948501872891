"""Run tracking: how fast the events of an evening are tracked, and an upload's behind them.

`python -m tests.bench.bench_tracking`. A gateway process as in production (its own Postgres and
NATS) has started when the bus begins to deliver what the services report of one evening: 200 shards
of 50 portfolios, an event a stage. An upload's events come last. Time runs from
the first stage that is tracked; ended is what says so in `batch_runs`.
"""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import httpx2
from sqlalchemy import text

from deploy.local.ports import LOOPBACK
from shared.contracts.event import ShardEvent
from shared.database import Database, create_engine
from shared.messaging import durables_of
from shared.topology import STAGE_EVENTS, STAGES, stage_of
from tests.bench import show
from tests.bench.bench_gateway import cpu_of, postmaster_of, served
from tests.bench.gateway_load import COUNTERS
from tests.builders import AS_OF
from tests.servers import Servers, administrators_bus, running_servers

SHARDS, PORTFOLIOS = 200, 50
KINDS = [kind for kind in STAGE_EVENTS if stage_of(kind) in STAGES]
AT_ONCE = 50
OWNER = text(
    "insert into gateway.users (user_id, email, password_hash) "
    "values (gen_random_uuid(), 'owner@example.com', 'none')"
)
OWNED = text(
    "insert into gateway.portfolios (portfolio_id, user_id, name) select gen_random_uuid(), "
    "user_id, 'Book ' || n from gateway.users, generate_series(1, :count) as n "
    "returning portfolio_id"
)
UPLOAD = text(
    "insert into gateway.batch_runs (run_id, as_of, trigger, work_class) "
    "values (:run_id, :as_of, 'portfolios', 'interactive')"
)
FIRST = text("select true from gateway.batch_items where run_id = :run_id limit 1")
STATUS = text("select status from gateway.batch_runs where run_id = :run_id")
TARGET = 500  # events a second
SETTLED_SECONDS = 2.0  # of a gateway that has started, until it only waits
LONGEST_SECONDS = 900


def events_of(run_id: UUID, shards: Sequence[Sequence[UUID]]) -> list[ShardEvent]:
    """What the services report of a run, stage after stage."""
    return [
        kind.new(
            *(run_id, AS_OF),
            part=shard,
            price_run="1",
            shard=shard,
            shards=len(shards),
            portfolio_ids=tuple(portfolio_ids),
            edits=dict.fromkeys(portfolio_ids, 0),
            occurred_at=datetime.now(UTC),
        )
        for kind in sorted(KINDS, key=lambda kind: STAGES.index(stage_of(kind)))
        for shard, portfolio_ids in enumerate(shards)
    ]


class Bench:
    """A served gateway's database and bus."""

    def __init__(self, servers: Servers, admin: Database) -> None:
        self.servers = servers
        self.admin = admin

    async def publish(self, events: Sequence[ShardEvent]) -> None:
        """Put the events on the bus, as their services do."""
        async with administrators_bus(self.servers) as bus:
            jetstream, places = bus.jetstream(), asyncio.Semaphore(AT_ONCE)

            async def one(event: ShardEvent) -> None:
                async with places:
                    body = event.model_dump_json().encode()
                    await jetstream.publish(event.subject, body)

            for start in range(0, len(events), SHARDS):  # a stage after the one before
                await asyncio.gather(*map(one, events[start : start + SHARDS]))

    async def pause(self, until: datetime) -> None:
        """Let the bus deliver nothing to the gateway before a moment."""
        async with administrators_bus(self.servers) as bus:
            for durable in durables_of("gateway"):
                await bus.jsm().pause_consumer(durable.stream, durable.name, until.isoformat())

    async def begun(self, run_id: UUID) -> None:
        """Wait for the run's first stage: pulls that wait are not woken when a pause ends."""
        async with asyncio.timeout(LONGEST_SECONDS):
            while True:
                async with self.admin.transaction() as session:
                    if await session.scalar(FIRST, {"run_id": run_id}):
                        return
                await asyncio.sleep(0.005)

    async def ended(self, run_id: UUID) -> float:
        """When the run had ended."""
        async with asyncio.timeout(LONGEST_SECONDS):
            while True:
                async with self.admin.transaction() as session:
                    status = await session.scalar(STATUS, {"run_id": run_id})
                if status not in (None, "running"):
                    assert status == "completed", status
                    return perf_counter()
                await asyncio.sleep(0.02)


def run(shards: int = SHARDS) -> list[dict[str, Any]]:
    """Events of an evening a second, and how long an upload's wait behind them."""
    with running_servers() as servers:
        return asyncio.run(_measured(servers, shards))


async def cpu_so_far(port: int) -> float:
    """CPU seconds of the gateway."""
    async with httpx2.AsyncClient() as http:
        counted = (await http.get(f"http://{LOOPBACK}:{port}{COUNTERS}")).json()
    return float(counted["cpu"])


async def _measured(servers: Servers, shards: int) -> list[dict[str, Any]]:
    admin = Database(create_engine(servers.administrator_settings, servers.own.database_user))
    async with admin.transaction() as session:
        await session.execute(OWNER)
        portfolio_ids = list(await session.scalars(OWNED, {"count": shards * PORTFOLIOS}))
    parts = [
        portfolio_ids[start : start + PORTFOLIOS]
        for start in range(0, shards * PORTFOLIOS, PORTFOLIOS)
    ]
    evening, upload, bench = uuid4(), uuid4(), Bench(servers, admin)
    async with admin.transaction() as session:
        await session.execute(UPLOAD, {"run_id": upload, "as_of": AS_OF})
    events = events_of(evening, parts)
    await bench.publish([*events, *events_of(upload, [portfolio_ids[:1]])])
    postmaster = await postmaster_of(admin)
    await bench.pause(datetime.now(UTC) + timedelta(days=1))
    with served(servers) as port:
        await asyncio.sleep(SETTLED_SECONDS)
        idle, before = await cpu_so_far(port), cpu_of(postmaster)
        await bench.pause(datetime.now(UTC))
        await bench.begun(evening)
        began = perf_counter()
        seen = await bench.ended(upload) - began
        seconds = await bench.ended(evening) - began
        gateway, postgres = await cpu_so_far(port) - idle, cpu_of(postmaster) - before
    await admin.close()
    return [
        {
            "name": f"tracking of {len(events):,} events of an evening",
            "value": len(events) / seconds,
            "unit": "events/s",
            "peer": f"target: {TARGET}",
            "ratio": len(events) / seconds / TARGET,
            "accuracy": f"CPU an event: gateway {gateway / len(events) * 1000:.2f} ms, Postgres "
            f"{postgres / len(events) * 1000:.2f} ms; an upload behind them was tracked after "
            f"{seen:.1f} s, the evening after {seconds:.1f} s",
        }
    ]


if __name__ == "__main__":
    show(run(*map(int, sys.argv[1:])))
