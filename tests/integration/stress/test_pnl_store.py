"""The store of profit and loss: one row per position, from which every total is a sum."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import text

from shared.calendar import last_sessions
from shared.conventions import SESSIONS_PER_YEAR
from shared.database import Database
from shared.published import stress as published
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
