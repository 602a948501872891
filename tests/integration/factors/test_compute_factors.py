"""The handler on a real database: what it writes, what it reads again, what it says about what is
missing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

import numpy as np
import pytest
from sqlalchemy import Table, select, text

from services.factors.calculations.betas import (
    market_prior,
    model_betas,
    over_market,
    symbol_betas,
)
from services.factors.calculations.covariance import ewma_covariance
from services.factors.handlers.compute_factors import compute_factors
from services.factors.inputs import MATURITIES, MODELS, Basis, Factors, Outdated, Weighting
from services.factors.repository.estimates import claim_outdated
from services.factors.tables import SymbolFactorBeta
from services.greeks import tables as greeks
from services.ingest.tables import TreasuryYield
from shared.arrays import FloatArray
from shared.contracts.event import EVENT_NAMESPACE
from shared.contracts.factors import FactorsComputed
from shared.contracts.greeks import GreeksComputed
from shared.database import Database, sql_table
from shared.instruments import parse_occ
from shared.published import factors as published
from shared.quant.returns import simple_returns
from shared.rows import rows_of as rows_as_stored
from tests import panel
from tests.builders import (
    AS_OF,
    a_portfolio,
    a_position,
    a_price,
    a_yield,
    save,
    save_positions,
    save_prices,
)
from tests.servers import Role

Row = Mapping[str, Any]
SESSIONS = panel.sessions()[-253:]
XOM_PUT = "XOM230616P00100000"
SYMBOL_LEVEL = (
    published.symbol_factor_betas,
    published.rate_sensitivities,
    published.factor_covariances,
)
EVERYTHING = (
    *SYMBOL_LEVEL,
    published.factor_returns,
    published.position_factor_exposures,
    published.factor_exposures,
)
SERIES = {"3M": "DGS3MO", "2Y": "DGS2", "10Y": "DGS10", "30Y": "DGS30"}
BASIS = Basis(AS_OF, "p1", Weighting(0.94, 252))
FACTORS = Factors(panel.FACTORS, panel.PROXIES)
NOTHING = Outdated(symbols=(), factors=False)


def greeks_computed(
    *portfolios: UUID, price_run: str = "p1", as_of: date = AS_OF
) -> GreeksComputed:
    run_id = uuid5(EVENT_NAMESPACE, price_run)
    return GreeksComputed.new(
        run_id, as_of, price_run=price_run, shard=0, shards=1, portfolio_ids=portfolios
    )


async def save_market(admin: Database, *symbols: str, sessions: Sequence[date] = SESSIONS) -> None:
    """The proxies' closes on every session, and those of `symbols` on `sessions`."""
    every = tuple(dict.fromkeys((*panel.PROXIES, *symbols)))
    closes = panel.closes(*every, last=len(SESSIONS)).tolist()
    rows = [
        a_price(symbol, day, close)
        for day, line in zip(SESSIONS, closes, strict=True)
        for symbol, close in zip(every, line, strict=True)
        if symbol in panel.PROXIES or day in sessions
    ]
    await save_prices(admin, *rows)


async def save_yields(admin: Database, *maturities: str) -> None:
    """The yields of `maturities`, or of all four."""
    rows = [
        a_yield(maturity, day, float(percent))
        for maturity in maturities or MATURITIES
        for day, percent in zip(*panel.yields(SERIES[maturity]), strict=True)
        if SESSIONS[0] <= day <= AS_OF
    ]
    await save(admin, TreasuryYield, rows)


async def save_greeks(admin: Database, symbol: str, **given: Any) -> None:
    """A contract's Greeks: delta -0.4 on an underlying at 106.627, unless said otherwise."""
    contract = parse_occ(symbol)
    blank = dict.fromkeys(column.name for column in sql_table(greeks.ContractGreeks).columns)
    terms = {
        "option_type": contract.option_type,
        "strike": contract.strike,
        "expiry": contract.expiry,
    }
    key = {"contract": symbol, "as_of": AS_OF, "price_run": "p1", "underlying": contract.underlying}
    numbers = {"years_to_expiry": 0.47, "delta": -0.4, "underlying_price": Decimal("106.627")}
    await save(admin, greeks.ContractGreeks, [blank | terms | key | numbers | given])


async def run(role: Role, event: GreeksComputed) -> FactorsComputed:
    """The handler in one transaction of the factors role, as the bus would call it."""
    async with role("factors").transaction() as session:
        return await compute_factors(event, session)


async def rows_of(role: Role, view: Table, **wanted: Any) -> list[Row]:
    """The view's rows as another service reads them, in key order."""
    conditions = [view.c[name] == value for name, value in wanted.items()]
    query = select(view).where(*conditions).order_by(*view.primary_key.columns)
    async with role("stress").transaction() as session:
        return [row._asdict() for row in await session.execute(query)]


async def contents(role: Role, views: Sequence[Table] = EVERYTHING) -> list[list[Row]]:
    return [await rows_of(role, view) for view in views]


def codes(event: FactorsComputed) -> dict[str, tuple[str, ...]]:
    """What each notice is about, by its code."""
    return {notice.code: notice.about for notice in event.warnings}


def expected_betas(*symbols: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    proxies = over_market(simple_returns(panel.closes(*panel.PROXIES)), panel.FACTORS)
    return symbol_betas(
        simple_returns(panel.closes(*symbols)), proxies, market_prior(panel.FACTORS)
    ).betas


async def test_definitions_name_seven_proxies_and_an_inactive_eighth(role: Role) -> None:
    found = await rows_of(role, published.factor_definitions)

    by_order = sorted(found, key=lambda row: row["display_order"])
    assert tuple(row["factor"] for row in by_order if row["active"]) == panel.FACTORS
    assert tuple(row["proxy"] for row in by_order if row["active"]) == panel.PROXIES
    assert [(row["name"], row["proxy"]) for row in found if not row["active"]] == [
        ("Short Interest", None)
    ]


async def test_exposures_are_delta_adjusted_dollars_times_betas(
    admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL", "XOM")
    await save_yields(admin)
    await save_greeks(admin, XOM_PUT)
    stock, put = a_position(book, "AAPL", -200), a_position(book, XOM_PUT, 5)
    await save_positions(admin, stock, put)

    event = await run(role, greeks_computed(book))

    held = await rows_of(role, published.position_factor_exposures)
    dollars = {stock["position_id"]: -200 * 125.674, put["position_id"]: 5 * 100 * -0.4 * 106.627}
    betas = dict(
        zip((stock["position_id"], put["position_id"]), expected_betas("AAPL", "XOM"), strict=True)
    )
    assert len(held) == 14
    for row in held:
        position, factor = row["position_id"], panel.FACTORS.index(row["factor"])
        assert row["exposure"] == pytest.approx(dollars[position])
        assert row["beta"] == pytest.approx(betas[position][factor], abs=1e-12)
        assert row["factor_exposure"] == pytest.approx(dollars[position] * betas[position][factor])
        assert (row["quality"], row["reason"]) == ("full_history", None)
    assert event.counts == {"symbols": 2, "positions": 2}
    assert event.warnings == ()


async def test_portfolio_exposure_is_the_sum_of_its_positions(admin: Database, role: Role) -> None:
    books = [await a_portfolio(admin), await a_portfolio(admin)]
    await save_market(admin, "AAPL", "XOM", "JPM")
    held = [
        (books[0], "AAPL", 10),
        (books[0], "XOM", -20),
        (books[1], "JPM", 5),
        (books[1], "SPY", 7),
    ]
    await save_positions(
        admin, *(a_position(book, symbol, quantity) for book, symbol, quantity in held)
    )

    await run(role, greeks_computed(*books))

    positions = await rows_of(role, published.position_factor_exposures)
    totals = await rows_of(role, published.factor_exposures, model="market_relative")
    assert len(totals) == 14
    for total in totals:
        same = [
            r
            for r in positions
            if (r["portfolio_id"], r["factor"]) == (total["portfolio_id"], total["factor"])
        ]
        assert total["dollar_exposure"] == pytest.approx(
            sum(row["factor_exposure"] for row in same)
        )
        assert total["gross_exposure"] == pytest.approx(sum(abs(row["exposure"]) for row in same))
        assert (total["coverage"], total["positions"], total["positions_left_out"]) == (1.0, 2, 0)


async def test_proxy_held_as_a_position_is_its_own_factor(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin)
    await save_positions(admin, a_position(book, "SPY"), a_position(book, "VTV"))

    await run(role, greeks_computed(book))

    betas = {
        (row["symbol"], row["factor"]): row["beta"]
        for row in await rows_of(role, published.symbol_factor_betas, model="market_relative")
    }
    assert [betas["SPY", factor] for factor in panel.FACTORS] == pytest.approx(
        [1, 0, 0, 0, 0, 0, 0], abs=1e-8
    )
    assert [betas["VTV", factor] for factor in panel.FACTORS] == pytest.approx(
        [1, 1, 0, 0, 0, 0, 0], abs=1e-8
    )


def returns_by_space() -> dict[str, FloatArray]:
    """A year of the proxies' returns, as they are and over the market."""
    returns = simple_returns(panel.closes(*panel.PROXIES, last=253))
    return {"absolute": returns, "market_relative": over_market(returns, panel.FACTORS)}


async def test_covariance_is_stored_in_both_spaces(admin: Database, role: Role) -> None:
    await save_market(admin)

    await run(role, greeks_computed())

    spaces = returns_by_space()
    found = await rows_of(role, published.factor_covariances)
    assert len(found) == 2 * 49
    for row in found:
        expected = ewma_covariance(spaces[row["space"]], 0.94, 252)
        pair = panel.FACTORS.index(row["factor_a"]), panel.FACTORS.index(row["factor_b"])
        assert row["covariance"] == pytest.approx(expected.covariance[pair], rel=1e-9)
        assert row["correlation"] == pytest.approx(expected.correlation[pair], rel=1e-9)
        assert row["shrunk_covariance"] == pytest.approx(expected.shrunk[pair], rel=1e-9)
        assert row["shrinkage"] == pytest.approx(expected.shrinkage, rel=1e-9)
        assert (row["decay"], row["lookback"], row["observations"]) == (0.94, 252, 252)


async def test_shard_handled_twice_leaves_the_same_rows(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL")
    await save_yields(admin)
    await save_positions(admin, a_position(book, "AAPL"), a_position(book, "NOPE"))

    first = await run(role, greeks_computed(book))
    once = await contents(role)
    second = await run(role, greeks_computed(book))

    assert await contents(role) == once
    assert all(once)
    assert second.model_dump(exclude={"occurred_at"}) == first.model_dump(exclude={"occurred_at"})


async def test_redelivered_current_shard_recomputes_nothing(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL")
    await save_positions(admin, a_position(book, "AAPL"))
    await run(role, greeks_computed(book))
    before = await contents(role, SYMBOL_LEVEL)
    await save_prices(admin, a_price("AAPL", SESSIONS[-2], 1.0), a_price("VTV", SESSIONS[-2], 1.0))

    await run(role, greeks_computed(book))

    assert await contents(role, SYMBOL_LEVEL) == before


async def test_new_price_run_recomputes_what_it_needs(admin: Database, role: Role) -> None:
    book, other = await a_portfolio(admin), await a_portfolio(admin)
    await save_market(admin, "AAPL", "XOM")
    await save_positions(admin, a_position(book, "AAPL"), a_position(other, "XOM"))
    await run(role, greeks_computed(book, other))
    wanted = {"factor": "market", "model": "market_relative"}
    before = await rows_of(role, published.symbol_factor_betas, **wanted)
    await save_prices(
        admin, a_price("AAPL", SESSIONS[-2], 90.0), a_price("XOM", SESSIONS[-2], 90.0)
    )

    await run(role, greeks_computed(book, price_run="p2"))

    after = await rows_of(role, published.symbol_factor_betas, **wanted)
    assert [(row["symbol"], row["price_run"]) for row in after] == [("AAPL", "p2"), ("XOM", "p1")]
    assert after[0]["beta"] != before[0]["beta"]
    assert after[1] == before[1]


async def test_concurrent_shards_share_their_symbols(admin: Database, role: Role) -> None:
    books = [await a_portfolio(admin) for _ in range(4)]
    await save_market(admin, "AAPL", "XOM", "JPM")
    await save_yields(admin)
    for book in books:
        held = [a_position(book, symbol) for symbol in ("AAPL", "XOM", "JPM")]
        await save_positions(admin, *held)

    await asyncio.gather(*(run(role, greeks_computed(book)) for book in (*books, *books)))

    together = await contents(role)
    async with admin.transaction() as session:
        writers = "select count(distinct xmin::text) from factors.symbol_factor_betas"
        assert await session.scalar(text(writers)) == 1
        await session.execute(
            text("truncate factors.symbol_factor_betas, factors.factor_exposures")
        )
    await run(role, greeks_computed(*books))
    assert await contents(role) == together


async def test_waiting_shard_reads_what_the_first_one_estimated(
    admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL")
    await save_positions(admin, a_position(book, "AAPL"))

    async def claimed() -> Outdated:
        async with role("factors").transaction() as session:
            return await claim_outdated(session, BASIS, FACTORS, ("AAPL",))

    async with role("factors").transaction() as session:
        await compute_factors(greeks_computed(book), session)
        waiting = asyncio.create_task(claimed())
        done, _ = await asyncio.wait([waiting], timeout=0.3)

    assert not done
    assert await waiting == NOTHING


async def test_another_covariance_weighting_makes_the_stored_one_outdated(
    admin: Database, role: Role
) -> None:
    await save_market(admin)
    await run(role, greeks_computed())

    async with role("factors").transaction() as session:
        assert await claim_outdated(session, BASIS, FACTORS, ()) == NOTHING
        other = replace(BASIS, weighting=Weighting(0.97, 252))
        reweighted = await claim_outdated(session, other, FACTORS, ())

    assert reweighted == Outdated(symbols=(), factors=True)


async def test_sessions_in_any_order_leave_the_same_rows(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL")
    await save_positions(admin, a_position(book, "AAPL"))
    days = SESSIONS[-3:]

    for day in days:
        await run(role, greeks_computed(book, as_of=day))
    forward = await contents(role)
    async with admin.transaction() as session:
        await session.execute(
            text("truncate factors.symbol_factor_betas, factors.position_factor_exposures")
        )
    for day in reversed(days):
        await run(role, greeks_computed(book, as_of=day))

    assert await contents(role) == forward
    assert len(forward[0]) == 3 * 3 * 7


async def test_symbol_without_prices_is_null_with_reason_and_notice(
    admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL")
    await save_yields(admin)
    await save_positions(admin, a_position(book, "AAPL"), a_position(book, "NOPE"))

    event = await run(role, greeks_computed(book))

    (beta, *_) = await rows_of(role, published.symbol_factor_betas, symbol="NOPE")
    assert (beta["beta"], beta["raw_beta"], beta["quality"]) == (None, None, "insufficient")
    assert beta["reason"] == "0 returns in the window; 60 are needed"
    (held, *_) = await rows_of(role, published.position_factor_exposures, symbol="NOPE")
    assert (held["exposure"], held["beta"], held["factor_exposure"]) == (None, None, None)
    assert held["reason"] == "no close of NOPE on or before 2022-12-28"
    (total, *_) = await rows_of(role, published.factor_exposures)
    assert (total["positions"], total["positions_left_out"]) == (2, 1)
    assert codes(event) == {"exposure_missing": ("NOPE",), "betas_missing": ("NOPE",)}


async def test_priced_symbol_without_history_lowers_the_coverage(
    admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL", "JPM", sessions=SESSIONS[-20:])
    await save_positions(admin, a_position(book, "SPY", 100), a_position(book, "JPM", 100))

    event = await run(role, greeks_computed(book))

    (total, *_) = await rows_of(
        role, published.factor_exposures, factor="market", model="market_relative"
    )
    assert total["coverage"] == pytest.approx(376.66 / (376.66 + 129.575))
    assert total["dollar_exposure"] == pytest.approx(37_666.0)
    assert codes(event)["betas_missing"] == ("JPM",)


@pytest.mark.parametrize(
    ("sessions", "quality"),
    [
        (253, "full_history"),
        (252, "limited_history"),
        (61, "limited_history"),
        (60, "insufficient"),
    ],
)
async def test_quality_follows_the_history(
    admin: Database, role: Role, sessions: int, quality: str
) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL", sessions=SESSIONS[-sessions:])
    await save_positions(admin, a_position(book, "AAPL"))

    event = await run(role, greeks_computed(book))

    found = await rows_of(role, published.symbol_factor_betas)
    assert {(row["quality"], row["observations"]) for row in found} == {(quality, sessions - 1)}
    assert ("betas_limited_history" in codes(event)) == (quality == "limited_history")


async def test_option_without_greeks_is_left_out_with_reason(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "XOM")
    await save_positions(admin, a_position(book, XOM_PUT))

    event = await run(role, greeks_computed(book))

    (held, *_) = await rows_of(role, published.position_factor_exposures)
    assert (held["exposure"], held["factor_exposure"]) == (None, None)
    assert held["beta"] is not None
    assert held["reason"] == f"no Greeks of {XOM_PUT}"
    assert codes(event)["exposure_missing"] == (XOM_PUT,)


async def test_reason_of_missing_greeks_is_passed_on(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "XOM")
    await save_greeks(admin, XOM_PUT, delta=None, reason="no volatility for XOM")
    await save_positions(admin, a_position(book, XOM_PUT))

    await run(role, greeks_computed(book))

    (held, *_) = await rows_of(role, published.position_factor_exposures)
    assert held["reason"] == "no volatility for XOM"


async def test_without_yields_the_rate_sensitivities_are_null(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL")
    await save_yields(admin, "10Y", "30Y")
    await save_positions(admin, a_position(book, "AAPL"))

    event = await run(role, greeks_computed(book))

    rates = {row["maturity"]: row for row in await rows_of(role, published.rate_sensitivities)}
    assert {maturity: row["beta"] is None for maturity, row in rates.items()} == {
        "3M": True,
        "2Y": True,
        "10Y": False,
        "30Y": False,
    }
    assert rates["2Y"]["reason"] == "0 common returns of the market and the 2Y yield; 60 are needed"
    (notice,) = event.warnings
    assert (notice.code, notice.about) == ("rate_sensitivity_missing", ("AAPL",))
    assert notice.message == "1 symbols without a rate sensitivity to 3M, 2Y"


async def test_bond_fund_has_negative_rate_sensitivities(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AGG")
    await save_yields(admin)
    await save_positions(admin, a_position(book, "AGG"))

    await run(role, greeks_computed(book))

    rates = {row["maturity"]: row for row in await rows_of(role, published.rate_sensitivities)}
    assert set(rates) == set(MATURITIES)
    assert -8.0 < rates["10Y"]["beta"] < -3.0
    for row in rates.values():
        assert (row["observations"], row["quality"], row["lags"]) == (252, "full_history", 4)
        assert row["t_statistic"] == pytest.approx(row["beta"] / row["standard_error"])


async def test_three_models_are_stored_with_their_diagnostics(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL")
    await save_positions(admin, a_position(book, "AAPL"))

    await run(role, greeks_computed(book))

    returns, proxies = (
        simple_returns(panel.closes(*names)) for names in (("AAPL",), panel.PROXIES)
    )
    expected = [
        record
        for model in model_betas(returns, proxies, panel.FACTORS)
        for record in rows_as_stored(SymbolFactorBeta, model.columns(("AAPL",)))
    ]
    found = {
        (row["model"], row["factor"]): row
        for row in await rows_of(role, published.symbol_factor_betas)
    }
    assert len(found) == len(expected) == 21
    for record in expected:
        row = found[record["model"], record["factor"]]
        same = ("capped", "observations", "quality", "reason")
        assert [row[name] for name in same] == [record[name] for name in same]
        for name in (
            "beta",
            "raw_beta",
            "standard_error",
            "t_statistic",
            "r_squared",
            "condition_number",
        ):
            assert row[name] == pytest.approx(record[name], rel=1e-9), name


async def test_every_model_has_portfolio_exposures_positions_the_default(
    admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL", "XOM")
    await save_positions(admin, a_position(book, "AAPL", 100), a_position(book, "XOM", -50))

    await run(role, greeks_computed(book))

    dollars = {"AAPL": 100 * 125.674, "XOM": -50 * 106.627}
    expected: dict[tuple[str, str], float] = {}
    for row in await rows_of(role, published.symbol_factor_betas):
        key = (row["model"], row["factor"])
        expected[key] = expected.get(key, 0.0) + dollars[row["symbol"]] * row["beta"]
    totals = await rows_of(role, published.factor_exposures)
    found = {(row["model"], row["factor"]): row["dollar_exposure"] for row in totals}
    assert found == pytest.approx(expected)
    assert {row["coverage"] for row in totals} == {1.0}
    assert len(await rows_of(role, published.position_factor_exposures)) == 14


@pytest.mark.parametrize(
    "damage",
    [
        "delete from factors.symbol_factor_betas where model <> 'market_relative'",
        "delete from factors.rate_sensitivities where maturity <> '10Y'",
        "update factors.factor_covariances set shrunk_covariance = null, shrinkage = null",
    ],
)
async def test_stored_set_of_an_older_version_is_completed(
    admin: Database, role: Role, damage: str
) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL")
    await save_yields(admin)
    await save_positions(admin, a_position(book, "AAPL"))
    await run(role, greeks_computed(book))
    whole = await contents(role)
    async with admin.transaction() as session:
        await session.execute(text(damage))

    await run(role, greeks_computed(book))

    assert await contents(role) == whole


async def test_factor_returns_are_those_of_the_proxies(admin: Database, role: Role) -> None:
    await save_market(admin)

    await run(role, greeks_computed())

    spaces = returns_by_space()
    found = await rows_of(role, published.factor_returns)
    assert len(found) == 2 * 252 * 7
    for row in found:
        day, factor = SESSIONS[1:].index(row["session_date"]), panel.FACTORS.index(row["factor"])
        assert row["factor_return"] == pytest.approx(spaces[row["space"]][day, factor], abs=1e-15)


async def test_restated_proxy_restates_its_returns(admin: Database, role: Role) -> None:
    await save_market(admin)
    await run(role, greeks_computed())
    before = await rows_of(role, published.factor_returns, space="absolute", factor="value")
    await save_prices(admin, a_price("VTV", SESSIONS[-2], 100.0))

    await run(role, greeks_computed(price_run="p2"))

    after = await rows_of(role, published.factor_returns, space="absolute", factor="value")
    assert after[:-2] == before[:-2]
    assert [row["session_date"] for row in after[-2:]] == SESSIONS[-2:]
    assert after[-2]["factor_return"] == pytest.approx(100.0 / panel.closes("VTV")[-3, 0] - 1.0)


async def test_session_without_a_proxy_has_no_return_of_its(admin: Database, role: Role) -> None:
    await save_market(admin)
    async with admin.transaction() as session:
        gap = {"day": SESSIONS[-5]}
        await session.execute(
            text("delete from ingest.daily_prices where symbol = 'IWM' and session_date = :day"),
            gap,
        )

    await run(role, greeks_computed())

    found = await rows_of(role, published.factor_returns, space="absolute")
    missing = [row["session_date"] for row in found if row["factor"] == "market"]
    known = {row["session_date"] for row in found if row["factor"] == "size"}
    assert [day for day in missing if day not in known] == [SESSIONS[-5], SESSIONS[-4]]


async def test_sessions_at_once_agree_on_factor_returns(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL")
    await save_positions(admin, a_position(book, "AAPL"))

    await asyncio.gather(*(run(role, greeks_computed(book, as_of=day)) for day in SESSIONS[-4:]))

    together = await rows_of(role, published.factor_returns)
    async with admin.transaction() as session:
        await session.execute(text("truncate factors.factor_returns, factors.factor_covariances"))
    await run(role, greeks_computed(book))
    assert await rows_of(role, published.factor_returns) == together


async def test_stale_close_is_carried_forward_into_the_exposure(
    admin: Database, role: Role
) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL", sessions=SESSIONS[:-4])
    await save_positions(admin, a_position(book, "AAPL", 10))

    await run(role, greeks_computed(book))

    last_known = panel.closes("AAPL")[-5, 0]
    (held, *_) = await rows_of(role, published.position_factor_exposures)
    assert held["exposure"] == pytest.approx(10 * last_known)


async def test_only_positions_active_on_the_day_count(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL")
    sold = a_position(
        book, "AAPL", exit_date=AS_OF, exit_price=Decimal(120), entry_date=date(2022, 3, 1)
    )
    later = a_position(book, "AAPL", entry_date=AS_OF + timedelta(days=1))
    held = a_position(book, "AAPL", entry_date=AS_OF)
    await save_positions(admin, sold, later, held)

    await run(role, greeks_computed(book))

    found = await rows_of(role, published.position_factor_exposures)
    assert {row["position_id"] for row in found} == {held["position_id"]}


async def test_position_closed_since_the_last_run_disappears(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL", "XOM")
    stays, goes = a_position(book, "AAPL"), a_position(book, "XOM")
    await save_positions(admin, stays, goes)
    await run(role, greeks_computed(book))
    await save_positions(admin, goes | {"exit_date": AS_OF, "exit_price": Decimal(100)})

    await run(role, greeks_computed(book))

    found = await rows_of(role, published.position_factor_exposures)
    assert {row["position_id"] for row in found} == {stays["position_id"]}


async def test_empty_shard_is_published_and_leaves_nothing_behind(
    admin: Database, role: Role
) -> None:
    event = await run(role, greeks_computed())

    assert event.counts == {"symbols": 0, "positions": 0}
    assert event.warnings == ()
    assert await rows_of(role, published.factor_exposures) == []
    assert {row["covariance"] for row in await rows_of(role, published.factor_covariances)} == {
        None
    }


async def test_portfolio_without_positions_has_no_exposure(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin)

    await run(role, greeks_computed(book))

    found = await rows_of(role, published.factor_exposures)
    assert [row["dollar_exposure"] for row in found] == [0.0] * 7 * len(MODELS)
    assert {(row["coverage"], row["positions"]) for row in found} == {(None, 0)}


async def test_portfolio_deleted_meanwhile_leaves_no_rows(admin: Database, role: Role) -> None:
    book = await a_portfolio(admin)
    await save_market(admin, "AAPL")
    await save_positions(admin, a_position(book, "AAPL"))
    await run(role, greeks_computed(book))
    async with admin.transaction() as session:
        await session.execute(text("delete from gateway.portfolios"))

    await run(role, greeks_computed(book, uuid4()))

    assert await rows_of(role, published.factor_exposures) == []
    assert await rows_of(role, published.position_factor_exposures) == []
