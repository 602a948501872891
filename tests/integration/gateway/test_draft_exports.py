"""A draft's trades as a file: it can be uploaded, and none of it is executed or entered twice."""

import csv
import io
from typing import Any

import httpx2
import pytest

from shared.database import Database
from tests.builders import AS_OF, a_price, save_prices
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_drafts import SESSIONS, a_traded_draft, book, priced

__all__ = ["book", "priced"]
FORMULA = '=HYPERLINK("http://example.com")'
TRADES: tuple[dict[str, Any], ...] = (
    {"action": "open", "symbol": "AAPL", "quantity": -130, "fees": 2.5, "note": FORMULA},
    {"action": "close", "symbol": "MSFT", "price": 241.123456},
    {"action": "open", "symbol": "XOM", "exposure": 5_000},
)
OWN = ("transaction_id", "portfolio_id", "source", "source_line", "created_at", "note")


@pytest.fixture(autouse=True)
async def msft(priced: str, admin: Database) -> None:
    """MSFT has a close too."""
    await save_prices(admin, a_price("MSFT", AS_OF, 235.0))


async def exported(person: Person, draft_id: str, form: str = "csv") -> httpx2.Response:
    answer = await person.get(f"{SESSIONS}/{draft_id}/export", format=form)
    assert answer.status_code == 200, answer.text
    return answer


async def a_draft_of(person: Person, portfolio_id: str) -> str:
    draft = await a_traded_draft(person, portfolio_id, *TRADES)
    return str(draft["draft_id"])


async def a_copy(person: Person) -> str:
    """A portfolio that holds what the base of the drafts holds."""
    copy = (await person.post("portfolios", {"name": "Copy"})).json()["portfolio_id"]
    opened = {"kind": "opening", "trade_date": "2022-06-01"}
    lots = [("AAPL", 100, 100), ("MSFT", -50, 200)]
    lines = [
        {**opened, "symbol": symbol, "quantity": quantity, "price": price}
        for symbol, quantity, price in lots
    ]
    answer = await person.post(f"portfolios/{copy}/transactions", {"transactions": lines})
    assert answer.status_code == 201, answer.text
    return str(copy)


async def traded(person: Person, portfolio_id: str) -> list[dict[str, Any]]:
    """The trades in the ledger, without what differs between portfolios."""
    page = await person.get(f"portfolios/{portfolio_id}/transactions", limit=1000)
    lines = [line for line in page.json()["items"] if line["kind"] != "opening"]
    return [{name: value for name, value in line.items() if name not in OWN} for line in lines]


async def booked(person: Person, draft_id: str) -> None:
    path = f"{SESSIONS}/{draft_id}/book"
    plan = (await person.post(path, {})).json()
    answer = await person.post(path, {"dry_run": False, "hash": plan["hash"]})
    assert answer.status_code == 201, answer.text


async def test_the_file_uploads_to_the_ledger_that_booking_makes(ann: Person, priced: str) -> None:
    draft_id = await a_draft_of(ann, priced)
    copy = await a_copy(ann)
    file = (await exported(ann, draft_id)).text

    report = (await ann.upload(file.encode(), portfolio_id=copy, mode="all_or_nothing")).json()
    await booked(ann, draft_id)
    sold = (await ann.get(f"portfolios/{copy}/transactions", kind="sell")).json()["items"][0]

    assert (report["source"]["format"], report["rejected"], report["new"]) == ("transactions", 0, 4)
    assert report["warnings"] == []
    assert await traded(ann, copy) == await traded(ann, priced)
    rows = list(csv.DictReader(io.StringIO(file)))
    assert (rows[0]["type"], rows[0]["quantity"], rows[0]["fees"]) == ("sell", "100", "2.5")
    assert rows[2]["price"] == "241.123456"
    assert (rows[0]["note"], sold["note"]) == (f"'{FORMULA}", FORMULA)  # disarmed, and taken back


async def test_what_is_booked_and_uploaded_is_entered_once(ann: Person, priced: str) -> None:
    draft_id = await a_draft_of(ann, priced)
    file = (await exported(ann, draft_id)).content
    await booked(ann, draft_id)
    before = await traded(ann, priced)

    report = (await ann.upload(file, portfolio_id=priced)).json()

    assert (report["receipt"]["skipped"], report["new"]) == (4, 0)
    assert {line["code"] for line in report["source"]["skipped"]} == {"known_id"}
    assert await traded(ann, priced) == before


async def test_the_lines_of_the_json_can_be_posted(ann: Person, priced: str) -> None:
    draft_id = await a_draft_of(ann, priced)
    copy = await a_copy(ann)
    trades = (await exported(ann, draft_id, "json")).json()

    answer = await ann.post(
        f"portfolios/{copy}/transactions", {"transactions": trades["transactions"]}
    )
    await booked(ann, draft_id)

    assert (trades["draft_id"], trades["portfolio_id"]) == (draft_id, priced)
    assert answer.status_code == 201, answer.text
    assert await traded(ann, copy) == await traded(ann, priced)


async def test_the_file_is_named_after_the_draft(ann: Person, priced: str) -> None:
    draft_id = await a_draft_of(ann, priced)

    async def named(name: str) -> str:
        tag = (await ann.get(f"{SESSIONS}/{draft_id}")).headers["etag"]
        path = f"{SESSIONS}/{draft_id}"
        await ann.request("PATCH", path, json={"name": name}, headers={"If-Match": tag})
        return (await exported(ann, draft_id)).headers["content-disposition"]

    assert await named('../Less "tech"\\ Ü') == (
        f'attachment; filename="trades-less-tech-{AS_OF}.csv"'
    )
    assert await named("日本") == f'attachment; filename="trades-{draft_id}-{AS_OF}.csv"'


async def test_another_users_trades_are_never_exported(
    ann: Person, bob: Person, priced: str
) -> None:
    draft_id = await a_draft_of(ann, priced)

    answer = await bob.get(f"{SESSIONS}/{draft_id}/export")

    assert (answer.status_code, answer.json()["code"]) == (404, "draft_not_found")
