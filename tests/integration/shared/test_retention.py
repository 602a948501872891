"""Which rows the hourly pruning deletes, on real tables.

Exactly those, in batches, and no reader waits for it.
"""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.factors import tables as factors
from services.greeks import tables as greeks
from services.snapshots import tables as snapshots
from services.stress import tables as stress
from shared.database import Database
from shared.retention import prune
from tests.builders import AS_OF, a_portfolio, a_position, save, save_positions
from tests.servers import Role

RETENTION = 30
FIRST_KEPT = AS_OF - timedelta(days=RETENTION)
LAST_OLD = FIRST_KEPT - timedelta(days=1)


def a_step(portfolio_id: UUID, as_of: date, shock: float = 0.1) -> dict[str, Any]:
    """A row of stress.market_risk_scenarios."""
    return {
        "portfolio_id": portfolio_id,
        "as_of": as_of,
        "kind": "market",
        "shock": shock,
        "exposure": 1.0,
    }


def a_contract(contract: str, as_of: date) -> dict[str, Any]:
    """A row of greeks.contract_greeks."""
    return {
        "contract": contract,
        "as_of": as_of,
        "price_run": "prices-1",
        "underlying": "AAPL",
        "option_type": "C",
        "strike": 130,
        "expiry": date(2023, 6, 16),
        "years_to_expiry": 0.5,
    }


def an_exposure(portfolio_id: UUID, as_of: date, model: str) -> dict[str, Any]:
    """A row of factors.factor_exposures."""
    key = {"portfolio_id": portfolio_id, "as_of": as_of, "model": model, "factor": "market"}
    return key | {"gross_exposure": 1.0, "positions": 1, "positions_left_out": 0}


def a_snapshot(portfolio_id: UUID, as_of: date) -> dict[str, Any]:
    """A row of snapshots.portfolio_snapshots."""
    money = dict.fromkeys(("market_value", "closed_pnl", "net_flow", "unrealised_pnl"), 0)
    coverage = {"price_coverage": 1.0, "greeks_coverage": 1.0}
    documents = {"exposures": "{}", "counts": "{}", "warnings": "[]"}
    return {"portfolio_id": portfolio_id, "as_of": as_of, **money, **coverage, **documents}


async def days_left(admin: Database, table: str, owner: str, value: object) -> list[date]:
    statement = text(f"select distinct as_of from {table} where {owner} = :value order by as_of")
    async with admin.transaction() as session:
        return list(await session.scalars(statement, {"value": value}))


async def prune_all(role: Role, service: Any, **how: Any) -> dict[str, int]:
    return await prune(role(service.Table.metadata.schema), service.DETAILS, RETENTION, **how)


@pytest.mark.parametrize("seed", range(5))
async def test_what_goes_is_old_or_of_a_portfolio_that_is_gone(
    seed: int, admin: Database, role: Role
) -> None:
    dice = random.Random(seed)
    books = [await a_portfolio(admin) for _ in range(4)] + [uuid4(), uuid4()]
    gone = set(books[4:])
    sessions = [AS_OF - timedelta(days=dice.randint(0, 3 * RETENTION)) for _ in range(12)] + [
        FIRST_KEPT,
        LAST_OLD,
    ]
    rows = {(book, as_of) for book in books for as_of in dice.sample(sessions, 9)} | {
        (books[0], AS_OF)
    }
    await save(admin, stress.MarketRiskScenario, [a_step(book, as_of) for book, as_of in rows])

    removed = await prune_all(role, stress, batch_rows=dice.randint(1, 60))

    async with admin.transaction() as session:
        found = await session.execute(
            text("select portfolio_id, as_of from stress.market_risk_scenarios")
        )
    expected = {(book, as_of) for book, as_of in rows if book not in gone and as_of >= FIRST_KEPT}
    assert {tuple(row) for row in found} == expected
    assert removed == {"market_risk_scenarios": len(rows) - len(expected)}


async def test_second_pruning_finds_nothing(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save(admin, stress.MarketRiskScenario, [a_step(book, day) for day in (LAST_OLD, AS_OF)])
    await prune_all(role, stress)

    assert await prune_all(role, stress) == {}


async def test_rows_are_old_by_the_newest_session_and_not_by_the_clock(
    admin: Database, role: Role
) -> None:
    book, long_ago = await a_portfolio(admin), date(2001, 1, 2)
    await save(admin, stress.MarketRiskScenario, [a_step(book, long_ago)])

    assert await prune_all(role, stress) == {}
    assert await days_left(admin, "stress.market_risk_scenarios", "portfolio_id", book) == [
        long_ago
    ]


async def test_row_another_transaction_works_on_is_left_for_the_next_time(
    admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)
    await save(admin, stress.MarketRiskScenario, [a_step(book, day) for day in (LAST_OLD, AS_OF)])
    await save(admin, stress.MarketRiskScenario, [a_step(book, LAST_OLD, shock=0.2)])

    async with admin.transaction() as session:
        await session.execute(
            text("select 1 from stress.market_risk_scenarios where shock = 0.1 for update")
        )
        during = await prune_all(role, stress, batch_rows=1)
    afterwards = await prune_all(role, stress)

    assert (during, afterwards) == ({"market_risk_scenarios": 1}, {"market_risk_scenarios": 1})


async def test_snapshots_stay_until_their_portfolio_is_gone(admin: Database, role: Role) -> None:
    kept, gone = await a_portfolio(admin), uuid4()
    days = [date(2015, 6, 1), LAST_OLD, AS_OF]
    await save(
        admin,
        snapshots.PortfolioSnapshot,
        [a_snapshot(book, day) for book in (kept, gone) for day in days],
    )

    await prune_all(role, snapshots)

    assert await days_left(admin, "snapshots.portfolio_snapshots", "portfolio_id", kept) == days
    assert await days_left(admin, "snapshots.portfolio_snapshots", "portfolio_id", gone) == []


async def test_values_of_a_contract_stay_while_a_book_names_it(admin: Database, role: Role) -> None:
    held, forgotten = "AAPL230616C00130000", "AAPL230616P00130000"
    await save_positions(
        admin, a_position(await a_portfolio(admin), held, 1, 5, exit_date=date(2022, 2, 1))
    )
    rows = [
        a_contract(contract, day) for contract in (held, forgotten) for day in (LAST_OLD, AS_OF)
    ]
    await save(admin, greeks.ContractGreeks, rows)

    await prune_all(role, greeks)

    assert await days_left(admin, "greeks.contract_greeks", "contract", held) == [LAST_OLD, AS_OF]
    assert await days_left(admin, "greeks.contract_greeks", "contract", forgotten) == [AS_OF]


async def test_exposures_that_explain_a_later_day_stay(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    models = ("market_relative", "joint", "univariate")
    await save(
        admin,
        factors.FactorExposure,
        [an_exposure(book, day, model) for model in models for day in (LAST_OLD, AS_OF)],
    )

    await prune_all(role, factors)

    assert await days_left(admin, "factors.factor_exposures", "model", "market_relative") == [
        LAST_OLD,
        AS_OF,
    ]
    assert await days_left(admin, "factors.factor_exposures", "model", "joint") == [AS_OF]


CALCULATORS: Sequence[Any] = (greeks, factors, snapshots, stress)


@pytest.mark.parametrize("service", CALCULATORS, ids=lambda service: service.Table.metadata.schema)
async def test_every_table_of_sessions_is_declared_and_prunable(service: Any, role: Role) -> None:
    dated = {table.name for table in service.Table.metadata.tables.values() if "as_of" in table.c}

    assert {detail.table.name for detail in service.DETAILS} == dated
    assert await prune_all(role, service) == {}
