"""From a market close to the rows an analyst reads, on real servers and real prices."""

import random
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

from shared.calendar import sessions
from shared.database import Database
from shared.topology import TOPOLOGY
from tests.builders import AS_OF, a_portfolio, a_position, save_positions
from tests.pipeline import Pipeline, content_hash, forget_calculations
from tests.servers import Servers

WEEKLY = date(2022, 12, 27)  # a Tuesday: positions are correlated, too
# Correlations are weekly, and scenarios of users' own are theirs to write.
NOT_OF_EVERY_SESSION = {
    "factors.correlation_calculations",
    "factors.correlation_clusters",
    "factors.correlation_cluster_members",
    "factors.correlation_pairs",
    "stress.custom_scenarios",
}
LAST_TEN = sessions(date(2022, 12, 14), AS_OF)


@pytest.fixture
async def books(admin: Database, empty: None) -> list[UUID]:
    """A long book, and a long/short book with options, an entry and an exit inside the ten
    sessions.
    """
    long_only = await a_portfolio(admin, "Long", Decimal(100_000))
    hedged = await a_portfolio(admin, "Hedged")
    fixed: dict[str, Any] = {"exit_date": date(2022, 12, 21), "exit_price": Decimal("135.0")}
    await save_positions(
        admin,
        a_position(long_only, "AAPL", 100, 140),
        a_position(long_only, "QUAL", 200, 110, date(2022, 12, 16)),
        a_position(hedged, "MSFT", 150, 240),
        a_position(hedged, "XOM", -200, 105),
        a_position(hedged, "MSFT230317C00250000", -2, 12.5),
        a_position(hedged, "SPY230616P00370000", 3, 15.0),
        a_position(hedged, "AAPL", -50, 140, **fixed),
    )
    return [long_only, hedged]


async def count(admin: Database, table: str) -> int:
    async with admin.transaction() as session:
        return int(await session.scalar(text(f"select count(*) from {table}")) or 0)


async def test_market_close_fills_every_table(
    pipeline: Pipeline, books: list[UUID], admin: Database
) -> None:
    run = await pipeline.close(AS_OF)

    assert await pipeline.finished([run]) == {run: "completed"}
    assert await count(admin, "snapshots.portfolio_snapshots") == 2
    assert await count(admin, "snapshots.position_valuations") == 6
    assert await count(admin, "greeks.position_greeks") == 2
    assert await count(admin, "factors.factor_exposures where model = 'market_relative'") == 2 * 7
    assert await count(admin, "stress.stress_results") == 2 * 18 * 2


async def test_same_session_four_times_and_twice_at_once_changes_nothing(
    pipeline: Pipeline, books: list[UUID], admin: Database
) -> None:
    await pipeline.finished([await pipeline.close(WEEKLY)])
    once = await content_hash(admin)

    for _ in range(2):
        await pipeline.finished([await pipeline.close(WEEKLY)])
        await forget_calculations(admin)
    both = [await pipeline.close(WEEKLY), await pipeline.close(WEEKLY)]
    statuses = await pipeline.finished(both)

    assert set(statuses.values()) == {"completed"}
    assert {
        table for table, content in once.items() if content.startswith("0:")
    } <= NOT_OF_EVERY_SESSION
    assert await content_hash(admin) == once


async def test_sessions_in_any_order_leave_the_same_rows(
    servers: Servers, pipeline: Pipeline, books: list[UUID], admin: Database
) -> None:
    for session_date in LAST_TEN:
        await pipeline.finished([await pipeline.close(session_date)])
    ordered = await content_hash(admin)
    async with admin.transaction() as session:
        for schema in ("greeks", "factors", "snapshots", "stress"):
            names = await session.scalars(
                text("select tablename from pg_tables where schemaname = :s and tablename not in "
                     "('alembic_version', 'factor_definitions', 'stress_scenarios')"), {"s": schema}
            )  # fmt: skip
            await session.execute(
                text("truncate " + ", ".join(f"{schema}.{name}" for name in names))
            )

    shuffled = random.Random(7).sample(LAST_TEN, len(LAST_TEN))
    runs = [await pipeline.close(session_date) for session_date in shuffled]
    statuses = await pipeline.finished(runs)

    assert set(statuses.values()) == {"completed"}
    assert await content_hash(admin) == ordered


async def test_run_without_portfolios_completes(pipeline: Pipeline) -> None:
    run = await pipeline.close(AS_OF)

    assert await pipeline.finished([run]) == {run: "completed"}


async def test_run_of_a_holiday_fails_and_says_why(
    pipeline: Pipeline, books: list[UUID], admin: Database
) -> None:
    run = await pipeline.close(date(2022, 12, 26))

    assert await pipeline.finished([run]) == {run: "failed"}
    async with admin.transaction() as session:
        problems = await session.scalar(
            text("select problems from gateway.batch_runs where run_id = :run"), {"run": run}
        )
    assert problems is not None
    assert "not a NYSE session" in problems[0]["message"]
    assert await count(admin, "snapshots.portfolio_snapshots") == 0


async def test_one_trace_runs_from_the_close_through_every_service(
    pipeline: Pipeline, books: list[UUID]
) -> None:
    exporter = InMemorySpanExporter()
    for telemetry in pipeline.telemetry.values():
        telemetry.tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))

    await pipeline.finished([await pipeline.close(AS_OF)])

    spans = [span for span in exporter.get_finished_spans() if span.context is not None]
    services = {str(span.resource.attributes["service.name"]) for span in spans}
    assert services == set(TOPOLOGY) - {"reports"}  # which works when it is asked
    assert len({span.context.trace_id for span in spans if span.context}) == 1
