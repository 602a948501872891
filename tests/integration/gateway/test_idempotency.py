"""A POST that creates does so once per Idempotency-Key; its repetition gets the first answer
again.
"""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from sqlalchemy import text

from services.gateway.edge import queries as edge_queries
from services.gateway.edge.dependencies import open_session
from services.gateway.edge.idempotency import OnceRoute, first_time, later_transaction
from shared.database import Database
from tests.integration.gateway.people import GOOD_FILE, Person
from tests.pipeline import answering_services
from tests.servers import Servers

KEY = {"Idempotency-Key": "once"}
WITHOUT_KEY = {
    "/api/v1/auth/register",  # its caller has no identity yet to which a key could belong
    "/api/v1/admin/users",  # a fingerprint of its body would be a fast hash of a password
    "/api/v1/auth/session",  # these begin a log-in: the stored answer would hold its secret
    "/api/v1/auth/session/by-link",
    "/api/v1/auth/session/link",
    "/api/v1/auth/oidc/login",  # bound to one browser by its cookie
    "/api/v1/auth/oidc/link",
    "/api/v1/me/tokens",  # the stored answer would hold the token
    "/api/v1/me/second-factor",  # and here the secret
    "/api/v1/notifications/channels",  # the stored answer would hold the channel's secret
}


async def create(person: Person, name: str = "Growth", **more: Any) -> Any:
    return await person.request("POST", "portfolios", json={"name": name}, headers=KEY, **more)


async def number_of(admin: Database, table: str) -> int:
    async with admin.transaction() as session:
        return int(await session.scalar(text(f"select count(*) from gateway.{table}")) or 0)


async def test_the_repetition_gets_the_first_answer_to_the_letter(ann: Person) -> None:
    first = await create(ann)

    again = await create(ann)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (again.headers["idempotency-replayed"], "idempotency-replayed" in first.headers) == (
        "true",
        False,
    )
    assert (await ann.get("portfolios")).json()["total"] == 1


async def test_without_a_key_each_request_stands_alone(ann: Person) -> None:
    first = await ann.post("portfolios", {"name": "Growth"})

    again = await ann.post("portfolios", {"name": "Growth"})

    assert (first.status_code, again.status_code) == (201, 409)


async def test_another_request_under_the_same_key_is_refused(ann: Person) -> None:
    await create(ann)

    answer = await ann.request("POST", "portfolios", json={"name": "Other"}, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert (await ann.get("portfolios")).json()["total"] == 1


async def test_another_query_under_the_same_key_is_refused(ann: Person) -> None:
    await ann.post("portfolios", {"name": "Growth"})
    body = {"symbol": "AAPL", "quantity": 1, "entry_price": 1, "entry_date": "2022-12-01"}

    first, other = [
        await ann.request("POST", f"positions?as_of={day}", json=body, headers=KEY)
        for day in ("2022-12-27", "2022-12-28")
    ]

    assert (first.status_code, other.status_code) == (201, 422)
    assert other.json()["code"] == "idempotency_key_reused"
    assert (await ann.get("positions")).json()["total"] == 1


async def test_another_route_under_the_same_key_is_refused(ann: Person) -> None:
    portfolio_id = (await create(ann)).json()["portfolio_id"]
    flow = {"flow_date": "2022-12-01", "amount": 5}

    answer = await ann.request(
        "POST", f"portfolios/{portfolio_id}/cash-flows", json=flow, headers=KEY
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_duplicates_at_the_same_time_wait_for_the_first(ann: Person, admin: Database) -> None:
    answers = await asyncio.gather(*(create(ann) for _ in range(12)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 11
    assert await number_of(admin, "portfolios") == 1


async def test_keys_belong_to_their_user(ann: Person, bob: Person) -> None:
    first, other = await create(ann), await create(bob)

    assert first.json()["portfolio_id"] != other.json()["portfolio_id"]
    assert "idempotency-replayed" not in other.headers


async def test_after_a_problem_the_key_may_be_used_again(ann: Person, admin: Database) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "Growth"})).json()["portfolio_id"]
    refused = await create(ann)
    await ann.request("DELETE", f"portfolios/{portfolio_id}")

    answer = await create(ann)

    assert (refused.status_code, answer.status_code) == (409, 201)
    assert "idempotency-replayed" not in answer.headers
    assert await number_of(admin, "idempotency_keys") == 1


async def test_an_answer_that_cannot_be_stored_undoes_its_creation(
    ann: Person, admin: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("the answer is lost")

    monkeypatch.setattr(edge_queries, "save_answer", fails)

    answer = await create(ann)

    assert answer.status_code == 500
    assert await number_of(admin, "portfolios") == 0


@pytest.mark.usefixtures("market")
async def test_a_form_is_the_same_with_any_boundary(ann: Person) -> None:
    first = await ann.upload(headers=KEY, portfolio_name="Once")

    again = await ann.upload(headers=KEY, portfolio_name="Once")

    assert first.request.headers["content-type"] != again.request.headers["content-type"]
    assert (again.status_code, again.content) == (201, first.content)


@pytest.mark.usefixtures("market")
async def test_a_dry_run_leaves_the_key_for_the_upload(ann: Person) -> None:
    tried = await ann.upload(GOOD_FILE, headers=KEY, dry_run="true")

    loaded = await ann.upload(GOOD_FILE, headers=KEY)

    assert (tried.status_code, loaded.status_code) == (200, 201)


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_an_unusable_key_is_refused(ann: Person, key: str) -> None:
    answer = await ann.request(
        "POST", "portfolios", json={"name": "Growth"}, headers={"Idempotency-Key": key}
    )

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "idempotency-key")


async def test_a_key_without_a_token_reveals_nothing(ann: Person) -> None:
    await create(ann)

    answer = await ann.http.post("/api/v1/portfolios", json={"name": "Growth"}, headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")


def test_every_post_that_creates_takes_a_key(app: FastAPI) -> None:
    creating = {
        path: operation
        for path, methods in app.openapi()["paths"].items()
        if (operation := methods.get("post")) and {"201", "202"} & set(operation["responses"])
    }

    without = {
        path
        for path, operation in creating.items()
        if "Idempotency-Key"
        not in {each["name"].title() for each in operation.get("parameters", ())}
    }
    assert without == WITHOUT_KEY


async def test_a_route_that_asks_another_service_answers_a_repetition_the_same(
    servers: Servers, ann: Person, admin: Database
) -> None:
    path = "risk/stress-testing/scenarios"
    wanted = {"name": "Oil shock", "shocks": {"market": -0.1}}

    async with answering_services(servers, admin):
        first = await ann.request("POST", path, json=wanted, headers=KEY)
        again = await ann.request("POST", path, json=wanted, headers=KEY)

    assert (first.status_code, again.status_code) == (201, 201), "200 would be a second save"
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert await number_of(admin, "idempotency_keys") == 1


def test_answers_are_remembered_in_the_transaction_that_creates(app: FastAPI) -> None:
    def needed(dependant: Dependant) -> set[object]:
        others = [each for each in dependant.dependencies if each.call is not first_time]
        return {each.call for each in others}.union(*map(needed, others))

    routes = [context.original_route for context in iter_route_contexts(app.routes)]
    creating = [route for route in routes if isinstance(route, OnceRoute) and route.creates]

    transactions = {open_session, later_transaction}
    without = [route.path for route in creating if not transactions & needed(route.dependant)]
    both = [route.path for route in creating if transactions <= needed(route.dependant)]

    assert creating
    assert (without, both) == ([], [])
