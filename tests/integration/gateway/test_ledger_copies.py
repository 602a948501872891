"""A ledger that is exported as CSV and uploaded into another portfolio is the same ledger."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from services.ingest.tables import CorporateAction
from shared.database import Database
from tests.builders import AS_OF, save
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_ledger import a_book_of, a_trade, enter, lines_of

CALL = "AAPL230616C00150000"
SHOWN = ("kind", "trade_date", "symbol", "quantity", "price", "amount", "fees", "cash", "stated_on")
OF_LOTS = ("symbol", "opened_quantity", "quantity", "entry_price", "entry_date", "realised_pnl")


@pytest.fixture(autouse=True)
async def split(market: None, admin: Database) -> None:
    """AAPL splits 4:1 between the trades and today."""
    terms = {"symbol": "AAPL", "ex_date": date(2022, 12, 14), "kind": "split", "source": "test"}
    await save(admin, CorporateAction, [{**terms, "value": Decimal(4)}])


def money(kind: str, amount: float, day: str = "2022-12-01", **more: Any) -> dict[str, Any]:
    """A line that moves cash, or states the equity."""
    return {"kind": kind, "amount": amount, "trade_date": day, **more}


async def copied(person: Person, book: str) -> str:
    """The id of a portfolio made of the CSV export of another."""
    file = await person.get(f"portfolios/{book}/transactions/export")
    answer = await person.upload(file.content, portfolio_name=uuid4().hex, mode="all_or_nothing")
    assert answer.status_code == 201, (answer.text, file.text)
    return str(answer.json()["portfolio"]["portfolio_id"])


async def ledger_of(person: Person, book: str) -> tuple[list[list[Any]], list[list[Any]]]:
    """The lines and lots of a portfolio, without ids, by which those of one day are in order."""
    lines = [[line[name] for name in SHOWN] for line in await lines_of(person, book)]
    lots = (await person.get(f"portfolios/{book}/lots")).json()["items"]
    return sorted(lines, key=str), sorted([lot[name] for name in OF_LOTS] for lot in lots)


async def test_a_copy_is_in_the_same_shares(ann: Person) -> None:
    today = {"stated_on": str(AS_OF)}
    book = await a_book_of(
        ann,
        a_trade("opening", 100, 30, "2022-06-01", **today),
        a_trade("opening", 4, 2.5, "2022-06-02", symbol="AAPL230616C00037500", **today),
        a_trade("buy", 10, 120, "2022-06-01"),
        a_trade("sell", 20, 31, "2022-12-20"),
    )

    copy = await copied(ann, book)

    assert await ledger_of(ann, copy) == await ledger_of(ann, book)
    held = (await ann.get("positions", portfolio_id=copy, as_of=str(AS_OF))).json()["items"]
    assert sorted(each["quantity"] for each in held if each["strike"] is None) == [40, 80]


async def test_what_is_transferred_short_stays_short(ann: Person) -> None:
    book = await a_book_of(
        ann,
        a_trade("transfer_in", -20, 110, "2022-06-03", symbol="MSFT"),
        a_trade("transfer_in", 25, 111, "2022-06-03", symbol="XOM"),
        a_trade("transfer_out", 5, 112, "2022-06-05", symbol="XOM"),
    )
    lots = (await ann.get(f"portfolios/{book}/lots", symbol="MSFT")).json()["items"]
    named = {"symbol": "MSFT", "lot_id": lots[0]["position_id"]}
    await enter(ann, book, a_trade("transfer_out", 5, 108, "2022-06-10", **named))

    copy = await copied(ann, book)

    assert await ledger_of(ann, copy) == await ledger_of(ann, book)
    held = (await ann.get("positions", portfolio_id=copy)).json()["items"]
    assert {each["symbol"]: each["quantity"] for each in held} == {"MSFT": -15, "XOM": 20}


async def test_money_keeps_its_sign_and_its_fees(ann: Person) -> None:
    book = await a_book_of(
        ann,
        a_trade("sell_short", 2, 5, "2022-11-01", symbol=CALL, fees=1.3),
        money("deposit", 1000, fees=15),
        money("withdrawal", 200, fees=2.5),
        money("dividend", -12.5, symbol="AAPL", fees=0.4),
        money("interest", -3.25),
        money("borrow_fee", 2.5),
        money("fee", 9.75),
        money("transfer_in", 500),
        money("equity", 12_345.67),
        money("equity", -12.5, day="2022-12-02"),
        money("equity", 0, day="2022-12-05"),
    )

    copy = await copied(ann, book)

    assert await ledger_of(ann, copy) == await ledger_of(ann, book)


async def test_fees_beside_a_brokers_net_amount_are_not_taken_twice(ann: Person) -> None:
    file = "date,type,symbol,fees,amount\n2022-12-01,dividend,AAPL,0.40,12.10\n"

    answer = await ann.upload(file.encode(), portfolio_name=uuid4().hex)

    (line,) = await lines_of(ann, answer.json()["portfolio"]["portfolio_id"])
    assert (line["amount"], line["fees"], line["cash"]) == (12.1, 0, 12.1)


@pytest.mark.parametrize(
    ("day", "code"), [("soon", "invalid_date"), ("2099-12-31", "date_in_future")]
)
async def test_a_day_of_shares_that_cannot_be_is_refused(ann: Person, day: str, code: str) -> None:
    line = f"2022-12-01,buy,AAPL,10,120,{day}\n"
    file = f"date,type,symbol,quantity,price,stated_on\n{line}"

    answer = await ann.upload(file.encode(), portfolio_name=uuid4().hex, dry_run="true")

    problems = answer.json()["problems"]
    assert [(each["field"], each["code"]) for each in problems] == [("stated_on", code)]
