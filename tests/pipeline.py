"""The eight services in one process on real servers, and what their tables hold as one hash."""

import asyncio
import hashlib
import importlib
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from services.gateway.runs.follow_up import tracker
from services.ingest.handlers.record_coverage import record_coverage
from services.stress.handlers.mirror_scenarios import mirror_scenarios
from shared.calendar import weekly_session
from shared.contracts.event import Event
from shared.contracts.gateway import MarketCloseRequested
from shared.database import Database, create_engine
from shared.messaging import Broker, Consumption, ServiceRouter, publish
from shared.tasks import cancelled
from shared.telemetry import Telemetry, create_telemetry
from shared.topology import TOPOLOGY
from tests.servers import Servers

STARTUP = {"ingest": [record_coverage], "stress": [mirror_scenarios]}
# What calculators derive: everything an analyst reads. Run tracking records how it came about, so
# it is left out.
RESULT_SCHEMAS = ("greeks", "factors", "snapshots", "stress")
# Which version of the data a row was made from, not what it says.
VERSION_COLUMNS = ("price_run",)


@dataclass
class Pipeline:
    """All eight services, hearing; `telemetry` of each by word."""

    servers: Servers
    admin: Database
    brokers: dict[str, Broker] = field(default_factory=dict)
    telemetry: dict[str, Telemetry] = field(default_factory=dict)

    async def publish(self, event: Event) -> UUID:
        """Publish as the gateway; returns the run."""
        await publish(self.brokers["gateway"], event)
        return event.run_id

    async def close(self, as_of: date) -> UUID:
        """Ask for a session's run."""
        return await self.publish(MarketCloseRequested.new(uuid4(), as_of))

    async def run(self, days: Sequence[date]) -> None:
        """Close the sessions one after the other; every run has to complete."""
        for day in days:
            run_id = await self.close(day)
            assert await self.finished([run_id]) == {run_id: "completed"}

    async def finished(self, runs: Sequence[UUID], seconds: float = 60) -> dict[UUID, str]:
        """Wait until none of the runs is running, weekly correlations included.

        Returns their status.
        """
        reported = (
            "(select count(*) from gateway.batch_items i "
            "where i.run_id = r.run_id and i.stage = '{}' and i.status = 'ok')"
        )
        statement = text(
            f"select run_id, as_of, status, {reported.format('factors')} as exposed, "
            f"{reported.format('correlations')} as correlated from gateway.batch_runs r where "
            "run_id = any(:runs)"
        )
        statuses: dict[UUID, str] = {}
        async with asyncio.timeout(seconds):
            while len(statuses) < len(runs) or "running" in statuses.values():
                await asyncio.sleep(0.05)
                async with self.admin.transaction() as session:
                    found = await session.execute(statement, {"runs": list(runs)})
                    statuses = {
                        row.run_id: "running" if _waits(row) else row.status for row in found
                    }
        return statuses


def _waits(run: Any) -> bool:
    """Whether the correlations of a weekly session are still to come.

    No stage, but rows a test compares.
    """
    return bool(run.as_of == weekly_session(run.as_of) and run.correlated < run.exposed)


@asynccontextmanager
async def running_pipeline(servers: Servers, admin: Database) -> AsyncIterator[Pipeline]:
    """Start every service's handlers in this process, each as its own role and bus user."""
    pipeline = Pipeline(servers, admin)
    async with AsyncExitStack() as stack:
        for word in TOPOLOGY:
            await _start(word, pipeline, stack)
        yield pipeline


@asynccontextmanager
async def answering_services(
    servers: Servers, admin: Database, words: Collection[str] = tuple(TOPOLOGY)
) -> AsyncIterator[None]:
    """Start what answers the gateway's requests and subscribes to no event, so that nothing is
    calculated by itself.
    """
    pipeline = Pipeline(servers, admin)
    async with AsyncExitStack() as stack:
        for word, wiring in TOPOLOGY.items():
            if wiring.answers and word in words:
                await _start(word, pipeline, stack, hearing=False)
        yield


async def _start(
    word: str, pipeline: Pipeline, stack: AsyncExitStack, hearing: bool = True
) -> None:
    settings = pipeline.servers.settings
    database = Database(create_engine(settings, word))
    stack.push_async_callback(database.close)
    for step in STARTUP.get(word, []):
        async with database.transaction() as session:
            await step(session)
    telemetry = pipeline.telemetry[word] = create_telemetry(word, settings)
    broker = pipeline.brokers[word] = Broker(word, settings, telemetry, on_closed=lambda: None)
    module = "gateway.reports.handlers" if word == "gateway" else f"{word}.handlers"
    router = importlib.import_module(f"services.{module}").router
    router = router if hearing else _answers_of(router)
    Consumption(router, broker, database, settings, telemetry).attach()
    await stack.enter_async_context(broker)
    await broker.start()
    if word == "gateway":
        await stack.enter_async_context(_followed_up(database))


@asynccontextmanager
async def _followed_up(database: Database) -> AsyncIterator[None]:
    """What follows from the events that the gateway records is derived meanwhile."""
    task = asyncio.create_task(tracker.follow(database))
    yield
    await cancelled(task)


def _answers_of(router: ServiceRouter) -> ServiceRouter:
    deaf = ServiceRouter(router.word)
    deaf.wiring = replace(router.wiring, subscribes={})
    deaf.answers_by_request = router.answers_by_request
    return deaf


async def content_hash(admin: Database) -> dict[str, str]:
    """A hash of every result table's rows, in any order, without version labels; by table."""
    hashes = {}
    async with admin.transaction() as session:
        tables = await session.execute(
            text(
                "select table_schema, table_name, string_agg(quote_ident(column_name), ', ' order "
                "by ordinal_position) "
                "from information_schema.columns "
                "join pg_tables on schemaname = table_schema and tablename = table_name "
                "where table_schema = any(:schemas) and not column_name = any(:versions) "
                "and table_name not in ('alembic_version', 'calculations') "
                "group by 1, 2"
            ),
            {"schemas": list(RESULT_SCHEMAS), "versions": list(VERSION_COLUMNS)},
        )
        for schema, table, columns in tables.all():
            rows = text(f"select ({columns})::text from {schema}.{table}")
            lines = sorted(await session.scalars(rows))
            hashes[f"{schema}.{table}"] = (
                f"{len(lines)}:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"
            )
    return hashes


async def forget_calculations(admin: Database) -> None:
    """Let no stage recognise what it has calculated before: the next run calculates all of it."""
    async with admin.transaction() as session:
        for schema in RESULT_SCHEMAS:
            await session.execute(text(f"delete from {schema}.calculations"))


async def nothing_runs(admin: Database) -> None:
    """Wait until no run goes on."""
    query = text("select count(*) from gateway.batch_runs where status = 'running'")
    async with asyncio.timeout(120):
        while True:
            async with admin.transaction() as session:
                if not await session.scalar(query):
                    return
            await asyncio.sleep(0.1)
