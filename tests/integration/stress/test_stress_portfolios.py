"""The stress handler against a real Postgres: stored factors in, stored results out."""

import asyncio
import json
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from math import sqrt
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.ingest import tables as ingest
from services.stress import repository
from services.stress.calculations.scenarios import FACTOR_IDS, scenarios
from services.stress.handlers.mirror_scenarios import mirror_scenarios
from services.stress.settings import BUNDLED_SCENARIOS
from shared.database import Database
from shared.errors import MarketDataNotReady, Misconfigured
from shared.published import stress as published
from shared.quant.american import american_prices
from shared.quant.black_scholes import OptionColumns
from shared.quant.dividends import CashDividends
from tests.builders import AS_OF, a_price, a_yield, save, save_prices
from tests.integration.stress.books import (
    a_call,
    a_covariance,
    a_stock,
    an_event,
    call_value,
    cents,
    nonzero,
    result,
    stored,
    stress,
    stress_stored,
)
from tests.servers import Role


async def test_start_mirrors_the_eighteen_scenarios_in_order(role: Role) -> None:
    rows = sorted(
        await stored(role, published.stress_scenarios), key=lambda row: row["display_order"]
    )

    expected = scenarios(repository.load_definitions([BUNDLED_SCENARIOS]))
    fields = asdict(expected[0]).keys()
    assert len(rows) == 18
    assert [{field: row[field] for field in fields} for row in rows] == [
        asdict(each) for each in expected
    ]
    assert {row["active"] for row in rows} == {True}


async def test_a_scenario_that_left_the_files_turns_inactive(role: Role) -> None:
    kept = scenarios(repository.load_definitions([BUNDLED_SCENARIOS]))[1:]

    async with role("stress").transaction() as session:
        await repository.save_scenarios(session, kept)

    inactive = [
        row["scenario_id"]
        for row in await stored(role, published.stress_scenarios)
        if not row["active"]
    ]
    assert inactive == ["market_up_10"]


async def test_hand_worked_book_is_stored_with_its_parts(admin: Database, role: Role) -> None:
    book = uuid4()
    await a_stock(admin, book, "AAPL", 100_000, market=1.2, value=0.5)
    await a_stock(admin, book, "XOM", -40_000, rate_beta=-2, market=0.8)
    await a_call(admin, book, market=1.2, value=0.5)
    await a_covariance(admin)

    published_event = await stress(role, an_event(book))
    direct = await result(role, "market_down_10")
    correlated = await result(role, "market_down_10", "correlated")

    # Market exposure 190,000 x 1.2 - 40,000 x 0.8 = 196,000; Value 190,000 x 0.5 = 95,000.
    assert published_event.counts == {"scenarios": 18, "results": 36, "positions": 3}
    assert [notice.code for notice in published_event.warnings] == ["history_incomplete"]
    assert nonzero(direct["factor_impacts"]) == {
        "market": -19_600.0,
        "volatility": float(direct["volatility_pnl"]),
    }
    assert (direct["headline"], direct["stated"], direct["floored"]) == ("specified", None, {})
    # A fall of 10 % at a daily deviation of 1 %, in yearly deviations.
    assert direct["plausibility"] == pytest.approx(0.10 / (0.01 * sqrt(252)))
    # Stock: -12,000 + 3,200; the call at 150 x 0.88 = 132 instead of 150, its volatility up 35 % at
    # one month, and by sqrt(30 / 182.5) of that at half a year.
    moved = call_value(132, volatility=0.30 * (1 + 0.35 * sqrt(30 / 182.5)))
    assert direct["total_pnl"] == cents(-8_800 + moved - call_value(150))
    assert direct["volatility_pnl"] == cents(moved - call_value(132))
    assert direct["nonlinear"] == direct["total_pnl"] - direct["volatility_pnl"] + 19_600
    assert direct["delta_gamma_pnl"] == Decimal(
        "-16360.000000"
    )  # -19,600 + 1/2 x 20 x (150 x 0.12)^2
    assert direct["correlation_effect"] is None
    assert direct["coverage"] == 1.0
    assert direct["option_valuation"] == "full"
    assert direct["warnings"] == []
    # E[Value | Market -10 %] = 0.00002 / 0.0001 x -0.1 = -0.02; the underlying falls 0.12 + 0.01 =
    # 13 %.
    assert nonzero(correlated["effective_shocks"]) == {
        "market": -0.1,
        "value": -0.02,
        "volatility": 0.35,
    }
    assert correlated["implied_moves"]["value"] == pytest.approx(-0.12)
    parts = nonzero(correlated["factor_impacts"])
    assert (parts["market"], parts["value"]) == (-19_600.0, -1_900.0)
    stocks = -12_000 - 1_000 + 3_200
    moved = call_value(150 * 0.87, volatility=0.30 * (1 + 0.35 * sqrt(30 / 182.5)))
    assert correlated["total_pnl"] == cents(stocks + moved - call_value(150))
    assert correlated["delta_gamma_pnl"] == Decimal(
        "-17697.500000"
    )  # -21,500 + 1/2 x 20 x (150 x 0.13)^2
    assert correlated["correlation_effect"] == correlated["total_pnl"] - direct["total_pnl"]


async def test_scenarios_reprice_with_the_dividends_that_greeks_expected(
    admin: Database, role: Role
) -> None:
    """3.00 USD after 44 and 133 days, in place of the yield of 0.6 % that the row has as well."""
    book = uuid4()
    await a_call(admin, book, market=1.2)
    await a_covariance(admin)
    paid = [{"ex_date": "2023-02-10", "amount": 3.0}, {"ex_date": "2023-05-10", "amount": 3.0}]
    async with admin.transaction() as session:
        stored = text("update greeks.contract_greeks set dividends = cast(:paid as jsonb)")
        await session.execute(stored, {"paid": json.dumps(paid)})

    await stress(role, an_event(book))

    direct = await result(role, "market_down_10")
    cash = CashDividends.of([[3.0, 3.0]], [[44 / 365, 133 / 365]])
    volatility = 0.30 * (1 + 0.35 * sqrt(30 / 182.5))
    now, then = (
        OptionColumns.of(
            call=[True],
            underlying_price=spot,
            strike=130.0,
            years_to_expiry=0.5,
            volatility=moved,
            rate=0.04,
            dividend_yield=0.0,
        )
        for spot, moved in ((150.0, 0.30), (132.0, volatility))
    )
    change = float(american_prices(then, cash)[0] - american_prices(now, cash)[0])
    assert float(direct["total_pnl"]) == pytest.approx(1_000 * change, abs=10.0)
    without = call_value(132, volatility=volatility) - call_value(150)
    assert abs(float(direct["total_pnl"]) - without) > 100.0


async def test_expectations_use_the_shrunk_covariance_where_there_is_one(
    admin: Database, role: Role
) -> None:
    book = uuid4()
    await a_stock(admin, book, market=1.0)
    await a_covariance(admin, shrinkage=0.25)

    await stress(role, an_event(book))
    row = await result(role, "market_down_10", "correlated")

    # 0.75 x 0.00002 / 0.0001 x -0.1
    assert nonzero(row["effective_shocks"]) == {
        "market": -0.1,
        "value": -0.015,
        "volatility": 0.35,
    }


async def test_rate_shock_uses_the_sensitivities_of_the_underlyings(
    admin: Database, role: Role
) -> None:
    book = uuid4()
    await a_stock(admin, book, "AAPL", 100_000, rate_beta=-4, market=1.0)
    await a_stock(admin, book, "XOM", -40_000, rate_beta=-2, market=1.0)

    await stress(role, an_event(book))
    row = await result(role, "rates_up_100bp")

    assert nonzero(row["factor_impacts"]) == {"interest_rate": -3_200.0}
    assert row["total_pnl"] == Decimal("-3200.000000")


async def test_ladders_are_stored_for_market_and_rates(admin: Database, role: Role) -> None:
    book = uuid4()
    await a_stock(admin, book, exposure=100_000, rate_beta=-4, market=1.2)

    await stress(role, an_event(book))
    rows = await stored(role, published.market_risk_scenarios)

    ladder = {(row["kind"], row["shock"]): row["pnl"] for row in rows}
    assert ladder == {
        **{
            ("market", s): Decimal(120_000) * Decimal(str(s))
            for s in (-0.2, -0.1, -0.05, 0.05, 0.1, 0.2)
        },
        **{("rates", s): Decimal(-400_000) * Decimal(str(s)) for s in (-0.02, -0.01, 0.01, 0.02)},
    }
    assert {(row["kind"], row["exposure"]) for row in rows} == {
        ("market", 120_000.0),
        ("rates", -400_000.0),
    }


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
            await session.execute(
                text(f"select *, xmin::text from stress.{name} order by 1, 2, 3, 4")
            )
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
    assert {row["method"] for row in rows if row["portfolio_id"] == other} == {
        "direct",
        "correlated",
    }


async def test_missing_covariance_leaves_correlated_out_and_says_so(
    admin: Database, role: Role
) -> None:
    book = uuid4()
    await a_stock(admin, book, market=1.0)

    published_event = await stress(role, an_event(book))

    assert published_event.counts["results"] == 18
    assert [notice.code for notice in published_event.warnings] == [
        "no_covariance",
        "history_incomplete",
    ]


async def test_positions_left_out_are_named_with_reason(admin: Database, role: Role) -> None:
    book = uuid4()
    await a_stock(admin, book, "AAPL", 60_000, market=1.0)
    await a_stock(admin, book, "NEWCO", 30_000)
    await a_stock(admin, book, "BND", 10_000, rate_beta=None, market=0.0, value=0.1)
    await a_stock(admin, book, "GHOST", None, market=1.0)
    await a_covariance(admin)

    published_event = await stress(role, an_event(book))
    market, rates = await result(role, "market_down_10"), await result(role, "rates_up_100bp")

    assert {notice.code: notice.about for notice in published_event.warnings} == {
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
    assert [each["symbol"] for each in market["left_out"]] == ["GHOST", "NEWCO"]
    assert {each["symbol"]: each["code"] for each in rates["left_out"]} == {
        "BND": "no_rate_sensitivity",
        "GHOST": "no_exposure",
    }
    assert all(each["reason"] for each in market["left_out"] + rates["left_out"])
    assert rates["coverage"] == pytest.approx(0.9)


async def test_every_symbol_left_out_of_a_scenario_is_named_and_not_the_first_twenty(
    admin: Database, role: Role
) -> None:
    book, names = uuid4(), [f"N{number:02d}" for number in range(25)]
    await a_stock(admin, book, "AAPL", 60_000, market=1.0)
    for name in names:
        await a_stock(admin, book, name, 1_000)

    await stress(role, an_event(book))
    row = await result(role, "market_down_10")

    assert len(row["warnings"][0]["about"]) == 20
    assert [each["symbol"] for each in row["left_out"]] == names


async def test_a_book_without_betas_has_null_amounts_with_reason(
    admin: Database, role: Role
) -> None:
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


async def test_a_portfolio_that_there_is_not_has_no_results(role: Role) -> None:
    published_event = await stress_stored(role, an_event(uuid4()))

    assert published_event.counts == {"scenarios": 18, "results": 0, "positions": 0}
    assert await stored(role, published.stress_results) == []


async def test_an_empty_shard_is_answered(role: Role) -> None:
    published_event = await stress(role, an_event())

    assert published_event.counts == {"scenarios": 18, "results": 0, "positions": 0}
    assert await stored(role, published.stress_results) == []


async def test_scenarios_on_an_idle_factor_are_set_aside(admin: Database, role: Role) -> None:
    book = uuid4()
    await a_stock(admin, book, exposure=100_000, market=1.0, size=0.5)
    async with admin.transaction() as session:
        await session.execute(
            text("update factors.factor_definitions set active = false where factor = 'momentum'")
        )
    try:
        published_event = await stress(role, an_event(book))
    finally:
        async with admin.transaction() as session:
            await session.execute(
                text(
                    "update factors.factor_definitions set active = true where factor = 'momentum'"
                )
            )

    (aside,) = [
        notice for notice in published_event.warnings if notice.code == "scenario_not_valued"
    ]
    assert aside.about == ("dotcom_crash_2000", "growth_rally_15")
    assert published_event.counts["scenarios"] == 16
    assert (await result(role, "small_cap_outperformance_10"))["total_pnl"] == Decimal(5_000)


async def test_without_active_factors_the_work_waits(admin: Database, role: Role) -> None:
    async with admin.transaction() as session:
        await session.execute(text("update factors.factor_definitions set active = false"))
    try:
        with pytest.raises(MarketDataNotReady) as caught:
            await stress(role, an_event(uuid4()))
    finally:
        async with admin.transaction() as session:
            await session.execute(
                text("update factors.factor_definitions set active = proxy is not null")
            )

    assert (caught.value.what, caught.value.as_of) == ("factor definitions", AS_OF)


async def test_custom_file_adds_to_the_bundled_scenarios(role: Role, tmp_path: Path) -> None:
    mine = {"scenario_id": "mine", "name": "Mine", "description": "A test.", "category": "custom"}
    file = tmp_path / "mine.json"
    file.write_text(
        json.dumps([{**mine, "severity": "mild", "shocks": {"size": 0.02}, "basis": "absolute"}])
    )
    every = scenarios(repository.load_definitions([BUNDLED_SCENARIOS, file]))

    async with role("stress").transaction() as session:
        await repository.save_scenarios(session, every)
        loaded = (await repository.load_catalogue(session, [])).house

    assert loaded == every
    assert loaded[-1].shocks == {"size": 0.02}


@pytest.mark.parametrize(
    ("content", "problem"),
    [("{", "is not JSON"), ('{"a": 1}', "holds no list of scenarios"), (None, "cannot be read")],
)
def test_an_unusable_scenario_file_is_named(
    tmp_path: Path, content: str | None, problem: str
) -> None:
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


async def test_historical_scenarios_show_what_was_measured(role: Role) -> None:
    rows = {row["scenario_id"]: row for row in await stored(role, published.stress_scenarios)}

    covid = rows["covid_crash_2020"]
    assert (covid["window_start"], covid["window_end"]) == (date(2020, 2, 19), date(2020, 3, 23))
    assert covid["measured_returns"]["market"] == -0.337175
    assert covid["measured_shocks"] == covid["measured_returns"]
    assert covid["measured_source"].startswith("bundled panel")
    assert rows["financial_crisis_2008"]["measured_source"].startswith("monthly research factors")
    assert rows["market_up_10"]["measured_shocks"] is None


async def test_stored_closes_of_the_window_take_precedence(admin: Database, role: Role) -> None:
    window = {date(2020, 2, 19): 100.0, date(2020, 3, 23): 70.0}
    proxies = ("SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV")
    await save_prices(
        admin, *(a_price(proxy, day, close) for proxy in proxies for day, close in window.items())
    )
    yields = [a_yield("10Y", date(2020, 2, 18), 1.55), a_yield("10Y", date(2020, 3, 23), 0.76)]
    await save(admin, ingest.TreasuryYield, yields)

    async with role("stress").transaction() as session:
        await mirror_scenarios(session)
    rows = {row["scenario_id"]: row for row in await stored(role, published.stress_scenarios)}

    covid = rows["covid_crash_2020"]
    assert covid["measured_returns"] == dict.fromkeys(FACTOR_IDS, -0.3)
    assert covid["measured_shocks"] == covid["measured_returns"]
    assert (covid["measured_rate_change"], covid["measured_source"]) == (
        -0.0079,
        "stored closes and yields",
    )
