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
from tests.builders import AS_OF, a_price, a_snapshot, save, save_prices
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.seeds import BEFORE
from tests.pipeline import answering_services
from tests.servers import Servers

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


# --- trades, and what becomes of a draft ---


@pytest.fixture
async def priced(book: str, admin: Database) -> str:
    """The same portfolio, with closes of AAPL and XOM."""
    await save_prices(admin, a_price("AAPL", AS_OF, 126.0), a_price("XOM", BEFORE, 108.5))
    return book


async def a_traded_draft(person: Person, portfolio_id: str, *trades: dict[str, Any]) -> Any:
    """A draft of the portfolio with trades."""
    draft_id = (await a_draft(person, portfolio_id))["draft_id"]
    answer = await person.post(f"{SESSIONS}/{draft_id}/trades", {"trades": trades})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def ended(admin: Database, run_id: str) -> None:
    """Let a draft's run have ended well."""
    done = text("update gateway.batch_runs set status = 'completed' where run_id = :run_id")
    async with admin.transaction() as session:
        await session.execute(done, {"run_id": UUID(run_id)})


async def calculated(person: Person, admin: Database, draft_id: str) -> Any:
    """The draft after a run of it that ended well."""
    started = await person.post(f"{SESSIONS}/{draft_id}/calculate", None)
    assert started.status_code == 202, started.text
    assert started.json()["state"] != "calculated"
    await ended(admin, started.json()["run"]["run_id"])
    return (await person.get(f"{SESSIONS}/{draft_id}")).json()


async def test_trades_are_lines_at_the_sessions_prices(ann: Person, priced: str) -> None:
    data = f"{HEADER}XOM,40,90,2022-06-01,\n".encode()
    uploaded = await ann.upload(data, portfolio_name="Other")
    other = uploaded.json()["portfolio"]["portfolio_id"]
    draft = await a_traded_draft(
        ann,
        priced,
        {"action": "open", "symbol": "AAPL", "quantity": -130, "fees": 2.5},
        {"action": "close", "symbol": "AAPL"},
        {"action": "subtract_portfolio", "portfolio_id": other},
    )

    said = [
        [(leg["kind"], leg["symbol"], leg["quantity"], leg["price"], leg["cash"]) for leg in legs]
        for legs in (trade["legs"] for trade in draft["trades"])
    ]
    assert said == [
        [("sell", "AAPL", -100.0, 126.0, 12_597.5), ("sell_short", "AAPL", -30.0, 126.0, 3_780.0)],
        [("buy_to_cover", "AAPL", 30.0, 126.0, -3_780.0)],
        [("sell_short", "XOM", -40.0, 108.5, 4_340.0)],
    ]
    assert [each["code"] for each in draft["warnings"]] == ["stale_price"]


async def test_a_trade_that_is_replaced_changes_those_after_it(ann: Person, priced: str) -> None:
    draft = await a_traded_draft(
        ann,
        priced,
        {"action": "open", "symbol": "AAPL", "quantity": 20},
        {"action": "adjust", "symbol": "AAPL", "quantity": 150},
    )
    path = f"{SESSIONS}/{draft['draft_id']}/trades"
    first, second = (trade["trade_id"] for trade in draft["trades"])

    wanted = {"action": "open", "symbol": "AAPL", "quantity": 50}
    replaced = await ann.request("PUT", f"{path}/{first}", json=wanted)
    removed = await ann.request("DELETE", f"{path}/{first}")
    unknown = await ann.request("DELETE", f"{path}/{first}")

    assert [trade["legs"] for trade in replaced.json()["trades"]][1] == []  # 150 are held already
    assert [trade["trade_id"] for trade in removed.json()["trades"]] == [second]
    assert removed.json()["trades"][0]["legs"][0]["quantity"] == 50.0
    assert unknown.json()["code"] == "trade_not_found"


async def test_a_trade_without_a_price_is_refused_by_name(
    ann: Person, priced: str, servers: Servers, admin: Database
) -> None:
    draft_id = (await a_draft(ann, priced))["draft_id"]
    trades = [{"action": "open", "symbol": symbol, "quantity": 1} for symbol in ("AAPL", "NOSUCH")]

    async with answering_services(servers, admin):
        answer = await ann.post(f"{SESSIONS}/{draft_id}/trades", {"trades": trades})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_trade")
    errors = answer.json()["errors"]
    assert [(each["field"], each["code"]) for each in errors] == [("trades.1.symbol", "no_price")]
    assert (await ann.get(f"{SESSIONS}/{draft_id}")).json()["trades"] == []


async def test_an_edit_of_the_base_is_taken_over_by_rebasing(
    ann: Person, admin: Database, priced: str
) -> None:
    draft = await a_traded_draft(ann, priced, {"action": "close", "symbol": "AAPL"})
    draft_id = draft["draft_id"]
    assert (await calculated(ann, admin, draft_id))["state"] == "calculated"
    line = {"kind": "sell", "symbol": "AAPL", "quantity": 40, "price": 126} | {
        "trade_date": str(AS_OF)
    }

    await ann.post(f"portfolios/{priced}/transactions", {"transactions": [line]})
    moved = (await ann.get(f"{SESSIONS}/{draft_id}")).json()
    refused = await ann.post(f"{SESSIONS}/{draft_id}/calculate", None)
    rebased = (await ann.post(f"{SESSIONS}/{draft_id}/rebase", {})).json()

    assert (moved["state"], moved["base"]["moved"]) == ("stale", True)
    assert [each["quantity"] for each in moved["base"]["changes"]] == [-40.0]
    assert (refused.status_code, refused.json()["code"]) == (409, "base_moved")
    assert (rebased["version"], rebased["base"]["moved"]) == (3, False)
    assert rebased["trades"][0]["legs"][0]["quantity"] == -60.0
    assert (await calculated(ann, admin, draft_id))["state"] == "calculated"


async def test_a_saved_draft_stays_as_it_is_and_can_be_booked(
    ann: Person, admin: Database, priced: str
) -> None:
    draft = await a_traded_draft(ann, priced, {"action": "close", "symbol": "AAPL"})
    path = f"{SESSIONS}/{draft['draft_id']}"

    early = await ann.post(f"{path}/save", {"name": "Kept"})
    await calculated(ann, admin, draft["draft_id"])
    kept = (await ann.post(f"{path}/save", {"name": "Kept"})).json()
    changes = [
        await ann.post(f"{path}/trades", {"csv": "symbol,quantity\nAAPL,1\n"}),
        await ann.post(f"{path}/calculate", None),
    ]
    impacts = (await ann.get(f"{path}/impacts")).json()["impacts"]
    dry = await ann.post(f"{path}/book", {})
    booked = await ann.post(f"{path}/book", {"dry_run": False, "hash": dry.json()["hash"]})
    after = (await ann.get(path)).json()

    assert (early.status_code, early.json()["code"]) == (409, "draft_not_calculated")
    assert (kept["state"], kept["name"]) == ("saved", "Kept")
    assert [each.json()["code"] for each in changes] == ["draft_saved"] * 2
    assert (dry.status_code, booked.status_code) == (200, 201)
    assert (after["state"], after["saved_at"]) == ("saved", kept["saved_at"])
    assert after["booked_at"] is not None
    assert (await ann.get(f"{path}/impacts")).json()["impacts"] == impacts


async def test_a_saved_draft_of_an_edited_base_says_what_to_do(
    ann: Person, admin: Database, priced: str
) -> None:
    draft = await a_traded_draft(ann, priced, {"action": "close", "symbol": "AAPL"})
    path = f"{SESSIONS}/{draft['draft_id']}"
    await calculated(ann, admin, draft["draft_id"])
    await ann.post(f"{path}/save", {"name": "Kept"})
    line = {"kind": "sell", "symbol": "AAPL", "quantity": 40, "price": 126} | {
        "trade_date": str(AS_OF)
    }
    await ann.post(f"portfolios/{priced}/transactions", {"transactions": [line]})

    refused = await ann.post(f"{path}/book", {})

    assert (refused.status_code, refused.json()["code"]) == (409, "base_moved")
    assert "branch the portfolio again" in refused.json()["detail"]


async def test_booking_needs_the_hash_of_what_is_booked(ann: Person, priced: str) -> None:
    draft = await a_traded_draft(ann, priced, {"action": "close", "symbol": "AAPL"})
    path = f"{SESSIONS}/{draft['draft_id']}/book"
    before = (await ann.get(f"portfolios/{priced}/transactions")).json()["items"]

    dry = await ann.post(path, {})
    without = await ann.post(path, {"dry_run": False})
    unbooked = (await ann.get(f"portfolios/{priced}/transactions")).json()["items"]
    booked = await ann.post(path, {"dry_run": False, "hash": dry.json()["hash"]})
    again = await ann.post(path, {"dry_run": False, "hash": dry.json()["hash"]})
    after = (await ann.get(f"portfolios/{priced}/transactions")).json()["items"]

    assert (dry.status_code, dry.json()["transactions"][0]["kind"]) == (200, "sell")
    assert (without.status_code, without.json()["code"]) == (409, "booking_changed")
    assert unbooked == before
    assert booked.status_code == 201
    assert again.json()["code"] == "draft_booked"
    new = [line["transaction_id"] for line in after if line not in before]
    assert new == [each["transaction_id"] for each in dry.json()["transactions"]]
