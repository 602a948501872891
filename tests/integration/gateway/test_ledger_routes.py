"""One thing entered by several routes, or in several spellings, is one thing in the ledger."""

from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from sqlalchemy import text

from services.ingest.tables import CorporateAction
from shared.database import Database
from tests.builders import save
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.test_ledger import a_trade, an_empty_book, enter, lines_of

pytestmark = pytest.mark.usefixtures("market")

EXITS = "Symbol,Quantity,Entry Price Per Share,Entry Date,Exit Date,Exit Price Per Share\n"
ROUTES = ("transaction", "exit", "file of transactions", "file of positions")


async def what_nav_follows_from(admin: Database, book: str) -> tuple[Any, ...]:
    """The lots of a portfolio without their ids, and the cash that its NAV starts with."""
    lots = text(
        "select symbol, quantity, entry_price, entry_date, exit_price, exit_date "
        "from gateway.positions where portfolio_id = :book order by symbol"
    )
    cash = text("select valued_from, opening_cash from gateway.portfolios where portfolio_id=:book")
    async with admin.transaction() as session:
        found = await session.execute(lots, {"book": UUID(book)})
        start = await session.execute(cash, {"book": UUID(book)})
        return [tuple(row) for row in found], tuple(start.one())


async def sold_by(person: Person, route: str) -> str:
    """A portfolio with a deposit, and 100 AAPL taken over and sold by a route."""
    book = await an_empty_book(person)
    opened = {"symbol": "AAPL", "quantity": 100, "entry_price": 120, "entry_date": "2022-06-01"}
    position = (await person.post("positions", {**opened, "portfolio_id": book})).json()
    deposit = {"kind": "deposit", "trade_date": "2022-06-02", "amount": 500}
    await enter(person, book, deposit)
    day, price = "2022-12-20", "132.305"
    if route == "transaction":
        await enter(person, book, a_trade("sell", 100, float(price), day))
    elif route == "exit":
        path = f"positions/{position['position_id']}"
        await person.request("PUT", path, json={"exit_date": day, "exit_price": price})
    elif route == "file of transactions":
        data = f"date,type,symbol,quantity,price\n{day},sell,AAPL,100,{price}\n"
        assert (await person.upload(data.encode(), portfolio_id=book)).json()["new"] == 1
    else:
        data = f"{EXITS}AAPL,100,120,2022-06-01,{day},{price}\n"
        assert (await person.upload(data.encode(), portfolio_id=book)).json()["updated"] == 1
    return book


async def test_a_sale_gives_the_same_nav_by_every_route(ann: Person, admin: Database) -> None:
    books = [await sold_by(ann, route) for route in ROUTES]

    first, *others = [await what_nav_follows_from(admin, book) for book in books]

    assert first[0] == [
        ("AAPL", 100, 120, date(2022, 6, 1), Decimal("132.305"), date(2022, 12, 20))
    ]
    assert first[1] == (date(2022, 12, 28), Decimal("13730.50"))
    assert others == [first] * 3


async def test_shares_transferred_in_are_a_flow_that_paid_for_them(
    ann: Person, admin: Database
) -> None:
    book = await an_empty_book(ann)
    moved = {"trade_date": "2022-06-01", "symbol": "AAPL", "quantity": 10, "price": 120}

    await enter(ann, book, {"kind": "transfer_in", **moved})
    flows = (await ann.get(f"portfolios/{book}/cash-flows")).json()["items"]
    lots, start = await what_nav_follows_from(admin, book)

    assert [flow["amount"] for flow in flows] == [1200]
    assert [lot[:2] for lot in lots] == [("AAPL", 10)]
    assert start == (date(2022, 12, 28), 0)  # 1,200 came in, and paid for what is held


@pytest.mark.parametrize("day", ["2022-11-19", "2022-11-21"])
async def test_nothing_trades_after_the_last_session_of_a_saturdays_expiry(
    ann: Person, day: str
) -> None:
    book = await an_empty_book(ann)
    contract = "AAPL221119C00150000"  # its last session is the Friday before

    answers = [
        await ann.post(
            f"portfolios/{book}/transactions",
            {"transactions": [a_trade("buy", 1, 5, day, symbol=contract)]},
        ),
        await ann.upload((HEADER + f"{contract},1,5,{day},\n").encode()),
        await ann.upload(f"date,type,symbol,quantity,price\n{day},buy,{contract},1,5\n".encode()),
    ]
    friday = await enter(ann, book, a_trade("buy", 1, 5, "2022-11-18", symbol=contract))

    for answer in answers:
        assert answer.status_code == 422, answer.text
        assert "entry_after_expiry" in [error["code"] for error in answer.json()["errors"]]
    assert len(friday["transactions"]) == 1


async def test_a_brokers_id_is_the_same_with_blanks_around_it(ann: Person) -> None:
    book = await an_empty_book(ann)
    trade = a_trade("buy", 1, 120, "2022-06-01")

    await enter(ann, book, {**trade, "external_id": "  U1-7 "})
    again = await enter(ann, book, {**trade, "external_id": "U1-7"})
    data = b"date,type,symbol,quantity,price,id\n2022-06-01,buy,AAPL,1,120, U1-7 \n"
    file = await ann.upload(data, portfolio_id=book)

    assert [each["external_id"] for each in again["skipped"]] == ["U1-7"]
    assert (file.json()["new"], file.json()["receipt"]["skipped"]) == (0, 1)
    assert [line["external_id"] for line in await lines_of(ann, book)] == ["U1-7"]


@pytest.mark.parametrize("spelling", ["BRK.B", "brk-b", "BRK/B", "BRK B", "Brk.b"])
async def test_a_symbol_filter_takes_every_spelling(
    ann: Person, admin: Database, spelling: str
) -> None:
    book = await an_empty_book(ann)
    sql = "update ingest.securities set symbol = 'BRK.B' where symbol = 'XOM'"
    async with admin.transaction() as session:
        await session.execute(text(sql))
    bought = {"symbol": "BRK-B", "stated_on": "2022-06-01"}
    await enter(ann, book, a_trade("buy", 1, 300, "2022-06-01", **bought))
    await enter(ann, book, a_trade("buy", 1, 120, "2022-06-01"))

    lines = await lines_of(ann, book, symbol=spelling)
    lots = (await ann.get(f"portfolios/{book}/lots", symbol=spelling)).json()["items"]

    found = (await ann.get("positions", portfolio_id=book, search=spelling)).json()["items"]
    named = await ann.get(f"market-data/prices/{quote(spelling, safe='')}")

    assert [line["symbol"] for line in lines] == ["BRK.B"]
    assert [lot["symbol"] for lot in lots] == ["BRK.B"]
    assert [position["symbol"] for position in found] == ["BRK.B"]
    assert (named.status_code, named.json()["symbol"]) == (200, "BRK.B")


async def test_totals_of_lots_are_the_sums_of_what_they_show(ann: Person) -> None:
    book = await an_empty_book(ann)
    prices = (120.001, 121.2345, 0.333333)
    await enter(ann, book, *(a_trade("buy", 7, price, "2022-06-01") for price in prices))
    await enter(ann, book, a_trade("sell", 17, 133.337777, "2022-12-20"))

    answer = (await ann.get(f"portfolios/{book}/lots")).json()

    shown = [Decimal(str(lot["realised_pnl"])) for lot in answer["items"]]
    closings = [
        Decimal(str(closing["realised_pnl"]))
        for lot in answer["items"]
        for closing in lot["closings"]
    ]
    assert sum(shown) == sum(closings) == Decimal(str(answer["totals"]["realised_pnl"]))
    sold = next(line for line in await lines_of(ann, book) if line["kind"] == "sell")
    # The cheapest of a day counts first: two lots are gone, and of the last 4 of 7 are left.
    cost = Decimal("2.33") + Decimal("840.01") + (Decimal("848.64") - Decimal("484.94"))
    assert Decimal(str(answer["totals"]["realised_pnl"])) == Decimal(str(sold["cash"])) - cost


async def test_a_price_over_a_reverse_split_keeps_what_was_paid(
    ann: Person, admin: Database
) -> None:
    book = await an_empty_book(ann)
    await enter(ann, book, a_trade("buy", 3_000_000, 0.333333, "2022-06-01"))
    split = CorporateAction(
        symbol="AAPL", ex_date=date(2022, 12, 1), kind="split", value=Decimal("0.33333333"),
        source="test",
    )  # fmt: skip
    await save(admin, CorporateAction, [split.model_dump()])

    sold = await enter(ann, book, a_trade("sell", 1_000_000, 1.000001, "2022-12-20"))

    (lot,) = (await ann.get(f"portfolios/{book}/lots")).json()["items"]
    assert (lot["quantity"], lot["exit_date"]) == (0, "2022-12-20")
    assert sold["warnings"] == []
    assert lot["realised_pnl"] == 1_000_001 - 999_999
