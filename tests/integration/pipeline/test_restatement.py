"""A close of the past is corrected.

What is computed again, what is not, and that it comes out right.
"""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.calendar import sessions
from shared.contracts.ingest import PriceRow, StorePrices
from shared.database import Database
from shared.messaging import ask
from tests.builders import AS_OF, a_mixed_book
from tests.pipeline import RESULT_SCHEMAS, Pipeline, content_hash

LAST_FOUR = sessions(date(2022, 12, 22), AS_OF)
RESTATED = LAST_FOUR[1]
KEPT = ("alembic_version", "factor_definitions", "stress_scenarios")
Rows = list[tuple[Any, ...]]


@pytest.fixture
async def book(admin: Database, empty: None) -> UUID:
    """A long, a short and an option."""
    return await a_mixed_book(admin)


async def restate(pipeline: Pipeline) -> None:
    """Correct AAPL's close of one session to 150."""
    row = PriceRow(symbol="AAPL", session_date=RESTATED, close=Decimal(150))
    await ask(pipeline.brokers["gateway"], StorePrices(rows=(row,)))


def days_that_differ(before: dict[str, Rows], after: dict[str, Rows]) -> set[date]:
    return {row[0] for table, known in before.items() for row in set(known) ^ set(after[table])}


async def snapshots_of(admin: Database) -> dict[str, Rows]:
    views = (
        "published_portfolio_snapshots",
        "position_valuations",
        "pnl_attributions",
        "risk_metrics",
    )
    found = {}
    for view in views:
        async with admin.transaction() as session:
            result = await session.execute(text(f"select as_of, t::text from snapshots.{view} t"))
            found[view] = [tuple(row) for row in result]
    return found


async def test_restated_close_moves_its_session_and_later_ones_as_if_it_had_been_right(
    pipeline: Pipeline, book: UUID, admin: Database
) -> None:
    await pipeline.run(LAST_FOUR)
    before = await snapshots_of(admin)

    await restate(pipeline)
    await pipeline.run([RESTATED])

    moved = days_that_differ(before, await snapshots_of(admin))
    assert moved == {day for day in LAST_FOUR if day >= RESTATED}

    await pipeline.run([day for day in LAST_FOUR if day > RESTATED])
    rerun = await content_hash(admin)
    await forget_results(admin)
    await pipeline.run(LAST_FOUR)
    assert await content_hash(admin) == rerun


async def forget_results(admin: Database) -> None:
    async with admin.transaction() as session:
        names = await session.scalars(
            text(
                "select format('%I.%I', schemaname, tablename) from pg_tables "
                "where schemaname = any(:schemas) and not tablename = any(:kept)"
            ),
            {"schemas": list(RESULT_SCHEMAS), "kept": list(KEPT)},
        )
        await session.execute(text("truncate " + ", ".join(names)))
