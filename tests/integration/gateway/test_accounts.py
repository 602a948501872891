"""Administrators manage users, and read who did what."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.gateway.edge.dependencies import Gateway
from tests.integration.gateway.people import (
    PASSWORD,
    Person,
    a_person,
    an_administrator,
    logged_in,
)

NEW_PASSWORD = "staple of another colour"


async def id_of(person: Person) -> str:
    return str((await person.get("auth/me")).json()["user_id"])


async def changed(operator: Person, user_id: str, **terms: Any) -> httpx2.Response:
    return await operator.request("PATCH", f"admin/users/{user_id}", json=terms)


async def test_a_user_made_by_an_administrator_logs_in(
    http: httpx2.AsyncClient, operator: Person
) -> None:
    wanted = {
        "email": "Grace@example.com",
        "password": PASSWORD,
        "full_name": "Grace",
        "role": "admin",
    }

    created = await operator.post("admin/users", wanted)
    again = await operator.post("admin/users", wanted)
    grace = await logged_in(http, "grace@example.com")

    assert created.status_code == 201
    assert (await grace.get("admin/users")).status_code == 200
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")
    assert "password" not in created.text


async def test_users_are_found_by_address_name_role_and_state(
    operator: Person, ann: Person
) -> None:
    await changed(operator, await id_of(ann), full_name="Ann Other")

    async def found(**query: Any) -> list[str]:
        page = (await operator.get("admin/users", **query)).json()
        assert page["total"] == len(page["items"])
        return [user["email"] for user in page["items"]]

    assert await found() == sorted([operator.email, ann.email])
    assert await found(search=ann.email[3:12].upper()) == [ann.email]
    assert await found(search="nn oth") == [ann.email]
    assert await found(search="%") == []
    assert await found(role="admin") == [operator.email]
    assert await found(disabled=True) == []


async def test_pages_of_users_add_up(operator: Person, ann: Person, bob: Person) -> None:
    pages = [
        (await operator.get("admin/users", limit=1, offset=offset)).json() for offset in range(4)
    ]

    assert [page["total"] for page in pages] == [3] * 4
    assert [len(page["items"]) for page in pages] == [1, 1, 1, 0]
    assert len({page["items"][0]["user_id"] for page in pages[:3]}) == 3


async def test_a_disabled_user_is_out_at_once_and_back_when_enabled(
    http: httpx2.AsyncClient, operator: Person, ann: Person
) -> None:
    user_id, right = await id_of(ann), {"email": ann.email, "password": PASSWORD}
    wrong = right | {"password": "wrong password"}

    disabled = (await changed(operator, user_id, disabled=True)).json()["disabled_at"]
    again = (await changed(operator, user_id, disabled=True)).json()["disabled_at"]

    assert disabled == again is not None
    assert (await ann.get("auth/me")).status_code == 401
    refresh = {"refresh_token": ann.tokens["refresh_token"]}
    assert (await http.post("/api/v1/auth/refresh", json=refresh)).status_code == 401
    assert (await http.post("/api/v1/auth/login", json=right)).json()["code"] == "user_disabled"
    assert (await http.post("/api/v1/auth/login", json=wrong)).json()["code"] == "wrong_credentials"

    assert (await changed(operator, user_id, disabled=False)).json()["disabled_at"] is None
    assert (await ann.get("auth/me")).status_code == 401  # what was ended stays ended
    assert (await (await logged_in(http, ann.email)).get("auth/me")).status_code == 200


async def test_a_role_counts_from_the_next_request(operator: Person, ann: Person) -> None:
    user_id = await id_of(ann)

    await changed(operator, user_id, role="admin")
    promoted = await ann.get("admin/users")
    await changed(operator, user_id, role="user")

    assert promoted.status_code == 200
    assert (await ann.get("admin/users")).status_code == 403


async def test_a_reset_password_ends_every_log_in(
    http: httpx2.AsyncClient, operator: Person, ann: Person
) -> None:
    path = f"admin/users/{await id_of(ann)}/password"

    answer = await operator.request("PUT", path, json={"new_password": NEW_PASSWORD})

    login = {"email": ann.email, "password": NEW_PASSWORD}
    assert answer.status_code == 204
    assert (await ann.get("auth/me")).status_code == 401
    assert (await http.post("/api/v1/auth/login", json=login)).status_code == 200


@pytest.mark.usefixtures("market")
async def test_a_deleted_user_takes_everything_along_but_the_record(
    operator: Person, ann: Person
) -> None:
    user_id, portfolio_id = await id_of(ann), await ann.uploaded()

    assert (await operator.request("DELETE", f"admin/users/{user_id}")).status_code == 204

    assert (await ann.get(f"portfolios/{portfolio_id}")).status_code == 401
    assert (await operator.get(f"admin/users/{user_id}")).status_code == 404
    done = (await operator.get("admin/audit-log", target=user_id)).json()["items"]
    assert done[0]["action"] == "user.deleted"
    assert done[0]["details"] == {"email": ann.email}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"disabled": True}),
        ("PUT", "/password", {"new_password": NEW_PASSWORD}),
        ("DELETE", "", None),
    ],
)
async def test_unknown_users_are_not_found(
    operator: Person, method: str, path: str, body: Any
) -> None:
    answer = await operator.request(method, f"admin/users/{uuid4()}{path}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (404, "user_not_found")


async def test_one_administrator_always_remains(
    http: httpx2.AsyncClient, gateway: Gateway, password_hash: str, operator: Person
) -> None:
    user_id = await id_of(operator)

    refused = [
        await changed(operator, user_id, role="user"),
        await changed(operator, user_id, disabled=True),
        await operator.request("DELETE", f"admin/users/{user_id}"),
    ]
    other = await an_administrator(http, gateway, password_hash)
    allowed = await changed(other, user_id, role="user")

    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {
        (409, "last_administrator")
    }
    assert allowed.status_code == 200
    assert (await changed(other, await id_of(other), role="user")).status_code == 409


async def test_the_audit_log_is_filtered_and_newest_first(
    operator: Person, http: httpx2.AsyncClient
) -> None:
    ann = await a_person(http)
    await a_person(http)
    user_id = await id_of(ann)
    await changed(operator, user_id, full_name="Ann Other")
    await changed(operator, user_id, role="admin")

    async def found(**query: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await operator.get("admin/audit-log", **query)).json()[
            "items"
        ]
        return items

    changes = await found(action="user.changed")
    assert [entry["details"] for entry in changes] == [
        {"role": "admin"},
        {"full_name": "Ann Other"},
    ]
    assert {entry["user_id"] for entry in changes} == {await id_of(operator)}
    assert {entry["email"] for entry in changes} == {operator.email}
    assert {entry["email"] for entry in await found(action="user.registered")} >= {ann.email}
    assert {entry["target"] for entry in await found(user_id=user_id)} == {user_id, ann.email}
    latest = changes[0]["occurred_at"]
    assert [entry["audit_id"] for entry in await found(since=latest)] == [changes[0]["audit_id"]]
    assert changes[0]["audit_id"] not in [entry["audit_id"] for entry in await found(until=latest)]


async def test_a_refused_change_leaves_no_record(operator: Person) -> None:
    await changed(operator, await id_of(operator), role="user")

    page = (await operator.get("admin/audit-log", action="user.changed")).json()

    assert (page["items"], page["total"]) == ([], 0)
