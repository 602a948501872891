"""Register, log in, refresh, me."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from services.gateway.api.application import ensure_admin
from services.gateway.api.dependencies import Gateway
from services.gateway.repository import users
from tests.integration.gateway.people import PASSWORD, Person, logged_in


async def test_a_new_user_logs_in_and_is_known(http: httpx.AsyncClient) -> None:
    wanted = {"email": "Ada@Example.com", "password": PASSWORD, "full_name": "Ada"}

    registered = await http.post("/api/v1/auth/register", json=wanted)
    ada = await logged_in(http, "ada@example.com")
    me = (await ada.get("auth/me")).json()

    assert registered.status_code == 201
    assert me == registered.json()
    assert (me["email"], me["full_name"], me["role"]) == ("ada@example.com", "Ada", "user")


async def test_nobody_registers_as_an_administrator(http: httpx.AsyncClient) -> None:
    wanted = {"email": "eve@example.com", "password": PASSWORD, "role": "admin"}

    assert (await http.post("/api/v1/auth/register", json=wanted)).json()["role"] == "user"


async def test_an_address_is_taken_whatever_its_case(http: httpx.AsyncClient, ann: Person) -> None:
    again = await http.post("/api/v1/auth/register", json={"email": ann.email.upper(), "password": PASSWORD})

    assert (again.status_code, again.json()["code"]) == (409, "email_taken")


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("nobody", PASSWORD, "email"),
        ("a@example.com", "sh0rt!", "password"),
        ("a@example.com", "x" * 201, "password"),
    ],
)
async def test_unusable_registrations_name_the_field(
    http: httpx.AsyncClient, email: str, password: str, field: str
) -> None:
    answer = await http.post("/api/v1/auth/register", json={"email": email, "password": password})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert password not in answer.text


async def test_wrong_password_and_unknown_user_answer_the_same(http: httpx.AsyncClient, ann: Person) -> None:
    wrong = await http.post("/api/v1/auth/login", json={"email": ann.email, "password": "wrong password"})
    unknown = await http.post(
        "/api/v1/auth/login", json={"email": "x@example.com", "password": "wrong password"}
    )

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


async def test_refresh_token_works_once(http: httpx.AsyncClient, ann: Person) -> None:
    body = {"refresh_token": ann.tokens["refresh_token"]}

    first = await http.post("/api/v1/auth/refresh", json=body)
    second = await http.post("/api/v1/auth/refresh", json=body)
    renewed = Person(http, ann.email, first.json())

    assert (await renewed.get("auth/me")).json()["email"] == ann.email
    assert (second.status_code, second.json()["code"]) == (401, "invalid_refresh_token")


async def test_expired_refresh_token_is_refused(gateway: Gateway, ann: Person) -> None:
    now = datetime.now(UTC)
    async with gateway.database.transaction() as session:
        user = await users.load_user_by_email(session, ann.email)
        assert user is not None
        await users.save_refresh_token(session, "a" * 64, user.user_id, now - timedelta(seconds=1))

        assert await users.use_refresh_token(session, "a" * 64, now) is None


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eA=="}]
)
async def test_without_a_valid_token_nothing_is_told(http: httpx.AsyncClient, header: dict[str, str]) -> None:
    answer = await http.get("/api/v1/auth/me", headers=header)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_configured_administrator_exists_after_any_number_of_starts(gateway: Gateway) -> None:
    settings = gateway.settings.model_copy(
        update={"admin_email": "Root@Example.com", "admin_password": SecretStr(PASSWORD)}
    )
    configured = Gateway(gateway.runtime, settings, gateway.tokens, gateway.passwords, gateway.relay)

    for _ in range(2):
        async with gateway.database.transaction() as session:
            await ensure_admin(session, configured)

    async with gateway.database.transaction() as session:
        root = await users.load_user_by_email(session, "root@example.com")
    assert root is not None
    assert root.role == "admin"
