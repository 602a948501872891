"""Ledgers as their owners read and write them: transactions, lots, expiries."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from services.ingest.tables import CorporateAction
from shared.database import Database
from tests.builders import AS_OF, a_price, save, save_prices
from tests.integration.gateway.people import HEADER, Person

BOUGHT = HEADER + "AAPL,100,120,2022-06-01,tech\n"
SPLIT_DAY = date(2022, 12, 23)


@pytest.fixture(autouse=True)
def with_a_market(market: None) -> None:
    """Three symbols are known, and the last session."""


def a_trade(kind: str, quantity: float, price: float, day: str, **more: Any) -> dict[str, Any]:
    """A trade in AAPL."""
    terms = {"kind": kind, "trade_date": day, "symbol": "AAPL", "quantity": quantity}
    return {**terms, "price": price, **more}


async def enter(person: Person, book: str, *transactions: dict[str, Any]) -> dict[str, Any]:
    """What entering these transactions answers."""
    body = {"transactions": list(transactions)}
    answer = await person.post(f"portfolios/{book}/transactions", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def lines_of(person: Person, book: str, **query: Any) -> list[dict[str, Any]]:
    """The lines of the ledger that meet the conditions."""
    answer = await person.get(f"portfolios/{book}/transactions", **query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def an_empty_book(person: Person) -> str:
    """A portfolio without positions."""
    answer = await person.post("portfolios", {"name": uuid4().hex})
    return str(answer.json()["portfolio_id"])


async def a_book_of(person: Person, *transactions: dict[str, Any]) -> str:
    """A portfolio with these transactions and no others."""
    book = await an_empty_book(person)
    await enter(person, book, *transactions)
    return book


async def test_a_part_that_is_sold_leaves_the_rest_in_the_list(ann: Person) -> None:
    book = await a_book_of(ann, a_trade("buy", 100, 120, "2022-06-01"))

    sold = await enter(ann, book, a_trade("sell", 40, 132.3, "2022-12-20", fees=1))

    (line,) = sold["transactions"]
    assert (line["quantity"], line["cash"], line["source"]) == (-40, 5291, "api")
    (position,) = (await ann.get("positions", portfolio_id=book)).json()["items"]
    assert (position["quantity"], position["opened_quantity"]) == (60, 100)
    assert (position["cost"], position["realised_pnl"]) == (7200, 492)
    assert (position["exit_date"], position["entry_price"]) == (None, 120)
    exported = (await ann.get("positions/export", portfolio_id=book, format="json")).json()
    (lot,) = exported["positions"]
    assert (lot["quantity"], lot["opened_quantity"]) == (60, 100)
    then = (
        await ann.get("positions/export", portfolio_id=book, format="json", as_of="2022-12-19")
    ).json()
    assert then["positions"][0]["quantity"] == 100


async def test_a_lot_closed_in_parts_shows_what_was_opened(ann: Person) -> None:
    book = await a_book_of(
        ann,
        a_trade("buy", 100, 120, "2022-06-01"),
        a_trade("sell", 40, 130, "2022-12-20"),
        a_trade("sell", 60, 110, "2022-12-21"),
    )

    (position,) = (await ann.get("positions", portfolio_id=book, status="closed")).json()["items"]

    assert (position["quantity"], position["opened_quantity"]) == (100, 100)
    assert (position["exit_date"], position["exit_price"]) == ("2022-12-21", 118)
    assert position["realised_pnl"] == -200


@pytest.mark.parametrize(
    ("day", "held", "gained"),
    [("2022-12-16", 100, None), ("2022-12-20", 60, 400), ("2022-12-21", 100, -200)],
)
async def test_a_past_day_knows_no_later_sale(
    ann: Person, day: str, held: int, gained: int | None
) -> None:
    book = await a_book_of(
        ann,
        a_trade("buy", 100, 120, "2022-06-01"),
        a_trade("sell", 40, 130, "2022-12-20"),
        a_trade("sell", 60, 110, "2022-12-21"),
        a_trade("buy", 10, 100, "2022-06-02"),
        a_trade("sell", 10, 101, "2022-12-22"),
    )

    items = (await ann.get("positions", portfolio_id=book, as_of=day)).json()["items"]

    assert [(each["quantity"], each["realised_pnl"]) for each in items] == [
        (held, gained),
        (10, None),
    ]


async def test_lots_name_what_closed_them_and_add_up(ann: Person) -> None:
    book = await a_book_of(
        ann,
        a_trade("buy", 100, 120, "2022-06-01"),
        a_trade("buy", 10, 100, "2022-06-02"),
        a_trade("sell", 105, 130, "2022-12-20"),
    )

    answer = (await ann.get(f"portfolios/{book}/lots")).json()
    open_ones = (await ann.get(f"portfolios/{book}/lots", status="open", symbol="aapl")).json()

    first, second = answer["items"]
    assert [closing["realised_pnl"] for closing in first["closings"]] == [1000]
    assert (first["quantity"], first["exit_date"]) == (0, "2022-12-20")
    assert first["days_held"] == (date(2022, 12, 20) - date(2022, 6, 1)).days
    assert [closing["quantity"] for closing in second["closings"]] == [-5]
    assert (second["quantity"], second["realised_pnl"], second["cost"]) == (5, 150, 500)
    assert answer["totals"]["realised_pnl"] == 1150
    assert [lot["position_id"] for lot in open_ones["items"]] == [second["position_id"]]


async def test_transactions_are_paged_by_the_key(ann: Person, admin: Database) -> None:
    book = await an_empty_book(ann)
    days = ["2022-12-20", "2022-12-21", "2022-12-21", "2022-12-22", "2022-12-27"]
    await enter(ann, book, *(a_trade("buy", 4, 10 + n, day) for n, day in enumerate(days)))
    await save_prices(admin, a_price("AAPL", date(2022, 12, 20), 520), a_price("AAPL", AS_OF, 130))
    known = {"symbol": "AAPL", "ex_date": SPLIT_DAY, "kind": "split", "value": Decimal(4)}
    await save(admin, CorporateAction, [{**known, "source": "test"}])
    query = {"limit": 2, "kind": ["buy", "split"]}

    for sort, wanted in (("trade_date", [10, 11, 12, 13, None, 14]),):
        pages: list[list[Any]] = []
        after: dict[str, str] = {}
        while True:
            answer = (
                await ann.get(f"portfolios/{book}/transactions", **query, sort=sort, **after)
            ).json()
            pages.append([item["price"] for item in answer["items"]])
            if answer["next"] is None:
                break
            after = {"after": answer["next"]}
        assert [price for page in pages for price in page] == wanted
    down = await lines_of(ann, book, sort="-trade_date", kind=["buy", "split"])
    assert [line["price"] for line in down] == [14, None, 13, 12, 11, 10]
    split = next(line for line in down if line["kind"] == "split")
    assert (split["source"], split["quantity"], split["trade_date"]) == (
        "system",
        48,
        str(SPLIT_DAY),
    )
    assert await lines_of(ann, book, source="system") == [split]
    bad = await ann.get(f"portfolios/{book}/transactions", after="nonsense")
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_cursor")


async def test_a_dividend_is_listed_with_what_it_paid(ann: Person, admin: Database) -> None:
    book = await a_book_of(ann, a_trade("buy", 100, 120, "2022-06-01"))
    await save_prices(admin, a_price("AAPL", date(2022, 12, 20), 130), a_price("AAPL", AS_OF, 130))
    paid = {"symbol": "AAPL", "ex_date": SPLIT_DAY, "kind": "dividend", "value": Decimal("0.23")}
    await save(admin, CorporateAction, [{**paid, "source": "test"}])

    (line,) = await lines_of(ann, book, kind="dividend")

    assert (line["quantity"], line["price"], line["cash"]) == (100, 0.23, 23)
    refused = await ann.post(
        f"portfolios/{book}/transactions/{line['transaction_id']}/reverse", None
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "is_derived")


async def test_a_reversal_restores_what_was_before(ann: Person) -> None:
    book = await a_book_of(ann, a_trade("buy", 100, 120, "2022-06-01"))
    sold = await enter(ann, book, a_trade("sell", 40, 130, "2022-12-20"))
    path = f"portfolios/{book}/transactions/{sold['transactions'][0]['transaction_id']}/reverse"

    undone = await ann.post(path, None)
    again = await ann.post(path, None)
    of_it = await ann.post(
        f"portfolios/{book}/transactions/"
        f"{undone.json()['transactions'][0]['transaction_id']}/reverse",
        None,
    )

    assert undone.status_code == 201, undone.text
    assert undone.json()["run_id"] is not None
    (position,) = (await ann.get("positions", portfolio_id=book)).json()["items"]
    assert (position["quantity"], position["realised_pnl"]) == (100, None)
    assert (again.status_code, again.json()["code"]) == (409, "reversed_already")
    assert (of_it.status_code, of_it.json()["code"]) == (409, "is_a_reversal")
    flags = [line["counts"] for line in await lines_of(ann, book)]
    assert sorted(flags) == [False, False, True]
    assert [line["kind"] for line in await lines_of(ann, book, counting="true")] == ["buy"]


async def test_a_brokers_id_is_entered_once(ann: Person) -> None:
    book = await an_empty_book(ann)
    trade = a_trade("buy", 100, 120, "2022-06-01", external_id="U1-7")
    first = await enter(ann, book, trade)

    again = await enter(ann, book, trade, a_trade("buy", 1, 120, "2022-06-01"))

    assert [each["external_id"] for each in again["skipped"]] == ["U1-7"]
    assert again["skipped"][0]["transaction_id"] == first["transactions"][0]["transaction_id"]
    assert [line["quantity"] for line in again["transactions"]] == [1]
    path = f"portfolios/{book}/transactions/{again['skipped'][0]['transaction_id']}/reverse"
    await ann.post(path, None)
    corrected = await enter(ann, book, {**trade, "quantity": 90})
    assert (corrected["skipped"], corrected["transactions"][0]["quantity"]) == ([], 90)


async def test_every_wrong_field_is_named_and_nothing_is_written(ann: Person) -> None:
    book = await an_empty_book(ann)
    wrong = [
        {"kind": "split", "trade_date": "2022-06-01"},
        {"kind": "buy", "trade_date": "2022-06-01"},
        a_trade("buy", -5, 120, "2022-06-01"),
        a_trade("sell", 5, 120, "2023-06-01"),
        a_trade("buy", 5.1234567, 120, "2022-06-01"),
        a_trade("buy", 900_000_000_000, 900_000, "2022-06-01"),
        {"kind": "deposit", "trade_date": "2022-06-01"},
        {"kind": "deposit", "trade_date": "2022-06-01", "amount": 1.234},
        {"kind": "withdrawal", "trade_date": "2023-06-01", "amount": 5},
        {"kind": "dividend", "trade_date": "2022-06-01", "amount": 5},
        {"kind": "equity", "trade_date": "2022-12-25", "amount": 5},
        a_trade("sell", 5, 120, "2022-06-01", lot_id=str(uuid4())),
        a_trade("buy", 5, 120, "2022-06-01"),
    ]

    answer = await ann.post(f"portfolios/{book}/transactions", {"transactions": wrong})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_transaction")
    fields = [error["field"].removeprefix("transactions.") for error in answer.json()["errors"]]
    assert fields == [
        *("0.kind", "1.symbol", "1.quantity", "1.price", "2.quantity", "3.trade_date"),
        *("4.quantity", "5.quantity", "6.amount", "7.amount", "8.trade_date", "9.symbol"),
        *("10.trade_date", "11.lot_id"),
    ]
    assert await lines_of(ann, book) == []


async def test_selling_more_than_held_warns_and_opens_a_short_lot(ann: Person) -> None:
    book = await a_book_of(ann, a_trade("buy", 10, 120, "2022-06-01"))

    sold = await enter(ann, book, a_trade("sell", 15, 130, "2022-12-20"))

    assert [warning["code"] for warning in sold["warnings"]] == ["more_than_held"]
    items = (await ann.get("positions", portfolio_id=book, status="open")).json()["items"]
    assert [item["quantity"] for item in items] == [-5]


async def test_money_is_signed_by_its_kind(ann: Person) -> None:
    book = await an_empty_book(ann)
    day = "2022-12-20"
    kinds = {"deposit": 100, "withdrawal": -100, "fee": -100, "interest": 100, "equity": 100}

    saved = await enter(
        ann, book, *({"kind": kind, "trade_date": day, "amount": 100} for kind in kinds)
    )

    assert {line["kind"]: line["amount"] for line in saved["transactions"]} == kinds
    assert saved["transactions"][-1]["cash"] == 0
    flows = (await ann.get(f"portfolios/{book}/cash-flows")).json()
    assert [flow["amount"] for flow in flows["items"]] == [-100, 100]


async def test_expiries_say_what_would_happen(ann: Person, admin: Database) -> None:
    book = await an_empty_book(ann)
    call, put = "AAPL230120C00120000", "AAPL230120P00120000"
    await save_prices(admin, a_price("AAPL", AS_OF, 130))
    terms = {"trade_date": "2022-12-20", "price": 5}
    await enter(
        ann,
        book,
        {**terms, "kind": "sell_short", "symbol": call, "quantity": 2},
        {**terms, "kind": "buy", "symbol": put, "quantity": 1},
        {**terms, "kind": "buy", "symbol": "MSFT230120C00200000", "quantity": 1},
    )

    answer = (await ann.get(f"portfolios/{book}/expiries")).json()

    (expiry,) = answer["items"]
    assert (answer["as_of"], expiry["expiry"], expiry["days_left"]) == (
        str(AS_OF),
        "2023-01-20",
        23,
    )
    options = {option["symbol"]: option for option in expiry["options"]}
    assert (options[call]["outcome"], options[call]["shares"], options[call]["cash"]) == (
        "assigned",
        -200,
        24_000,
    )
    assert (options[put]["outcome"], options[put]["in_the_money"]) == ("worthless", False)
    assert options["MSFT230120C00200000"]["reason"] == "no close of MSFT is known"


async def test_a_settled_option_is_listed_with_its_delivery(ann: Person, admin: Database) -> None:
    book = await an_empty_book(ann)
    call = "AAPL221216C00120000"
    await save_prices(admin, a_price("AAPL", date(2022, 12, 16), 130), a_price("AAPL", AS_OF, 131))
    await enter(
        ann,
        book,
        {
            "kind": "buy",
            "trade_date": "2022-12-01",
            "symbol": call,
            "quantity": 1,
            "price": 5,
        },
    )

    ended, delivered = await lines_of(ann, book, kind="exercise")

    assert (ended["symbol"], ended["quantity"], ended["cash"]) == (call, -1, 0)
    assert (delivered["symbol"], delivered["quantity"], delivered["price"]) == ("AAPL", 100, 120)
    assert delivered["cash"] == -12_000
    lots = (await ann.get(f"portfolios/{book}/lots")).json()["items"]
    assert {lot["symbol"]: lot["opened_by"] for lot in lots}["AAPL"] == delivered["transaction_id"]
    assert {lot["symbol"]: lot["realised_pnl"] for lot in lots}[call] == -500


async def test_another_lot_method_derives_the_lots_again(ann: Person) -> None:
    book = await a_book_of(
        ann,
        a_trade("buy", 10, 100, "2022-06-01"),
        a_trade("buy", 10, 120, "2022-06-02"),
        a_trade("sell", 10, 130, "2022-12-20"),
    )
    before = (await ann.get(f"portfolios/{book}/lots", status="open")).json()["items"]

    changed = await ann.request("PATCH", f"portfolios/{book}", json={"lot_method": "lifo"})

    after = (await ann.get(f"portfolios/{book}/lots", status="open")).json()["items"]
    assert (changed.status_code, changed.json()["lot_method"]) == (200, "lifo")
    assert [lot["entry_price"] for lot in (*before, *after)] == [120, 100]
    positions = (await ann.get("positions", portfolio_id=book, status="open")).json()["items"]
    assert [position["entry_price"] for position in positions] == [100]


async def test_settlement_in_cash_delivers_nothing(ann: Person, admin: Database) -> None:
    book = await an_empty_book(ann)
    await save_prices(admin, a_price("AAPL", AS_OF, 130))
    call = {"kind": "sell_short", "symbol": "AAPL230120C00120000", "trade_date": "2022-12-20"}
    await enter(ann, book, {**call, "quantity": 2, "price": 5})

    await ann.request("PATCH", f"portfolios/{book}", json={"settlement": "cash"})

    (expiry,) = (await ann.get(f"portfolios/{book}/expiries")).json()["items"]
    assert expiry["options"][0]["outcome"] == "cash_settled"
    assert expiry["cash"] == -2000
    kept = (await ann.get(f"portfolios/{book}")).json()
    assert (kept["settlement"], kept["valued_from"]) == ("cash", str(AS_OF))


async def test_a_part_sold_after_a_split_is_of_the_new_shares(ann: Person, admin: Database) -> None:
    book = await an_empty_book(ann)
    await save_prices(admin, a_price("AAPL", date(2022, 12, 20), 520), a_price("AAPL", AS_OF, 130))
    known = {"symbol": "AAPL", "ex_date": SPLIT_DAY, "kind": "split", "value": Decimal(4)}
    await save(admin, CorporateAction, [{**known, "source": "test"}])
    await enter(ann, book, a_trade("buy", 100, 520, "2022-12-20"))

    await enter(ann, book, a_trade("sell", 160, 131, str(AS_OF)))

    now, then = [
        (await ann.get("positions/export", portfolio_id=book, format="json", as_of=day)).json()
        for day in (str(AS_OF), "2022-12-21")
    ]
    shown = [
        (row["quantity"], row["opened_quantity"], row["entry_price"])
        for answer in (now, then)
        for row in answer["positions"]
    ]
    assert shown == [(240, 400, 130), (100, 100, 520)]
    (split,) = await lines_of(ann, book, kind="split")
    assert (split["quantity"], split["note"]) == (300, "4:1, 100 held before")
    (lot,) = (await ann.get(f"portfolios/{book}/lots")).json()["items"]
    assert (lot["closings"][0]["realised_pnl"], lot["realised_pnl"]) == (160, 160)
