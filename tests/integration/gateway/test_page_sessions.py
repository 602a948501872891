"""A browser's session: a cookie beside bearer tokens, which no other page can use."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest

from services.gateway.edge.cookies import COOKIE, PAGE_HEADER
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.tokens import Bearer
from tests.integration.gateway.people import PASSWORD, Person

API = "/api/v1"
PAGE = {"Sec-Fetch-Site": "same-origin", PAGE_HEADER: "1"}


async def opened(http: httpx2.AsyncClient, email: str, **headers: str) -> httpx2.Response:
    proof = {"email": email, "password": PASSWORD}
    return await http.post(f"{API}/auth/session", json=proof, headers=PAGE | headers)


def cookie_of(answer: httpx2.Response) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.fixture
async def cookie(http: httpx2.AsyncClient, ann: Person) -> str:
    """Ann's cookie, as her browser sends it."""
    return cookie_of(await opened(http, ann.email))


async def asked(
    http: httpx2.AsyncClient, cookie: str, method: str = "GET", path: str = "auth/me", **more: str
) -> httpx2.Response:
    body = {"name": "By page"} if method == "POST" else None
    return await http.request(
        method, f"{API}/{path}", json=body, headers={"Cookie": cookie, **PAGE, **more}
    )


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_hosts(
    http: httpx2.AsyncClient, ann: Person
) -> None:
    answer = await opened(http, ann.email)

    name, *attributes = answer.headers["set-cookie"].split("; ")
    lasting = {each.lower() for each in attributes if "=" not in each}
    assert (answer.status_code, answer.json()["email"]) == (201, ann.email)
    assert name.startswith(f"{COOKIE}=")
    assert lasting == {"httponly", "secure"}
    assert {"Path=/", "SameSite=lax", "Max-Age=43200"} <= set(attributes)
    assert not any(each.lower().startswith("domain") for each in attributes)
    assert answer.headers["cache-control"] == "no-store"


async def test_reads_and_writes_of_our_own_page_count(
    http: httpx2.AsyncClient, ann: Person, cookie: str
) -> None:
    me = await asked(http, cookie)
    written = await asked(http, cookie, "POST", "portfolios")
    events = await asked(http, cookie, path="events?follow=false&after=0")

    assert me.json()["email"] == ann.email
    assert written.status_code == 201
    assert (events.status_code, events.headers["content-type"].partition(";")[0]) == (
        200,
        "text/event-stream",
    )


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
async def test_writes_of_other_pages_are_refused(
    http: httpx2.AsyncClient, cookie: str, site: str
) -> None:
    answer = await asked(http, cookie, "POST", "portfolios", **{"Sec-Fetch-Site": site})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_from_the_page")


async def test_a_form_of_our_own_origin_is_refused_too(
    http: httpx2.AsyncClient, cookie: str
) -> None:
    headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}

    answer = await http.post(f"{API}/portfolios", json={"name": "By form"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_from_the_page")


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 401), ("same-site", 401), ("none", 200)]
)
async def test_reads_of_other_pages_are_anonymous(
    http: httpx2.AsyncClient, cookie: str, site: str, status: int
) -> None:
    answer = await asked(http, cookie, **{"Sec-Fetch-Site": site})

    assert answer.status_code == status


async def test_another_page_cannot_log_its_reader_in(http: httpx2.AsyncClient, ann: Person) -> None:
    answer = await opened(http, ann.email, **{"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_from_the_page")
    assert "set-cookie" not in answer.headers


async def test_an_access_token_takes_precedence_over_the_cookie(
    http: httpx2.AsyncClient, bob: Person, cookie: str
) -> None:
    token = bob.tokens["access_token"]

    answer = await asked(http, cookie, Authorization=f"Bearer {token}")

    assert answer.json()["email"] == bob.email


async def test_logging_out_ends_the_session_at_once(http: httpx2.AsyncClient, cookie: str) -> None:
    ended = await asked(http, cookie, "DELETE", "auth/session")
    after = await asked(http, cookie)

    assert ended.status_code == 204
    assert "Max-Age=0" in ended.headers["set-cookie"]
    assert after.status_code == 401


async def test_another_password_ends_the_session(
    http: httpx2.AsyncClient, ann: Person, cookie: str
) -> None:
    change = {"current_password": PASSWORD, "new_password": "staple of another colour"}
    await ann.request("PUT", "auth/password", json=change)

    assert (await asked(http, cookie)).status_code == 401


async def test_a_session_ends_when_its_time_is_over(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person
) -> None:
    user_id = gateway.tokens.user_id(ann.tokens["access_token"])
    before = datetime.now(UTC) - timedelta(seconds=gateway.settings.page_session_seconds)
    token = gateway.tokens.access_token(
        Bearer(user_id, uuid4()), before, gateway.settings.page_session_seconds
    )

    answer = await asked(http, f"{COOKIE}={token}")

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("value", ["", "x", "a.b.c", "ä", "x" * 5000])
async def test_unreadable_cookies_are_anonymous(http: httpx2.AsyncClient, value: str) -> None:
    headers = {b"cookie": f"{COOKIE}={value}".encode("latin-1"), b"sec-fetch-site": b"same-origin"}

    answer = await http.get(f"{API}/auth/me", headers=list(headers.items()))

    assert answer.status_code == 401


async def test_a_link_logs_in_once(http: httpx2.AsyncClient, ann: Person) -> None:
    link = (await ann.post("auth/session/link", None)).json()
    path, body = f"{API}/auth/session/by-link", {"code": link["code"]}

    first = await http.post(path, json=body, headers=PAGE)
    second = await http.post(path, json=body, headers=PAGE)

    assert (await asked(http, cookie_of(first))).json()["email"] == ann.email
    assert (second.status_code, second.json()["code"]) == (401, "invalid_link")


async def test_a_ticket_for_events_is_no_link(http: httpx2.AsyncClient, ann: Person) -> None:
    ticket = (await ann.post("events/ticket", None)).json()["ticket"]

    answer = await http.post(f"{API}/auth/session/by-link", json={"code": ticket}, headers=PAGE)

    assert answer.status_code == 401


async def test_a_wrong_password_is_counted_as_for_tokens(
    http: httpx2.AsyncClient, ann: Person
) -> None:
    proof = {"email": ann.email, "password": "wrong password"}

    answers = [await http.post(f"{API}/auth/session", json=proof, headers=PAGE) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
