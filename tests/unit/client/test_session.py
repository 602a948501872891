"""What the client does around every request, against an API of a few lines."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import httpx2
import pytest

from sigmasight_client import ApiError, SigmaSight

Answer = Callable[[httpx2.Request], httpx2.Response]


class FewLines:
    """Logs in everybody; other requests are answered by what it is given, one after the other."""

    def __init__(self, *answers: Answer | httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []
        self.authorizations: list[str] = []
        self.slept: list[float] = []
        self.logins = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith(("/auth/login", "/auth/refresh")):
            self.logins += 1
            return httpx2.Response(
                200, json={"access_token": f"t{self.logins}", "refresh_token": "r"}
            )
        self.asked.append(request)
        self.authorizations.append(request.headers["Authorization"])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx2.Response) else answer(request)

    def client(self) -> SigmaSight:
        transport = httpx2.MockTransport(self)
        return SigmaSight(
            "http://api", "ann@example.com", "secret", transport=transport, sleep=self.slept.append
        )


def ok(body: Any, **headers: str) -> httpx2.Response:
    return httpx2.Response(200, json=body, headers=headers)


def a_problem(status: int, code: str = "wrong", **headers: str) -> httpx2.Response:
    return httpx2.Response(
        status, json={"code": code, "detail": "no", "errors": []}, headers=headers
    )


def test_it_logs_in_by_itself_and_once() -> None:
    api = FewLines(ok({"items": []}), ok({"items": []}))

    with api.client() as client:
        client.list_tags()
        client.list_tags()

    assert api.logins == 1
    assert set(api.authorizations) == {"Bearer t1"}


def test_a_token_that_ended_is_renewed_and_the_request_sent_again() -> None:
    api = FewLines(a_problem(401, "invalid_token"), ok({"items": []}))

    with api.client() as client:
        client.list_tags()

    assert api.authorizations == ["Bearer t1", "Bearer t2"]


def test_it_waits_as_long_as_it_is_told_to() -> None:
    api = FewLines(a_problem(429, "rate_limited", **{"Retry-After": "7"}), ok({"items": []}))

    with api.client() as client:
        client.list_tags()

    assert api.slept == [7.0]


def test_an_answer_that_did_not_change_is_not_sent_again() -> None:
    api = FewLines(
        ok({"as_of": "2022-12-28"}, ETag='W/"a"'), httpx2.Response(304, headers={"ETag": 'W/"a"'})
    )

    with api.client() as client:
        first = client.get_report(UUID(int=1), as_of=date(2022, 12, 28))
        second = client.get_report(UUID(int=1), as_of="2022-12-28")

    assert api.asked[1].headers["If-None-Match"] == 'W/"a"'
    assert first["as_of"] == "2022-12-28"
    assert second == first


def test_a_write_without_an_answer_is_sent_again_under_the_same_key() -> None:
    api = FewLines(httpx2.ConnectError("gone"), httpx2.Response(201, json={"name": "core"}))

    with api.client() as client:
        client.create_tag({"name": "core"})

    keys = [request.headers["Idempotency-Key"] for request in api.asked]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_what_may_not_be_repeated_is_not() -> None:
    api = FewLines(httpx2.ConnectError("gone"), ok({}))

    with api.client() as client, pytest.raises(httpx2.ConnectError):
        client.evaluate_direct({"shocks": {"Market": -0.1}})

    assert len(api.asked) == 1


def test_a_refusal_tells_code_sentence_and_fields() -> None:
    errors = [{"field": "amount", "code": "value_error", "message": "the amount is 0"}]
    body = {"code": "invalid_request", "detail": "1 value cannot be used", "errors": errors}
    api = FewLines(httpx2.Response(422, json=body))

    with api.client() as client, pytest.raises(ApiError) as refused:
        client.add_cash_flow(UUID(int=1), {"flow_date": "2022-12-28", "amount": 0})

    assert (refused.value.status, refused.value.code, refused.value.errors) == (
        422,
        "invalid_request",
        errors,
    )


def test_paths_queries_and_bodies_are_written_as_the_api_reads_them() -> None:
    api = FewLines(ok({"items": []}), ok({"symbol": "BRK/B"}), httpx2.Response(201, json={}))

    with api.client() as client:
        client.list_positions(type_=["LC", "SP"], limit=5, as_of=date(2022, 12, 28))
        client.list_prices("BRK/B")
        client.create_tag({"name": "core"})

    listed, priced, created = api.asked
    assert str(listed.url.params) == "as_of=2022-12-28&limit=5&type=LC&type=SP"
    assert priced.url.raw_path.startswith(b"/api/v1/market-data/prices/BRK%2FB")
    assert json.loads(created.content) == {"name": "core"}


def test_text_answers_come_as_text() -> None:
    api = FewLines(httpx2.Response(200, text="a,b\n", headers={"Content-Type": "text/csv"}))

    with api.client() as client:
        assert client.export_positions(format_="csv") == "a,b\n"


def test_events_come_one_by_one_and_heartbeats_do_not() -> None:
    stream = ': alive\n\nid: 7\nevent: stage\ndata: {"stage": "prices"}\n\n: alive\n\n'
    api = FewLines(httpx2.Response(200, text=stream, headers={"Content-Type": "text/event-stream"}))

    with api.client() as client:
        told = list(client.events())

    assert told == [{"id": "7", "event": "stage", "data": {"stage": "prices"}}]
