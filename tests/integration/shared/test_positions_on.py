"""What positions are on a day.

Splits between it and the day they are given in, and nothing else, change them.
"""

from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from services.gateway.books.ledger import Instrument, Market, Split, restated
from services.ingest.tables import CorporateAction
from shared.database import Database
from shared.published.gateway import positions_on
from tests.builders import a_portfolio, a_position, a_price, save, save_positions, save_prices

EARLY, FIRST, BETWEEN, SECOND, LATE = (date(2022, month, 1) for month in (1, 3, 5, 7, 9))
CALL = "AAPL220617C00600000"  # expires between the second split and the first


async def splits(admin: Database, *known: tuple[date, str], symbol: str = "AAPL") -> None:
    """Splits of a symbol whose closes are raw."""
    rows = [
        {
            "symbol": symbol,
            "ex_date": day,
            "kind": "split",
            "value": Decimal(ratio),
            "source": "test",
        }
        for day, ratio in known
    ]
    await save(admin, CorporateAction, rows)


async def on(admin: Database, day: date, portfolio: UUID) -> dict[str, Any]:
    """The portfolio's only position on a day, as a calculator sees it."""
    held = positions_on(day)
    async with admin.transaction() as session:
        found = (
            (await session.execute(select(held).where(held.c.portfolio_id == portfolio)))
            .mappings()
            .one()
        )
    return dict(found)


@pytest.mark.parametrize(
    ("stated_on", "day", "quantity"),
    [
        (EARLY, EARLY, 100),
        (EARLY, FIRST, 400),  # in force in the morning of its day
        (EARLY, LATE, 20),
        (FIRST, BETWEEN, 100),
        (BETWEEN, LATE, 5),
        (LATE, LATE, 100),
        (LATE, BETWEEN, 2_000),
        (LATE, EARLY, 500),
        (BETWEEN, EARLY, 25),
    ],
)
async def test_a_split_counts_from_its_day_on_and_back_before_it(
    admin: Database, stated_on: date, day: date, quantity: int
) -> None:
    await splits(admin, (FIRST, "4"), (SECOND, "0.05"))
    portfolio = await a_portfolio(admin)
    await save_positions(admin, a_position(portfolio, "AAPL", 100, 50, EARLY, stated_on=stated_on))

    held = await on(admin, day, portfolio)

    assert held["quantity"] == quantity
    assert held["quantity"] * held["entry_price"] == pytest.approx(Decimal(5_000))
    assert held["split_factor"] == Decimal(quantity) / 100
    assert (held["symbol"], held["strike"], held["stated_on"]) == ("AAPL", None, stated_on)


async def test_an_option_gets_the_strike_and_symbol_of_its_new_terms(admin: Database) -> None:
    await splits(admin, (FIRST, "4"))
    portfolio = await a_portfolio(admin)
    await save_positions(admin, a_position(portfolio, CALL, -3, 20, EARLY))

    held = await on(admin, BETWEEN, portfolio)

    assert (held["symbol"], held["strike"]) == ("AAPL220617C00150000", Decimal(150))
    assert (held["quantity"], held["entry_price"], held["underlying"]) == (
        Decimal(-12),
        Decimal(5),
        "AAPL",
    )


async def test_no_split_touches_an_option_that_has_expired(admin: Database) -> None:
    await splits(admin, (SECOND, "4"))
    portfolio = await a_portfolio(admin)
    await save_positions(admin, a_position(portfolio, CALL, 3, 20, EARLY, stated_on=LATE))

    assert (await on(admin, EARLY, portfolio))["symbol"] == CALL
    assert (await on(admin, LATE, portfolio))["quantity"] == 3


@pytest.mark.parametrize(
    ("ratio", "before", "after"),
    [
        ("3", "100", "33.33"),
        ("7", "645", "92.14"),  # Apple's of June 2014
        ("4", "187.5", "46.88"),  # 46.875, of August 2020: halves go up
        ("20", "3005", "150.25"),
        ("0.33333333", "20", "60"),
    ],
)
async def test_strikes_are_listed_to_the_cent_and_back_in_whole_steps(
    admin: Database, ratio: str, before: str, after: str
) -> None:
    await splits(admin, (FIRST, ratio))
    old, new = (f"AAPL221216C{int(Decimal(strike) * 1000):08d}" for strike in (before, after))
    early, late = await a_portfolio(admin), await a_portfolio(admin)
    await save_positions(admin, a_position(early, old, 1, 20, EARLY))
    await save_positions(admin, a_position(late, new, 1, 20, EARLY, stated_on=LATE))

    for portfolio, (day, symbol, strike) in product(
        (early, late), ((EARLY, old, before), (LATE, new, after))
    ):
        held = await on(admin, day, portfolio)

        assert (held["symbol"], held["strike"]) == (symbol, Decimal(strike))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    ratio=some.sampled_from([(2, 1), (3, 1), (7, 1), (50, 1), (3, 2), (4, 3), (1, 3), (2, 3)]),
    strike=some.decimals("0.5", "3000", places=3),
    parts=some.integers(1, 900),
)
async def test_the_ledger_has_the_same_contracts_in_the_same_number(
    admin: Database, ratio: tuple[int, int], strike: Decimal, parts: int
) -> None:
    quantity = round(Decimal(parts) / 21, 6)
    new, old = ratio
    name = f"L{new}X{old}"
    stored = f"{new / old:.8f}"
    symbol = f"{name}221216C{int(strike * 1000):08d}"
    await splits(admin, (FIRST, stored), symbol=name)
    portfolio = await a_portfolio(admin)
    await save_positions(admin, a_position(portfolio, symbol, float(quantity), 20, EARLY))
    market = Market(LATE, {name: [Split(FIRST, Decimal(stored))]})
    given_as = Instrument(symbol, name, 100, "C", strike, date(2022, 12, 16))

    held = await on(admin, LATE, portfolio)

    listed = market.listed(given_as, EARLY, LATE)
    assert (held["symbol"], held["strike"]) == (listed.symbol, listed.strike)
    assert held["quantity"] == restated(quantity, held["split_factor"])


async def test_strikes_stay_what_a_symbol_can_say(admin: Database) -> None:
    await splits(admin, (FIRST, "1000"), (BETWEEN, "0.0000001"))
    portfolio = await a_portfolio(admin)
    await save_positions(admin, a_position(portfolio, "AAPL221216P00000010", 1, 20, EARLY))

    assert (await on(admin, FIRST, portfolio))["symbol"] == "AAPL221216P00000001"
    assert (await on(admin, LATE, portfolio))["symbol"] == "AAPL221216P00100000"


async def test_adjusted_closes_mean_that_no_position_is(admin: Database) -> None:
    await splits(admin, (FIRST, "4"))
    await save_prices(admin, a_price("AAPL", EARLY, 50) | {"close_basis": "adjusted"})
    portfolio = await a_portfolio(admin)
    await save_positions(admin, a_position(portfolio, "AAPL", 100, 50, EARLY))

    held = await on(admin, LATE, portfolio)

    assert (held["quantity"], held["split_factor"]) == (100, 1)


USUAL = [
    (2, 1),
    (3, 1),
    (4, 1),
    (20, 1),
    (3, 2),
    (5, 4),
    (4, 3),
    (1, 2),
    (1, 3),
    (1, 7),
    (1, 30),
    (2, 3),
]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    ratio=some.sampled_from(USUAL),
    lots=some.integers(1, 10_000),
    price=some.decimals("0.01", "9999", places=2),
)
async def test_splitting_leaves_whole_shares_whole_and_every_cost(
    admin: Database, ratio: tuple[int, int], lots: int, price: Decimal
) -> None:
    new, old = ratio
    symbol = f"S{new}X{old}"
    await splits(admin, (FIRST, f"{new / old:.8f}"), symbol=symbol)
    portfolio = await a_portfolio(admin)
    await save_positions(admin, a_position(portfolio, symbol, lots * old, float(price), EARLY))

    held = await on(admin, LATE, portfolio)

    assert held["quantity"] == lots * new
    assert held["quantity"] * held["entry_price"] == pytest.approx(
        lots * old * price, rel=Decimal("1e-12")
    )
