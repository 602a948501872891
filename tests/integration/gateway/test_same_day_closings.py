"""Lots of which a part is closed on the day they are opened."""

from datetime import date
from uuid import UUID

import pytest

from services.gateway.edge.dependencies import Gateway
from shared.database import Database
from tests.builders import AS_OF, a_price, save_prices
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_ledger import a_book_of, a_trade
from tests.integration.gateway.test_settling import arrive, prices_of
from tests.integration.snapshots.books import Role, take

pytestmark = pytest.mark.usefixtures("market")

DAY = "2022-12-20"
EXPIRY = date(2022, 12, 16)
CALL = "AAPL221216C00100000"


@pytest.mark.parametrize(("price", "gained"), [(120, 0), (132.5, 500)])
async def test_a_part_sold_on_the_day_of_purchase_is_gone_and_realised(
    ann: Person, price: float, gained: int
) -> None:
    book = await a_book_of(ann, a_trade("buy", 100, 120, DAY), a_trade("sell", 40, price, DAY))

    (position,) = (await ann.get("positions", portfolio_id=book)).json()["items"]
    (lot,) = (await ann.get(f"portfolios/{book}/lots")).json()["items"]
    groups = (await ann.get("positions/grouped", portfolio_id=book, by="underlying")).json()

    assert (position["quantity"], position["opened_quantity"]) == (60, 100)
    assert position["realised_pnl"] == lot["realised_pnl"] == gained
    assert groups["everything"]["realised_pnl"] == gained


async def test_a_later_sale_is_realised_beside_that_of_the_first_day(ann: Person) -> None:
    book = await a_book_of(
        ann,
        a_trade("sell_short", 100, 120, DAY),
        a_trade("buy_to_cover", 40, 130, DAY),
        a_trade("buy_to_cover", 10, 110, "2022-12-21"),
    )
    days = {"2022-12-20": (-60, -400), "2022-12-21": (-50, -300)}

    for day, shown in days.items():
        answer = await ann.get("positions", portfolio_id=book, as_of=day)
        (position,) = answer.json()["items"]
        assert (position["quantity"], position["realised_pnl"]) == shown


async def test_an_assignment_takes_what_an_exercise_delivers(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_book_of(
        ann,
        a_trade("buy", 3, 5, "2022-11-01", symbol=CALL),
        a_trade("sell_short", 1, 6, "2022-11-02", symbol=CALL),
    )
    await save_prices(admin, a_price("AAPL", EXPIRY, 134.51))

    await arrive(gateway, prices_of(AS_OF, UUID(book)))

    answer = await ann.get("positions", portfolio_id=book, status="open")
    assert [(each["symbol"], each["quantity"]) for each in answer.json()["items"]] == [
        ("AAPL", 200)
    ]


async def test_the_history_of_what_no_session_held_is_the_day_it_was_closed(
    ann: Person, admin: Database, role: Role
) -> None:
    days = ("2022-12-19", "2022-12-20", "2022-12-21")
    book = await a_book_of(
        ann,
        a_trade("buy", 10, 119, days[0]),
        a_trade("sell", 10, 122, days[1]),
        a_trade("sell_short", 4, 125, days[1]),
        a_trade("buy_to_cover", 4, 120, days[1]),
    )
    await save_prices(admin, *(a_price("AAPL", date.fromisoformat(day), 121) for day in days))
    for day in days:
        await take(role, date.fromisoformat(day), [UUID(book)])
    closed = (await ann.get("positions", portfolio_id=book, status="closed")).json()["items"]

    found = {}
    for position in closed:
        path = f"positions/{position['position_id']}/history"
        items = (await ann.get(path, **{"from": days[1]})).json()["items"]
        found[position["quantity"]] = [
            (each["as_of"], each["state"], each["daily_pnl"], each["market_value"])
            for each in items
        ]

    assert found == {
        10: [(days[1], "closed", 10, None)],
        -4: [(days[1], "closed", 20, None)],
    }
