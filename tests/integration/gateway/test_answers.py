"""Cached answers: the same bytes again, never for another user, never after a change."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.gateway.application import assembled
from services.gateway.books.answers import etag_of
from services.gateway.edge.dependencies import Gateway
from services.gateway.reports.handlers import router
from services.gateway.runs.queries import revisions
from services.gateway.settings import GatewaySettings
from services.ingest.tables import DataProvider
from shared.contracts.factors import FactorsComputed
from shared.contracts.greeks import GreeksComputed
from shared.contracts.ingest import PricesUpdated
from shared.contracts.limits import LimitsEvaluated
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated
from shared.contracts.stress import StressComputed
from shared.database import Database
from shared.service import Runtime
from tests.builders import AS_OF, save
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.seeds import StoredBook, a_stored_book
from tests.integration.gateway.tracking import followed_up, handled
from tests.integration.statements import noted_statements

STAGES = (
    PricesUpdated,
    GreeksComputed,
    FactorsComputed,
    SnapshotsCreated,
    StressComputed,
    RiskMeasured,
    LimitsEvaluated,
)


@pytest.fixture
async def book(ann: Person, admin: Database) -> StoredBook:
    """What one run left for Ann."""
    return await a_stored_book(ann, admin)


def reading(sent: list[str]) -> list[str]:
    """The statements that a request sent, without those of the relay (and its lock) and sweeper."""
    return [
        each
        for each in sent
        if not any(word in each for word in ("outbox", "advisory", "batch_runs", "run_events"))
    ]


async def change_behind(admin: Database, portfolio_id: str) -> None:
    """Change the stored values without raising a revision."""
    async with admin.transaction() as session:
        await session.execute(
            text(
                "update snapshots.portfolio_snapshots set market_value = 9999 where portfolio_id = "
                ":id"
            ),
            {"id": UUID(portfolio_id)},
        )


async def market_value(person: Person, portfolio_id: str) -> float:
    report = (await person.get(f"portfolios/{portfolio_id}/report")).json()
    return float(report["snapshot"]["market_value"])


async def a_new_portfolio(person: Person, name: str = "Other") -> str:
    answer = await person.post("portfolios", {"name": name})
    return str(answer.json()["portfolio_id"])


def a_stage(portfolio_id: str) -> SnapshotsCreated:
    facts = {"price_run": "1", "shard": 0, "shards": 1, "portfolio_ids": (UUID(portfolio_id),)}
    return SnapshotsCreated.new(
        uuid4(), AS_OF, occurred_at=datetime(2022, 12, 28, 22, tzinfo=UTC), **facts
    )


async def test_a_repeated_report_is_given_with_one_statement(
    gateway: Gateway, ann: Person, book: StoredBook
) -> None:
    first = await ann.get(f"portfolios/{book.portfolio_id}/report")

    with noted_statements(gateway.database) as sent:
        second = await ann.get(f"portfolios/{book.portfolio_id}/report")

    assert (second.status_code, second.content) == (200, first.content)
    assert second.headers["etag"] == first.headers["etag"]
    assert len(reading(sent)) == 1


async def test_a_caller_who_has_the_answer_costs_one_statement(
    gateway: Gateway, ann: Person, book: StoredBook
) -> None:
    path = f"portfolios/{book.portfolio_id}/report"
    tag = (await ann.get(path)).headers["etag"]

    with noted_statements(gateway.database) as sent:
        answer = await ann.request("GET", path, headers={"If-None-Match": f'"other", {tag}'})

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert len(reading(sent)) == 1


async def test_a_tag_from_another_process_spares_the_reading(ann: Person, book: StoredBook) -> None:
    path = f"portfolios/{book.portfolio_id}/snapshots?limit=17"  # never asked for here
    tag = (await ann.get("portfolio", portfolio_id=book.portfolio_id)).headers["etag"]

    answer = await ann.request("GET", path, headers={"If-None-Match": tag})

    assert (answer.status_code, answer.headers["etag"]) == (304, tag)


def test_a_tag_changes_with_portfolio_and_revision() -> None:
    one = uuid4()
    other = uuid4()

    assert len({etag_of(one, 1), etag_of(one, 2), etag_of(other, 1)}) == 3
    assert etag_of(one, 1).startswith('W/"')


async def test_compressed_and_plain_answers_say_the_same(ann: Person, book: StoredBook) -> None:
    path = f"portfolios/{book.portfolio_id}/report"
    first = await ann.request("GET", path, headers={"Accept-Encoding": "gzip"})

    plain = await ann.request("GET", path, headers={"Accept-Encoding": "identity"})
    other = await ann.request("GET", path, headers={"Accept-Encoding": "deflate"})

    assert first.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in {**plain.headers, **other.headers}
    assert first.json() == plain.json() == other.json()
    assert "Accept-Encoding" in first.headers["vary"]


async def test_an_answer_is_kept_until_a_stage_is_recorded(
    gateway: Gateway, admin: Database, ann: Person, book: StoredBook
) -> None:
    before = await market_value(ann, book.portfolio_id)
    await change_behind(admin, book.portfolio_id)
    kept = await market_value(ann, book.portfolio_id)

    async with gateway.database.transaction() as session:
        await handled(session, a_stage(book.portfolio_id))
    await followed_up(gateway.database)

    assert (before, kept) == (4_000, 4_000)
    assert await market_value(ann, book.portfolio_id) == 9_999


async def test_an_outdated_answer_that_many_ask_for_is_renewed_once(
    gateway: Gateway, ann: Person, book: StoredBook
) -> None:
    path = f"portfolios/{book.portfolio_id}/report"
    before = (await ann.get(path)).headers["etag"]
    async with gateway.database.transaction() as session:
        await revisions.raise_revision(session, [UUID(book.portfolio_id)])

    with noted_statements(gateway.database) as sent:
        answers = await asyncio.gather(*(ann.get(path) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert before not in {answer.headers["etag"] for answer in answers}
    assert sum("published_risk_metrics" in each for each in sent) == 1


async def test_another_portfolio_s_stage_outdates_nothing(
    gateway: Gateway, admin: Database, ann: Person, book: StoredBook
) -> None:
    other = await a_new_portfolio(ann)
    before = await market_value(ann, book.portfolio_id)
    await change_behind(admin, book.portfolio_id)

    async with gateway.database.transaction() as session:
        await handled(session, a_stage(other))
    await followed_up(gateway.database)

    assert await market_value(ann, book.portfolio_id) == before


async def test_a_portfolios_run_ends_with_the_last_stage_of_its_shard(
    gateway: Gateway, ann: Person, book: StoredBook
) -> None:
    other = await a_new_portfolio(ann)
    run_id = uuid4()
    shards = {0: book.portfolio_id, 1: other}
    last = (len(shards) - 1) * len(STAGES) - 1
    events = [
        kind.new(
            run_id,
            AS_OF,
            part=shard,
            price_run="1",
            shard=shard,
            shards=2,
            portfolio_ids=(UUID(portfolio),),
        )
        for shard, portfolio in shards.items()
        for kind in STAGES
    ]
    for each in [*events[:last], *events[last + 1 : -1]]:
        async with gateway.database.transaction() as session:
            await handled(session, each)
    await followed_up(gateway.database)
    running = (await ann.get(f"portfolios/{book.portfolio_id}/report")).json()["last_run"]

    async with gateway.database.transaction() as session:
        await handled(session, events[last])
    await followed_up(gateway.database)
    finished = (await ann.get(f"portfolios/{book.portfolio_id}/report")).json()["last_run"]

    assert (running["status"], finished["status"]) == ("running", "completed")


async def test_a_new_name_shows_at_once(ann: Person, book: StoredBook) -> None:
    path = f"portfolios/{book.portfolio_id}"
    await ann.get(f"{path}/report")

    await ann.request("PATCH", path, json={"name": "Renamed"})

    assert (await ann.get(f"{path}/report")).json()["portfolio"]["name"] == "Renamed"
    assert (await ann.get(path)).json()["name"] == "Renamed"


async def test_an_edited_position_shows_at_once(ann: Person, book: StoredBook) -> None:
    position_id = book.positions["MSFT"]
    await ann.get("positions", portfolio_id=book.portfolio_id)

    edited = await ann.request(
        "PUT", f"positions/{position_id}", json=await an_edit(ann, position_id)
    )

    assert edited.status_code == 200, edited.text
    items = (await ann.get("positions", portfolio_id=book.portfolio_id)).json()["items"]
    assert {item["symbol"]: item["quantity"] for item in items}["MSFT"] == -75


async def an_edit(person: Person, position_id: UUID) -> dict[str, Any]:
    """The position as it is, with another quantity."""
    shown = (await person.get(f"positions/{position_id}")).json()
    return {
        "symbol": shown["symbol"],
        "entry_price": shown["entry_price"],
        "entry_date": shown["entry_date"],
    } | {"quantity": -75}


async def test_a_deleted_position_is_gone_at_once(ann: Person, book: StoredBook) -> None:
    await ann.get("positions", portfolio_id=book.portfolio_id)

    await ann.request("DELETE", f"positions/{book.positions['XOM']}")

    items = (await ann.get("positions", portfolio_id=book.portfolio_id)).json()["items"]
    assert "XOM" not in {item["symbol"] for item in items}


async def test_new_tags_show_at_once(ann: Person, book: StoredBook) -> None:
    await ann.get("positions", portfolio_id=book.portfolio_id)

    await ann.request("PUT", f"positions/{book.positions['XOM']}/tags", json={"tags": ["oil"]})

    items = (await ann.get("positions", portfolio_id=book.portfolio_id)).json()["items"]
    assert {item["symbol"]: item["tags"] for item in items}["XOM"] == ["oil"]


async def test_a_cash_flow_shows_at_once(ann: Person, book: StoredBook) -> None:
    path = f"portfolios/{book.portfolio_id}/cash-flows"
    before = (await ann.get(path)).json()["total"]

    await ann.post(path, {"flow_date": "2022-12-01", "amount": 5})

    assert (before, (await ann.get(path)).json()["total"]) == (0, 1)


async def test_an_uploaded_position_shows_at_once(ann: Person, book: StoredBook) -> None:
    await ann.get("positions", portfolio_id=book.portfolio_id)

    added = (HEADER + "SPY,3,400,2022-06-01,\n").encode()
    await ann.upload(added, portfolio_id=book.portfolio_id)

    items = (await ann.get("positions", portfolio_id=book.portfolio_id)).json()["items"]
    assert "SPY" in {item["symbol"] for item in items}


async def test_a_cached_answer_serves_no_other_user(
    ann: Person, bob: Person, book: StoredBook
) -> None:
    path = f"portfolios/{book.portfolio_id}/report"
    tag = (await ann.get(path)).headers["etag"]

    refused = await bob.get(path)
    asked_by_tag = await bob.request("GET", path, headers={"If-None-Match": tag})

    assert (refused.status_code, refused.json()["code"]) == (404, "portfolio_not_found")
    assert asked_by_tag.status_code == 404
    assert "etag" not in refused.headers


async def test_the_same_question_of_two_users_has_two_answers(
    ann: Person, bob: Person, book: StoredBook
) -> None:
    his = await bob.uploaded_book(HEADER + "XOM,1,90,2022-06-01,\n")
    answers = [(await person.get("portfolio")).json() for person in (ann, bob, ann, bob)]

    shown = [answer["portfolio"]["portfolio_id"] for answer in answers]

    assert shown == [book.portfolio_id, his, book.portfolio_id, his]


async def test_a_disabled_user_gets_no_kept_answer(
    admin: Database, ann: Person, book: StoredBook
) -> None:
    path = f"portfolios/{book.portfolio_id}/report"
    await ann.get(path)

    async with admin.transaction() as session:
        await session.execute(
            text("update gateway.users set disabled_at = now() where email = :email"),
            {"email": ann.email},
        )

    assert (await ann.get(path)).status_code == 401


async def test_a_log_in_that_is_over_gets_no_kept_answer(ann: Person, book: StoredBook) -> None:
    path = f"portfolios/{book.portfolio_id}/report"
    await ann.get(path)

    ended = await ann.post("auth/logout", {"refresh_token": ann.tokens["refresh_token"]})

    assert ended.status_code == 204, ended.text
    assert (await ann.get(path)).status_code == 401


async def test_a_deleted_portfolio_is_gone_at_once(ann: Person, book: StoredBook) -> None:
    path = f"portfolios/{book.portfolio_id}"
    await ann.get(f"{path}/report")

    await ann.request("DELETE", path)

    assert (await ann.get(f"{path}/report")).status_code == 404
    assert (await ann.get("portfolio")).json()["code"] == "no_portfolio"


@pytest.fixture
async def replica(app: FastAPI, gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    """A second gateway, with a separate cache, over the same database and with the same keys."""
    runtime = Runtime("gateway", router, GatewaySettings)
    second = assembled(runtime, gateway.settings)
    object.__setattr__(second.state.gateway, "tokens", gateway.tokens)
    transport = httpx2.ASGITransport(second, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://replica") as client:
        yield client
    await runtime.close()


async def test_two_gateways_see_each_other_s_edits(
    ann: Person, book: StoredBook, replica: httpx2.AsyncClient
) -> None:
    there = Person(replica, ann.email, ann.tokens)
    path = f"portfolios/{book.portfolio_id}"
    tags = {(await person.get(f"{path}/report")).headers["etag"] for person in (ann, there)}

    await there.request("PATCH", path, json={"name": "From there"})
    seen_here = (await ann.get(f"{path}/report")).json()["portfolio"]["name"]
    await ann.request("PATCH", path, json={"name": "From here"})
    seen_there = (await there.get(f"{path}/report")).json()["portfolio"]["name"]

    assert len(tags) == 1
    assert (seen_here, seen_there) == ("From there", "From here")


async def test_raising_the_same_revisions_in_any_order_never_deadlocks(
    gateway: Gateway, admin: Database, ann: Person
) -> None:
    portfolio_ids = [UUID(await a_new_portfolio(ann, f"Book {number}")) for number in range(3)]

    async def raise_all(order: list[UUID]) -> None:
        for _ in range(10):
            async with gateway.database.transaction() as session:
                await revisions.raise_revision(session, order)

    before = await stored_revisions(admin)
    await asyncio.gather(raise_all(portfolio_ids), raise_all(portfolio_ids[::-1]))

    raised = await stored_revisions(admin)
    assert len(set(portfolio_ids)) == 3
    assert {raised[each] - before.get(each, 0) for each in portfolio_ids} == {20}


async def stored_revisions(admin: Database) -> dict[UUID, int]:
    async with admin.transaction() as session:
        found = await session.execute(
            text("select portfolio_id, revision from gateway.portfolio_revisions")
        )
        return {row[0]: row[1] for row in found}


# Nothing of this is stored: another service computes it for the request (decision 39).
COMPUTED = ("/api/v1/factors/regression/{symbol}",)


async def test_every_read_answers_while_all_calculators_are_stopped(
    app: FastAPI, ann: Person, operator: Person, market: None, book: StoredBook
) -> None:
    """Nothing but the gateway runs here: no read of what is stored may need another service."""
    ids = {
        "portfolio_id": book.portfolio_id,
        "position_id": book.positions["AAPL"],
        "symbol": "AAPL",
    }
    document = app.openapi()["paths"]
    reads = [
        path
        for path, methods in document.items()
        if path.startswith("/api/v1/") and "get" in methods
    ]
    statuses = {}
    for path in reads:
        if "/events" in path or any(word not in ids for word in parameters(path)):
            continue  # streams; things there are none of
        person = operator if "/admin/" in path else ann
        answer = await person.get(path.removeprefix("/api/v1/").format(**ids))
        statuses[path] = answer.status_code

    for path in COMPUTED:
        assert statuses.pop(path) == 503
    assert {path: status for path, status in statuses.items() if status not in (200, 404)} == {}
    assert sum(status == 200 for status in statuses.values()) >= 25
    assert statuses["/api/v1/portfolios/{portfolio_id}/report"] == 200


def parameters(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


async def test_a_change_of_providers_outdates_kept_reports(
    ann: Person, admin: Database, book: StoredBook
) -> None:
    path = f"portfolios/{book.portfolio_id}/report"
    files = {"kind": "prices", "rank": 1, "name": "bundled", "live": False}
    await save(admin, DataProvider, [files])
    before = await ann.get(path)

    await save(
        admin, DataProvider, [{"kind": "prices", "rank": 0, "name": "polygon", "live": True}]
    )
    after = await ann.get(path)

    received = before.json()["market_data"]
    assert received["providers"] == {"prices": [{"name": "bundled", "live": False}]}
    assert "no live provider" in received["sentence"]
    assert [each["name"] for each in after.json()["market_data"]["providers"]["prices"]] == [
        "polygon",
        "bundled",
    ]
    assert "no live provider" not in after.json()["market_data"]["sentence"]
    assert before.headers["etag"] != after.headers["etag"]
