"""What moved a portfolio between two sessions with a split between them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.ingest.tables import CorporateAction
from shared.calendar import sessions
from shared.database import Database
from tests.builders import AS_OF, a_price, save, save_prices
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_ledger import a_book_of, a_trade
from tests.integration.snapshots.books import Role, take

DAYS = sessions(date(2022, 12, 21), AS_OF)
EX_DATE = DAYS[2]


@pytest.fixture(autouse=True)
async def split(market: None, admin: Database) -> None:
    """AAPL splits 3:1, and its closes are as traded."""
    closes = [a_price("AAPL", day, 390 if day < EX_DATE else 131) for day in DAYS]
    await save_prices(admin, *closes)
    terms = {"symbol": "AAPL", "ex_date": EX_DATE, "kind": "split", "source": "test"}
    await save(admin, CorporateAction, [{**terms, "value": Decimal(3)}])


async def moved(person: Person, role: Role, book: str) -> list[dict[str, Any]]:
    """The positions of another size on the last session."""
    for day in (DAYS[0], DAYS[-1]):
        await take(role, day, [UUID(book)])
    answer = await person.get(f"portfolios/{book}/changes", since=str(DAYS[0]))
    found: list[dict[str, Any]] = answer.json()["positions"]
    return found


async def test_a_split_makes_no_position_of_another_size(ann: Person, role: Role) -> None:
    today = {"stated_on": str(AS_OF)}
    book = await a_book_of(
        ann,
        a_trade("opening", 100, 380, "2022-12-01"),
        a_trade("opening", -50.5, 120, "2022-12-02", **today),
    )

    assert await moved(ann, role, book) == []


async def test_what_was_sold_besides_is_in_the_shares_of_the_last_session(
    ann: Person, role: Role
) -> None:
    book = await a_book_of(
        ann,
        a_trade("buy", 100, 380, "2022-12-01"),
        a_trade("sell", 60, 131, str(DAYS[3])),
    )

    (position,) = await moved(ann, role, book)

    sizes = (position["quantity_before"], position["quantity_after"])
    assert (position["state"], *sizes) == ("resized", 300, 240)
