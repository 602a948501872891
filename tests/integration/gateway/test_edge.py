"""The edge of the gateway: who may ask how much, from where, and what every answer carries."""

import asyncio
import gzip
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fakeredis import TcpFakeServer
from fastapi import FastAPI
from pydantic import SecretStr
from redis import Redis

from services.gateway import application
from services.gateway.application import assembled
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.rate_limits import RateLimits
from services.gateway.reports.handlers import router
from services.gateway.settings import GatewaySettings
from shared.service import Runtime
from tests.integration.gateway.people import Person, a_person

SAFE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
}
Another = Callable[..., httpx2.AsyncClient]


@pytest.fixture(scope="session")
def signing_key() -> SecretStr:
    """The key that replicas of one gateway share."""
    key = Ed25519PrivateKey.generate()
    return SecretStr(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


@pytest.fixture
async def another(
    gateway_environment: None, empty: None, signing_key: SecretStr
) -> AsyncIterator[Another]:
    """Makes clients of further gateways over the same database, with different settings."""
    async with AsyncExitStack() as stack:

        def client(**settings: object) -> httpx2.AsyncClient:
            runtime = Runtime("gateway", router, GatewaySettings)
            own = GatewaySettings(
                token_signing_key=signing_key,
                **({"refusal_seconds": 0.0} | settings),  # type: ignore[arg-type]
            )
            app = assembled(runtime, own)
            http = httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app, raise_app_exceptions=False),
                base_url="http://gateway",
            )
            stack.push_async_callback(runtime.close)
            stack.callback(app.state.rate_limits.close)
            stack.push_async_callback(http.aclose)
            return http

        yield client


@pytest.fixture
def store() -> Iterator[TcpFakeServer]:
    """A server that speaks Redis, on loopback."""
    server = TcpFakeServer(("127.0.0.1", 0))
    server.daemon_threads = True
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def url_of(store: TcpFakeServer) -> str:
    return f"redis://127.0.0.1:{store.server_address[1]}/0"


async def statuses(person: Person, path: str, requests: int) -> list[int]:
    return [(await person.get(path)).status_code for _ in range(requests)]


# --- how many ---


def test_a_user_has_a_hundred_requests_a_minute() -> None:
    assert GatewaySettings().requests_per_minute == 100


async def test_too_many_requests_are_refused_with_the_time_to_wait(another: Another) -> None:
    person = await a_person(another(requests_per_minute=5))

    answers = [await person.get("portfolios") for _ in range(8)]

    refused = next(answer for answer in answers if answer.status_code == 429)
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert (refused.json()["code"], refused.headers["content-type"]) == (
        "rate_limited",
        "application/problem+json",
    )
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (refused.headers["x-ratelimit-limit"], refused.headers["x-ratelimit-remaining"]) == (
        "5",
        "0",
    )


async def test_every_answer_shows_the_remaining_requests(another: Another) -> None:
    http = another(requests_per_minute=50)
    person = await a_person(http)

    answers = [
        await person.get(path) for path in ("portfolios", "nothing-here", "portfolios?limit=0")
    ]

    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in answers]
    assert [answer.status_code for answer in answers] == [200, 404, 422]
    assert left == sorted(left, reverse=True)
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"50"}
    assert "x-ratelimit-limit" not in (await http.get("/health/live")).headers


async def test_users_are_counted_apart_and_strangers_by_address(another: Another) -> None:
    http = another(requests_per_minute=6)
    ann, bob = await a_person(http), await a_person(http)  # four anonymous requests

    anns = await statuses(ann, "portfolios", 12)
    strangers = [(await http.get("/api/v1/portfolios")).status_code for _ in range(8)]

    assert 429 in anns
    assert (await bob.get("portfolios")).status_code == 200
    assert strangers[0] == 401
    assert 429 in strangers


async def test_a_forged_token_does_not_buy_more_requests(another: Another) -> None:
    http = another(requests_per_minute=4)

    answers = [
        await http.get("/api/v1/portfolios", headers={"Authorization": f"Bearer {number}.x.y"})
        for number in range(10)
    ]

    assert {answer.status_code for answer in answers} == {401, 429}


async def test_personal_tokens_share_the_requests_of_their_user(another: Another) -> None:
    http = another(requests_per_minute=9)
    person = await a_person(http)
    tokens = [
        (await person.post("me/tokens", {"name": "Script", "scopes": ["portfolio:read"]})).json()
        for _ in range(2)
    ]
    headers = [{"Authorization": f"Bearer {token['token']}"} for token in tokens]

    answers = [
        await http.get("/api/v1/portfolios", headers=each) for each in headers for _ in range(4)
    ]

    assert [answer.status_code for answer in answers] == [200] * 7 + [429]


async def test_guessed_tokens_are_looked_up_a_bounded_number_of_times(another: Another) -> None:
    http = another(requests_per_minute=4)
    headers = [{"Authorization": f"Bearer sigmasight_{number}"} for number in range(10)]

    answers = [await http.get("/api/v1/portfolios", headers=each) for each in headers]

    assert [answer.status_code for answer in answers] == [401] * 4 + [429] * 6


async def test_files_and_metrics_have_a_limit_of_an_address_and_health_none(
    another: Another,
) -> None:
    http = another(page_requests_per_minute=3, requests_per_minute=50)

    pages = [(await http.get("/favicon.ico")).status_code for _ in range(5)]
    metrics = await http.get("/metrics")
    health = await http.get("/health/live")
    api = await http.get("/api/v1/portfolios")

    assert pages == [404, 404, 404, 429, 429]
    assert (metrics.status_code, health.status_code, api.status_code) == (429, 200, 401)


async def test_operators_have_a_separate_limit(another: Another) -> None:
    person = await a_person(another(requests_per_minute=4, operator_requests_per_minute=30))

    used_up = await statuses(person, "portfolios", 9)
    operating = await statuses(person, "admin/batch/runs", 20)

    assert 429 in used_up
    assert set(operating) == {403}


async def test_replicas_count_together_in_the_shared_store(
    another: Another, store: TcpFakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = partial(RateLimits, patience_seconds=30.0)  # a busy machine is no failure
    monkeypatch.setattr(application, "RateLimits", patient)
    one, other = (
        another(requests_per_minute=6, rate_limit_store_url=SecretStr(url_of(store)))
        for _ in range(2)
    )
    person = await a_person(one)
    there = Person(other, person.email, person.tokens)

    at_one = await statuses(person, "portfolios", 4)
    at_other = await statuses(there, "portfolios", 4)

    assert at_one == [200] * 4
    assert at_other == [200, 200, 429, 429]
    assert (await one.get("/health/ready")).json()["rate_limits"] == "shared"


@pytest.mark.parametrize("shared", [True, False])
async def test_no_window_holds_more_than_the_limit(store: TcpFakeServer, shared: bool) -> None:
    """One request, the others at the end of its window, and as many as possible from then on."""
    url = url_of(store) if shared else None
    replicas = [RateLimits(url, seconds=1.0, patience_seconds=30.0) for _ in range(1 + shared)]
    allowed: list[tuple[float, float]] = []

    async def send() -> None:
        for replica in replicas:
            before = time.monotonic()
            if (await replica.standing_after(20, "user", "ann")).allowed:
                allowed.append((before, time.monotonic()))

    began = time.monotonic()
    await send()
    await asyncio.sleep(0.85)
    while len(allowed) < 41 and time.monotonic() < began + 30:
        await send()
        await asyncio.sleep(0.005)
    counted = {replica.counted for replica in replicas}
    for replica in replicas:
        replica.close()

    spans = [later[1] - earlier[0] for earlier, later in zip(allowed, allowed[20:], strict=False)]
    assert counted == {"shared" if shared else "in_process"}
    assert len(spans) >= 21
    assert min(spans) >= 1.0


async def test_a_store_forgets_callers_who_are_quiet(store: TcpFakeServer) -> None:
    limits = RateLimits(url_of(store), seconds=0.2)
    first = await limits.standing_after(1, "user", "ann")
    second = await limits.standing_after(1, "user", "ann")
    await asyncio.sleep(0.3)

    with Redis(port=store.server_address[1]) as client:
        assert client.keys("*") == []
    assert (first.allowed, second.allowed) == (True, False)
    assert (await limits.standing_after(1, "user", "ann")).allowed
    limits.close()


async def test_requests_are_answered_while_the_store_is_away(
    another: Another, store: TcpFakeServer
) -> None:
    http = another(requests_per_minute=6, rate_limit_store_url=SecretStr("redis://127.0.0.1:1/0"))
    person = await a_person(http)

    answers = await statuses(person, "portfolios", 12)

    assert answers[:6] == [200] * 6
    assert 429 in answers  # counted here meanwhile
    assert (await http.get("/health/ready")).json()["rate_limits"] == "store_unreachable"


async def test_a_store_that_hangs_delays_no_request() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    limits = RateLimits(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")

    async with asyncio.timeout(10):
        standing = await limits.standing_after(5, "ann")

    assert (standing.allowed, limits.counted) == (True, "store_unreachable")
    limits.close()
    server.close()


# --- what every answer carries ---


@pytest.mark.parametrize(
    ("path", "status"), [("portfolios", 200), ("nothing", 404), ("portfolios?limit=0", 422)]
)
async def test_every_answer_is_safe_for_browsers(ann: Person, path: str, status: int) -> None:
    answer = await ann.get(path)

    assert answer.status_code == status
    assert SAFE.items() <= dict(answer.headers).items()
    assert answer.headers["cache-control"] == ("private, no-cache" if status == 200 else "no-store")


async def test_failures_are_safe_and_counted_too(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gateway, "database", property(lambda _: 1 / 0))

    answer = await ann.get("portfolios")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert SAFE.items() <= dict(answer.headers).items()
    assert "x-ratelimit-remaining" in answer.headers


async def test_tokens_are_never_kept_by_browsers(http: httpx2.AsyncClient, ann: Person) -> None:
    credentials = {"email": ann.email, "password": "correct horse battery"}

    answer = await http.post("/api/v1/auth/login", json=credentials)

    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


# --- other origins ---

PREFLIGHT = {
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,idempotency-key",
}


async def test_listed_origins_may_use_the_api(another: Another) -> None:
    http = another(cors_origins=("https://app.example.com",), requests_per_minute=1)
    origin = {"Origin": "https://app.example.com"}

    asked = await http.options("/api/v1/portfolios", headers=origin | PREFLIGHT)
    answers = [await http.get("/api/v1/portfolios", headers=origin) for _ in range(4)]

    assert asked.status_code == 200
    assert "PATCH" in asked.headers["access-control-allow-methods"]
    assert {answer.status_code for answer in answers} == {401, 429}
    for answer in (asked, *answers):
        assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
        assert "access-control-allow-credentials" not in answer.headers
    assert "ETag" in answers[0].headers["access-control-expose-headers"]


async def test_other_origins_may_not(another: Another) -> None:
    listed, none = another(cors_origins=("https://app.example.com",)), another()
    origin = {"Origin": "https://evil.example"}

    answers = [
        await http.request(method, "/api/v1/portfolios", headers=origin | PREFLIGHT)
        for http in (listed, none)
        for method in ("OPTIONS", "GET")
    ]

    assert [answer.status_code for answer in answers] == [400, 401, 405, 401]
    assert all("access-control-allow-origin" not in answer.headers for answer in answers)


# --- documentation ---


async def test_documentation_can_be_switched_off(
    another: Another, http: httpx2.AsyncClient, app: FastAPI
) -> None:
    off = another(docs_enabled=False)

    assert (await http.get("/openapi.json")).json() == app.openapi()
    assert (await http.get("/docs")).headers["content-type"] == "text/html; charset=utf-8"
    assert [(await off.get(path)).status_code for path in ("/docs", "/openapi.json")] == [404] * 2


def test_every_route_documents_every_answer(app: FastAPI) -> None:
    operations = [
        (method, operation)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api/v1/")
    ]

    assert all(
        {"429", "500", "503", "504"} <= set(operation["responses"]) for _, operation in operations
    )
    assert all(
        "X-RateLimit-Remaining" in response["headers"]
        for _, operation in operations
        for response in operation["responses"].values()
    )
    assert all(
        {"400", "408", "413"} <= set(operation["responses"])
        for _, operation in operations
        if "requestBody" in operation
    )


# --- reads ---


async def test_a_read_is_sent_again_only_after_a_change(ann: Person) -> None:
    await ann.post("portfolios", {"name": "A"})
    first = await ann.get("portfolios")
    held = {"If-None-Match": first.headers["etag"]}

    same = await ann.request("GET", "portfolios", headers=held)
    await ann.post("portfolios", {"name": "B"})
    changed = await ann.request("GET", "portfolios", headers=held)

    assert (same.status_code, same.content) == (304, b"")
    assert (changed.status_code, changed.json()["total"]) == (200, 2)


async def test_anothers_tag_proves_nothing(ann: Person, bob: Person) -> None:
    await ann.post("portfolios", {"name": "A"})
    tag = (await ann.get("portfolios")).headers["etag"]

    answer = await bob.request("GET", "portfolios", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.json()["total"]) == (200, 0)


async def test_large_answers_are_compressed_for_those_who_ask(
    http: httpx2.AsyncClient, ann: Person
) -> None:
    for number in range(12):
        await ann.post("portfolios", {"name": f"Portfolio {number}"})

    plain = await ann.request("GET", "portfolios", headers={"Accept-Encoding": "identity"})
    packed = await ann.request("GET", "portfolios", headers={"Accept-Encoding": "gzip"})
    small = await http.get("/health/live", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) == len(packed.content)
    assert packed.headers["etag"] == plain.headers["etag"]
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in small.headers
    assert len(gzip.compress(plain.content)) < len(plain.content)
