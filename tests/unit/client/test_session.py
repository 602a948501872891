"""What surrounds every request of the client, against an API of a few lines."""

import json
from collections.abc import Callable
from datetime import date
from itertools import islice
from typing import Any
from uuid import UUID

import httpx2
import pytest

from sigmasight_client import ApiError, SigmaSight

WARNING = {"code": "stale_prices", "message": "1 price is older than the session", "count": 1}
Answer = Callable[[httpx2.Request], httpx2.Response]


class FewLines:
    """Accepts every log-in, and answers other requests with what it is given, one by one."""

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


def test_a_code_is_fetched_when_a_log_in_needs_one() -> None:
    fetched: list[str] = []
    sent: list[Any] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/auth/login"):
            sent.append(json.loads(request.content))
            if "code" not in sent[-1]:
                return a_problem(401, "second_factor_required")
            return ok({"access_token": "t", "refresh_token": "r"})
        return ok({"items": []})

    def code() -> str:
        fetched.append("123456")
        return fetched[-1]

    transport = httpx2.MockTransport(answer)
    with pytest.raises(ApiError) as needed:
        SigmaSight("http://api", "a@b.c", "secret", transport=transport).list_portfolios()
    client = SigmaSight("http://api", "a@b.c", "secret", code=code, transport=transport)
    client.list_portfolios()
    client.list_portfolios()

    assert needed.value.code == "second_factor_required"
    assert fetched == ["123456"]
    assert sent[-1] == {"email": "a@b.c", "password": "secret", "code": "123456"}


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


def test_it_waits_as_long_as_retry_after_says() -> None:
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
        client.evaluate_direct({"shocks": {"market": -0.1}})

    assert len(api.asked) == 1


def test_a_refusal_holds_code_sentence_and_fields() -> None:
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


@pytest.mark.parametrize(
    "url", ["http://api", "http://api/", "http://api/api/v1", "http://api/api/v1/"]
)
def test_a_base_url_with_or_without_the_prefix_works(url: str) -> None:
    api = FewLines(ok({"items": []}))

    with SigmaSight(
        url, "ann@example.com", "secret", transport=httpx2.MockTransport(api)
    ) as client:
        client.list_tags()

    assert str(api.asked[0].url) == "http://api/api/v1/tags"


def test_every_answer_is_a_new_object() -> None:
    api = FewLines(
        ok({"warnings": [WARNING]}, ETag='W/"a"'),
        *[httpx2.Response(304, headers={"ETag": 'W/"a"'})] * 2,
    )

    with api.client() as client:
        for _ in range(2):
            client.get_report(UUID(int=1))["warnings"].clear()
        unchanged = client.get_report(UUID(int=1))

    assert unchanged["warnings"] == [WARNING]


def test_wrong_credentials_are_a_refusal_and_no_loop() -> None:
    refused = []

    def api(request: httpx2.Request) -> httpx2.Response:
        refused.append(request.url.path)
        return a_problem(401, "wrong_credentials")

    client = SigmaSight("http://api", "ann", "wrong", transport=httpx2.MockTransport(api))
    with client, pytest.raises(ApiError) as error:
        client.list_tags()

    assert error.value.code == "wrong_credentials"
    assert refused == ["/api/v1/auth/login"]


def test_tokens_are_renewed_once_for_a_request() -> None:
    api = FewLines(a_problem(401, "invalid_token"), a_problem(401, "invalid_token"))

    with api.client() as client, pytest.raises(ApiError) as error:
        client.list_tags()

    assert error.value.status == 401
    assert len(api.asked) == 2


def test_waiting_ends_after_two_minutes() -> None:
    busy = a_problem(503, "not_ready", **{"Retry-After": "50"})
    api = FewLines(busy, busy, busy)

    with api.client() as client, pytest.raises(ApiError) as error:
        client.list_tags()

    assert api.slept == [50.0, 50.0]
    assert (error.value.code, error.value.retry_after) == ("not_ready", 50.0)


def test_a_busy_api_that_names_no_time_is_asked_again_for_reads_only() -> None:
    api = FewLines(a_problem(503), ok({"items": []}), a_problem(503))

    with api.client() as client:
        client.list_tags()
        with pytest.raises(ApiError):
            client.evaluate_direct({"shocks": {"market": -0.1}})

    assert len(api.asked) == 3


# --- events ---


def a_stream(*events: tuple[int, str, dict[str, Any]]) -> httpx2.Response:
    """A connection that sends heartbeats and events, and ends."""
    text = "".join(
        f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n: alive\n\n"
        for number, kind, data in events
    )
    return httpx2.Response(
        200, text=f": alive\n\n{text}", headers={"Content-Type": "text/event-stream"}
    )


STAGE = (7, "stage", {"stage": "prices"})
END = (9, "run", {"status": "completed"})


def test_events_come_one_by_one_and_heartbeats_do_not() -> None:
    api = FewLines(a_stream(STAGE))

    with api.client() as client:
        received = list(client.events(follow=False))

    assert received == [{"id": "7", "event": "stage", "data": {"stage": "prices"}}]


def test_a_stream_that_ends_goes_on_after_its_last_event() -> None:
    api = FewLines(a_stream(STAGE), a_problem(401, "token_expired"), a_stream(END))

    with api.client() as client:
        received = list(islice(client.events(), 2))

    assert [event["id"] for event in received] == ["7", "9"]
    assert [request.headers.get("Last-Event-ID") for request in api.asked] == [None, "7", "7"]
    assert api.authorizations == ["Bearer t1", "Bearer t1", "Bearer t2"]


def test_events_of_a_run_end_with_it() -> None:
    api = FewLines(a_stream(STAGE, END))

    with api.client() as client:
        received = list(client.events(run_id=UUID(int=1)))

    assert [event["event"] for event in received] == ["stage", "run"]
    assert api.asked[0].url.params["run_id"] == str(UUID(int=1))


def test_a_lost_connection_is_opened_again_after_a_pause() -> None:
    api = FewLines(httpx2.ReadError("lost"), a_problem(429, **{"Retry-After": "5"}), a_stream(END))

    with api.client() as client:
        received = list(client.events(run_id=UUID(int=1)))

    assert [event["id"] for event in received] == ["9"]
    assert api.slept == [0.5, 5.0]


def test_a_stream_that_ends_at_once_is_opened_again_after_a_pause() -> None:
    api = FewLines(a_stream(), a_stream(), a_stream(END))

    with api.client() as client:
        list(client.events(run_id=UUID(int=1)))

    assert api.slept == [0.5, 0.5]


def test_a_page_in_place_of_events_is_an_error() -> None:
    page = httpx2.Response(200, text="<html>", headers={"Content-Type": "text/html"})
    api = FewLines(page)

    with api.client() as client, pytest.raises(ApiError) as error:
        list(client.events(run_id=UUID(int=1)))

    assert error.value.code == "unreadable"


@pytest.mark.parametrize(("header", "slept"), [("-5", 0.5), ("nan", 0.5), ("0.0001", 0.5)])
def test_an_odd_retry_after_is_a_short_pause(header: str, slept: float) -> None:
    api = FewLines(a_problem(503, **{"Retry-After": header}), a_stream(END))

    with api.client() as client:
        list(client.events(run_id=UUID(int=1)))

    assert api.slept == [slept]


def test_events_of_a_foreign_run_are_refused() -> None:
    api = FewLines(a_problem(404, "run_not_found"))

    with api.client() as client, pytest.raises(ApiError) as error:
        list(client.events(run_id=UUID(int=1)))

    assert error.value.code == "run_not_found"


def test_a_run_is_followed_to_its_end() -> None:
    api = FewLines(a_stream(STAGE), a_stream(END))
    seen: list[str] = []

    with api.client() as client:
        ended = client.follow(UUID(int=1), lambda event: seen.append(event["event"]))

    assert ended["status"] == "completed"
    assert seen == ["stage", "run"]


def test_a_run_without_events_cannot_be_followed() -> None:
    empty = httpx2.Response(200, text="", headers={"Content-Type": "text/event-stream"})
    api = FewLines(*[empty] * 3)

    with api.client() as client, pytest.raises(LookupError, match="deleted"):
        client.follow(UUID(int=1))

    assert len(api.asked) == 3


def test_a_given_token_is_used_and_never_renewed() -> None:
    api = FewLines(ok({"items": []}), a_problem(401, "invalid_token"))
    client = SigmaSight("http://api", token="mine", transport=httpx2.MockTransport(api))

    client.list_tags()
    with client, pytest.raises(ApiError) as refused:
        client.list_tags()

    assert (refused.value.code, api.logins) == ("invalid_token", 0)
    assert api.authorizations == ["Bearer mine"] * 2
