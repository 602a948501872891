"""What stands around every request, over applications of a few lines."""

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter
from uuid import uuid4

import httpx2
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.edge.conditional import ConditionalReads, matches, unchanged, weak_tag
from services.gateway.edge.fair_share import STREAMS, FairShare
from services.gateway.edge.middleware import (
    SLOWEST_BYTES_PER_SECOND,
    BodyLimit,
    Deadline,
    RateLimit,
    SecurityHeaders,
)
from services.gateway.edge.rate_limits import RateLimits, network_of
from services.gateway.settings import GatewaySettings


async def ask(
    app: ASGIApp, method: str = "GET", path: str = "/api/v1/x", **more: object
) -> httpx2.Response:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://edge"
    ) as http:
        return await http.request(method, path, **more)  # type: ignore[arg-type]


def serving(endpoint: object) -> Starlette:
    route = Route("/api/v1/x", endpoint, methods=["GET", "POST"])  # type: ignore[arg-type]
    return Starlette(routes=[route])


async def hello(_: Request) -> Response:
    return JSONResponse({"hello": "world"})


# --- deadlines ---


async def never(_: Request) -> Response:
    await asyncio.Event().wait()
    raise AssertionError("an event that is never set")


async def echo(request: Request) -> Response:
    return PlainTextResponse(await request.body())


async def trickle(_: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        for _ in range(5):
            yield "x"
            await asyncio.sleep(0.03)

    return StreamingResponse(parts())


async def test_an_answer_that_does_not_come_is_ended() -> None:
    answer = await ask(Deadline(serving(never), seconds=0.05))

    assert (answer.status_code, answer.json()["code"]) == (504, "answer_timeout")


async def test_a_body_that_does_not_come_is_the_requests_fault() -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    answer = await ask(Deadline(serving(echo), seconds=0.05), "POST", content=stalled())

    assert (answer.status_code, answer.json()["code"]) == (408, "request_timeout")


async def slowly(part: bytes) -> AsyncIterator[bytes]:
    """Six parts of a body, a tenth of a second apart."""
    for _ in range(6):
        await asyncio.sleep(0.1)
        yield part


async def test_a_slow_body_that_keeps_coming_is_waited_for() -> None:
    part = b"x" * (SLOWEST_BYTES_PER_SECOND // 4)

    answer = await ask(Deadline(serving(echo), seconds=0.4), "POST", content=slowly(part))

    assert (answer.status_code, answer.text) == (200, 6 * part.decode())


async def test_a_body_of_single_bytes_is_not_waited_for() -> None:
    answer = await ask(Deadline(serving(echo), seconds=0.4), "POST", content=slowly(b"x"))

    assert (answer.status_code, answer.json()["code"]) == (408, "request_timeout")


async def test_an_answer_that_has_started_is_not_ended() -> None:
    answer = await ask(Deadline(serving(trickle), seconds=0.05))

    assert (answer.status_code, answer.text) == (200, "xxxxx")


async def test_timeouts_of_the_application_itself_are_not_taken_for_ours() -> None:
    async def fails(_: Request) -> Response:
        raise TimeoutError("the application's own")

    with pytest.raises(TimeoutError, match="own"):
        await ask(Deadline(serving(fails), seconds=5))


# --- bodies ---


@pytest.mark.parametrize(("size", "status"), [(10, 200), (11, 413)])
async def test_bodies_are_cut_off_at_the_limit(size: int, status: int) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(size):
            yield b"x"

    counted = await ask(BodyLimit(serving(echo), max_bytes=10), "POST", content=parts())
    declared = await ask(BodyLimit(serving(echo), max_bytes=10), "POST", content=b"x" * size)

    assert (counted.status_code, declared.status_code) == (status, status)


# --- conditional reads ---


async def test_what_the_asker_holds_is_not_sent_again() -> None:
    app = ConditionalReads(serving(hello))
    first = await ask(app)

    again = await ask(app, headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == first.headers["cache-control"] == "private, no-cache"
    assert "content-length" not in again.headers


async def test_a_tag_the_route_sets_itself_is_kept() -> None:
    async def tagged(_: Request) -> Response:
        return JSONResponse({}, headers={"ETag": 'W/"7"', "Cache-Control": "private, max-age=60"})

    app = ConditionalReads(serving(tagged))

    answer, same = await ask(app), await ask(app, headers={"If-None-Match": '"7"'})

    assert (answer.headers["etag"], answer.headers["cache-control"]) == (
        'W/"7"',
        "private, max-age=60",
    )
    assert same.status_code == 304


async def test_writes_errors_and_streams_have_no_tag() -> None:
    async def fails(_: Request) -> Response:
        return JSONResponse({}, 404)

    answers = [
        await ask(ConditionalReads(serving(hello)), "POST"),
        await ask(ConditionalReads(serving(fails))),
        await ask(ConditionalReads(serving(trickle))),
    ]

    assert ["etag" in answer.headers for answer in answers] == [False, False, False]


async def test_a_stream_starts_before_its_first_part() -> None:
    started = asyncio.Event()

    async def silent(_: Request) -> Response:
        async def nothing_yet() -> AsyncIterator[str]:
            async with asyncio.timeout(5):
                await started.wait()
            yield "after the start"

        return StreamingResponse(nothing_yet(), media_type="text/event-stream")

    async def send(message: object) -> None:
        if isinstance(message, dict) and message["type"] == "http.response.start":
            started.set()

    async def receive() -> dict[str, object]:
        await asyncio.sleep(10)
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/x",
        "headers": [],
        "query_string": b"",
    }
    await ConditionalReads(serving(silent))(scope, receive, send)

    assert started.is_set()


@pytest.mark.parametrize(
    ("header", "same"),
    [
        ('W/"a"', True),
        ('"a"', True),
        ('"b", W/"a"', True),
        ("*", True),
        ('"b"', False),
        ("", False),
        (None, False),
    ],
)
def test_tags_are_compared_weakly(header: str | None, same: bool) -> None:
    assert matches(header, 'W/"a"') is same


def test_a_route_can_answer_before_it_computes_anything() -> None:
    tag = weak_tag("portfolio", 7)
    asked = Request({"type": "http", "headers": [(b"if-none-match", tag.encode())]})

    same, other = unchanged(asked, tag), unchanged(asked, weak_tag("portfolio", 8))

    assert same is not None
    assert (same.status_code, same.headers["etag"], other) == (304, tag, None)


# --- headers ---


async def test_nothing_is_kept_unless_the_answer_says_so() -> None:
    plain = await ask(SecurityHeaders(serving(hello)))
    tagged = await ask(SecurityHeaders(ConditionalReads(serving(hello))))

    assert plain.headers["cache-control"] == "no-store"
    assert tagged.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_a_subscribers_many_addresses_count_as_one(address: str, network: str) -> None:
    assert network_of(address) == network


# --- how many ---


async def test_a_websocket_too_many_is_closed_before_it_opens() -> None:
    async def accepting(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})

    app = RateLimit(
        accepting, RateLimits(), GatewaySettings(requests_per_minute=2), user_of=lambda _: uuid4()
    )
    scope = {
        "type": "websocket",
        "path": "/api/v1/events/ws",
        "headers": [],
        "client": ("192.0.2.7", 1),
    }
    sent: list[str] = []

    async def send(message: Message) -> None:
        sent.append(message["type"])

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    for _ in range(5):
        await app(scope, receive, send)

    assert sent[:2] == ["websocket.accept"] * 2
    assert "websocket.close" in sent[2:]


@pytest.mark.parametrize(("proxies", "waits"), [((), True), (("192.0.2.1",), False)])
async def test_a_refusal_waits_except_behind_a_proxy(proxies: tuple[str, ...], waits: bool) -> None:
    settings = GatewaySettings(
        requests_per_minute=1, refusal_seconds=0.3, FORWARDED_ALLOW_IPS=proxies
    )

    async def plain(_: Request) -> Response:
        return PlainTextResponse("here")

    app = RateLimit(serving(plain), RateLimits(), settings, user_of=lambda _: uuid4())
    await ask(app)
    began = perf_counter()
    refused = await ask(app)

    assert refused.status_code == 429
    assert (perf_counter() - began >= 0.3) == waits


# --- settings ---


def test_origins_are_a_comma_separated_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "SIGMASIGHT_GATEWAY_CORS_ORIGINS", "https://a.example, http://localhost:3000"
    )

    assert GatewaySettings().cors_origins == ("https://a.example", "http://localhost:3000")


@pytest.mark.parametrize(
    "origin", ["*", "a.example", "https://a.example/", "https://a.example/app", "null"]
)
def test_what_is_no_origin_stops_the_start(origin: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        GatewaySettings(cors_origins=(origin,))


def test_the_store_is_a_redis() -> None:
    with pytest.raises(ValidationError, match="redis://"):
        GatewaySettings.model_validate({"rate_limit_store_url": "memcached://127.0.0.1"})


# --- shares ---


class Occupied:
    """An application that answers when it is let, and knows who is in it."""

    def __init__(self) -> None:
        self.inside: list[bytes] = []
        self.let = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside.append(dict(scope["headers"]).get(b"authorization", b""))
        await self.let.wait()
        await PlainTextResponse("done")(scope, receive, send)


async def test_a_users_further_requests_wait_and_others_do_not() -> None:
    users = {"ann": uuid4(), "bob": uuid4()}
    occupied = Occupied()
    share = FairShare(occupied, at_once=2, user_of=users.__getitem__)
    anns = {"Authorization": "Bearer ann"}

    asked = [asyncio.create_task(ask(share, headers=anns)) for _ in range(4)]
    await asyncio.sleep(0.05)
    asked.append(asyncio.create_task(ask(share, headers={"Authorization": "Bearer bob"})))
    asked.append(asyncio.create_task(ask(share, path=min(STREAMS), headers=anns)))
    asked.append(asyncio.create_task(ask(share)))
    await asyncio.sleep(0.05)
    inside = list(occupied.inside)
    occupied.let.set()
    answers = await asyncio.gather(*asked)

    assert inside == [b"Bearer ann"] * 2 + [b"Bearer bob", b"Bearer ann", b""]
    assert [answer.status_code for answer in answers] == [200] * 7
    assert share.users_in_progress == 0


async def test_a_request_given_up_while_waiting_leaves_its_place() -> None:
    occupied = Occupied()
    share = FairShare(occupied, at_once=1, user_of=lambda _: uuid4())
    anns = {"Authorization": "Bearer ann"}

    first = asyncio.create_task(ask(share, headers=anns))
    await asyncio.sleep(0.05)
    given_up = asyncio.create_task(ask(share, headers=anns))
    await asyncio.sleep(0.05)
    given_up.cancel()
    occupied.let.set()
    await first

    assert (await ask(share, headers=anns)).status_code == 200
    assert share.users_in_progress == 0
