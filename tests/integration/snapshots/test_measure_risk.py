"""Metrics, components and attributions on a real database, with the events in any order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import event, text

from services.gateway.analytics.reading.definitions import definitions
from services.snapshots.handlers.measure_risk import measure_risk
from shared.calendar import sessions
from shared.contracts.snapshots import RiskMeasured
from shared.contracts.stress import StressComputed
from shared.database import Database
from tests.builders import a_price, a_yield
from tests.integration.snapshots.books import (
    BOOK,
    BOTH,
    MONDAY,
    NEXT_MONDAY,
    OTHER_BOOK,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    WEEK,
    Role,
    Row,
    a_busy_week,
    a_stock,
    an_id,
    cleared,
    hold,
    published,
    quote,
    store,
    take,
)

WINDOW = sessions(date(2021, 10, 1), NEXT_MONDAY)
FRIDAY_BEFORE = MONDAY - timedelta(days=3)
FACTORS = ("market", "value", "growth", "momentum", "quality", "size", "low_volatility")
SYMBOLS = ("AAPL", "GE", "MSFT", "KO")
VIEWS = ("risk_metrics", "component_var", "pnl_attributions")
KEYS = {
    "risk_metrics": "portfolio_id, as_of, metric, view",
    "component_var": "position_id, as_of, confidence",
    "pnl_attributions": "portfolio_id, as_of, factor",
}
Contents = dict[str, list[Row]]


def stress_computed(as_of: date, books: Sequence[UUID] = BOTH, run: str = "run") -> StressComputed:
    """The P&L vectors of one shard are stored."""
    return StressComputed.new(
        an_id(run), as_of, price_run="prices-1", shard=0, shards=1, portfolio_ids=tuple(books)
    )


async def measure(
    role: Role, as_of: date, books: Sequence[UUID] = BOTH, run: str = "run"
) -> RiskMeasured:
    async with role("snapshots").transaction() as session:
        return await measure_risk(stress_computed(as_of, books, run), session)


async def both(role: Role, as_of: date) -> None:
    await take(role, as_of, BOTH)
    await measure(role, as_of)


async def contents(role: Role) -> Contents:
    """Every published row, as another service reads it."""
    return {view: await published(role, view, KEYS[view]) for view in VIEWS}


async def metrics(role: Role, as_of: date, book: UUID = BOOK) -> dict[tuple[str, str], Row]:
    rows = await published(role, "risk_metrics", KEYS["risk_metrics"])
    return {
        (row["metric"], row["view"]): row
        for row in rows
        if (row["portfolio_id"], row["as_of"]) == (book, as_of)
    }


async def held(admin: Database, as_of: date) -> list[Row]:
    async with admin.transaction() as session:
        active = "entry_date <= :day and (exit_date is null or exit_date > :day)"
        found = await session.execute(
            text(f"select * from gateway.positions where {active} order by position_id"),
            {"day": as_of},
        )
        return [dict(row) for row in found.mappings()]


async def a_market(admin: Database) -> None:
    """A year of factor returns and closes, and a 3-month yield of 4.2 %."""
    random = np.random.default_rng(11)
    moves = np.round(random.normal(0, 0.01, (len(WINDOW), len(FACTORS))), 6).tolist()
    returns = [
        {"session_date": day, "space": "market_relative", "factor": factor, "factor_return": move}
        for day, row in zip(WINDOW, moves, strict=True)
        for factor, move in zip(FACTORS, row, strict=True)
    ]
    past = [day for day in WINDOW if day < MONDAY]
    prices = np.round(
        100 * np.cumprod(1 + random.normal(0, 0.02, (len(past), len(SYMBOLS))), axis=0), 4
    ).tolist()
    closes = [
        a_price(symbol, day, close)
        for day, row in zip(past, prices, strict=True)
        for symbol, close in zip(SYMBOLS, row, strict=True)
    ]
    await store(admin, "factors.factor_returns", returns)
    await store(admin, "ingest.daily_prices", closes)
    await store(admin, "ingest.treasury_yields", [a_yield("3M", FRIDAY_BEFORE, 4.2)])


async def a_model(admin: Database, as_of: date) -> None:
    """What factors stored: betas 1.1 and 0.1, 1,000 USD of exposure a position, a covariance."""
    version = {"as_of": as_of, "price_run": "prices-1"}
    betas = [
        {
            "symbol": symbol,
            "model": "market_relative",
            "factor": factor,
            "beta": 1.1 if factor == "market" else 0.1,
            "capped": False,
            "observations": 252,
            "quality": "full_history",
            **version,
        }
        for symbol in SYMBOLS
        for factor in FACTORS
    ]
    covariances = [
        {
            "space": "market_relative",
            "factor_a": one,
            "factor_b": other,
            "covariance": 1e-4 if one == other else 1e-5,
            "decay": 0.94,
            "lookback": 252,
            "observations": 252,
            **version,
        }
        for one in FACTORS
        for other in FACTORS
    ]
    await store(admin, "factors.symbol_factor_betas", betas)
    await store(admin, "factors.factor_covariances", covariances)
    await _exposures(admin, as_of)


async def _exposures(admin: Database, as_of: date) -> None:
    positions = [
        {
            "position_id": row["position_id"],
            "as_of": as_of,
            "portfolio_id": row["portfolio_id"],
            "symbol": row["symbol"],
            "underlying": row["underlying"],
            "exposure": _side(row) * 1000.0,
            "factors": list(FACTORS),
            "betas": [1.1 if factor == "market" else 0.1 for factor in FACTORS],
            "factor_exposures": [_dollars(row, factor) for factor in FACTORS],
            "quality": "full_history",
        }
        for row in await held(admin, as_of)
    ]
    books = [
        {
            "portfolio_id": book,
            "as_of": as_of,
            "model": "market_relative",
            "factor": factor,
            "dollar_exposure": sum(
                row["factor_exposures"][place] for row in positions if row["portfolio_id"] == book
            ),
            "gross_exposure": 1000.0,
            "coverage": 1.0,
            "positions": 1,
            "positions_left_out": 0,
        }
        for book in BOTH
        for place, factor in enumerate(FACTORS)
    ]
    await store(admin, "factors.position_factor_exposures", positions)
    await store(admin, "factors.factor_exposures", books)


def _dollars(row: Row, factor: str) -> float:
    return _side(row) * (1100.0 if factor == "market" else 100.0)


def _side(row: Row) -> int:
    return 1 if row["quantity"] > 0 else -1


async def vectors(admin: Database, as_of: date, days: int = 252, scale: float = 20.0) -> None:
    """What stress stored for the session: seeded P&L in whole cents of every position but KO's."""
    rows = [
        {
            "position_id": row["position_id"],
            "as_of": as_of,
            "portfolio_id": row["portfolio_id"],
            "symbol": row["symbol"],
            "historical_pnl": None if row["symbol"] == "KO" else _pnl(row, days, scale),
            "reason": "no history" if row["symbol"] == "KO" else None,
            "scenario_pnl": [],
        }
        for row in await held(admin, as_of)
    ]
    axes = [
        {
            "portfolio_id": portfolio_id,
            "as_of": as_of,
            "session_dates": [as_of - timedelta(days=days - day) for day in range(days)],
            "scenario_ids": [],
            "methods": [],
        }
        for portfolio_id in {row["portfolio_id"] for row in rows}
    ]
    await store(admin, "stress.position_pnl", rows)
    await store(admin, "stress.pnl_axes", axes)


def _pnl(row: Row, days: int, scale: float) -> list[float]:
    random = np.random.default_rng(row["position_id"].int % 2**32)
    return [
        float(pnl) for pnl in np.round(random.normal(0, scale, days) * float(row["quantity"]), 2)
    ]


async def a_measurable_week(admin: Database) -> None:
    """The busy week of two books, with all that risk is measured from."""
    await a_busy_week(admin)
    await a_market(admin)
    for day in WEEK:
        await a_model(admin, day)
        await vectors(admin, day)


async def both_by_day(role: Role, days: Sequence[date] = WEEK) -> Contents:
    """What is published once both handlers have run on every session, in this order."""
    for day in days:
        await both(role, day)
    return await contents(role)


async def test_components_of_the_positions_add_up_to_the_metric(
    admin: Database, role: Role
) -> None:
    await a_measurable_week(admin)

    await both(role, MONDAY)

    for book in BOTH:
        found = await metrics(role, MONDAY, book)
        parts = [
            row for row in (await contents(role))["component_var"] if row["portfolio_id"] == book
        ]
        for confidence in (95, 99):
            for part, metric in (
                ("component_var", "var_{}_1d_smoothed"),
                ("component_es", "es_{}_1d_smoothed"),
                ("plain_component_var", "var_{}_1d_historical"),
                ("plain_component_es", "es_{}_1d_historical"),
            ):
                total = sum(row[part] or 0 for row in parts if row["confidence"] == confidence)
                value = found[metric.format(confidence), "portfolio"]["value"]
                assert value == pytest.approx(total, rel=1e-12)
                assert value > 0


async def test_every_metric_that_is_stored_is_defined(admin: Database, role: Role) -> None:
    await a_measurable_week(admin)

    await both(role, MONDAY)

    names = {row["metric"] for row in (await contents(role))["risk_metrics"]}
    assert len(names) >= 42
    assert sorted(names - definitions().keys()) == []


async def test_historical_var_is_the_quantile_of_the_stored_vectors(
    admin: Database, role: Role
) -> None:
    await a_measurable_week(admin)

    await measure(role, MONDAY)

    async with role("snapshots").transaction() as session:
        stored = await session.scalars(
            text("select historical_pnl from stress.published_position_pnl_vectors"
                 " where portfolio_id = :book and as_of = :day and historical_pnl is not null"),
            {"book": BOOK, "day": MONDAY}
        )  # fmt: skip
        pnl = np.array(list(stored)).sum(axis=0)
    row = (await metrics(role, MONDAY))["var_95_1d_historical", "portfolio"]
    assert row["value"] == pytest.approx(-np.quantile(pnl, 0.05))
    assert (row["unit"], row["observations"], row["coverage"]) == ("USD", 252, pytest.approx(0.75))
    window = (MONDAY - timedelta(days=252), MONDAY - timedelta(days=1))
    assert (row["first_day"], row["last_day"]) == window


async def test_position_left_out_is_published_and_stored_with_its_reason(
    admin: Database, role: Role
) -> None:
    await a_measurable_week(admin)

    emitted = await measure(role, MONDAY)

    (part,) = {
        (row["component_var"], row["reason"])
        for row in (await contents(role))["component_var"]
        if row["symbol"] == "KO"
    }
    assert part == (None, "no history")
    assert [(notice.code, notice.about) for notice in emitted.warnings] == [
        ("historical_pnl_missing", ("KO",))
    ]
    assert emitted.counts == {"portfolios": 2, "positions": 5}


async def test_pnl_by_factor_adds_up_to_the_daily_pnl_to_the_cent(
    admin: Database, role: Role
) -> None:
    await a_measurable_week(admin)

    found = await both_by_day(role)

    snapshots = {
        (row["portfolio_id"], row["as_of"]): row
        for row in await published(role, "portfolio_snapshots")
    }
    rows = found["pnl_attributions"]
    others = {"income", "fees", "trades", "specific"}
    assert len(rows) == len(snapshots) * (len(FACTORS) + len(others))
    for key, snapshot in snapshots.items():
        parts = [row for row in rows if (row["portfolio_id"], row["as_of"]) == key]
        assert {row["previous_session"] for row in parts} == {snapshot["previous_session"]}
        if snapshot["daily_pnl"] is None:
            assert {(row["pnl"], row["reason"]) for row in parts} == {
                (None, "the first snapshot has no P&L")
            }
        else:
            assert sum(row["pnl"] for row in parts) == snapshot["daily_pnl"]
            for row in parts:
                assert row["factor"] in others or row["pnl"] == pytest.approx(
                    Decimal(str(row["exposure"] * row["factor_return"])), abs=Decimal("1e-5")
                )


async def test_metrics_of_a_short_history_say_what_is_needed(admin: Database, role: Role) -> None:
    await a_measurable_week(admin)

    await both_by_day(role)

    found = await metrics(role, NEXT_MONDAY)
    assert found["volatility_252d", "portfolio"]["reason"] == "5 returns, 60 needed"
    assert found["sharpe_252d", "portfolio"]["value"] is None
    rows = [
        row for row in await published(role, "portfolio_snapshots") if row["portfolio_id"] == BOOK
    ]
    week = np.prod([1 + row["daily_return"] for row in rows[1:]]) - 1
    assert found["performance_1w", "portfolio"]["value"] == pytest.approx(week)
    assert found["beta", "longs"]["value"] == pytest.approx(2 * 1100 / float(rows[-1]["nav"]))
    assert found["beta", "portfolio"]["value"] == 0


async def test_every_metric_of_both_handlers_is_there_for_every_book(
    admin: Database, role: Role
) -> None:
    await a_measurable_week(admin)

    await both(role, MONDAY)

    assert (await metrics(role, MONDAY)).keys() == (await metrics(role, MONDAY, OTHER_BOOK)).keys()
    assert len(await metrics(role, MONDAY)) == 14 + 3 * (4 + 4 + 4 + 4 + 2 + 3 + 7)


async def test_handlers_run_twice_change_nothing(admin: Database, role: Role) -> None:
    await a_measurable_week(admin)
    once = await both_by_day(role)
    emitted = await measure(role, NEXT_MONDAY)

    assert await both_by_day(role, (*WEEK, MONDAY)) == once
    assert (await measure(role, NEXT_MONDAY)).event_id == emitted.event_id


async def test_risk_before_snapshots_gives_the_rows_of_risk_after_them(
    admin: Database, role: Role
) -> None:
    await a_measurable_week(admin)
    ordered = await both_by_day(role)
    await cleared(admin)

    for day in WEEK:
        await measure(role, day)
    for day in WEEK:
        await take(role, day, BOTH)

    assert await contents(role) == ordered


@pytest.mark.parametrize(
    "order", list(permutations((MONDAY, TUESDAY, THURSDAY, NEXT_MONDAY)))[2::6]
)
async def test_sessions_in_any_order_leave_the_rows_of_an_ordered_run(
    admin: Database, role: Role, order: Sequence[date]
) -> None:
    await a_measurable_week(admin)
    ordered = await both_by_day(role, sorted(order))
    await cleared(admin)

    assert await both_by_day(role, order) == ordered


async def test_everything_at_once_leaves_the_rows_of_an_ordered_run(
    admin: Database, role: Role
) -> None:
    await a_measurable_week(admin)
    ordered = await both_by_day(role)
    await cleared(admin)

    works: list[Awaitable[Any]] = [measure(role, day) for day in WEEK]
    works += [take(role, day, BOTH[::-1]) for day in reversed(WEEK)]
    await asyncio.gather(*works, measure(role, TUESDAY), take(role, WEDNESDAY, BOTH))

    assert await contents(role) == ordered


async def test_restated_price_moves_what_follows_from_the_chain_on_its_day_and_later_ones_only(
    admin: Database, role: Role
) -> None:
    await a_measurable_week(admin)
    before = await both_by_day(role)

    await quote(admin, {WEDNESDAY: 150.0})
    await take(role, WEDNESDAY, BOTH)

    after = await contents(role)
    moved = {
        row["as_of"]
        for view in VIEWS
        for row, was in zip(after[view], before[view], strict=True)
        if row != was
    }
    assert moved == {day for day in WEEK if day >= WEDNESDAY}


async def test_sessions_rerun_after_a_restatement_have_the_rows_of_one_run_over_the_right_data(
    admin: Database, role: Role
) -> None:
    await a_measurable_week(admin)
    await both_by_day(role)
    await quote(admin, {WEDNESDAY: 150.0})

    restated = await both_by_day(role, [day for day in reversed(WEEK) if day >= WEDNESDAY])

    await cleared(admin)
    assert await both_by_day(role) == restated


async def test_without_vectors_and_model_the_figures_are_null_with_a_reason(
    admin: Database, role: Role
) -> None:
    await hold(admin, a_stock())
    await quote(admin, {MONDAY: 100})

    await both(role, MONDAY)

    found = await metrics(role, MONDAY)
    reasons = {name: row["reason"] for (name, view), row in found.items() if view == "portfolio"}
    assert reasons["var_95_1d_historical"] == "no position has a P&L vector"
    assert reasons["var_95_1d_parametric"] == "no factor covariance for the session"
    assert reasons["beta"] == reasons["market_exposure"] == "no positions"
    assert found["hhi", "portfolio"]["value"] == 1.0
    (part, _) = (await contents(role))["component_var"]
    assert part["reason"] == "no P&L vector is stored for the session"


async def test_removed_position_leaves_the_components_of_the_rerun_session(
    admin: Database, role: Role
) -> None:
    await a_measurable_week(admin)
    await measure(role, MONDAY)
    async with admin.transaction() as session:
        await session.execute(text("delete from gateway.positions where symbol = 'GE'"))

    await measure(role, MONDAY)

    assert "GE" not in {row["symbol"] for row in (await contents(role))["component_var"]}


async def test_other_shards_portfolios_are_left_alone(admin: Database, role: Role) -> None:
    await a_measurable_week(admin)
    await both(role, MONDAY)
    before = await contents(role)

    await measure(role, MONDAY, (BOOK,))
    await take(role, MONDAY, (BOOK,))

    assert await contents(role) == before


async def test_empty_shard_and_deleted_portfolio_are_measured_as_nothing(role: Role) -> None:
    emitted = await measure(role, MONDAY, (an_id("gone"),))

    assert emitted.counts == {"portfolios": 0, "positions": 0}
    assert await contents(role) == {view: [] for view in VIEWS}


async def statements_of(role: Role, work: Callable[[], Awaitable[Any]]) -> int:
    """How many statements a piece of work sends."""
    engine, sent = role("snapshots").engine.sync_engine, list[str]()

    def note(*call: Any) -> None:
        sent.append(call[2])

    event.listen(engine, "before_cursor_execute", note)
    await work()
    event.remove(engine, "before_cursor_execute", note)
    return len(sent)


async def test_statements_grow_neither_with_positions_nor_with_portfolios(
    admin: Database, role: Role
) -> None:
    await a_measurable_week(admin)
    await measure(role, MONDAY, BOTH)  # the first time, there is nothing to compare with

    alone = await statements_of(role, lambda: measure(role, MONDAY, (OTHER_BOOK,)))
    together = await statements_of(role, lambda: measure(role, MONDAY, BOTH))

    assert together == alone
