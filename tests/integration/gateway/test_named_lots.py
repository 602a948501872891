"""A trade that names a lot names one that it can close; what it closes may be worth nothing."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from services.ingest.tables import CorporateAction
from shared.database import Database
from tests.builders import save
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_ledger import a_trade, an_empty_book, enter

pytestmark = pytest.mark.usefixtures("market")

CALL = "AAPL230616C00150000"


async def lots_of(person: Person, book: str) -> dict[tuple[str, float], str]:
    """The id of every lot, by symbol and opened quantity."""
    answer = await person.get(f"portfolios/{book}/lots")
    return {
        (lot["symbol"], lot["opened_quantity"]): lot["position_id"]
        for lot in answer.json()["items"]
    }


async def a_book_of_lots(person: Person) -> tuple[str, dict[tuple[str, float], str]]:
    """AAPL long and short, an option, and MSFT bought late."""
    book = await an_empty_book(person)
    await enter(
        person,
        book,
        a_trade("buy", 10, 120, "2022-06-01"),
        a_trade("buy", 7, 8, "2022-06-01", symbol=CALL),
        a_trade("sell_short", 4, 9, "2022-06-02", symbol=CALL),
        a_trade("buy", 5, 240, "2022-12-20", symbol="MSFT"),
    )
    return book, await lots_of(person, book)


async def refused(person: Person, book: str, trade: dict[str, Any]) -> tuple[str, str]:
    """The field and the code that a trade is refused for."""
    answer = await person.post(f"portfolios/{book}/transactions", {"transactions": [trade]})
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    return error["field"].removeprefix("transactions.0."), error["code"]


async def test_a_lot_that_a_trade_cannot_close_is_refused(ann: Person) -> None:
    book, lots = await a_book_of_lots(ann)
    wrong = {
        "other_instrument": a_trade("sell", 1, 130, "2022-12-20", lot_id=lots["MSFT", 5]),
        "opened_later": a_trade(
            "sell", 1, 240, "2022-12-19", symbol="MSFT", lot_id=lots["MSFT", 5]
        ),
        "other_side": a_trade("sell", 1, 9, "2022-12-20", symbol=CALL, lot_id=lots[CALL, -4]),
        "unknown_lot": a_trade("sell", 1, 130, "2022-12-20", lot_id=str(uuid4())),
    }
    options = [
        a_trade("sell", 1, 130, "2022-12-20", lot_id=lots[CALL, 7]),
        a_trade("sell", 1, 8, "2022-12-20", symbol=CALL, lot_id=lots["AAPL", 10]),
        a_trade("sell", 1, 8, "2022-12-20", symbol="AAPL230616P00150000", lot_id=lots[CALL, 7]),
        a_trade("sell", 1, 8, "2022-12-20", symbol="AAPL230616C00155000", lot_id=lots[CALL, 7]),
        {
            "kind": "transfer_out",
            "trade_date": "2022-12-20",
            "symbol": CALL,
            "quantity": 1,
            "price": 1,
            "lot_id": lots["AAPL", 10],
        },
    ]

    for code, trade in wrong.items():
        assert await refused(ann, book, trade) == ("lot_id", code)
    for trade in options:
        assert await refused(ann, book, trade) == ("lot_id", "other_instrument")
    assert await lots_of(ann, book) == lots


async def test_money_names_no_lot(ann: Person) -> None:
    book, lots = await a_book_of_lots(ann)
    money = {"kind": "transfer_out", "trade_date": "2022-12-20", "amount": 5}

    answer = await refused(ann, book, {**money, "lot_id": lots["AAPL", 10]})

    assert answer == ("lot_id", "unexpected")


async def test_a_lot_from_before_a_split_may_be_named_after_it(
    ann: Person, admin: Database
) -> None:
    book, lots = await a_book_of_lots(ann)
    split = CorporateAction(
        symbol="AAPL", ex_date=date(2022, 12, 1), kind="split", value=Decimal(2), source="test"
    )
    await save(admin, CorporateAction, [split.model_dump()])

    saved = await enter(
        ann,
        book,
        a_trade("sell", 14, 4, "2022-12-20", symbol="AAPL230616C00075000", lot_id=lots[CALL, 7]),
    )

    assert saved["warnings"] == []


@pytest.mark.parametrize(
    ("kind", "quantity", "realised"), [("sell", 7, -5_600), ("buy_to_cover", 4, 3_600)]
)
async def test_an_option_may_be_closed_for_nothing(
    ann: Person, kind: str, quantity: int, realised: int
) -> None:
    book, lots = await a_book_of_lots(ann)
    signed = quantity if kind == "sell" else -quantity

    saved = await enter(
        ann,
        book,
        a_trade(kind, quantity, 0, "2022-12-20", symbol=CALL, lot_id=lots[CALL, signed]),
    )

    (line,) = saved["transactions"]
    assert (line["price"], line["cash"], saved["warnings"]) == (0, 0, [])
    found = (await ann.get(f"portfolios/{book}/lots", status="closed")).json()["items"]
    assert [lot["realised_pnl"] for lot in found] == [realised]


@pytest.mark.parametrize("kind", ["buy", "sell_short", "opening"])
async def test_nothing_is_opened_for_nothing(ann: Person, kind: str) -> None:
    book = await an_empty_book(ann)

    answer = await refused(ann, book, a_trade(kind, 1, 0, "2022-12-20", symbol=CALL))

    assert answer == ("price", "price_not_positive")
