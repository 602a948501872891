"""Portfolios by hand: create, rename, delete; cash flows."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from services.gateway.tables import AuditEntry, BatchRun
from shared.database import Database, sql_table
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_positions import count, revision


async def days_run(admin: Database, after: int = 0) -> list[str]:
    """The sessions of the runs started, without the first few, in ascending order."""
    async with admin.transaction() as session:
        started = select(sql_table(BatchRun).c.as_of).order_by(sql_table(BatchRun).c.started_at)
        return sorted(str(day) for day in list(await session.scalars(started))[after:])


async def test_a_portfolio_is_created_renamed_and_deleted(ann: Person) -> None:
    created = await ann.post("portfolios", {"name": " Retirement ", "equity_balance": 1000})
    path = f"portfolios/{created.json()['portfolio_id']}"

    renamed = await ann.request("PATCH", path, json={"name": "Old age"})
    gone = await ann.request("DELETE", path)

    assert (created.status_code, created.json()["name"], created.json()["positions"]) == (
        201,
        "Retirement",
        0,
    )
    assert (renamed.json()["name"], renamed.json()["equity_balance"]) == ("Old age", 1000.0)
    assert gone.status_code == 204
    assert (await ann.get(path)).status_code == 404


async def test_names_are_unique_per_user_in_any_case(ann: Person) -> None:
    await ann.post("portfolios", {"name": "One"})
    other = (await ann.post("portfolios", {"name": "Two"})).json()["portfolio_id"]

    assert (await ann.post("portfolios", {"name": "ONE"})).status_code == 409
    assert (await ann.post("portfolios", {"name": "Øl"})).status_code == 201
    assert (await ann.post("portfolios", {"name": "øL"})).status_code == 409
    assert (await ann.get("portfolios", search="ØL")).json()["total"] == 1
    assert (
        await ann.request("PATCH", f"portfolios/{other}", json={"name": "one"})
    ).status_code == 409
    assert (
        await ann.request("PATCH", f"portfolios/{other}", json={"name": "TWO"})
    ).status_code == 200


@pytest.mark.parametrize(
    "body", [{"name": "  "}, {"name": "a\nb"}, {"name": "A", "equity_balance": 0}, {}]
)
async def test_unusable_portfolios_are_refused(ann: Person, body: dict[str, object]) -> None:
    assert (await ann.post("portfolios", body)).status_code == 422


async def test_no_portfolio_is_a_problem_with_a_hint(ann: Person) -> None:
    answer = await ann.get("portfolio")

    assert (answer.status_code, answer.json()["code"]) == (404, "no_portfolio")


async def test_cash_flows_are_listed_newest_first(ann: Person, admin: Database) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]
    path = f"portfolios/{portfolio_id}/cash-flows"

    first = await ann.post(path, {"flow_date": "2022-12-01", "amount": "100.10", "note": "deposit"})
    await ann.post(path, {"flow_date": "2022-12-05", "amount": -20})

    page = (await ann.get(path)).json()
    assert (first.status_code, first.json()["run_id"]) == (201, None)
    assert [item["amount"] for item in page["items"]] == [-20.0, 100.1]
    assert page["total"] == 2


@pytest.mark.parametrize("amount", [0, "0.001", "1e30", "NaN"])
async def test_unusable_amounts_are_refused(ann: Person, amount: object) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]

    answer = await ann.post(
        f"portfolios/{portfolio_id}/cash-flows", {"flow_date": "2022-12-01", "amount": amount}
    )

    assert answer.status_code == 422


async def test_portfolios_are_searched_and_sorted(ann: Person) -> None:
    for name in ("b 1", "A 1", "c 2"):
        await ann.post("portfolios", {"name": name})

    found = (await ann.get("portfolios", search="1", sort="name")).json()
    downwards = (await ann.get("portfolios", sort="-created_at", limit=2)).json()

    assert ([item["name"] for item in found["items"]], found["total"]) == (["A 1", "b 1"], 2)
    assert ([item["name"] for item in downwards["items"]], downwards["total"]) == (
        ["c 2", "A 1"],
        3,
    )


async def test_a_portfolio_left_as_it_was_changes_nothing(ann: Person, admin: Database) -> None:
    created = (await ann.post("portfolios", {"name": "A", "equity_balance": 5})).json()
    portfolio_id = created["portfolio_id"]
    entries = await count(admin, AuditEntry)
    seen = await revision(admin, portfolio_id)

    same = await ann.request(
        "PATCH", f"portfolios/{portfolio_id}", json={"name": "A", "equity_balance": "5.00"}
    )

    assert same.json() == created
    assert (await count(admin, AuditEntry), await revision(admin, portfolio_id)) == (entries, seen)


async def test_restated_equity_takes_every_snapshot_again(
    ann: Person, admin: Database, market: None
) -> None:
    book = await a_stored_book(ann, admin)
    path = f"portfolios/{book.portfolio_id}"
    before = await count(admin, BatchRun)

    answer = await ann.request("PATCH", path, json={"equity_balance": 60_000})
    summary = (await ann.get("portfolio")).json()
    taken_back = await ann.request("PATCH", path, json={"equity_balance": None})

    assert answer.json()["equity_balance"] == 60_000.0
    assert summary["snapshot"]["nav"] == 60_000  # it is the equity of that very session
    assert taken_back.json()["equity_balance"] is None
    assert await days_run(admin, before) == ["2022-12-27", "2022-12-27", "2022-12-28", "2022-12-28"]


async def test_flows_take_the_snapshots_they_concern_again(
    ann: Person, admin: Database, market: None
) -> None:
    book = await a_stored_book(ann, admin)
    path = f"portfolios/{book.portfolio_id}/cash-flows"
    before = await count(admin, BatchRun)
    seen = await revision(admin, book.portfolio_id)

    added = (await ann.post(path, {"flow_date": "2022-12-28", "amount": 100})).json()
    deleted = await ann.request("DELETE", f"{path}/{added['cash_flow_id']}")
    later = (await ann.post(path, {"flow_date": "2022-12-29", "amount": 100})).json()

    async with admin.transaction() as session:
        run = sql_table(BatchRun).c
        day = await session.scalar(select(run.as_of).where(run.run_id == UUID(added["run_id"])))
    assert day == date(2022, 12, 28)
    assert (deleted.status_code, later["run_id"]) == (204, None)
    assert await days_run(admin, before) == ["2022-12-28", "2022-12-28"]
    assert await revision(admin, book.portfolio_id) == seen + 3
    assert (await ann.get(path)).json()["total"] == 1


async def test_a_flow_is_deleted_once_and_by_its_owner_alone(ann: Person, bob: Person) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]
    other_id = (await ann.post("portfolios", {"name": "B"})).json()["portfolio_id"]
    flow = (
        await ann.post(
            f"portfolios/{portfolio_id}/cash-flows", {"flow_date": "2022-12-01", "amount": 5}
        )
    ).json()
    path = f"cash-flows/{flow['cash_flow_id']}"

    theirs = await bob.request("DELETE", f"portfolios/{portfolio_id}/{path}")
    elsewhere = await ann.request("DELETE", f"portfolios/{other_id}/{path}")
    own = [await ann.request("DELETE", f"portfolios/{portfolio_id}/{path}") for _ in range(2)]

    assert (theirs.status_code, theirs.json()["code"]) == (404, "portfolio_not_found")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "cash_flow_not_found")
    assert [answer.status_code for answer in own] == [204, 404]


@pytest.mark.parametrize("flow_date", ["1899-12-31", "2022-02-30", "soon", None])
async def test_unusable_flow_dates_are_refused(ann: Person, flow_date: Any) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]

    answer = await ann.post(
        f"portfolios/{portfolio_id}/cash-flows", {"flow_date": flow_date, "amount": 1}
    )

    assert answer.status_code == 422


async def test_a_deleted_portfolio_takes_everything_with_it(
    ann: Person, admin: Database, market: None
) -> None:
    portfolio_id = await ann.uploaded()
    await ann.post(
        f"portfolios/{portfolio_id}/cash-flows", {"flow_date": "2022-12-01", "amount": 5}
    )
    position = (await ann.get("positions")).json()["items"][0]["position_id"]

    deleted = await ann.request("DELETE", f"portfolios/{portfolio_id}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    for path in (
        f"portfolios/{portfolio_id}",
        f"positions/{position}",
        f"portfolios/{portfolio_id}/cash-flows",
    ):
        assert (await ann.get(path)).status_code == 404
    assert (await ann.get("tags")).json()["total"] == 2
    assert (await ann.post("portfolios", {"name": "book"})).status_code == 201


async def test_edits_beside_a_deletion_find_nothing(ann: Person, market: None) -> None:
    portfolio_id = await ann.uploaded()
    position = (await ann.get("positions")).json()["items"][0]["position_id"]
    edits = [
        ann.request("PUT", f"positions/{position}", json={"quantity": number})
        for number in range(1, 5)
    ]

    deleted, *edited = await asyncio.gather(
        ann.request("DELETE", f"portfolios/{portfolio_id}"), *edits
    )

    assert deleted.status_code == 204
    assert {answer.status_code for answer in edited} <= {200, 404}
    assert (await ann.get(f"positions/{position}")).status_code == 404


async def test_writing_is_in_the_audit_log(ann: Person, admin: Database) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]
    await ann.request("PATCH", f"portfolios/{portfolio_id}", json={"name": "B"})
    flow = (
        await ann.post(
            f"portfolios/{portfolio_id}/cash-flows", {"flow_date": "2022-12-01", "amount": 5}
        )
    ).json()
    await ann.request("DELETE", f"portfolios/{portfolio_id}/cash-flows/{flow['cash_flow_id']}")
    await ann.request("DELETE", f"portfolios/{portfolio_id}")

    entry = sql_table(AuditEntry).c
    async with admin.transaction() as session:
        actions = list(await session.scalars(select(entry.action).order_by(entry.audit_id)))

    assert actions[-5:] == [
        "portfolio.created",
        "portfolio.edited",
        "cash_flow.created",
        "cash_flow.deleted",
        "portfolio.deleted",
    ]


async def test_unknown_portfolios_are_not_found(ann: Person) -> None:
    unknown = uuid4()

    answers = [
        await ann.request(method, f"portfolios/{unknown}{more}", **body)
        for method, more, body in [
            ("PATCH", "", {"json": {"name": "A"}}),
            ("DELETE", "", {}),
            ("DELETE", f"/cash-flows/{unknown}", {}),
        ]
    ]

    assert {answer.json()["code"] for answer in answers} == {"portfolio_not_found"}
