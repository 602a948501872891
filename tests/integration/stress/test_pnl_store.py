"""The store of profit and loss: one row per position, from which every total is a sum."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import text

from shared.arrays import FloatArray
from shared.calendar import last_sessions
from shared.conventions import SESSIONS_PER_YEAR
from shared.database import Database
from shared.published import stress as published
from shared.published.closes import load_adjusted_closes
from shared.quant.cents import linear_pnl
from shared.quant.returns import simple_returns
from tests.builders import AS_OF, a_portfolio, a_price, save_prices
from tests.integration.stress.books import (
    a_call,
    a_covariance,
    a_stock,
    an_event,
    call_value,
    stored,
    stress,
)
from tests.servers import Role

WINDOW = last_sessions(AS_OF, SESSIONS_PER_YEAR + 1)


async def prices_of(admin: Database, symbol: str, *missing: date) -> np.ndarray[Any, Any]:
    """Stored adjusted closes over the window, and their returns."""
    dice = np.random.default_rng(len(symbol))
    closes = 100 * np.cumprod(1 + dice.normal(0, 0.02, len(WINDOW)))
    days = [(day, close) for day, close in zip(WINDOW, closes, strict=True) if day not in missing]
    await save_prices(admin, *(a_price(symbol, day, 50.0, float(close)) for day, close in days))
    returns: np.ndarray[Any, Any] = closes[1:] / closes[:-1] - 1
    return returns


async def load_closes(role: Role) -> FloatArray:
    async with role("stress").transaction() as session:
        return await load_adjusted_closes(session, WINDOW, ["AAPL"])


async def vectors(role: Role) -> dict[UUID, dict[str, Any]]:
    rows = await stored(role, published.position_pnl_vectors, reader="snapshots")
    return {row["position_id"]: row for row in rows}


async def test_vectors_hold_each_holdings_past_252_days(admin: Database, role: Role) -> None:
    book = uuid4()
    stock = await a_stock(admin, book, "AAPL", 100_000, market=1.2)
    short = await a_stock(admin, book, "XOM", -40_000, market=0.8)
    call = await a_call(admin, book, market=1.2)
    aapl, xom = await prices_of(admin, "AAPL"), await prices_of(admin, "XOM")

    await stress(role, an_event(book))
    found = await vectors(role)
    (dates,) = await stored(role, published.pnl_dates, reader="snapshots")

    assert dates == {"as_of": AS_OF, "session_dates": WINDOW[1:]}
    assert found[stock]["historical_pnl"] == pytest.approx(100_000 * aapl, abs=0.0051)
    assert found[short]["historical_pnl"] == pytest.approx(-40_000 * xom, abs=0.0051)
    expected = [call_value(150 * (1 + move)) - call_value(150) for move in aapl]
    assert found[call]["historical_pnl"] == pytest.approx(expected, abs=0.0051)
    assert {row["reason"] for row in found.values()} == {None}


async def test_missing_days_are_nan_and_named(admin: Database, role: Role) -> None:
    book = uuid4()
    gappy = await a_stock(admin, book, "AAPL", 100_000, market=1.0)
    unknown = await a_stock(admin, book, "NEWCO", 5_000, market=1.0)
    unpriced = await a_stock(admin, book, "GHOST", None, market=1.0)
    await prices_of(admin, "AAPL", WINDOW[10])

    event = await stress(role, an_event(book))
    found = await vectors(role)

    gaps = np.flatnonzero(np.isnan(found[gappy]["historical_pnl"]))
    assert gaps.tolist() == [9, 10]  # the returns on either side of the missing close
    assert found[gappy]["reason"] == "no return of AAPL on 2 of the last 252 sessions"
    assert [found[each]["historical_pnl"] for each in (unknown, unpriced)] == [None, None]
    assert found[unknown]["reason"] == "no return of NEWCO on any of the last 252 sessions"
    assert found[unpriced]["reason"] == "no price on or before the session"
    (notice,) = [each for each in event.warnings if each.code == "history_incomplete"]
    assert notice.about == ("AAPL", "GHOST", "NEWCO")


async def test_the_view_multiplies_as_the_calculation_does(admin: Database, role: Role) -> None:
    """Ten stocks of awkward sizes: what Postgres works out is what stress did, to the last bit."""
    book, dice = uuid4(), np.random.default_rng(7)
    sizes = [0.01, -0.005, 1e9 / 3, *(dice.normal(0, 1, 7) * 10 ** dice.uniform(0, 8, 7)).tolist()]
    held = [await a_stock(admin, book, "AAPL", size, market=1.0) for size in sizes]
    await prices_of(admin, "AAPL", WINDOW[10])
    closes = await load_closes(role)

    await stress(role, an_event(book))
    found = await vectors(role)

    exposure = np.array([found[position]["exposure"] for position in held])
    expected = linear_pnl(exposure, np.tile(simple_returns(closes).T, (len(held), 1)))
    np.testing.assert_array_equal(
        [found[position]["historical_pnl"] for position in held], expected
    )
    assert not np.signbit(expected[expected == 0]).any()
    assert {row["repriced_pnl"] for row in found.values()} == {None}


async def test_returns_are_stored_once_and_stay_when_prices_are_restated(
    admin: Database, role: Role
) -> None:
    """What was calculated from the old closes still says what it did."""
    first, second = uuid4(), uuid4()
    for book in (first, second):
        await a_stock(admin, book, "AAPL", 100_000, market=1.0)
    await prices_of(admin, "AAPL")
    await stress(role, an_event(first))
    before = await vectors(role)
    await stress(role, an_event(first, second))
    assert len(await stored(role, published.past_returns, reader="snapshots")) == 1

    await save_prices(admin, a_price("AAPL", WINDOW[100], 50.0, 77.0))
    await stress(role, an_event(second))
    after = await vectors(role)

    assert len(await stored(role, published.past_returns, reader="snapshots")) == 2
    assert {position: after[position] for position in before} == before
    (restated,) = (row for row in after.values() if row["portfolio_id"] == second)

    await stress(role, an_event(first))
    assert len(await stored(role, published.past_returns, reader="snapshots")) == 1
    assert restated["historical_pnl"] != before[next(iter(before))]["historical_pnl"]


async def test_vectors_stored_in_full_are_read_as_they_are(admin: Database, role: Role) -> None:
    """As every stock's was, before the returns were stored once."""
    book = uuid4()
    position = await a_stock(admin, book, "AAPL", 1_000, market=1.0)
    await prices_of(admin, "AAPL")
    await stress(role, an_event(book))
    async with admin.transaction() as session:
        await session.execute(
            text("update stress.position_pnl set historical_pnl = '{1.25, NaN}', exposure = null,"
                 " returns_id = null where position_id = :position"),
            {"position": position},
        )  # fmt: skip

    assert (await vectors(role))[position]["historical_pnl"] == pytest.approx(
        [1.25, np.nan], nan_ok=True
    )


async def test_totals_are_sums_of_the_published_position_rows(admin: Database, role: Role) -> None:
    books = [uuid4(), uuid4()]
    for book in books:
        await a_stock(admin, book, "AAPL", 123_456.789, market=1.2345, value=0.333, size=-0.1)
        await a_stock(admin, book, "XOM", -40_000.55, rate_beta=-2.2, market=0.87, momentum=0.4)
        await a_stock(admin, book, "NEWCO", 9_999)
        await a_call(admin, book, market=1.21, value=0.5)
    await a_covariance(admin)

    await stress(role, an_event(*books))
    rows = await stored(role, published.position_scenario_pnl, reader="snapshots")
    results = await stored(role, published.stress_results)

    summed: dict[tuple[UUID, str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        summed[row["portfolio_id"], row["scenario_id"], row["method"]] += row["pnl"] or 0
    totals = {
        (row["portfolio_id"], row["scenario_id"], row["method"]): row["total_pnl"]
        for row in results
    }
    assert len(rows) == 2 * 4 * 36
    assert summed == totals
    for row in results:
        parts = sum(Decimal(str(part)) for part in row["factor_impacts"].values())
        assert row["total_pnl"] == parts + row["nonlinear"]


async def test_what_a_scenario_could_not_measure_is_null(admin: Database, role: Role) -> None:
    book = uuid4()
    without_betas = await a_stock(admin, book, "NEWCO", 9_999)
    await a_stock(admin, book, "AAPL", 1_000, market=1.0)

    await stress(role, an_event(book))
    rows = await stored(role, published.position_scenario_pnl)

    mine = {row["scenario_id"]: row["pnl"] for row in rows if row["position_id"] == without_betas}
    assert mine["market_down_10"] is None
    assert mine["rates_up_100bp"] == Decimal("-399.96")  # 9,999 x -4 x 0.01


async def test_a_rerun_replaces_vectors_of_positions_that_left(admin: Database, role: Role) -> None:
    book = uuid4()
    kept = await a_stock(admin, book, "AAPL", 1_000, market=1.0)
    left = await a_stock(admin, book, "XOM", 1_000, market=1.0)
    await stress(role, an_event(book))
    async with admin.transaction() as session:
        sold = text("delete from factors.position_factor_exposures where position_id = :left")
        await session.execute(sold, {"left": left})

    await stress(role, an_event(book))

    assert set(await vectors(role)) == {kept}


async def test_other_sessions_and_portfolios_keep_their_vectors(
    admin: Database, role: Role
) -> None:
    mine, other = await a_portfolio(admin), await a_portfolio(admin)
    await a_stock(admin, mine, "AAPL", 1_000, market=1.0)
    theirs = await a_stock(admin, other, "XOM", 1_000, market=1.0)
    await stress(role, an_event(mine, other))
    async with admin.transaction() as session:
        await session.execute(text("delete from factors.position_factor_exposures"))

    await stress(role, an_event(mine))

    assert set(await vectors(role)) == {theirs}
