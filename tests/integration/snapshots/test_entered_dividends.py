"""Dividends that owners enter themselves, next to those that follow from ex-dates."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from shared.database import Database
from tests.integration.snapshots.books import (
    FRIDAY,
    MONDAY,
    NEXT_MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    WEEK,
    Role,
    a_stock,
    enter,
    hold,
    published,
    quote,
    taken,
)
from tests.integration.snapshots.test_ledger import pays


async def incomes(admin: Database, role: Role, *paid: tuple[date, float]) -> list[Decimal]:
    """The income of each day from Tuesday on, with ex-dates on Tuesday and Thursday."""
    await hold(admin, a_stock())
    await quote(admin, dict.fromkeys(WEEK, 100))
    await pays(admin, TUESDAY, 0.10)
    await pays(admin, THURSDAY, 0.20)
    for day, amount in paid:
        await enter(admin, "dividend", day, Decimal(str(amount)), "AAPL")
    return [row["income"] for row in (await taken(role, WEEK))[1:]]


@pytest.mark.parametrize(
    ("paid", "income"),
    [
        ([], [10, 0, 20, 0, 0]),
        ([(FRIDAY, 20)], [10, 0, 0, 20, 0]),
        ([(FRIDAY, 17)], [10, 0, 0, 17, 0]),  # the last one, less tax withheld
        ([(FRIDAY, 10)], [0, 0, 20, 10, 0]),
        ([(FRIDAY, 20), (NEXT_MONDAY, 10)], [0, 0, 0, 20, 10]),
        ([(FRIDAY, 17), (NEXT_MONDAY, 8.5)], [0, 0, 0, 17, Decimal("8.5")]),
        ([(WEDNESDAY, 20)], [0, 20, 20, 0, 0]),
        ([(FRIDAY, -3)], [10, 0, 20, -3, 0]),  # tax withheld, entered by itself
        ([(MONDAY, 5), (NEXT_MONDAY, 20)], [10, 0, 0, 0, 20]),
        ([(FRIDAY, 20), (FRIDAY, 1), (NEXT_MONDAY, 2)], [0, 0, 0, 21, 2]),
    ],
)
async def test_an_entered_dividend_replaces_one_ex_date(
    admin: Database, role: Role, paid: Sequence[tuple[date, float]], income: Sequence[Decimal]
) -> None:
    assert await incomes(admin, role, *paid) == income


async def test_lots_are_paid_to_the_cent_together(admin: Database, role: Role) -> None:
    await hold(admin, *(a_stock(name=name, quantity=1) for name in ("a", "b", "c")))
    await quote(admin, {MONDAY: 100, TUESDAY: 100})
    await pays(admin, TUESDAY, 0.333)

    row = (await taken(role, [MONDAY, TUESDAY]))[-1]

    lines = await published(role, "position_valuations", "position_id, as_of")
    parts = [line["income"] for line in lines if line["as_of"] == TUESDAY]
    assert row["income"] == sum(parts) == Decimal("1.00")
    assert sorted(parts) == [Decimal("0.33"), Decimal("0.33"), Decimal("0.34")]


async def test_a_dividend_in_adjusted_prices_is_no_income_and_says_so(
    admin: Database, role: Role
) -> None:
    await hold(admin, a_stock(), equity=Decimal("20000.00"))
    await quote(admin, {MONDAY: 90, TUESDAY: 91, WEDNESDAY: 91}, basis="adjusted")
    await enter(admin, "dividend", TUESDAY, Decimal(50), "AAPL")
    await enter(admin, "interest", TUESDAY, Decimal(3))

    rows = await taken(role, [MONDAY, TUESDAY, WEDNESDAY])

    assert [row["income"] for row in rows] == [0, 3, 0]
    assert [row["nav"] for row in rows] == [20_000, 20_103, 20_103]
    named = [[(each["code"], each["about"]) for each in row["warnings"]] for row in rows]
    assert named == [[], [("dividend_in_price", ["AAPL"])], []]
