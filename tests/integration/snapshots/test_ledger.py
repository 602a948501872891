"""NAV from its anchors, lots closed in parts, income and flows, on a real database."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import permutations
from math import prod

import numpy as np
import pytest
from empyrical import cum_returns_final
from sqlalchemy import text

from services.snapshots.inputs import Plan
from services.snapshots.repository.chain import load_chain
from shared.database import Database
from tests.integration.snapshots.books import (
    BOOK,
    FRIDAY,
    MONDAY,
    NEXT_MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    WEEK,
    Role,
    Row,
    a_busy_week,
    a_stock,
    an_id,
    chain,
    cleared,
    deposit,
    enter,
    hold,
    published,
    quote,
    store,
    tables,
    taken,
)

RISING = dict(zip(WEEK, (100, 101, 103, 106, 110, 115), strict=True))


async def a_rising_book(admin: Database, equity: Decimal | None = None) -> None:
    """100 AAPL in a week in which they rise."""
    await hold(admin, a_stock(), equity=equity)
    await quote(admin, RISING)


async def valued_from(admin: Database, day: date) -> None:
    async with admin.transaction() as session:
        await session.execute(
            text("update gateway.portfolios set valued_from = :day"), {"day": day}
        )


async def market_until(admin: Database, day: date) -> None:
    await store(admin, "ingest.market_sessions", [{"session_date": day, "revision": 1}])


async def pays(admin: Database, ex_date: date, amount: float, symbol: str = "AAPL") -> None:
    action = {"symbol": symbol, "ex_date": ex_date, "kind": "dividend", "value": amount}
    await store(admin, "ingest.corporate_actions", [{**action, "source": "test"}])


async def navs(role: Role) -> dict[date, Decimal]:
    return {row["as_of"]: row["nav"] for row in await chain(role)}


# --- NAV ---


async def test_nav_of_a_statements_day_does_not_move_when_an_earlier_session_is_closed(
    admin: Database, role: Role
) -> None:
    """Case f04: an export states its equity; then an operator closes a session before."""
    await a_rising_book(admin)
    await enter(admin, "equity", THURSDAY, Decimal("32567.00"))
    await taken(role, [THURSDAY])
    before = await navs(role)

    rows = await taken(role, [MONDAY])

    assert before == {THURSDAY: Decimal("32567.00")}
    assert {row["as_of"]: row["nav"] for row in rows} == {MONDAY: 32567 - 600, THURSDAY: 32567}
    assert [row["stated_equity"] for row in rows] == [None, Decimal("32567.00")]
    assert [row["unexplained"] for row in rows] == [None, None]


async def test_nav_of_the_first_valued_session_does_not_move_either(
    admin: Database, role: Role
) -> None:
    await a_rising_book(admin)
    await valued_from(admin, WEDNESDAY)
    await deposit(admin, TUESDAY, Decimal("500.00"))
    await deposit(admin, THURSDAY, Decimal("-20.00"))

    rows = await taken(role, [WEDNESDAY, MONDAY, FRIDAY])

    # Market value and flows to date; before it less P&L and flows, after it plus them.
    assert [row["nav"] for row in rows] == [10_000, 10_300 + 500, 10_800 + 700 - 20]
    assert rows[0]["nav"] == 10_800 - 300 - 500
    assert [(row["inflow"], row["outflow"]) for row in rows] == [(0, 0), (500, 0), (0, -20)]


async def test_session_valued_before_the_first_entry_does_not_make_nav_start_at_nothing(
    admin: Database, role: Role
) -> None:
    """Uploaded on a Saturday with Saturday's date: Friday is valued first, and is empty."""
    await hold(admin, a_stock(entry_date=date(2022, 12, 17), entry_price=112))
    await quote(admin, RISING)
    await valued_from(admin, NEXT_MONDAY)

    rows = await taken(role, [FRIDAY, NEXT_MONDAY])

    assert [row["market_value"] for row in rows] == [0, 11_500]
    assert [row["nav"] for row in rows] == [11_200, 11_500]
    assert rows[1]["daily_return"] == pytest.approx(300 / 11_200)


async def test_equity_balance_is_the_equity_of_the_session_first_valued(
    admin: Database, role: Role
) -> None:
    await a_rising_book(admin, Decimal("20000.00"))
    await valued_from(admin, WEDNESDAY)

    rows = await taken(role, [WEDNESDAY, MONDAY])

    assert [(row["nav"], row["stated_equity"]) for row in rows] == [
        (19_700, None),
        (20_000, 20_000),
    ]


async def test_statements_hold_from_their_day_and_differences_are_shown(
    admin: Database, role: Role
) -> None:
    await a_rising_book(admin)
    await enter(admin, "equity", TUESDAY, Decimal("20000.00"))
    await enter(admin, "equity", THURSDAY, Decimal("20450.10"))

    rows = await taken(role, WEEK)

    assert [row["nav"] for row in rows] == [
        Decimal(nav) for nav in ("19900", "20000", "20200", "20450.10", "20850.10", "21350.10")
    ]
    assert [row["unexplained"] for row in rows] == [None, None, None, Decimal("-49.9"), None, None]
    assert rows[3]["daily_return"] == pytest.approx(300 / 20_200)
    assert rows[4]["daily_return"] == pytest.approx(400 / 20_450.10)


async def test_the_last_of_two_statements_of_a_day_counts(admin: Database, role: Role) -> None:
    await a_rising_book(admin)
    for amount in ("30000.00", "20000.00", "25000.00"):  # neither the largest nor the smallest
        await enter(admin, "equity", TUESDAY, Decimal(amount))

    rows = await taken(role, WEEK[:3])

    assert [row["nav"] for row in rows] == [24_900, 25_000, 25_200]
    assert [row["stated_equity"] for row in rows] == [None, 25_000, None]
    assert [row["unexplained"] for row in rows] == [None, None, None]


async def test_reversed_statement_is_no_anchor(admin: Database, role: Role) -> None:
    await a_rising_book(admin)
    await enter(admin, "equity", TUESDAY, Decimal("20000.00"))
    wrong = an_id(f"equity {TUESDAY} 20000.00")
    undone = {"transaction_id": an_id("undo"), "portfolio_id": BOOK, "kind": "equity"}
    dated = {"trade_date": TUESDAY, "stated_on": TUESDAY, "amount": 20_000, "source": "api"}
    await store(admin, "gateway.transactions", [{**undone, **dated, "reverses": wrong}])

    (row,) = await taken(role, [TUESDAY])

    assert (row["nav"], row["stated_equity"]) == (10_100, None)


async def test_session_of_a_statement_is_valued_with_the_run_that_needs_it(
    admin: Database, role: Role
) -> None:
    await a_rising_book(admin)
    await enter(admin, "equity", TUESDAY, Decimal("20000.00"))

    rows = await taken(role, [THURSDAY])

    assert [(row["as_of"], row["nav"]) for row in rows] == [(TUESDAY, 20_000), (THURSDAY, 20_500)]


@pytest.mark.parametrize(("known_until", "stored"), [(THURSDAY, 2), (WEDNESDAY, 1)])
async def test_session_before_every_statement_values_the_first_once_its_market_is_known(
    admin: Database, role: Role, known_until: date, stored: int
) -> None:
    await a_rising_book(admin)
    await enter(admin, "equity", THURSDAY, Decimal("20000.00"))
    await market_until(admin, known_until)

    rows = await taken(role, [MONDAY])

    assert len(rows) == stored
    assert rows[0]["nav"] == (19_400 if stored == 2 else 10_000)


SOME_DAYS = (MONDAY, TUESDAY, THURSDAY, NEXT_MONDAY)


@pytest.mark.parametrize("order", list(permutations(SOME_DAYS))[::3])
async def test_nav_and_metrics_do_not_depend_on_the_order_of_sessions(
    admin: Database, role: Role, order: Sequence[date]
) -> None:
    await a_busy_week(admin)
    await valued_from(admin, MONDAY)
    await enter(admin, "equity", WEDNESDAY, Decimal("48123.45"))
    await enter(admin, "fee", THURSDAY, Decimal("-12.50"))
    await pays(admin, FRIDAY, 0.75, "KO")

    async def everything() -> tuple[list[Row], ...]:
        metrics = await published(role, "risk_metrics", "portfolio_id, as_of, metric, view")
        parts = await published(role, "pnl_attributions", "portfolio_id, as_of, factor")
        return (*await tables(role), metrics, parts)

    await taken(role, SOME_DAYS)
    expected = await everything()
    await cleared(admin)

    await taken(role, order)

    assert await everything() == expected


async def test_nav_is_the_same_whichever_sessions_were_closed(admin: Database, role: Role) -> None:
    await a_busy_week(admin)
    await valued_from(admin, MONDAY)
    await enter(admin, "equity", WEDNESDAY, Decimal("48123.45"))
    await taken(role, WEEK)
    full = await navs(role)

    for chosen in ((MONDAY, NEXT_MONDAY), (NEXT_MONDAY, TUESDAY), (THURSDAY, FRIDAY, MONDAY)):
        await cleared(admin)
        await taken(role, chosen)
        found = await navs(role)
        assert found == {day: full[day] for day in {*chosen, MONDAY, WEDNESDAY}}


# --- returns ---


async def test_money_that_comes_in_and_is_invested_earns_on_itself(
    admin: Database, role: Role
) -> None:
    """Case f08: 1,000 USD; a million is deposited, invested and gains 81,000: 8.09 %."""
    bought = a_stock("GE", quantity=10_000, entry_price=100, entry_date=TUESDAY)
    await hold(admin, a_stock(quantity=10), bought)
    await quote(admin, {MONDAY: 100, TUESDAY: 100})
    await quote(admin, {TUESDAY: Decimal("108.1")}, "GE")  # type: ignore[dict-item]
    await enter(admin, "equity", MONDAY, Decimal("1000.00"))
    await deposit(admin, TUESDAY, Decimal("1000000.00"))

    row = (await taken(role, [MONDAY, TUESDAY]))[-1]

    assert (row["nav"], row["daily_pnl"], row["trades_pnl"]) == (1_082_000, 81_000, 81_000)
    assert round(row["daily_return"] * 100, 2) == 8.09
    assert row["large_flow"] is True


async def test_returns_chain_to_the_time_weighted_return_of_a_published_example(
    admin: Database, role: Role
) -> None:
    """Practice for the CFA exam (https://www.analystforum.com/t/time-weighted-return/105641): a
    share is bought at 100, another at 125 a year later and a third at 150 the year after; each pays
    10 a year, and all are sold at 140. 35 %, 28 % and 0 %, together 20.00 % a year.

    A year is a session here, and the shares are bought on the session after it: what comes in
    counts from the start of its day.
    """
    bought = {MONDAY: 100, WEDNESDAY: 125, FRIDAY: 150}
    shares = [
        a_stock(name=str(day), quantity=1, entry_price=price, entry_date=day, stated_on=day)
        for day, price in bought.items()
    ]
    await hold(admin, *shares)
    await quote(admin, dict(zip(WEEK, (100, 125, 125, 150, 150, 140), strict=True)))
    await enter(admin, "equity", MONDAY, Decimal(100))
    for shares_held, day in enumerate((TUESDAY, THURSDAY, NEXT_MONDAY), start=1):
        await enter(admin, "dividend", day, 10 * shares_held, "AAPL")
        await deposit(admin, day, Decimal(-10 * shares_held))
    await deposit(admin, WEDNESDAY, Decimal(125))
    await deposit(admin, FRIDAY, Decimal(150))

    rows = await taken(role, WEEK)

    assert [row["nav"] for row in rows] == [100, 125, 250, 300, 450, 420]
    returns = [row["daily_return"] for row in rows[1:]]
    assert returns == pytest.approx([0.35, 0, 0.28, 0, 0])
    total = prod(1 + each for each in returns) - 1
    assert total == pytest.approx(float(cum_returns_final(np.array(returns))))
    assert (1 + total) ** (1 / 3) - 1 == pytest.approx(0.2)


@pytest.mark.parametrize(("amount", "large"), [("1000.00", False), ("1000.01", True)])
@pytest.mark.parametrize("sign", [1, -1])
async def test_flow_above_a_tenth_of_nav_is_flagged(
    admin: Database, role: Role, amount: str, large: bool, sign: int
) -> None:
    await hold(admin, a_stock())
    await quote(admin, {MONDAY: 100, TUESDAY: 100})
    await deposit(admin, TUESDAY, sign * Decimal(amount))

    first, second = await taken(role, [MONDAY, TUESDAY])

    assert (first["large_flow"], second["large_flow"]) == (False, large)


async def test_day_without_capital_ends_the_chain_and_is_named_from_then_on(
    admin: Database, role: Role
) -> None:
    await a_rising_book(admin)
    await enter(admin, "equity", MONDAY, Decimal("50.00"))
    await deposit(admin, TUESDAY, Decimal("-200.00"))
    await deposit(admin, THURSDAY, Decimal("1000.00"))

    rows = await taken(role, WEEK)

    assert [row["nav"] for row in rows] == [50, -50, 150, 1450, 1850, 2350]
    assert [row["daily_return"] is None for row in rows] == [True, False, True, *[False] * 3]
    assert [row["chained_from"] for row in rows] == [MONDAY, MONDAY, *[WEDNESDAY] * 4]
    named = [[each["about"] for each in row["warnings"]] for row in rows]
    assert named == [[], [], *[[[str(WEDNESDAY)]]] * 4]
    assert {each["code"] for row in rows for each in row["warnings"]} == {"chain_restarted"}


@pytest.mark.parametrize(
    ("equity", "paid_in", "navs"),
    [
        ("1000.00", "2500.00", [1000, -500, 2500, 3000]),
        ("1500.00", "500.00", [1500, 0, 1000, 1500]),
    ],
    ids=["below_zero", "to_zero"],
)
async def test_capital_paid_in_after_all_was_lost_starts_another_chain(
    admin: Database, role: Role, equity: str, paid_in: str, navs: Sequence[int]
) -> None:
    await hold(admin, a_stock(), equity=Decimal(equity))
    await quote(admin, {MONDAY: 100, TUESDAY: 85, WEDNESDAY: 90, THURSDAY: 95})
    await deposit(admin, WEDNESDAY, Decimal(paid_in))

    rows = await taken(role, [MONDAY, TUESDAY, WEDNESDAY, THURSDAY])

    assert [round(row["nav"]) for row in rows] == navs
    assert [row["chained_from"] for row in rows] == [MONDAY, MONDAY, TUESDAY, TUESDAY]
    codes = [[each["code"] for each in row["warnings"]] for row in rows]
    assert codes == [[], [], ["chain_restarted"], ["chain_restarted"]]
    found = {
        row["as_of"]: row["value"]
        for row in await published(role, "risk_metrics")
        if row["metric"] == "max_drawdown" and row["portfolio_id"] == BOOK
    }
    assert found[THURSDAY] == 0.0
    assert found[TUESDAY] <= -1.0 + 1e-6


# --- income and lots closed in parts ---


@pytest.mark.parametrize("quantity", [100, -100])
async def test_dividend_makes_up_for_the_fall_of_its_ex_date(
    admin: Database, role: Role, quantity: int
) -> None:
    """Case f05."""
    await hold(admin, a_stock(quantity=quantity), equity=Decimal("20000.00"))
    await quote(admin, {MONDAY: 100, TUESDAY: 90})
    await pays(admin, TUESDAY, 10)

    row = (await taken(role, [MONDAY, TUESDAY]))[-1]

    assert (row["daily_pnl"], row["nav"], row["income"]) == (0, 20_000, 10 * quantity)
    (line,) = [line for line in (await tables(role))[1] if line["as_of"] == TUESDAY]
    assert (line["daily_pnl"], line["income"]) == (0, 10 * quantity)


async def test_dividend_in_an_adjusted_price_is_not_counted_twice(
    admin: Database, role: Role
) -> None:
    await hold(admin, a_stock())
    await quote(admin, {MONDAY: 90, TUESDAY: 90}, basis="adjusted")
    await pays(admin, TUESDAY, 10)

    row = (await taken(role, [MONDAY, TUESDAY]))[-1]

    assert (row["daily_pnl"], row["income"]) == (0, 0)


async def test_income_and_fees_that_were_entered_count(admin: Database, role: Role) -> None:
    await hold(admin, a_stock(), equity=Decimal("20000.00"))
    await quote(admin, {MONDAY: 100, TUESDAY: 100})
    for kind, amount in (("interest", 12), ("borrow_fee", -7), ("fee", -3), ("dividend", 4)):
        await enter(admin, kind, TUESDAY, Decimal(amount))
    await enter(admin, "interest", MONDAY, Decimal(99))

    row = (await taken(role, [MONDAY, TUESDAY]))[-1]

    assert (row["income"], row["fees"], row["daily_pnl"], row["nav"]) == (9, -3, 6, 20_006)
    parts = {
        part["factor"]: part["pnl"]
        for part in await published(role, "pnl_attributions")
        if (part["portfolio_id"], part["as_of"]) == (BOOK, TUESDAY)
    }
    assert (parts["income"], parts["fees"], parts["trades"]) == (9, -3, 0)


async def test_part_of_a_lot_sold_over_a_split_restates_nothing(
    admin: Database, role: Role
) -> None:
    """100 at 90; 40 sold on Wednesday at 102; a split 4:1 on Thursday."""
    lot = a_stock()
    await hold(admin, lot, equity=Decimal("20000.00"))
    await quote(admin, {MONDAY: 100, TUESDAY: 101, WEDNESDAY: 103, THURSDAY: 26})
    before = await taken(role, [MONDAY, TUESDAY])
    span = {"position_id": lot["position_id"], "portfolio_id": BOOK, "until_price": None}
    whole = {"held_from": lot["entry_date"], "held_until": WEDNESDAY, "quantity": 100}
    rest = {"held_from": WEDNESDAY, "held_until": None, "quantity": 60, "from_price": 102}
    split = {"symbol": "AAPL", "ex_date": THURSDAY, "kind": "split", "value": 4, "source": "test"}
    spans = [{**span, **whole, "from_price": 90, "until_price": 102}, {**span, **rest}]
    await store(admin, "gateway.position_spans", spans)
    await store(admin, "ingest.corporate_actions", [split])

    rows = await taken(role, [WEDNESDAY, THURSDAY])

    assert rows[:2] == before
    assert [row["daily_pnl"] for row in rows] == [None, 100, 40 * 1 + 60 * 2, 60 * 1]
    assert [row["trades_pnl"] for row in rows] == [0, 0, -40, 0]
    assert [row["nav"] for row in rows] == [20_000, 20_100, 20_260, 20_320]
    lines = {line["as_of"]: line for line in (await tables(role))[1]}
    assert [lines[day]["quantity"] for day in WEEK[:4]] == [100, 100, 60, 240]
    assert [lines[day]["cost"] for day in WEEK[:4]] == [9_000, 9_000, 5_400, 5_400]
    assert [lines[day]["daily_pnl"] for day in WEEK[1:4]] == [100, 160, 60]
    assert {row["closed_pnl"] for row in rows} == {0}


async def test_position_held_in_parts_has_one_market_exposure(admin: Database, role: Role) -> None:
    lot = a_stock()
    await hold(admin, lot)
    span = {"position_id": lot["position_id"], "portfolio_id": BOOK, "until_price": None}
    spans = [
        {**span, "held_from": MONDAY, "held_until": TUESDAY, "quantity": 100, "from_price": 90},
        {**span, "held_from": TUESDAY, "held_until": None, "quantity": 60, "from_price": 95},
    ]
    exposure = {"position_id": lot["position_id"], "portfolio_id": BOOK, "factors": ["market"]}
    stored = {"symbol": "AAPL", "underlying": "AAPL", "exposure": 6_000.0, "quality": "full"}
    await store(admin, "gateway.position_spans", spans)
    vectors = {"betas": [1.5], "factor_exposures": [9_000.0]}
    row = {**exposure, **stored, **vectors, "as_of": WEDNESDAY}
    await store(admin, "factors.position_factor_exposures", [row])

    async with role("snapshots").transaction() as session:
        found = await load_chain(session, Plan((BOOK,), (), WEDNESDAY), WEDNESDAY)

    assert found.market_sides[0].bought.dollars == 9_000.0
    assert found.market_sides[0].bought.positions == 1
