"""A portfolio fails alone: its shard's other portfolios are completed, and the run names it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.gateway import tables
from shared.database import Database
from tests.builders import AS_OF, a_position, save, save_positions
from tests.pipeline import Pipeline

WEEKLY = date(2022, 12, 27)  # a Tuesday: positions are correlated, too
CALL = "AAPL230616C00140000"
RESULTS = ("snapshots.portfolio_snapshots", "stress.stress_results", "snapshots.risk_metrics")
# By the table that refuses one portfolio's rows: the stage that fails, and the results that the
# portfolio has all the same, since what makes them works beside that stage or before it.
REFUSALS = {
    "greeks.position_greeks": ("greeks", set()),
    "factors.factor_exposures": ("factors", set()),
    "snapshots.portfolio_snapshots": ("snapshots", {"stress.stress_results"}),
    "stress.stress_results": ("stress", {"snapshots.portfolio_snapshots"}),
    "snapshots.component_var": ("risk", {"snapshots.portfolio_snapshots"}),
}


@dataclass(frozen=True)
class Shard:
    """Fifty portfolios, one of which is to fail."""

    portfolio_ids: tuple[UUID, ...]
    bad: UUID

    @property
    def good(self) -> set[UUID]:
        """The forty-nine others."""
        return set(self.portfolio_ids) - {self.bad}


@pytest.fixture
async def fifty(admin: Database, empty: None) -> Shard:
    """Fifty users, each with a stock and an option on it; the thirtieth's portfolio is the bad."""
    ids = tuple(uuid4() for _ in range(50))
    people = [
        {
            "user_id": each,
            "email": f"{each}@example.com",
            "full_name": "",
            "password_hash": "-",
            "role": "user",
        }
        for each in ids
    ]
    books = [
        {
            "portfolio_id": each,
            "user_id": each,
            "name": "Book",
            "equity_balance": Decimal(100_000),
        }
        for each in ids
    ]
    await save(admin, tables.User, people)
    await save(admin, tables.Portfolio, books)
    held = [[a_position(each, "AAPL", 100, 140), a_position(each, CALL, 2, 8.5)] for each in ids]
    await save_positions(admin, *(row for rows in held for row in rows))
    return Shard(ids, ids[29])


@asynccontextmanager
async def refusing(admin: Database, table: str, portfolio_id: UUID) -> AsyncIterator[None]:
    """A table that accepts no row of the portfolio, as if its values could not be stored."""
    function = f"""
        create function public.refuse() returns trigger language plpgsql as $body$ begin
            if new.portfolio_id = '{portfolio_id}' then
                raise exception 'SECRET of %', new.portfolio_id using errcode = 'P0001';
            end if;
            return new;
        end $body$
    """
    trigger = f"before insert or update on {table} for each row execute function public.refuse()"
    async with admin.transaction() as session:
        await session.execute(text(function))
        await session.execute(text(f"create trigger refuse {trigger}"))
    try:
        yield
    finally:
        async with admin.transaction() as session:
            await session.execute(text(f"drop trigger refuse on {table}"))
            await session.execute(text("drop function public.refuse()"))


async def rows(admin: Database, statement: str, **values: Any) -> list[Any]:
    async with admin.transaction() as session:
        return list((await session.execute(text(statement), values)).mappings())


async def with_results(admin: Database, table: str) -> set[UUID]:
    found = await rows(admin, f"select distinct portfolio_id from {table}")
    return {row["portfolio_id"] for row in found}


async def problems_of(admin: Database, run: UUID) -> list[dict[str, Any]]:
    [row] = await rows(admin, "select problems from gateway.batch_runs where run_id = :r", r=run)
    return list(row["problems"])


@pytest.mark.parametrize("table", REFUSALS)
async def test_one_failing_portfolio_of_fifty_leaves_forty_nine_complete(
    pipeline: Pipeline, fifty: Shard, admin: Database, table: str
) -> None:
    stage, kept = REFUSALS[table]

    async with refusing(admin, table, fifty.bad):
        run = await pipeline.close(AS_OF)
        statuses = await pipeline.finished([run])

    assert statuses == {run: "partial"}
    for result in RESULTS:
        found = await with_results(admin, result)
        assert found - {fifty.bad} == fifty.good, result
        if result in kept:
            assert fifty.bad in found, result
    assert fifty.bad not in await with_results(admin, table)
    [problem] = await problems_of(admin, run)
    assert (problem["stage"], problem["portfolio_ids"], problem["fatal"]) == (
        stage,
        [str(fifty.bad)],
        True,
    )
    assert "SECRET" not in problem["message"]
    assert f"SECRET of {fifty.bad}" in problem["detail"]
    [letter] = await rows(admin, "select * from gateway.dead_letters")
    assert (letter["error"], letter["attempts"]) == ("PortfoliosFailed", 1)
    assert str(fifty.bad) in letter["message"]


async def test_later_stages_leave_the_failed_portfolio_out(
    pipeline: Pipeline, fifty: Shard, admin: Database
) -> None:
    async with refusing(admin, "greeks.position_greeks", fifty.bad):
        run = await pipeline.close(WEEKLY)
        await pipeline.finished([run])

    items = await rows(
        admin, "select stage, portfolio_ids from gateway.batch_items where run_id = :r", r=run
    )
    touched = {row["stage"] for row in items if fifty.bad in row["portfolio_ids"]}
    assert touched == {"prices", "greeks"}
    assert {row["stage"] for row in items} == {
        "prices",
        "greeks",
        "factors",
        "snapshots",
        "stress",
        "risk",
        "limits",
        "correlations",
    }


async def test_the_next_run_completes_the_portfolio_that_failed(
    pipeline: Pipeline, fifty: Shard, admin: Database
) -> None:
    async with refusing(admin, "stress.stress_results", fifty.bad):
        await pipeline.finished([await pipeline.close(AS_OF)])

    run = await pipeline.close(AS_OF)

    assert await pipeline.finished([run]) == {run: "completed"}
    for result in RESULTS:
        assert await with_results(admin, result) == set(fifty.portfolio_ids)


async def test_one_row_too_large_to_value_fails_alone(
    pipeline: Pipeline, fifty: Shard, admin: Database
) -> None:
    huge = a_position(fifty.bad, "MSFT", 99_999_999_999_999, 999_999_999_999)
    await save_positions(admin, huge)

    run = await pipeline.close(AS_OF)

    assert await pipeline.finished([run]) == {run: "partial"}
    for result in RESULTS:
        assert await with_results(admin, result) >= fifty.good
    problems = await problems_of(admin, run)
    assert {each for problem in problems for each in problem["portfolio_ids"]} == {str(fifty.bad)}
    assert {problem["message"].split(":")[0] for problem in problems} == {
        "a figure is too large to be stored"
    }
