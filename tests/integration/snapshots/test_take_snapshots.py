"""The handler on a real database: rows, chain, orders, repetitions, restatements, concurrency."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import event, text

from services.snapshots.handlers.take_snapshots import take_snapshots
from services.snapshots.tables import DETAILS
from shared.database import Database
from shared.retention import prune
from tests.integration.snapshots.books import (
    BOOK,
    BOTH,
    CALL,
    FRIDAY,
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
    an_option,
    chain,
    cleared,
    deposit,
    factors_computed,
    hold,
    published,
    quote,
    store,
    tables,
    take,
    taken,
    value,
)


async def an_option_valued_on_monday(admin: Database) -> None:
    """Two calls sold, worth 20.00 on Monday and of unknown value after; AAPL stays at 140."""
    await hold(admin, an_option())
    await quote(admin, dict.fromkeys(WEEK, 140))
    await value(admin, MONDAY, 20.0, 0.6)


async def test_first_snapshot_opens_with_the_equity_balance(admin: Database, role: Role) -> None:
    await hold(admin, a_stock(), equity=Decimal("25000.00"))
    await quote(admin, {MONDAY: 100.5})

    await take(role, MONDAY)

    (row,) = await chain(role)
    assert (row["nav"], row["market_value"], row["cash"]) == (
        25000,
        Decimal("10050"),
        Decimal("14950"),
    )
    assert (row["previous_session"], row["daily_pnl"], row["daily_return"]) == (None, None, None)
    assert (row["cumulative_pnl"], row["net_flow"]) == (0, 0)


async def test_without_equity_balance_nav_opens_with_market_value(
    admin: Database, role: Role
) -> None:
    await hold(admin, a_stock(), a_stock("GE", quantity=-50))
    await quote(admin, {MONDAY: 100, TUESDAY: 104})
    await quote(admin, {MONDAY: 80, TUESDAY: 81}, "GE")

    first, second = await taken(role, (MONDAY, TUESDAY))

    assert (first["nav"], first["cash"]) == (6000, 0)
    assert (second["daily_pnl"], second["nav"], second["cash"]) == (350, 6350, 0)
    assert second["daily_return"] == pytest.approx(350 / 6000)


async def test_short_that_rises_lowers_nav(admin: Database, role: Role) -> None:
    await hold(admin, a_stock(quantity=-10), equity=Decimal("10000.00"))
    await quote(admin, {MONDAY: 100, TUESDAY: 104.25})

    row = (await taken(role, (MONDAY, TUESDAY)))[-1]

    assert (row["daily_pnl"], row["nav"], row["cash"]) == (
        Decimal("-42.5"),
        Decimal("9957.5"),
        Decimal("11000"),
    )


async def test_purchase_moves_cash_into_value_and_earns_close_less_entry(
    admin: Database, role: Role
) -> None:
    bought = a_stock("GE", quantity=20, entry_price=79, entry_date=TUESDAY)
    await hold(admin, a_stock(), bought, equity=Decimal("20000.00"))
    await quote(admin, {MONDAY: 100, TUESDAY: 100})
    await quote(admin, {TUESDAY: 80}, "GE")

    before, after = await taken(role, (MONDAY, TUESDAY))

    assert (after["daily_pnl"], after["nav"]) == (20, 20020)
    assert before["cash"] - after["cash"] == 20 * 79


async def test_sale_counts_on_its_exit_day_and_leaves_cash(admin: Database, role: Role) -> None:
    sold = a_stock("GE", quantity=20, exit_date=TUESDAY, exit_price=82)
    await hold(admin, a_stock(), sold, equity=Decimal("20000.00"))
    await quote(admin, {MONDAY: 100, TUESDAY: 101})
    await quote(admin, {MONDAY: 80, TUESDAY: 85}, "GE")

    before, after = await taken(role, (MONDAY, TUESDAY))

    assert (after["daily_pnl"], after["closed_pnl"], after["nav"]) == (140, 40, 20140)
    assert after["cash"] - before["cash"] == 20 * 82
    assert [row["symbol"] for row in (await tables(role))[1] if row["as_of"] == TUESDAY] == ["AAPL"]


async def test_deposit_moves_nav_but_not_pnl(admin: Database, role: Role) -> None:
    await hold(admin, a_stock(), equity=Decimal("20000.00"))
    await quote(admin, {MONDAY: 100, TUESDAY: 101})
    await deposit(admin, TUESDAY, Decimal("5000.25"))

    row = (await taken(role, (MONDAY, TUESDAY)))[-1]

    assert (row["net_flow"], row["daily_pnl"], row["nav"]) == (
        Decimal("5000.25"),
        100,
        Decimal("25100.25"),
    )
    assert (row["inflow"], row["outflow"], row["large_flow"]) == (Decimal("5000.25"), 0, True)
    assert row["daily_return"] == pytest.approx(100 / 25000.25)


async def test_return_is_null_when_nav_before_is_not_positive(admin: Database, role: Role) -> None:
    await hold(admin, a_stock(quantity=-10))
    await quote(admin, {MONDAY: 100, TUESDAY: 101})

    row = (await taken(role, (MONDAY, TUESDAY)))[-1]

    assert (row["nav"], row["daily_pnl"], row["daily_return"]) == (-1010, -10, None)


async def test_portfolio_without_positions_is_worth_its_equity(admin: Database, role: Role) -> None:
    await hold(admin, equity=Decimal("1234.56"))

    emitted = await take(role, MONDAY, BOTH)

    rows = {row["portfolio_id"]: row for row in await published(role, "portfolio_snapshots")}
    assert (rows[BOOK]["nav"], rows[BOOK]["market_value"]) == (Decimal("1234.56"), 0)
    assert (rows[OTHER_BOOK]["nav"], rows[OTHER_BOOK]["cash"]) == (0, 0)
    assert emitted.counts == {"snapshots": 2, "positions": 0, "restated": 0}


async def test_option_book_is_stored_in_three_measures(admin: Database, role: Role) -> None:
    await hold(admin, a_stock(), an_option())
    await quote(admin, {MONDAY: 140, TUESDAY: 144}, basis="adjusted")
    for day, price, delta in ((MONDAY, 20.0, 0.6), (TUESDAY, 23.0, 0.65)):
        await value(admin, day, price, delta)

    row = (await taken(role, (MONDAY, TUESDAY)))[-1]

    assert row["exposures"] == {
        "dollar": {"long": 14400, "short": -4600, "gross": 19000, "net": 9800},
        "notional": {"long": 14400, "short": -28800, "gross": 43200, "net": -14400},
        "delta_adjusted": {"long": 14400, "short": -18720, "gross": 33120, "net": -4320},
    }
    assert row["daily_pnl"] == 400 - 600
    assert (row["delta"], row["gamma"], row["greeks_coverage"]) == (100 - 130, -1.5, 1.0)
    assert row["counts"] == {"LONG": 1, "SHORT": 0, "LC": 0, "SC": 1, "LP": 0, "SP": 0}
    sources = {line["symbol"]: line["price_source"] for line in (await tables(role))[1]}
    assert sources == {"AAPL": "adjusted_close", CALL: "model"}


async def test_model_value_is_as_old_as_the_close_it_rests_on(admin: Database, role: Role) -> None:
    await hold(admin, an_option())
    await quote(admin, {MONDAY: 140})
    await value(admin, TUESDAY, 20.0, 0.6, underlying_price_date=MONDAY)

    await take(role, TUESDAY)

    (line,) = (await tables(role))[1]
    assert (line["price_date"], line["stale"], line["delta"]) == (MONDAY, True, 0.6)


async def test_option_with_a_quote_is_worth_the_quotes_mid(admin: Database, role: Role) -> None:
    await hold(admin, an_option())
    await quote(admin, {MONDAY: 140, TUESDAY: 144})
    await value(admin, MONDAY, 20.0, 0.6, quote_mid=21.25)
    await value(admin, TUESDAY, 23.0, 0.65)

    await taken(role, (MONDAY, TUESDAY))

    first, second = (await tables(role))[1]
    assert (first["price"], first["price_source"], first["delta"]) == (
        Decimal("21.25"),
        "quote_mid",
        0.6,
    )
    assert (second["price"], second["price_source"]) == (23, "model")
    assert (await chain(role))[-1]["daily_pnl"] == -200 * (Decimal(23) - Decimal("21.25"))


async def test_quote_values_an_option_that_has_no_model_value_on_its_own_session(
    admin: Database, role: Role
) -> None:
    await hold(admin, an_option())
    await quote(admin, {MONDAY: 140})
    await value(admin, TUESDAY, None, None, quote_mid=21.25, underlying_price_date=MONDAY)

    await take(role, TUESDAY)

    (line,) = (await tables(role))[1]
    assert (line["price"], line["price_date"], line["stale"]) == (Decimal("21.25"), TUESDAY, False)
    assert (line["delta"], line["reason"]) == (None, "no delta on the session")


async def test_quote_that_arrives_late_replaces_the_value_carried(
    admin: Database, role: Role
) -> None:
    await an_option_valued_on_monday(admin)
    await taken(role, (MONDAY, TUESDAY, WEDNESDAY))

    await value(admin, TUESDAY, None, None, quote_mid=19.0)
    emitted = await take(role, TUESDAY)

    assert emitted.counts["restated"] == 1
    assert [row["price"] for row in (await tables(role))[1]] == [20, 19, 19]


async def test_quote_of_an_expired_contract_is_no_value(admin: Database, role: Role) -> None:
    await hold(admin, an_option(expiry=FRIDAY))
    terms: Row = {
        "expiry": FRIDAY,
        "model": "intrinsic",
        "underlying_price_date": FRIDAY,
        "quote_mid": 9.0,
    }
    await quote(admin, {FRIDAY: 134.5})
    await value(admin, NEXT_MONDAY, 4.5, 0.0, **terms)

    await take(role, NEXT_MONDAY)

    (line,) = (await tables(role))[1]
    assert (line["price"], line["price_source"]) == (Decimal("4.5"), "intrinsic")


async def test_expired_contract_is_intrinsic_and_current(admin: Database, role: Role) -> None:
    await hold(admin, an_option(expiry=FRIDAY))
    await quote(admin, {FRIDAY: 134.5, NEXT_MONDAY: 132.25})
    await value(
        admin, NEXT_MONDAY, 4.5, 0.0, expiry=FRIDAY, model="intrinsic", underlying_price_date=FRIDAY
    )

    await take(role, NEXT_MONDAY)

    (line,) = (await tables(role))[1]
    assert (line["price_source"], line["price_date"], line["stale"]) == (
        "intrinsic",
        NEXT_MONDAY,
        False,
    )
    assert (line["market_value"], line["delta_adjusted_exposure"]) == (-900, 0)


async def test_missing_price_is_carried_forward_flagged_with_its_date(
    admin: Database, role: Role
) -> None:
    await hold(admin, a_stock(), a_stock("GE", quantity=10))
    await quote(admin, {MONDAY: 100, TUESDAY: 100})
    await quote(admin, {MONDAY: 80}, "GE")
    await take(role, MONDAY)

    emitted = await take(role, TUESDAY)

    lines = {row["symbol"]: row for row in (await tables(role))[1] if row["as_of"] == TUESDAY}
    assert (lines["GE"]["price"], lines["GE"]["price_date"], lines["GE"]["stale"]) == (
        80,
        MONDAY,
        True,
    )
    assert lines["AAPL"]["stale"] is False
    (warning,) = (await chain(role))[-1]["warnings"]
    assert (warning["code"], warning["count"], warning["about"]) == (
        "price_carried_forward",
        1,
        ["GE"],
    )
    assert [(notice.code, notice.about) for notice in emitted.warnings] == [
        ("price_carried_forward", ("GE",))
    ]
    assert (await chain(role))[-1]["price_coverage"] == pytest.approx(10000 / 10800)


async def test_unknown_price_is_null_with_a_reason(admin: Database, role: Role) -> None:
    await hold(admin, a_stock("NEW"))

    await take(role, MONDAY)

    (line,) = (await tables(role))[1]
    assert (line["price"], line["market_value"], line["price_date"]) == (None, None, None)
    assert line["reason"] == "no price known on or before the session"
    assert (await chain(role))[0]["price_coverage"] == 0.0


async def test_sector_is_the_underlyings(admin: Database, role: Role) -> None:
    await hold(admin, a_stock(), an_option(), a_stock("GE"))
    security = {
        "symbol": "AAPL",
        "kind": "stock",
        "sector": "Information Technology",
        "source": "test",
    }
    await store(admin, "ingest.securities", [security])

    await take(role, MONDAY)

    sectors = {row["symbol"]: row["sector"] for row in (await tables(role))[1]}
    assert sectors == {"AAPL": "Information Technology", CALL: "Information Technology", "GE": None}


async def test_positions_and_closed_ones_add_up_to_the_portfolios_pnl(
    admin: Database, role: Role
) -> None:
    await a_busy_week(admin)

    await taken(role, WEEK, BOTH)

    snapshots, valuations = await tables(role)
    closed = await published(role, "closed_positions", "position_id, as_of")
    assert {(line["as_of"], line["daily_pnl"]) for line in closed} >= {
        (THURSDAY, 30 * 63 - 30 * Decimal("63.25"))
    }
    for row in snapshots:
        gone = [
            line["daily_pnl"]
            for line in closed
            if (line["portfolio_id"], line["as_of"]) == (row["portfolio_id"], row["as_of"])
        ]
        assert sum(gone) == row["closed_pnl"]
        own = [
            v
            for v in valuations
            if (v["portfolio_id"], v["as_of"]) == (row["portfolio_id"], row["as_of"])
        ]
        earned = sum(line["daily_pnl"] or 0 for line in own)
        assert (row["daily_pnl"] or 0) == earned + row["closed_pnl"]
        assert row["market_value"] == sum(line["market_value"] or 0 for line in own)


async def test_nav_chain_agrees_with_adding_up_by_hand(admin: Database, role: Role) -> None:
    await a_busy_week(admin)

    await taken(role, WEEK, BOTH)

    nav, cumulative = Decimal("50000"), Decimal(0)
    for row in await chain(role):
        before, nav = nav, nav + (row["daily_pnl"] or 0) + row["net_flow"]
        cumulative += row["daily_pnl"] or 0
        assert (row["nav"], row["cumulative_pnl"], row["cash"]) == (
            nav,
            cumulative,
            nav - row["market_value"],
        )
        expected = (
            None
            if row["daily_pnl"] is None
            else pytest.approx(float(row["daily_pnl"] / (before + row["inflow"])))
        )
        assert row["daily_return"] == expected


async def test_redelivered_shard_changes_nothing(admin: Database, role: Role) -> None:
    await a_busy_week(admin)
    for day in WEEK:
        first = await take(role, day, BOTH)
    once = await tables(role)

    for day in (*WEEK, NEXT_MONDAY, NEXT_MONDAY):
        again = await take(role, day, BOTH)

    assert await tables(role) == once
    assert again.event_id == first.event_id
    assert again.counts == first.counts


@pytest.mark.parametrize("order", list(permutations((MONDAY, TUESDAY, THURSDAY, NEXT_MONDAY)))[::5])
async def test_sessions_out_of_order_leave_the_rows_of_an_ordered_run(
    admin: Database, role: Role, order: Iterable[date]
) -> None:
    await a_busy_week(admin)
    await taken(role, sorted(order), BOTH)
    ordered = await tables(role)
    await cleared(admin)

    await taken(role, order, BOTH)

    assert await tables(role) == ordered


async def test_concurrent_sessions_leave_the_rows_of_an_ordered_run(
    admin: Database, role: Role
) -> None:
    await a_busy_week(admin)
    await taken(role, WEEK, BOTH)
    ordered = await tables(role)
    await cleared(admin)

    await asyncio.gather(
        *(take(role, day, BOTH) for day in reversed(WEEK)), take(role, TUESDAY, BOTH[::-1])
    )

    assert await tables(role) == ordered


async def test_second_transaction_waits_for_the_first(admin: Database, role: Role) -> None:
    await a_busy_week(admin)
    await take(role, MONDAY, BOTH)

    async with role("snapshots").transaction() as session:
        await take_snapshots(factors_computed(WEDNESDAY, BOTH), session)
        later = asyncio.create_task(take(role, TUESDAY, BOTH))
        done, _ = await asyncio.wait([later], timeout=0.3)
    emitted = await later

    assert not done
    assert emitted.counts["restated"] == 2
    assert [row["previous_session"] for row in await chain(role)] == [None, MONDAY, TUESDAY]


async def test_late_session_is_counted_as_restating_the_next(admin: Database, role: Role) -> None:
    await hold(admin, a_stock())
    await quote(admin, {MONDAY: 100, TUESDAY: 101, WEDNESDAY: 104})
    for day in (MONDAY, WEDNESDAY):
        emitted = await take(role, day)
    assert [notice.code for notice in emitted.warnings] == ["gap_since_previous_snapshot"]

    emitted = await take(role, TUESDAY)

    assert emitted.counts == {"snapshots": 1, "positions": 1, "restated": 1}
    assert emitted.warnings == ()
    rows = await chain(role)
    assert [row["daily_pnl"] for row in rows] == [None, 100, 300]
    assert [row["warnings"] for row in rows] == [[], [], []]


async def test_restated_price_moves_its_day_and_the_days_after(admin: Database, role: Role) -> None:
    await hold(admin, a_stock(), equity=Decimal("10000.00"))
    await quote(admin, {MONDAY: 100, TUESDAY: 999, THURSDAY: 103})
    await taken(role, (MONDAY, TUESDAY, WEDNESDAY, THURSDAY))

    await quote(admin, {TUESDAY: 101})
    await take(role, TUESDAY, run="restated")

    rows = await chain(role)
    assert [row["market_value"] for row in rows] == [10000, 10100, 10100, 10300]
    assert [row["daily_pnl"] for row in rows] == [None, 100, 0, 200]
    assert [row["nav"] for row in rows] == [10000, 10100, 10100, 10300]


async def test_price_that_arrives_late_is_used_on_every_day_without_it(
    admin: Database, role: Role
) -> None:
    await hold(admin, a_stock("NEW"))
    await taken(role, (MONDAY, TUESDAY, WEDNESDAY, FRIDAY))

    await quote(admin, {TUESDAY: 50}, "NEW")
    emitted = await take(role, TUESDAY)

    assert emitted.counts["restated"] == 2
    assert [row["market_value"] for row in await chain(role)] == [0, 5000, 5000, 5000]
    assert (await take(role, TUESDAY)).counts["restated"] == 1


async def test_option_value_that_arrives_late_replaces_the_one_carried(
    admin: Database, role: Role
) -> None:
    await an_option_valued_on_monday(admin)
    await taken(role, (MONDAY, TUESDAY, WEDNESDAY, THURSDAY))

    await value(admin, TUESDAY, 22.123456789, 0.6)
    emitted = await take(role, TUESDAY)

    assert emitted.counts["restated"] == 2
    assert [row["price"] for row in (await tables(role))[1]] == [20, *[Decimal("22.123457")] * 3]
    assert [row["daily_pnl"] for row in await chain(role)] == [None, Decimal("-424.69"), 0, 0]
    assert (await take(role, TUESDAY)).counts["restated"] == 1


async def test_underlyings_price_that_arrives_late_moves_the_exposures(
    admin: Database, role: Role
) -> None:
    await hold(admin, an_option())
    await quote(admin, {MONDAY: 140})
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        await value(admin, day, 20.0, 0.5)
        await take(role, day)

    await quote(admin, {TUESDAY: 150})
    await take(role, TUESDAY)

    notional = [row["exposures"]["notional"]["net"] for row in await chain(role)]
    assert notional == [-28000, -30000, -30000]


async def test_position_removed_from_the_book_leaves_the_rerun_session(
    admin: Database, role: Role
) -> None:
    await hold(admin, a_stock(), a_stock("GE"))
    await quote(admin, {MONDAY: 100})
    await take(role, MONDAY)
    async with admin.transaction() as session:
        await session.execute(text("delete from gateway.positions where symbol = 'GE'"))

    await take(role, MONDAY)

    assert [row["symbol"] for row in (await tables(role))[1]] == ["AAPL"]


async def test_other_shards_portfolios_are_left_alone(admin: Database, role: Role) -> None:
    await a_busy_week(admin)
    await take(role, MONDAY, BOTH)
    before = await tables(role)

    await take(role, MONDAY, (BOOK,))

    assert await tables(role) == before


async def test_empty_shard_yields_an_empty_event(role: Role) -> None:
    emitted = await take(role, MONDAY, ())

    assert emitted.counts == {"snapshots": 0, "positions": 0, "restated": 0}


async def test_deleted_portfolio_has_no_snapshot(admin: Database, role: Role) -> None:
    await hold(admin)

    emitted = await take(role, MONDAY, (BOOK, an_id("gone")))

    assert emitted.counts["snapshots"] == 1


@pytest.mark.parametrize("corrected", [MONDAY, TUESDAY])
async def test_corrected_close_reaches_later_snapshots_whose_valuations_are_pruned(
    admin: Database, role: Role, corrected: date
) -> None:
    """GE has no close on three days: their snapshots are based on the close of a day before."""
    await a_busy_week(admin)
    await taken(role, WEEK, BOTH)
    assert "position_valuations" in await prune(role("snapshots"), DETAILS, retention_days=0)
    await quote(admin, {corrected: 70.0}, "GE")

    await take(role, corrected, BOTH)

    restated = await published(role, "portfolio_snapshots")
    await cleared(admin)
    await taken(role, WEEK, BOTH)
    assert restated == await published(role, "portfolio_snapshots")


async def statements_of(role: Role, as_of: date) -> tuple[int, Mapping[str, int]]:
    """How many statements a run sends, and what it counts."""
    engine, sent = role("snapshots").engine.sync_engine, list[str]()

    def note(*call: Any) -> None:
        sent.append(call[2])

    event.listen(engine, "before_cursor_execute", note)
    emitted = await take(role, as_of)
    event.remove(engine, "before_cursor_execute", note)
    return len(sent), emitted.counts


async def test_statements_grow_neither_with_positions_nor_with_days(
    admin: Database, role: Role
) -> None:
    await hold(admin, a_stock())
    await take(role, MONDAY)  # the first time, there is nothing to compare with
    alone, _ = await statements_of(role, MONDAY)
    many = (a_stock(name=str(number), entry_date=date(2022, 9, number + 1)) for number in range(25))
    await store(admin, "gateway.positions", list(many))
    await taken(role, WEEK[2:])

    await quote(admin, {TUESDAY: 101})
    together, counts = await statements_of(role, TUESDAY)

    assert counts == {"snapshots": 1, "positions": 26, "restated": 4}
    assert together == alone


@pytest.mark.parametrize("order", [(MONDAY, TUESDAY, WEDNESDAY), (WEDNESDAY, TUESDAY, MONDAY)])
async def test_a_close_carried_over_a_split_is_worth_as_much(
    admin: Database, role: Role, order: tuple[date, ...]
) -> None:
    await hold(admin, a_stock(), an_option(symbol="AAPL230616C00520000", strike=520))
    await split_in_four(admin, TUESDAY)
    await quote(admin, {MONDAY: 520, WEDNESDAY: 131})
    await value(admin, MONDAY, 40.0, 0.5, contract="AAPL230616C00520000", strike=520)
    await value(admin, WEDNESDAY, 11.0, 0.5)

    rows = await taken(role, order)

    assert [row["daily_pnl"] for row in rows] == [None, 0, 400 - 8 * 100 * (11 - 10)]
    assert [row["exposures"]["notional"]["long"] for row in rows] == [52_000, 52_000, 52_400]
    held = {(row["as_of"], row["symbol"]): row for row in (await tables(role))[1]}
    stale = held[TUESDAY, "AAPL"]
    assert (stale["quantity"], stale["price"], stale["price_date"]) == (400, 130, MONDAY)
    assert (held[WEDNESDAY, CALL]["quantity"], held[WEDNESDAY, CALL]["cost"]) == (-8, -1_400)
    carried = held[TUESDAY, CALL]  # under its symbol of the day before
    assert (carried["price"], carried["price_date"], carried["stale"]) == (10, MONDAY, True)


async def split_in_four(admin: Database, ex_date: date) -> None:
    """AAPL splits."""
    split = {"symbol": "AAPL", "ex_date": ex_date, "kind": "split", "value": 4, "source": "test"}
    await store(admin, "ingest.corporate_actions", [split])
