"""What a service that was just added does; run by `test_how_tos.py` in a tree that has it."""

import importlib
from decimal import Decimal

from sqlalchemy import text

from shared.database import Database
from shared.topology import STAGES, TOPOLOGY
from tests.builders import AS_OF, a_portfolio, a_position, save_positions
from tests.pipeline import Pipeline


def test_it_starts() -> None:
    assert importlib.import_module("services.toy.main").app


async def test_it_has_its_schema_role_and_stage_in_a_run(
    pipeline: Pipeline, admin: Database
) -> None:
    hedged = await a_portfolio(admin, "Hedged", Decimal(100_000))
    await save_positions(
        admin,
        a_position(hedged, "MSFT", 150, 240),
        a_position(hedged, "MSFT230317C00250000", -2, 12.5),
    )

    run = await pipeline.close(AS_OF)

    assert await pipeline.finished([run]) == {run: "completed"}
    before = ("prices", "greeks", "toy", "factors")
    assert (*before, "snapshots", "stress", "risk", "limits") == STAGES
    async with admin.transaction() as session:
        stages = await session.scalars(text("select stage from gateway.batch_items"))
        assert set(stages) >= set(STAGES)
        [original], [copied] = [
            list(await session.scalars(text(f"select p::text from {word}.position_greeks p")))
            for word in ("greeks", "toy")
        ]
        assert copied == original
        owner = text("select tableowner from pg_tables where schemaname = 'toy' limit 1")
        assert await session.scalar(owner) == "toy"
    assert list(TOPOLOGY)[-1] == "gateway"
