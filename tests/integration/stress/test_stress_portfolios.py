"""The stress handler against a real Postgres: stored factors in, stored results out."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import text

from services.factors import tables as factors
from services.greeks import tables as greeks
from services.stress import calculations, repository
from services.stress.calculations.repricing import prices
from services.stress.handlers import mirror_scenarios, stress_portfolios
from services.stress.settings import BUNDLED_SCENARIOS
from shared.contracts.factors import FactorsComputed
from shared.contracts.stress import StressComputed
from shared.database import Database
from shared.errors import MarketDataNotReady, Misconfigured
from shared.published import stress as published
from shared.quant.black_scholes import OptionColumns
from tests.builders import AS_OF, save

Role = Callable[[str], Database]
FACTORS = ("market", "value", "growth", "momentum", "quality", "size", "low_volatility")
CALL = "AAPL230616C00130000"


async def a_stock(
    admin: Database,
    portfolio_id: UUID,
    symbol: str = "AAPL",
    exposure: float | None = 100_000,
    rate_beta: float | None = -4,
    **betas: float,
) -> UUID:
    """A stored position with betas 0 where not given, none at all when none is given."""
    return await a_holding(admin, (portfolio_id, symbol, symbol), exposure, rate_beta, betas)


async def a_holding(
    admin: Database,
    names: tuple[UUID, str, str],
    exposure: float | None,
    rate_beta: float | None,
    betas: dict[str, float],
) -> UUID:
    position_id, (portfolio_id, symbol, underlying) = uuid4(), names
    held = {"position_id": position_id, "as_of": AS_OF, "portfolio_id": portfolio_id, "symbol": symbol}
    quality = {"underlying": underlying, "exposure": exposure, "quality": "full_history", "reason": None}
    rows = []
    for factor in FACTORS:
        beta = betas.get(factor, 0.0) if betas else None
        amount = None if beta is None or exposure is None else exposure * beta
        rows.append({**held, **quality, "factor": factor, "beta": beta, "factor_exposure": amount})
    await save(admin, factors.PositionFactorExposure, rows)
    rate = {"symbol": underlying, "as_of": AS_OF, "maturity": "10Y", "price_run": "r", "beta": rate_beta}
    fit = {
        "standard_error": 1.0,
        "t_statistic": 1.0,
        "observations": 252,
        "quality": "full_history",
        "reason": None,
    }
    await save(admin, factors.RateSensitivity, [{**rate, **fit}])
    return position_id


async def a_call(
    admin: Database, portfolio_id: UUID, volatility: float | None = 0.30, **betas: float
) -> UUID:
    """Ten AAPL calls, delta 0.6 and gamma 0.02, on an underlying at 150."""
    position_id = await a_holding(admin, (portfolio_id, CALL, "AAPL"), 0.6 * 1_000 * 150, -4, betas)
    row = {"position_id": position_id, "as_of": AS_OF, "portfolio_id": portfolio_id, "contract": CALL}
    unit = {"underlying": "AAPL", "quantity": Decimal(10), "multiplier": 100, "delta": 600.0, "gamma": 20.0}
    await save(admin, greeks.PositionGreeks, [{**row, **unit}])
    contract = {"contract": CALL, "as_of": AS_OF, "price_run": "r", "underlying": "AAPL", "option_type": "C"}
    terms = {"strike": Decimal(130), "expiry": date(2023, 6, 16), "underlying_price": Decimal(150)}
    inputs = {"years_to_expiry": 0.5, "volatility": volatility, "rate": 0.04, "dividend_yield": 0.006}
    await save(admin, greeks.ContractGreeks, [{**contract, **terms, **inputs}])
    return position_id


def call_value(spot: float, rate: float = 0.04) -> float:
    """Dollars of the ten calls of `a_call`."""
    inputs = {"years_to_expiry": 0.5, "volatility": 0.30, "rate": rate, "dividend_yield": 0.006}
    columns = OptionColumns.of(call=[True], underlying_price=spot, strike=130.0, **inputs)
    return 1_000 * float(prices(columns, np.array([True]))[0])


async def a_covariance(admin: Database, market_value: float = 0.00002) -> None:
    """Market variance 0.0001, every style's 0.00002, Market with Value as given, nothing else together."""

    def covariance(a: str, b: str) -> float:
        if a == b:
            return 0.0001 if a == "market" else 0.00002
        return market_value if {a, b} == {"market", "value"} else 0.0

    common = {"as_of": AS_OF, "space": "market_relative", "price_run": "r", "correlation": 0.0}
    fit = {"decay": 0.94, "lookback": 252, "observations": 252}
    pairs = [(a, b) for a in FACTORS for b in FACTORS]
    rows = [{**common, **fit, "factor_a": a, "factor_b": b, "covariance": covariance(a, b)} for a, b in pairs]
    await save(admin, factors.FactorCovariance, rows)


def an_event(*portfolio_ids: UUID) -> FactorsComputed:
    return FactorsComputed.new(uuid4(), AS_OF, price_run="r", shard=0, shards=1, portfolio_ids=portfolio_ids)


async def stress(role: Role, event: FactorsComputed) -> StressComputed:
    async with role("stress").transaction() as session:
        return await stress_portfolios(event, session)


async def stored(role: Role, view: Any, reader: str = "gateway") -> list[dict[str, Any]]:
    """What another service reads."""
    async with role(reader).transaction() as session:
        found = await session.execute(view.select().order_by(*view.primary_key.columns))
        return [dict(row) for row in found.mappings()]


async def result(role: Role, scenario_id: str, method: str = "direct") -> dict[str, Any]:
    rows = await stored(role, published.stress_results)
    (row,) = [each for each in rows if (each["scenario_id"], each["method"]) == (scenario_id, method)]
    return row


def rows_of(scenarios: Sequence[calculations.Scenario]) -> list[dict[str, Any]]:
    return [asdict(each) | {"measured_shocks": each.measured_shocks} for each in scenarios]


def cents(dollars: float) -> Decimal:
    return Decimal(f"{dollars:.2f}")


def nonzero(amounts: dict[str, float]) -> dict[str, float]:
    return {name: amount for name, amount in amounts.items() if amount}


@pytest.fixture(autouse=True)
async def mirrored(role: Role, empty: None) -> None:
    """The scenarios are where the service's start leaves them."""
    async with role("stress").transaction() as session:
        await mirror_scenarios(session)


async def test_start_mirrors_the_eighteen_scenarios_in_order(role: Role) -> None:
    rows = sorted(await stored(role, published.stress_scenarios), key=lambda row: row["display_order"])

    expected = calculations.scenarios(repository.load_definitions([BUNDLED_SCENARIOS]))
    fields = asdict(expected[0]).keys()
    assert len(rows) == 18
    assert [{field: row[field] for field in fields} for row in rows] == [asdict(each) for each in expected]
    assert {row["active"] for row in rows} == {True}


async def test_a_scenario_that_left_the_files_turns_inactive(role: Role) -> None:
    kept = calculations.scenarios(repository.load_definitions([BUNDLED_SCENARIOS]))[1:]

    async with role("stress").transaction() as session:
        await repository.save_scenarios(session, rows_of(kept))

    inactive = [
        row["scenario_id"] for row in await stored(role, published.stress_scenarios) if not row["active"]
    ]
    assert inactive == ["market_up_10"]


async def test_hand_worked_book_is_stored_with_its_parts(admin: Database, role: Role) -> None:
    book = uuid4()
    await a_stock(admin, book, "AAPL", 100_000, market=1.2, value=0.5)
    await a_stock(admin, book, "XOM", -40_000, rate_beta=-2, market=0.8)
    await a_call(admin, book, market=1.2, value=0.5)
    await a_covariance(admin)

    told = await stress(role, an_event(book))
    direct = await result(role, "market_down_10")
    correlated = await result(role, "market_down_10", "correlated")

    # Market exposure 190,000 x 1.2 - 40,000 x 0.8 = 196,000; Value 190,000 x 0.5 = 95,000.
    assert told.counts == {"scenarios": 18, "results": 36, "positions": 3}
    assert [notice.code for notice in told.warnings] == ["history_incomplete"]
    assert nonzero(direct["factor_impacts"]) == {"Market": -19_600.0}
    # Stock: -12,000 + 3,200; the call at 150 x 0.88 = 132 instead of 150.
    assert direct["total_pnl"] == cents(-8_800 + call_value(132) - call_value(150))
    assert direct["nonlinear"] == direct["total_pnl"] + 19_600
    assert direct["delta_gamma_pnl"] == Decimal("-16360.000000")  # -19,600 + 1/2 x 20 x (150 x 0.12)^2
    assert direct["correlation_effect"] is None
    assert direct["coverage"] == 1.0
    assert direct["option_valuation"] == "full"
    assert direct["warnings"] == []
    # E[Value | Market -10 %] = 0.00002 / 0.0001 x -0.1 = -0.02; the underlying falls 0.12 + 0.01 = 13 %.
    assert nonzero(correlated["effective_shocks"]) == {"Market": -0.1, "Value": -0.02}
    assert nonzero(correlated["factor_impacts"]) == {"Market": -19_600.0, "Value": -1_900.0}
    stocks = -12_000 - 1_000 + 3_200
    assert correlated["total_pnl"] == cents(stocks + call_value(150 * 0.87) - call_value(150))
    assert correlated["delta_gamma_pnl"] == Decimal("-17697.500000")  # -21,500 + 1/2 x 20 x (150 x 0.13)^2
    assert correlated["correlation_effect"] == correlated["total_pnl"] - direct["total_pnl"]


async def test_rate_shock_uses_the_sensitivities_of_the_underlyings(admin: Database, role: Role) -> None:
    book = uuid4()
    await a_stock(admin, book, "AAPL", 100_000, rate_beta=-4, market=1.0)
    await a_stock(admin, book, "XOM", -40_000, rate_beta=-2, market=1.0)

    await stress(role, an_event(book))
    row = await result(role, "rates_up_100bp")

    assert nonzero(row["factor_impacts"]) == {"Interest Rate": -3_200.0}
    assert row["total_pnl"] == Decimal("-3200.000000")


async def test_ladders_are_stored_for_market_and_rates(admin: Database, role: Role) -> None:
    book = uuid4()
    await a_stock(admin, book, exposure=100_000, rate_beta=-4, market=1.2)

    await stress(role, an_event(book))
    rows = await stored(role, published.market_risk_scenarios)

    ladder = {(row["kind"], row["shock"]): row["pnl"] for row in rows}
    assert ladder == {
        **{("market", s): Decimal(120_000) * Decimal(str(s)) for s in (-0.2, -0.1, -0.05, 0.05, 0.1, 0.2)},
        **{("rates", s): Decimal(-400_000) * Decimal(str(s)) for s in (-0.02, -0.01, 0.01, 0.02)},
    }
    assert {(row["kind"], row["exposure"]) for row in rows} == {("market", 120_000.0), ("rates", -400_000.0)}


async def test_running_twice_leaves_the_same_rows_and_event(admin: Database, role: Role) -> None:
    book, event = uuid4(), None
    await a_stock(admin, book, market=1.1, size=-0.3)
    await a_call(admin, book, market=1.1, size=-0.3)
    await a_covariance(admin)
    event = an_event(book)

    first = await stress(role, event)
    once = await snapshot(role)
    second = await stress(role, event)

    assert await snapshot(role) == once
    assert second.event_id == first.event_id
    assert second.model_dump(exclude={"occurred_at"}) == first.model_dump(exclude={"occurred_at"})


async def test_running_twice_at_once_leaves_the_same_rows(admin: Database, role: Role) -> None:
    books = [uuid4() for _ in range(3)]
    for book in books:
        await a_stock(admin, book, market=1.1)
    await a_covariance(admin)

    await asyncio.gather(stress(role, an_event(*books)), stress(role, an_event(*reversed(books))))
    twice = await snapshot(role)
    await stress(role, an_event(*books))

    assert await snapshot(role) == twice
    assert len(twice) == 3 * (36 + 10 + 1 + 1)


async def snapshot(role: Role) -> list[dict[str, Any]]:
    """Every result with the physical version of its row."""
    tables = ("stress_results", "market_risk_scenarios", "position_pnl", "pnl_axes")
    async with role("stress").transaction() as session:
        found = [
            await session.execute(text(f"select *, xmin::text from stress.{name} order by 1, 2, 3, 4"))
            for name in tables
        ]
        return [dict(row) for rows in found for row in rows.mappings()]


async def test_a_rerun_replaces_what_the_book_no_longer_has(admin: Database, role: Role) -> None:
    book, other = uuid4(), uuid4()
    await a_stock(admin, book, market=1.0)
    await a_stock(admin, other, market=1.0)
    await a_covariance(admin)
    await stress(role, an_event(book, other))
    async with admin.transaction() as session:
        await session.execute(text("delete from factors.factor_covariances"))

    await stress(role, an_event(book))
    rows = await stored(role, published.stress_results)

    assert {row["method"] for row in rows if row["portfolio_id"] == book} == {"direct"}
    assert {row["method"] for row in rows if row["portfolio_id"] == other} == {"direct", "correlated"}


async def test_missing_covariance_leaves_correlated_out_and_says_so(admin: Database, role: Role) -> None:
    book = uuid4()
    await a_stock(admin, book, market=1.0)

    told = await stress(role, an_event(book))

    assert told.counts["results"] == 18
    assert [notice.code for notice in told.warnings] == ["no_covariance", "history_incomplete"]


async def test_positions_left_out_are_named_with_reason(admin: Database, role: Role) -> None:
    book = uuid4()
    await a_stock(admin, book, "AAPL", 60_000, market=1.0)
    await a_stock(admin, book, "NEWCO", 30_000)
    await a_stock(admin, book, "BND", 10_000, rate_beta=None, market=0.0, value=0.1)
    await a_stock(admin, book, "GHOST", None, market=1.0)
    await a_covariance(admin)

    told = await stress(role, an_event(book))
    market, rates = await result(role, "market_down_10"), await result(role, "rates_up_100bp")

    assert {notice.code: notice.about for notice in told.warnings} == {
        "no_betas": ("NEWCO",),
        "no_exposure": ("GHOST",),
        "no_rate_sensitivity": ("BND",),
        "history_incomplete": ("AAPL", "BND", "GHOST", "NEWCO"),
    }
    assert {w["code"]: w["about"] for w in market["warnings"]} == {
        "no_betas": ["NEWCO"],
        "no_exposure": ["GHOST"],
    }
    assert market["coverage"] == pytest.approx(0.7)
    assert {w["code"] for w in rates["warnings"]} == {"no_rate_sensitivity", "no_exposure"}
    assert rates["coverage"] == pytest.approx(0.9)


async def test_a_book_without_betas_has_null_amounts_with_reason(admin: Database, role: Role) -> None:
    book = uuid4()
    await a_stock(admin, book, "NEWCO", 30_000, rate_beta=None)

    await stress(role, an_event(book))
    row = await result(role, "market_down_10")
    ladders = await stored(role, published.market_risk_scenarios)

    assert (row["total_pnl"], row["nonlinear"], row["factor_impacts"], row["coverage"]) == (
        None,
        None,
        {},
        0.0,
    )
    assert [warning["code"] for warning in row["warnings"]] == ["no_betas"]
    assert {(each["pnl"], each["reason"]) for each in ladders} == {
        (None, "no position has a market beta"),
        (None, "no position has a rate sensitivity"),
    }


async def test_an_empty_book_loses_exactly_nothing(role: Role) -> None:
    await stress(role, an_event(uuid4()))
    row = await result(role, "market_crash_35")

    assert (row["total_pnl"], row["coverage"]) == (Decimal(0), None)


async def test_an_empty_shard_is_answered(role: Role) -> None:
    told = await stress(role, an_event())

    assert told.counts == {"scenarios": 18, "results": 0, "positions": 0}
    assert await stored(role, published.stress_results) == []


async def test_scenarios_on_an_idle_factor_are_set_aside(admin: Database, role: Role) -> None:
    book = uuid4()
    await a_stock(admin, book, exposure=100_000, market=1.0, size=0.5)
    async with admin.transaction() as session:
        await session.execute(
            text("update factors.factor_definitions set active = false where factor = 'momentum'")
        )
    try:
        told = await stress(role, an_event(book))
    finally:
        async with admin.transaction() as session:
            await session.execute(
                text("update factors.factor_definitions set active = true where factor = 'momentum'")
            )

    (aside,) = [notice for notice in told.warnings if notice.code == "scenario_not_valued"]
    assert aside.about == ("dotcom_crash_2000", "growth_rally_15")
    assert told.counts["scenarios"] == 16
    assert (await result(role, "small_cap_outperformance_10"))["total_pnl"] == Decimal(5_000)


async def test_without_active_factors_the_work_waits(admin: Database, role: Role) -> None:
    async with admin.transaction() as session:
        await session.execute(text("update factors.factor_definitions set active = false"))
    try:
        with pytest.raises(MarketDataNotReady) as caught:
            await stress(role, an_event(uuid4()))
    finally:
        async with admin.transaction() as session:
            await session.execute(text("update factors.factor_definitions set active = proxy is not null"))

    assert (caught.value.what, caught.value.as_of) == ("factor definitions", AS_OF)


async def test_custom_file_adds_to_the_bundled_scenarios(role: Role, tmp_path: Path) -> None:
    mine = {"scenario_id": "mine", "name": "Mine", "description": "A test.", "category": "custom"}
    file = tmp_path / "mine.json"
    file.write_text(json.dumps([{**mine, "severity": "mild", "shocks": {"Size": 0.02}, "basis": "absolute"}]))
    every = calculations.scenarios(repository.load_definitions([BUNDLED_SCENARIOS, file]))

    async with role("stress").transaction() as session:
        await repository.save_scenarios(session, rows_of(every))
        loaded = calculations.scenarios(await repository.load_scenarios(session))

    assert loaded == every
    assert loaded[-1].shocks == {"Size": 0.02}


@pytest.mark.parametrize(
    ("content", "problem"),
    [("{", "is not JSON"), ('{"a": 1}', "holds no list of scenarios"), (None, "cannot be read")],
)
def test_an_unusable_scenario_file_is_named(tmp_path: Path, content: str | None, problem: str) -> None:
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(Misconfigured, match=problem) as caught:
        repository.load_definitions([file])

    assert str(file) in str(caught.value)


async def test_published_views_have_exactly_the_agreed_columns(role: Role) -> None:
    views = (
        published.stress_scenarios,
        published.custom_scenarios,
        published.stress_results,
        published.market_risk_scenarios,
        published.position_pnl_vectors,
        published.pnl_dates,
        published.position_scenario_pnl,
    )
    async with role("snapshots").transaction() as session:
        for view in views:
            found = await session.execute(text(f"select * from {view.schema}.{view.name} limit 0"))
            assert list(found.keys()) == [column.name for column in view.columns]
