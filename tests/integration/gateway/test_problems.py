"""Every error is a problem document, and every route is documented with examples."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from asyncpg import PostgresError
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.gateway.edge.dependencies import Gateway
from tests.integration.gateway.people import Person


def assert_is_problem(answer: httpx2.Response, status: int, code: str) -> None:
    document = answer.json()
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(document) == {"type", "title", "status", "code", "detail", "errors"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("DELETE", "/api/v1/auth/me", 405, "method_not_allowed"),
        ("GET", "/api/v1/portfolios", 401, "missing_token"),
    ],
)
async def test_errors_of_the_framework_are_problems_too(
    http: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    assert_is_problem(await http.request(method, path), status, code)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "offset=-1",
        "portfolio_id=7",
        "sort=colour",
        "type=FUTURE",
        "as_of=1",
        "as_of=0",
    ],
)
async def test_unusable_query_values_name_their_field(ann: Person, query: str) -> None:
    path = "portfolio" if query.startswith("as_of") else "positions"
    await ann.post("portfolios", {"name": "A"})

    answer = await ann.get(f"{path}?{query}")

    assert_is_problem(answer, 422, "invalid_request")
    assert answer.json()["errors"][0]["field"].startswith(query.split("=")[0])


async def test_a_wrong_method_is_answered_with_the_right_ones(http: httpx2.AsyncClient) -> None:
    collection = await http.request("DELETE", "/api/v1/portfolios")
    member = await http.request("POST", "/api/v1/portfolios/7f1c1f9e-8f4e-4c55-9d5a-2f1f3f0c6a11")

    assert_is_problem(collection, 405, "method_not_allowed")
    assert (collection.headers["allow"], member.headers["allow"]) == (
        "GET, POST",
        "GET, PATCH, DELETE",
    )


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b""])
async def test_broken_bodies_are_problems(http: httpx2.AsyncClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await http.post("/api/v1/auth/login", content=body, headers=headers)

    assert_is_problem(answer, answer.status_code, answer.json()["code"])
    assert 400 <= answer.status_code < 500


async def test_zero_bytes_in_text_are_refused(http: httpx2.AsyncClient, ann: Person) -> None:
    await ann.post("portfolios", {"name": "A"})

    login = await http.post("/api/v1/auth/login", json={"email": "a\x00b", "password": "12345678"})
    search = await ann.get("positions", search="a\x00b")
    named = await ann.post("portfolios", {"name": "a\x00b"})

    assert_is_problem(login, 422, "invalid_text")
    assert_is_problem(search, 422, "invalid_text")
    assert_is_problem(named, 422, "invalid_request")


NAMED: dict[str, dict[str, object]] = {
    "portfolios": {},
    "reports/schedules": {},
    "me/tokens": {"scopes": ["risk:read"]},
    "import/profiles": {"header": ["A"], "mapping": {"use": "positions", "columns": {}}},
    "modelling/sessions": {"portfolio_id": str(uuid4())},
    "limits": {"measure": "nav", "direction": "above", "warning": 1, "breach": 2},
    "risk/stress-testing/scenarios": {"shocks": {"market": -0.1}},
}


async def test_names_hold_no_invisible_characters(ann: Person) -> None:
    for path, body in NAMED.items():
        for name in ("a\nb", "a\x7fb", "a\u202eb", "  "):
            answer = await ann.post(path, {**body, "name": name})

            assert_is_problem(answer, 422, "invalid_request")
            assert "name" in [error["field"] for error in answer.json()["errors"]], path


async def test_no_address_is_made_of_the_header_host(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/api/v1/calendar/", headers={"Host": "evil.example"})

    assert_is_problem(answer, 404, "not_found")
    assert "location" not in answer.headers


async def test_internal_failures_reveal_nothing_internal(
    http: httpx2.AsyncClient, app: FastAPI, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gateway, "database", property(lambda _: 1 / 0))

    answer = await ann.get("portfolios")

    assert_is_problem(answer, 500, "internal_error")
    assert "division" not in answer.text


def fail_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway gets this error instead of its database."""

    def no_database(_: Gateway) -> Any:
        raise error

    monkeypatch.setattr(Gateway, "database", property(no_database))


async def test_a_database_that_is_away_is_unavailable(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(OperationalError("select 1", {}, Exception("the connection is closed")), monkeypatch)

    assert_is_problem(await ann.get("portfolios"), 503, "database_unavailable")


class OfDriver(PostgresError):  # type: ignore[misc]
    """An error of asyncpg: connecting and COPY raise them as they are, statements wrapped."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


# Postgres starts, is full, was made read-only, cancels a statement, has no connection left, stops
OUTAGES = ["57P03", "53100", "25006", "57014", "53300", "57P01"]
OF_CONNECTIONS = [
    PoolTimeout("no connection became free"),
    TimeoutError(),  # of `command_timeout`, and of connecting
    ConnectionRefusedError(111, "Connection refused"),
    OSError("Multiple exceptions: [Errno 111] ..., [Errno 113] ..."),
]


@pytest.mark.parametrize(
    "error",
    [
        *map(OfDriver, OUTAGES),
        *(DBAPIError("select 1", {}, OfDriver(state)) for state in OUTAGES),
        *OF_CONNECTIONS,
    ],
    ids=repr,
)
async def test_every_outage_is_unavailable_wherever_it_is_met(
    http: httpx2.AsyncClient, ann: Person, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    fail_with(error, monkeypatch)
    personal = {"authorization": f"Bearer sigmasight_{'a' * 43}"}
    body = {"email": ann.email, "password": "a password"}

    answers = [
        await ann.get("portfolios"),
        await ann.post("portfolios", {"name": "A"}),
        await ann.get("events"),
        await http.get("/api/v1/portfolios", headers=personal),
        await http.post("/api/v1/auth/login", json=body),
        await http.post("/mcp", json={}, headers=personal | {"host": "gateway"}),
    ]

    for answer in answers:
        assert_is_problem(answer, 503, "database_unavailable")
        assert answer.headers["retry-after"] == "5"
        assert str(error) not in answer.text or not str(error)


async def test_a_file_that_is_missing_is_no_outage(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(FileNotFoundError(2, "No such file or directory", "/demo/books.json"), monkeypatch)

    assert_is_problem(await ann.get("portfolios"), 500, "internal_error")


async def test_a_full_disk_writes_all_or_nothing(ann: Person, gateway: Gateway) -> None:
    async with made_read_only(gateway):
        refused = await ann.post("portfolios", {"name": "A"})

    assert_is_problem(refused, 503, "database_unavailable")
    assert "can store nothing" in refused.json()["detail"]
    assert (await ann.get("portfolios")).json()["items"] == []
    assert (await ann.post("portfolios", {"name": "A"})).status_code == 201


@asynccontextmanager
async def made_read_only(gateway: Gateway) -> AsyncIterator[None]:
    """Postgres refuses to write, as a standby or one whose disk is full does."""

    def read_only(connection: Connection) -> None:
        connection.exec_driver_sql("set transaction read only")

    engine = gateway.database.engine.sync_engine
    event.listen(engine, "begin", read_only)
    try:
        yield
    finally:
        event.remove(engine, "begin", read_only)


async def test_the_gateway_is_live_ready_and_measured(http: httpx2.AsyncClient) -> None:
    live, ready = await asyncio.gather(http.get("/health/live"), http.get("/health/ready"))
    metrics = (await http.get("/metrics")).text

    assert live.json() == {"status": "live"}
    assert ready.json() == {
        "ready": True,
        "bus": True,
        "publishing": True,
        "database": True,
        "durables_missing": [],
        "rate_limits": "in_process",
    }
    assert (
        'sigmasight_http_seconds_count{method="GET",route="/health/live",status="200"}' in metrics
    )
    assert "sigmasight_messages" in metrics


async def test_metrics_are_for_who_sends_their_token(
    http: httpx2.AsyncClient, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.runtime.settings, "metrics_token", SecretStr("scrape"))

    stranger = await http.get("/metrics")
    scraper = await http.get("/metrics", headers={"authorization": "Bearer scrape"})

    assert_is_problem(stranger, 401, "invalid_token")
    assert scraper.status_code == 200


async def test_metrics_name_routes_and_never_ids(http: httpx2.AsyncClient, ann: Person) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]
    await ann.get(f"portfolios/{portfolio_id}")

    metrics = (await http.get("/metrics")).text

    assert 'route="/portfolios/{portfolio_id}"' in metrics
    assert portfolio_id not in metrics


def test_every_route_documents_its_answer_and_its_problems(app: FastAPI) -> None:
    operations = [
        (path, operation)
        for path, methods in app.openapi()["paths"].items()
        for operation in methods.values()
        if path.startswith("/api/v1/") and not path.startswith("/api/v1/auth")
    ]

    assert all(
        "application/problem+json" in op["responses"]["401"]["content"]
        for _, op in operations
        if "security" in op  # the others are public
    )
    assert all(op.get("summary") and op.get("description") for _, op in operations)
    assert all(
        code == "204"
        or all({"schema", "itemSchema"} & set(media) for media in content["content"].values())
        for _, op in operations
        for code, content in op["responses"].items()
        if code.startswith("2")
    )


def test_requests_and_answers_have_examples(app: FastAPI) -> None:
    document = app.openapi()
    schemas = document["components"]["schemas"]
    bodies = [
        content["schema"].get("$ref", "").rsplit("/", 1)[-1]
        for methods in document["paths"].values()
        for operation in methods.values()
        for part in [operation.get("requestBody", {}), operation["responses"].get("200", {})]
        for kind, content in part.get("content", {}).items()
        if kind == "application/json"
    ]
    named = [name for name in bodies if name and not name.startswith("Page_")]

    assert named
    assert [
        name for name in named if not schemas[name].get("examples") and name != "RowsStored"
    ] == []


def test_an_unknown_field_is_refused_in_every_body(app: FastAPI) -> None:
    document = app.openapi()
    bodies = {
        content["schema"]["$ref"].rsplit("/", 1)[-1]
        for methods in document["paths"].values()
        for operation in methods.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    }

    assert bodies
    lenient = [
        name
        for name in bodies
        if document["components"]["schemas"][name].get("additionalProperties") is not False
    ]
    assert lenient == []


async def test_a_misspelt_field_is_named(ann: Person) -> None:
    answer = await ann.post("portfolios", {"name": "Book", "equity_ballance": 5})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "equity_ballance")
