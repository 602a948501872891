"""NAV of portfolios without an equity statement, where trades came before the first session."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from services.gateway.books.ledger import Kind
from services.gateway.books.queries.ledger import TransactionRow
from shared.database import Database
from shared.instruments import looks_like_option, parse_occ
from tests.integration.snapshots.books import BOOK, Role, chain, hold, quote, store, take
from tests.integration.snapshots.test_worked_ledger import (
    CALL,
    DAYS,
    announce,
    cents,
    enter,
    path,
    start_from,
    value_contract,
)

START = date(2022, 12, 28)
EARLIER = date(2022, 12, 20)
DEPOSIT = ("deposit", "12-22", "", 0, 1_000)
HELD = ("opening", "11-14", "GAMA", 100, 90)
SOLD = ("sell", "12-23", "GAMA", -60, 97.75)

Line = tuple[str, str, str, int, float]


def a_row(kind: str, day: str, symbol: str, quantity: int, price: float) -> TransactionRow:
    """A trade at a price per share, or without a symbol a line of so much money."""
    contract = parse_occ(symbol) if looks_like_option(symbol) else None
    trade_date = date.fromisoformat(f"2022-{day}")
    row = TransactionRow(uuid4(), BOOK, Kind(kind), trade_date, trade_date, "api")
    if not symbol:
        return TransactionRow(**vars(row) | {"amount": Decimal(str(price))})
    terms = {
        "symbol": symbol,
        "underlying": contract.underlying if contract else symbol,
        "option_type": contract.option_type if contract else None,
        "strike": contract.strike if contract else None,
        "expiry": contract.expiry if contract else None,
        "multiplier": 100 if contract else 1,
        "investment_class": "OPTIONS" if contract else "PUBLIC",
        "quantity": Decimal(quantity),
        "price": Decimal(str(price)),
    }
    return TransactionRow(**vars(row) | terms)


async def navs(
    admin: Database, role: Role, lines: Sequence[Line], first: date = START
) -> dict[date, tuple[Any, ...]]:
    """NAV and cash by session, of a portfolio whose NAV starts from `first`."""
    await hold(admin)
    for symbol in ("ALFA", "GAMA"):
        await quote(admin, path(symbol), symbol)
    await value_contract(admin, CALL)
    dividend = {"symbol": "ALFA", "ex_date": date(2022, 11, 15), "kind": "dividend", "value": 0.5}
    await store(admin, "ingest.corporate_actions", [{**dividend, "source": "test"}])
    await announce(admin)
    await start_from(admin, first)
    async with role("gateway").transaction() as session:
        await enter(session, [a_row(*line) for line in lines])
    for day in (START, EARLIER, DAYS[-1]):
        await take(role, day)
    return {row["as_of"]: (cents(row["nav"]), cents(row["cash"])) for row in await chain(role)}


@pytest.mark.parametrize("first", [START, EARLIER])
async def test_proceeds_of_a_sale_before_the_first_session_are_cash(
    admin: Database, role: Role, first: date
) -> None:
    found = await navs(admin, role, [HELD, SOLD], first)

    assert found[EARLIER] == (7_000, 0)
    assert found[START] == (40 * 70 + 5_865, 5_865)


async def test_a_deposit_raises_nav_by_itself(admin: Database, role: Role) -> None:
    found = await navs(admin, role, [HELD, DEPOSIT, SOLD])

    assert found[START] == (40 * 70 + 5_865 + 1_000, 6_865)


async def test_shares_called_away_leave_the_strike_in_cash(admin: Database, role: Role) -> None:
    lines = [("opening", "11-14", "ALFA", 200, 50), ("opening", "11-14", CALL, -2, 1.5)]

    found = await navs(admin, role, lines)

    assert found[START] == (12_000, 12_000)  # both calls are assigned at 60


@pytest.mark.parametrize(
    ("lines", "nav", "cash"),
    [
        ([HELD], 7_000, 0),
        ([("opening", "11-14", "ALFA", 200, 50)], 200 * 63, 0),
        ([HELD, DEPOSIT], 8_000, 1_000),
        ([("buy", "11-22", "GAMA", 100, 80.2)], 7_000, 0),
        ([("buy", "12-23", "GAMA", 10, 70), DEPOSIT], 1_000, 300),
        ([("withdrawal", "11-14", "", 0, -500), HELD], 6_500, -500),
        ([("buy", "11-14", "ALFA", 200, 50)], 200 * 63 + 100, 100),  # its dividend of 0.50
    ],
)
async def test_cash_at_the_start_is_what_was_not_spent(
    admin: Database, role: Role, lines: Sequence[Line], nav: int, cash: int
) -> None:
    found = await navs(admin, role, lines)

    assert found[START] == (nav, cash)
