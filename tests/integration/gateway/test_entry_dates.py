"""No write takes a day to come, from which the portfolio's NAV would start."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.gateway.books.editing import exchange_day
from services.gateway.books.queries.ledger import save_valued_from
from shared.database import Database
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.test_ledger_writes import SCHWAB, an_empty_book, valued_from

pytestmark = pytest.mark.usefixtures("market")

ROW = HEADER + "AAPL,10,130,2022-12-20,\n"
FAR = "2099-06-01"
TRADE: dict[str, Any] = {"kind": "buy", "symbol": "AAPL", "quantity": 1, "price": 130}
POSITION = {"symbol": "AAPL", "quantity": 1, "entry_price": 130, "entry_date": "2022-12-20"}


def tomorrow() -> str:
    """The day after today at the exchange."""
    return str(exchange_day() + timedelta(days=1))


@pytest.mark.parametrize("day", [FAR, tomorrow()])
async def test_json_entered_for_a_day_to_come_is_refused(
    ann: Person, admin: Database, day: str
) -> None:
    book = await an_empty_book(ann)
    held = (await ann.post("positions", POSITION)).json()["position_id"]
    started = await valued_from(admin, book)
    lines = {"transactions": [{**TRADE, "trade_date": day}]}

    answers = [
        await ann.post(f"portfolios/{book}/transactions?as_of={day}", lines),
        await ann.post(f"positions?as_of={day}", {**POSITION, "entry_date": day}),
        await ann.request("PUT", f"positions/{held}?as_of={day}", json={"entry_date": day}),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (422, "date_in_future")
        assert answer.json()["errors"][0]["field"] == "as_of"
    assert await valued_from(admin, book) == started == date(2022, 12, 28)


@pytest.mark.parametrize("field", ["as_of", "stated_on", "equity_date"])
async def test_a_file_for_a_day_to_come_is_refused(ann: Person, field: str) -> None:
    answer = await ann.upload(ROW.encode(), **{field: FAR, "equity_balance": "5"})

    assert (answer.status_code, answer.json()["code"]) == (422, "date_in_future")
    assert answer.json()["errors"][0]["field"] == field


async def test_equity_of_a_session_before_the_first_day_is_refused(ann: Person) -> None:
    answer = await ann.upload(ROW.encode(), equity_balance="5", equity_date="1900-01-01")

    assert (answer.status_code, answer.json()["code"]) == (422, "date_too_early")
    assert answer.json()["errors"][0]["field"] == "equity_date"
    assert "1900-01-02" in answer.json()["detail"]


async def test_equity_of_the_first_holiday_is_advised_for_the_first_session(ann: Person) -> None:
    book = await an_empty_book(ann)
    line = {"kind": "equity", "trade_date": "1900-01-01", "amount": 5}

    answer = await ann.post(f"portfolios/{book}/transactions", {"transactions": [line]})

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (422, "not_a_session")
    assert "1900-01-02" in error["message"]


async def test_an_export_of_a_day_to_come_is_refused(ann: Person) -> None:
    answer = await ann.upload(SCHWAB.replace("2022/12/23", "2099/12/23").encode())

    assert (answer.status_code, answer.json()["code"]) == (422, "date_in_future")
    assert answer.json()["errors"][0]["field"] == "file"


async def test_a_cash_flow_of_a_day_to_come_is_refused(ann: Person) -> None:
    book = await an_empty_book(ann)
    flow = {"flow_date": tomorrow(), "amount": 100}

    answer = await ann.post(f"portfolios/{book}/cash-flows", flow)

    assert (answer.status_code, answer.json()["code"]) == (422, "date_in_future")
    assert answer.json()["errors"][0]["field"] == "flow_date"


async def test_nav_that_starts_on_a_session_to_come_starts_with_an_earlier_line(
    ann: Person, admin: Database
) -> None:
    book = await an_empty_book(ann)
    async with admin.transaction() as session:
        await session.execute(text("update gateway.portfolios set valued_from = '2099-06-01'"))

    await ann.post("positions", POSITION)

    assert await valued_from(admin, book) == date(2022, 12, 28)


async def test_a_portfolio_starts_before_any_session_is_known(ann: Person, admin: Database) -> None:
    book = await an_empty_book(ann)
    async with admin.transaction() as session:
        await session.execute(text("update gateway.portfolios set valued_from = null"))
        await save_valued_from(session, UUID(book), date(2022, 12, 20), latest=None)

    assert await valued_from(admin, book) == date(2022, 12, 20)
