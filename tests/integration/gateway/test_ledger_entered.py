"""Lines that concern others of a portfolio's ledger: dividends, equity and what ends worthless."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from services.ingest.tables import CorporateAction
from shared.database import Database
from tests.builders import AS_OF, a_price, save, save_prices
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_ledger import (
    a_book_of,
    a_trade,
    an_empty_book,
    enter,
    lines_of,
)

pytestmark = pytest.mark.usefixtures("market")

EX_DATE = date(2022, 11, 15)
VALUED = [date(2022, 11, 14), EX_DATE, date(2022, 12, 1)]
CONTRACT = "AAPL230120C00150000"
DIVIDEND = {"kind": "dividend", "symbol": "AAPL", "trade_date": "2022-12-01", "amount": 50}


async def a_valued_holding(person: Person, admin: Database) -> str:
    """100 AAPL, which paid 0.50 on a session that is valued like one before and one after."""
    book = await a_book_of(person, a_trade("buy", 100, 120, "2022-11-10"))
    paid = {"symbol": "AAPL", "ex_date": EX_DATE, "kind": "dividend", "value": Decimal("0.50")}
    await save(admin, CorporateAction, [{**paid, "source": "test"}])
    await save_prices(admin, a_price("AAPL", EX_DATE, 130), a_price("AAPL", AS_OF, 130))
    sql = text(
        "insert into snapshots.portfolio_snapshots (portfolio_id, as_of, market_value, daily_pnl, "
        "closed_pnl, net_flow, unrealised_pnl, exposures, delta, gamma, theta, vega, rho, counts, "
        "price_coverage, greeks_coverage, warnings) "
        "values (:book, :day, 0, 0, 0, 0, 0, '{}', 0, 0, 0, 0, 0, '{}', 1, 1, '[]')"
    )
    async with admin.transaction() as session:
        await session.execute(sql, [{"book": UUID(book), "day": day} for day in VALUED])
    return book


async def test_a_dividend_restates_the_ex_date_that_it_was_paid_for(
    ann: Person, admin: Database
) -> None:
    book = await a_valued_holding(ann, admin)

    entered = await enter(ann, book, DIVIDEND)

    line = entered["transactions"][0]["transaction_id"]
    undone = await ann.post(f"portfolios/{book}/transactions/{line}/reverse", None)
    since = {"first": "2022-11-15", "last": "2022-12-01", "count": 2}
    assert entered["restated"] == since
    assert undone.json()["restated"] == since


async def test_a_dividend_of_a_file_restates_its_ex_date(ann: Person, admin: Database) -> None:
    book = await a_valued_holding(ann, admin)
    data = b"date,type,symbol,amount\n2022-12-01,dividend,AAPL,50.00\n"

    report = (await ann.upload(data, portfolio_id=book)).json()

    assert report["restated"] == {"first": "2022-11-15", "last": "2022-12-01", "count": 2}


async def test_other_income_restates_nothing_before_its_day(ann: Person, admin: Database) -> None:
    book = await a_valued_holding(ann, admin)

    entered = await enter(ann, book, {"kind": "interest", "trade_date": "2022-12-01", "amount": 5})

    assert entered["restated"] == {"first": "2022-12-01", "last": "2022-12-01", "count": 1}


async def test_a_derived_dividend_of_several_lots_is_rounded_once(
    ann: Person, admin: Database
) -> None:
    days = ("2022-11-08", "2022-11-09", "2022-11-10")
    book = await a_book_of(ann, *(a_trade("buy", 1, 120, day) for day in days))
    paid = {"symbol": "AAPL", "ex_date": EX_DATE, "kind": "dividend", "value": Decimal("0.333")}
    await save(admin, CorporateAction, [{**paid, "source": "test"}])
    await save_prices(admin, a_price("AAPL", EX_DATE, 130), a_price("AAPL", AS_OF, 130))

    (line,) = await lines_of(ann, book, kind="dividend")

    assert (line["quantity"], line["amount"], line["cash"]) == (3, 1.0, 1.0)


async def test_nothing_is_sold_short_for_nothing(ann: Person) -> None:
    book = await an_empty_book(ann)
    held = a_trade("buy", 2, 5, "2022-11-10", symbol=CONTRACT)
    sold = a_trade("sell", 2, 0, "2022-12-20", symbol=CONTRACT)
    body = {"transactions": [a_trade("buy", 1, 120, "2022-06-01"), sold]}

    refused = await ann.post(f"portfolios/{book}/transactions", body)
    beyond = await ann.post(
        f"portfolios/{book}/transactions", {"transactions": [held, {**sold, "quantity": 3}]}
    )
    nothing = await lines_of(ann, book)
    closed = await enter(ann, book, held, sold)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_transaction")
    assert [error["field"] for error in refused.json()["errors"]] == ["transactions.1.price"]
    assert [error["field"] for error in beyond.json()["errors"]] == ["transactions.1.price"]
    assert nothing == []
    assert closed["warnings"] == []
    (lot,) = (await ann.get(f"portfolios/{book}/lots")).json()["items"]
    assert (lot["quantity"], lot["realised_pnl"]) == (0, -1000)


async def test_what_a_closing_for_nothing_closed_may_be_reversed(ann: Person) -> None:
    book = await an_empty_book(ann)
    held = a_trade("buy", 2, 5, "2022-11-10", symbol=CONTRACT)
    entered = await enter(ann, book, held, a_trade("sell", 2, 0, "2022-12-20", symbol=CONTRACT))

    line = entered["transactions"][0]["transaction_id"]
    undone = await ann.post(f"portfolios/{book}/transactions/{line}/reverse", None)

    (warning,) = undone.json()["warnings"]
    assert warning["message"].endswith("more than held: the rest is not entered")
    assert (await ann.get(f"portfolios/{book}/lots")).json()["items"] == []


async def test_another_equity_of_a_day_says_which_it_replaces(ann: Person) -> None:
    book = await an_empty_book(ann)
    equity = {"kind": "equity", "trade_date": "2022-12-20", "amount": 1000}

    first = await enter(ann, book, a_trade("buy", 1, 120, "2022-06-01"), equity)
    second = await enter(ann, book, {**equity, "amount": 2000}, {**equity, "amount": 3000})

    assert first["warnings"] == []
    assert [warning["code"] for warning in second["warnings"]] == ["equity_replaced"] * 2
    assert second["warnings"][0]["about"] == [first["transactions"][1]["transaction_id"]]
    assert "2022-12-20 was 2,000.00" in second["warnings"][1]["message"]


async def test_days_in_the_wrong_order_are_refused_by_name(ann: Person) -> None:
    book = await an_empty_book(ann)
    path = f"portfolios/{book}/transactions?from=2022-12-01&to="

    refused = await ann.get(f"{path}2022-11-01")
    same = await ann.get(f"{path}2022-12-01")

    assert (refused.status_code, same.status_code) == (422, 200)
    assert [error["field"] for error in refused.json()["errors"]] == ["from", "to"]


async def test_pnl_of_positions_is_the_days_where_one_is_closed(
    ann: Person, admin: Database
) -> None:
    book = await a_valued_holding(ann, admin)
    await enter(ann, book, a_trade("sell", 100, 131, str(EX_DATE)))
    (lot,) = (await ann.get(f"portfolios/{book}/lots")).json()["items"]
    sql = text(
        "update snapshots.portfolio_snapshots set closed_pnl = 150, daily_pnl = 150, closed = "
        "jsonb_build_array(jsonb_build_object('position_id', cast(:lot as text), 'daily_pnl', "
        "'150.00', 'income', '50.00')) where as_of = :day"
    )
    async with admin.transaction() as session:
        await session.execute(sql, {"lot": lot["position_id"], "day": EX_DATE})

    shown = [
        (await ann.get("positions", portfolio_id=book, status="all", as_of=str(day))).json()
        for day in (EX_DATE, VALUED[2])
    ]

    found = [
        (item["daily_pnl"], item["income"], item["reason"])
        for page in shown
        for item in page["items"]
    ]
    assert found == [(150, 50, "closed on 2022-11-15"), (None, None, "closed on 2022-11-15")]


async def test_a_dividend_that_the_price_holds_is_named(ann: Person, admin: Database) -> None:
    book = await a_valued_holding(ann, admin)
    adjusted = text("update ingest.daily_prices set close_basis = 'adjusted'")
    raw = await enter(ann, book, DIVIDEND)
    async with admin.transaction() as session:
        await session.execute(adjusted)

    entered = await enter(ann, book, {**DIVIDEND, "amount": 51})
    data = b"date,type,symbol,amount\n2022-12-01,dividend,AAPL,52.00\n"
    report = (await ann.upload(data, portfolio_id=book)).json()

    assert raw["warnings"] == []
    (warning,) = entered["warnings"]
    assert (warning["code"], warning["about"]) == ("dividend_in_price", ["AAPL"])
    assert [each["code"] for each in report["warnings"]] == ["dividend_in_price"]
