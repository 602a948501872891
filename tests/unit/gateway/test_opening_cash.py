"""The cash that a portfolio without an equity statement starts with."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from services.gateway.books.opening import CashMovement, Place, cash_left

FIRST = date(2022, 12, 1)
IN, BOUGHT, OUT = Place.RECEIVED, Place.PURCHASES, Place.PAID


def moved(*movements: tuple[int, Place, int]) -> list[CashMovement]:
    """Movements by how many days after the first, place of the day and amount."""
    return [
        CashMovement(FIRST + timedelta(days), place, Decimal(amount))
        for days, place, amount in movements
    ]


@pytest.mark.parametrize(
    ("movements", "cash"),
    [
        ([], 0),
        ([(0, BOUGHT, -9_000)], 0),
        ([(0, IN, 1_000)], 1_000),
        ([(0, IN, 5_865)], 5_865),
        ([(0, IN, 10_000), (1, BOUGHT, -5_000), (2, IN, 1_100)], 6_100),
        ([(0, IN, 1_000), (1, BOUGHT, -5_000), (2, IN, 300)], 300),
        ([(0, OUT, -500)], -500),
        ([(0, OUT, -500), (1, BOUGHT, -1_000)], -500),
        ([(0, BOUGHT, -1_000), (1, OUT, -500)], -500),
        ([(0, IN, 35_000), (1, BOUGHT, -34_000), (1, OUT, -2_000)], -1_000),
    ],
)
def test_purchases_are_paid_from_cash_then_by_capital_brought_in(
    movements: list[tuple[int, Place, int]], cash: int
) -> None:
    assert cash_left(moved(*movements)) == cash


def test_order_of_entry_on_one_day_does_not_change_the_cash() -> None:
    day = moved((0, IN, 4_000), (0, BOUGHT, -3_000), (0, BOUGHT, -2_500), (0, OUT, -100))

    assert {cash_left(order) for order in permutations(day)} == {Decimal(-100)}


def test_shares_assigned_at_the_close_do_not_pay_for_that_days_purchases() -> None:
    day = moved((0, BOUGHT, -3_000), (0, Place.SETTLEMENTS_RECEIVED, 2_000))

    assert cash_left(day) == 2_000
