"""What has not changed since it was calculated is not calculated again, and is published again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.database import Database
from tests.builders import AS_OF, a_portfolio, a_position, save_positions
from tests.pipeline import Pipeline

STAGES = {
    "greeks.computed": "greeks",
    "factors.computed": "factors",
    "snapshots.created": "snapshots",
    "risk.measured": "snapshots",
    "stress.computed": "stress",
}
WRITTEN = (
    "greeks.position_greeks",
    "factors.factor_exposures",
    "snapshots.portfolio_snapshots",
    "snapshots.risk_metrics",
    "stress.stress_results",
)


@pytest.fixture
async def book(admin: Database, empty: None) -> UUID:
    portfolio_id = await a_portfolio(admin, "Hedged")
    await save_positions(
        admin,
        a_position(portfolio_id, "MSFT", 150, 240),
        a_position(portfolio_id, "MSFT230317C00250000", -2, 12.5),
    )
    return portfolio_id


async def rows(admin: Database, statement: str) -> list[Any]:
    async with admin.transaction() as session:
        return list((await session.execute(text(statement))).all())


async def written_by(admin: Database) -> dict[str, list[Any]]:
    """Which transactions wrote the rows of each table."""
    statement = "select distinct xmin::text from {}"
    return {table: await rows(admin, statement.format(table)) for table in WRITTEN}


async def bases(admin: Database) -> dict[str, str]:
    """What each stage was calculated from."""
    found: dict[str, str] = {}
    for stage, schema in STAGES.items():
        statement = f"select basis from {schema}.calculations where stage = '{stage}'"
        [found[stage]] = [row.basis for row in await rows(admin, statement)]
    return found


async def published(admin: Database, run_id: UUID) -> list[Any]:
    return await rows(
        admin,
        "select stage, shard, status, counts, warnings, portfolio_ids from gateway.batch_items "
        f"where run_id = '{run_id}' order by stage, shard",
    )


async def close(pipeline: Pipeline) -> UUID:
    run_id = await pipeline.close(AS_OF)
    assert await pipeline.finished([run_id]) == {run_id: "completed"}
    return run_id


async def changed_since(before: Mapping[str, str], admin: Database) -> set[str]:
    """The stages that have calculated from something else."""
    return {stage for stage, basis in (await bases(admin)).items() if basis != before[stage]}


async def test_same_session_again_says_the_same_and_writes_no_row(
    pipeline: Pipeline, book: UUID, admin: Database
) -> None:
    first = await close(pipeline)
    before = await written_by(admin)

    again = await close(pipeline)

    assert await published(admin, again) == await published(admin, first)
    assert await written_by(admin) == before


async def test_an_edit_is_calculated_by_every_stage(
    pipeline: Pipeline, book: UUID, admin: Database
) -> None:
    await close(pipeline)
    before = await bases(admin)
    async with admin.transaction() as session:
        await session.execute(text("update gateway.positions set quantity = quantity * 2"))
        await session.execute(text("update gateway.portfolio_revisions set edits = edits + 1"))

    await close(pipeline)

    assert await changed_since(before, admin) == {*STAGES}
    [held] = await rows(
        admin, "select quantity from snapshots.position_valuations where symbol = 'MSFT'"
    )
    assert held.quantity == 300


async def test_a_scenario_is_calculated_by_stress_and_what_follows_it(
    pipeline: Pipeline, book: UUID, admin: Database
) -> None:
    await close(pipeline)
    before = await bases(admin)
    async with admin.transaction() as session:
        await session.execute(
            text(
                "insert into stress.custom_scenarios (user_id, scenario_id, name, description, "
                "category, severity, shocks, basis, active) select user_id, :id, 'Mine', '', "
                "'custom', 'mild', '{\"market\": -0.1}', 'absolute', true "
                "from gateway.portfolios"
            ),
            {"id": f"own-{uuid4().hex[:6]}"},
        )

    await close(pipeline)

    assert await changed_since(before, admin) == {"stress.computed", "risk.measured"}
    found = await rows(admin, "select 1 from stress.stress_results where scenario_id like 'own-%'")
    assert found


async def test_another_price_is_calculated_again(
    pipeline: Pipeline, book: UUID, admin: Database
) -> None:
    await close(pipeline)
    before = await bases(admin)
    async with admin.transaction() as session:
        await session.execute(
            text(
                "update ingest.market_sessions set revision = revision + 1000 "
                "where session_date = :day"
            ),
            {"day": AS_OF},
        )

    await close(pipeline)

    assert not set((await bases(admin)).items()) & set(before.items())


async def test_details_that_are_gone_are_calculated_again(
    pipeline: Pipeline, book: UUID, admin: Database
) -> None:
    await close(pipeline)
    before = await rows(admin, "select count(*) from stress.stress_results")
    async with admin.transaction() as session:
        for table in ("stress.calculations", "stress.stress_results"):
            await session.execute(text(f"delete from {table}"))

    await close(pipeline)

    assert await rows(admin, "select count(*) from stress.stress_results") == before
