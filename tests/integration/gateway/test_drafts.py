"""Modelling sessions: drafts of a portfolio, which are in no list but their own."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.gateway.edge.dependencies import Gateway
from services.gateway.runs.queries.drafts import delete_of_gone_drafts
from services.snapshots.tables import PortfolioSnapshot
from shared.database import Database
from tests.builders import AS_OF, a_snapshot, save
from tests.integration.gateway.people import Person

SESSIONS = "modelling/sessions"


@pytest.fixture
async def book(market: None, admin: Database, ann: Person) -> str:
    """A portfolio of Ann's that was valued on AS_OF."""
    portfolio_id = await ann.uploaded()
    await save(admin, PortfolioSnapshot, [a_snapshot(UUID(portfolio_id), AS_OF)])
    return portfolio_id


async def a_draft(person: Person, portfolio_id: str, **terms: Any) -> dict[str, Any]:
    """A new draft of the portfolio."""
    answer = await person.post(SESSIONS, {"portfolio_id": portfolio_id, **terms})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_draft_names_what_it_is_a_branch_of(ann: Person, book: str) -> None:
    draft = await a_draft(ann, book, name="  Less technology ")

    assert (draft["name"], draft["state"], draft["version"]) == ("Less technology", "draft", 1)
    base = {"portfolio_id": book, "name": "book", "session_date": str(AS_OF), "moved": False}
    assert draft["base"] == {**base, "changes": []}
    entered: dict[str, Any] = {"trades": [], "warnings": []}
    assert (await ann.get(f"{SESSIONS}/{draft['draft_id']}")).json() == draft | entered
    assert (await ann.get(SESSIONS, base_id=book)).json()["items"] == [draft]
    assert (await ann.get(SESSIONS, base_id=str(uuid4()))).json()["total"] == 0


@pytest.mark.usefixtures("market")
async def test_a_portfolio_without_a_snapshot_has_no_draft(ann: Person) -> None:
    portfolio_id = await ann.uploaded()

    answer = await ann.post(SESSIONS, {"portfolio_id": portfolio_id})

    assert (answer.status_code, answer.json()["code"]) == (422, "not_calculated")


async def test_a_draft_is_in_no_list_of_portfolios_and_takes_no_edit(
    ann: Person, book: str
) -> None:
    before = (await ann.get("tags")).json()
    draft_id = (await a_draft(ann, book, name="book"))["draft_id"]

    listed = (await ann.get("portfolios")).json()
    assert [row["portfolio_id"] for row in listed["items"]] == [book]
    assert (await ann.get("portfolio")).json()["portfolio"]["portfolio_id"] == book
    assert (await ann.get("tags")).json() == before
    assert (await ann.get(f"portfolios/{draft_id}")).status_code == 200  # it is named
    position = {"symbol": "AAPL", "quantity": 1, "entry_price": 1, "entry_date": str(AS_OF)}
    line = {"kind": "deposit", "trade_date": str(AS_OF), "amount": 5}
    edits = [
        await ann.request("DELETE", f"portfolios/{draft_id}"),
        await ann.request("PATCH", f"portfolios/{draft_id}", json={"name": "Mine"}),
        await ann.post("positions", {"portfolio_id": draft_id, **position}),
        await ann.post(f"portfolios/{draft_id}/transactions", {"transactions": [line]}),
        await ann.post(f"portfolios/{draft_id}/snapshots", {}),
        await ann.post(SESSIONS, {"portfolio_id": draft_id}),
        await ann.upload(portfolio_id=draft_id),
    ]
    assert [(each.status_code, each.json()["code"]) for each in edits] == [(409, "is_draft")] * 7


async def test_two_tabs_cannot_change_one_version(ann: Person, book: str) -> None:
    draft_id = (await a_draft(ann, book))["draft_id"]
    tag = (await ann.get(f"{SESSIONS}/{draft_id}")).headers["etag"]

    async def renamed(name: str, **headers: str) -> Any:
        path = f"{SESSIONS}/{draft_id}"
        return await ann.request("PATCH", path, json={"name": name}, headers=headers)

    first = await renamed("One", **{"If-Match": tag})
    second = await renamed("Two", **{"If-Match": tag})
    without = await renamed("Three")

    assert (first.status_code, first.json()["version"]) == (200, 2)
    assert first.headers["etag"] != tag
    assert (second.status_code, second.json()["code"]) == (412, "version_changed")
    assert (without.status_code, without.json()["code"]) == (428, "if_match_required")
    assert (await renamed("Two", **{"If-Match": '"2"'})).json()["name"] == "Two"


async def test_a_discarded_draft_leaves_no_row(
    gateway: Gateway, admin: Database, ann: Person, book: str
) -> None:
    draft_id = (await a_draft(ann, book))["draft_id"]

    gone = await ann.request("DELETE", f"{SESSIONS}/{draft_id}")
    async with gateway.database.transaction() as session:
        await delete_of_gone_drafts(session)

    assert gone.status_code == 204
    assert (await ann.get(f"{SESSIONS}/{draft_id}")).status_code == 404
    assert [table async for table in holding(admin, draft_id)] == ["gateway.audit_log"]


async def holding(admin: Database, word: str) -> AsyncIterator[str]:
    """The tables with a row that names something, in any column."""
    named = text(
        "select format('%s.%s', schemaname, tablename) from pg_tables where schemaname not in "
        "('pg_catalog', 'information_schema') order by 1"
    )
    async with admin.transaction() as session:
        for table in (await session.scalars(named)).all():
            rows = text(f"select exists (select from {table} as r where r::text like :word)")
            if await session.scalar(rows, {"word": f"%{word}%"}):
                yield table


async def test_a_draft_goes_with_its_base(ann: Person, book: str) -> None:
    draft_id = (await a_draft(ann, book))["draft_id"]

    await ann.request("DELETE", f"portfolios/{book}")

    assert (await ann.get(f"{SESSIONS}/{draft_id}")).status_code == 404
    assert (await ann.get(f"portfolios/{draft_id}")).status_code == 404


async def test_a_draft_says_what_changed_in_its_base(ann: Person, book: str) -> None:
    draft_id = (await a_draft(ann, book))["draft_id"]
    line = {"kind": "deposit", "trade_date": str(AS_OF), "amount": 5}

    await ann.post(f"portfolios/{book}/transactions", {"transactions": [line]})
    base = (await ann.get(f"{SESSIONS}/{draft_id}")).json()["base"]

    assert base["moved"]
    assert [(each["kind"], each["amount"]) for each in base["changes"]] == [("deposit", 5.0)]
