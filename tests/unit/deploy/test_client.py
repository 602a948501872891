"""The client logs in when it must, waits when it is told to, and turns problem documents into
sentences.
"""

import json
from collections.abc import Callable

import httpx2
import pytest

from deploy.local.client import ApiClient, Refused, Unreachable

Answer = Callable[[httpx2.Request], httpx2.Response]


def a_client(answer: Answer) -> ApiClient:
    return ApiClient("http://api", "ada@example.com", "secret", httpx2.MockTransport(answer))


def tokens(number: int) -> httpx2.Response:
    return httpx2.Response(200, json={"access_token": f"token-{number}"})


def test_an_expired_token_is_replaced_once() -> None:
    logins: list[int] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/auth/login"):
            logins.append(1)
            return tokens(len(logins))
        if request.headers["Authorization"] == "Bearer token-1":
            return httpx2.Response(401, json={"code": "invalid_token", "detail": "expired"})
        return httpx2.Response(200, json={"items": []})

    with a_client(answer) as client:
        found = client.get("portfolios")

    assert found == {"items": []}
    assert len(logins) == 2


def test_wrong_credentials_are_a_refusal_not_a_loop() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(401, json={"code": "wrong_credentials", "detail": "wrong"})

    with a_client(answer) as client, pytest.raises(Refused) as refusal:
        client.get("portfolios")

    assert refusal.value.code == "wrong_credentials"


def test_a_busy_answer_is_tried_again_after_the_time_it_names() -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.url.path)
        if len(seen) == 1:
            return httpx2.Response(429, headers={"Retry-After": "0"})
        return tokens(1)

    with a_client(answer) as client:
        client.login()

    assert len(seen) == 2


def test_registering_tells_who_wants_in() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(202, json={"email": "ada@example.com"})

    with a_client(answer) as client:
        client.register("Ada")

    assert json.loads(seen[0].content) == {
        "email": "ada@example.com",
        "password": "secret",
        "full_name": "Ada",
    }


def test_problems_of_a_file_are_told_with_their_lines() -> None:
    problem = {
        "code": "invalid_rows",
        "detail": "1 row cannot be used",
        "errors": [
            {"field": "quantity", "code": "zero", "message": "the quantity is 0", "line": 7}
        ],
    }

    def answer(request: httpx2.Request) -> httpx2.Response:
        return (
            tokens(1) if request.url.path.endswith("login") else httpx2.Response(422, json=problem)
        )

    with a_client(answer) as client, pytest.raises(Refused, match="line 7: the quantity is 0"):
        client.post("portfolios", {})


def test_a_silent_server_is_named() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    with a_client(answer) as client, pytest.raises(Unreachable, match="does not answer"):
        client.login()
