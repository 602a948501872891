"""Trades as orders in FIX, and the history of what was exported."""

import csv
import hashlib
import io
from typing import Any

import httpx2
import pytest
import simplefix
from sqlalchemy import select

from services.gateway.edge.dependencies import Gateway
from services.gateway.tables import AuditEntry
from shared.database import Database, sql_table
from tests.builders import AS_OF, a_price, save_prices
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_drafts import SESSIONS, a_traded_draft, book, priced

__all__ = ["book", "priced"]
FIX = {"target": "BROKER", "sending_time": "2022-12-28T16:05:00-05:00"}
TRADES: list[dict[str, Any]] = [
    {"action": "open", "symbol": "AAPL", "quantity": -130, "note": "less Öl"},
    {"action": "close", "symbol": "MSFT", "price": 241.5},
]


@pytest.fixture(autouse=True)
async def msft(priced: str, admin: Database) -> None:
    """MSFT has a close too."""
    await save_prices(admin, a_price("MSFT", AS_OF, 235.0))


async def exported(person: Person, status: int = 200, **wanted: Any) -> httpx2.Response:
    answer = await person.post("export/trades", wanted)
    assert answer.status_code == status, answer.text
    return answer


def orders_in(data: bytes) -> list[dict[int, str]]:
    parser = simplefix.FixParser()
    parser.add_raw(354, 355)
    parser.append_buffer(data)
    found = []
    while (each := parser.get_message()) is not None:
        found.append({int(tag): value.decode() for tag, value in each.pairs})
    return found


async def history(person: Person, **query: Any) -> dict[str, Any]:
    page: dict[str, Any] = (await person.get("export/history", **query)).json()
    return page


async def test_a_drafts_orders_split_where_they_cross_zero(ann: Person, priced: str) -> None:
    draft_id = (await a_traded_draft(ann, priced, *TRADES))["draft_id"]

    answer = await exported(ann, draft_id=draft_id, format="fix", fix=FIX)
    rows = csv.DictReader(io.StringIO((await exported(ann, draft_id=draft_id)).text))

    orders = orders_in(answer.content)
    terms = [[each.get(tag) for tag in (55, 54, 38, 40, 44, 77)] for each in orders]
    assert terms == [
        ["AAPL", "2", "100", "1", None, "C"],
        ["AAPL", "5", "30", "1", None, "O"],
        ["MSFT", "1", "50", "2", "241.5", "C"],
    ]
    assert [each[11] for each in orders] == [row["id"] for row in rows]
    assert {each[52] for each in orders} == {"20221228-21:05:00.000"}
    assert (orders[0][58], orders[0][355], 58 in orders[2]) == ("less ?l", "less Öl", False)
    named = f'attachment; filename="trades-book-draft-{AS_OF}.fix"'
    assert answer.headers["content-disposition"] == named


async def test_a_list_of_trades_is_the_same_file_again(ann: Person, priced: str) -> None:
    wanted: dict[str, Any] = {"portfolio_id": priced, "trades": TRADES, "format": "fix", "fix": FIX}
    draft_id = (await a_traded_draft(ann, priced, *TRADES))["draft_id"]

    first, again = [(await exported(ann, **wanted)).content for _ in range(2)]
    limits = {**FIX, "order_type": "limit", "as_list": True, "account": "U1"}
    listed = (await exported(ann, **{**wanted, "fix": limits})).content
    drafted = (await exported(ann, draft_id=draft_id, format="fix", fix=FIX)).content
    json = (await exported(ann, **{**wanted, "format": "json", "fix": None})).json()

    assert first == again
    orders = orders_in(first)
    for one, other in zip(orders, orders_in(drafted), strict=True):
        assert {tag for tag in one if one[tag] != other[tag]} == {10, 11}
    assert len({order[11] for order in orders}) == 3
    assert [line["external_id"] for line in json["transactions"]] == [one[11] for one in orders]
    (head,) = orders_in(listed)
    assert (head[35], head[68], head[73]) == ("E", "3", "3")
    assert listed.count(b"\x0140=2\x0144=") == 3
    assert (await ann.get(SESSIONS, base_id=priced)).json()["total"] == 1  # no draft is made


async def test_a_list_is_refused_by_field(ann: Person, bob: Person, priced: str) -> None:
    draft_id = (await a_traded_draft(ann, priced, *TRADES))["draft_id"]
    smuggled = [{**TRADES[0], "note": "more\x0138=9999"}]
    trades: dict[str, Any] = {"portfolio_id": priced, "trades": TRADES}
    refused: list[tuple[int, dict[str, Any], str]] = [
        (422, {"format": "fix"}, "draft_id"),
        (422, {**trades, "fix": FIX}, "fix"),
        (422, {**trades, "draft_id": priced}, "trades"),
        (422, {"draft_id": draft_id, "portfolio_id": draft_id}, "portfolio_id"),
        (422, {**trades, "trades": smuggled, "format": "fix", "fix": FIX}, "trades.0.note"),
        (422, {**trades, "format": "fix", "fix": {**FIX, "account": "Ö"}}, "fix.account"),
        (422, {**trades, "fix": {"sending_time": "2022-12-28T16:05:00"}}, "fix.sending_time"),
        (422, {**trades, "trades": [{"action": "close", "symbol": "XOM"}]}, "trades.0.symbol"),
    ]

    for status, wanted, field in refused:
        answer = await exported(ann, status, **wanted)
        assert field in [each["field"] for each in answer.json()["errors"]], answer.text
    strangers = await exported(bob, 404, **trades)
    assert strangers.json()["code"] == "portfolio_not_found"
    assert (await history(ann))["items"] == []  # what is refused was not exported


async def test_every_export_is_in_its_users_history_with_its_hash(
    gateway: Gateway, ann: Person, bob: Person, priced: str
) -> None:
    draft_id = (await a_traded_draft(ann, priced, *TRADES))["draft_id"]
    token = (await ann.post("me/tokens", {"name": "S", "scopes": ["portfolio:read"]})).json()
    by_token = Person(ann.http, ann.email, {"access_token": token["token"]})
    files = [
        await exported(ann, draft_id=draft_id, format="fix", fix=FIX),
        await ann.get(f"{SESSIONS}/{draft_id}/export", format="json"),
        await ann.get("positions/export", portfolio_id=priced, columns="valued"),
        await by_token.get(f"portfolios/{priced}/transactions/export"),
        await ann.get(f"portfolios/{priced}/series/export", measures="nav"),
    ]
    assert [file.status_code for file in files] == [200] * 5

    page = await history(ann, limit=3)
    items = page["items"] + (await history(ann, after=page["next"]))["items"]
    kept = [(item["what"], item["format"], item["about_id"], item["rows"]) for item in items]

    assert kept[::-1] == [
        ("trades", "fix", draft_id, 3),
        ("trades", "json", draft_id, 3),
        ("positions", "csv", priced, 2),
        ("transactions", "csv", priced, 2),
        ("series", "csv", priced, 1),
    ]
    hashes = [hashlib.sha256(file.content).hexdigest() for file in files]
    assert [item["sha256"] for item in items][::-1] == hashes
    assert [item["byte_count"] for item in items][::-1] == [len(file.content) for file in files]
    assert [bool(item["token_id"]) for item in items][::-1] == [*[False] * 3, True, False]
    assert {item["file_name"].rsplit(".")[-1] for item in items} == {"fix", "json", "csv"}
    assert len((await history(ann, what="trades"))["items"]) == 2
    assert (await history(bob))["items"] == []
    log = sql_table(AuditEntry).c
    async with gateway.database.transaction() as session:
        found = await session.scalars(select(log.target).where(log.action == "export.written"))
        assert sorted(found) == sorted([draft_id] * 2 + [priced] * 3)
