"""Middleware around every request.

From the outside in: metrics of time and outcome, security headers, CORS, deadline, rate limit, each
user's share of what is in progress (`fair_share`), body size, compression, and 304 for answers that
the client already has. All are plain ASGI, a few microseconds each.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache
from time import perf_counter
from uuid import UUID

from prometheus_client import CollectorRegistry, Histogram
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.edge.problems import Problem, answered
from services.gateway.edge.rate_limits import RateLimits, Standing, network_of
from services.gateway.edge.shapes import MAX_BYTES
from services.gateway.edge.tokens import InvalidToken
from services.gateway.settings import GatewaySettings

MAX_BODY_BYTES = MAX_BYTES + 256 * 1024  # a file of the largest size with its form around it
SMALLEST_COMPRESSED_BYTES = 1024
COMPRESSION_LEVEL = 1  # higher ones take three times as long for a tenth less
TOKENS_REMEMBERED = 4096
SLOWEST_BYTES_PER_SECOND = 16 * 1024
API = "/api/v1/"
OPERATORS = "/api/v1/admin/"
COUNTED = (API, "/mcp", "/workspace/")
HEALTH = "/health/"  # asked by what starts and ends processes: never refused
UserOf = Callable[[str], UUID]
# in a request's scope: whose personal token it carries (`personal.PersonalTokens`)
USER_OF_TOKEN = "sigmasight.user_of_token"


class AroundRequests:
    """The base of what concerns HTTP requests alone: websockets and the lifespan pass by."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handle = self.around if scope["type"] == "http" else self.app
        await handle(scope, receive, send)

    async def around(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, by way of `app`."""
        raise NotImplementedError


# --- bodies ---


class BodyTooLarge(HTTPException):
    """Raised while a body is read.

    An `HTTPException` because the framework turns any other exception into "bad request".
    """

    def __init__(self) -> None:
        super().__init__(413)


def too_large() -> Problem:
    """What is said about such a request."""
    return Problem(413, "too_large", f"the request is larger than {MAX_BYTES // 1024**2} MB")


async def answer_too_large(_: Request, __: Exception) -> Response:
    """The problem document for `BodyTooLarge`."""
    return too_large().response()


class BodyLimit(AroundRequests):
    """Refuses a body while it is being read, before anything keeps more of it than allowed."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        super().__init__(app)
        self.max_bytes = max_bytes

    async def around(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.max_bytes:
            await too_large().response()(scope, receive, send)
            return
        await self.app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.max_bytes:
                raise BodyTooLarge
            return message

        return counted


# --- how many ---


class RateLimit:
    """Limits requests a minute by user, or by network address without a valid token.

    Operators have a separate, wider limit: they replay whole histories. So has what is outside the
    API, by address. The answer to a request too many waits a moment: a caller who sends the next
    one when it is there sends few.
    """

    def __init__(
        self, app: ASGIApp, limits: RateLimits, settings: GatewaySettings, user_of: UserOf
    ) -> None:
        self.app = app
        self.limits = limits
        self.settings = settings
        self.pause = 0.0 if settings.trusted_proxies else settings.refusal_seconds
        # an expired token still names its user
        self.user_of = lru_cache(TOKENS_REMEMBERED)(user_of)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"].startswith(HEALTH):
            await self.app(scope, receive, send)
            return
        standing = await self._standing(scope)
        if not standing.allowed:
            await asyncio.sleep(self.pause)
            await refuse_too_many(standing, scope, receive, send)
        elif scope["path"].startswith(COUNTED):
            await self.app(scope, receive, _adding(standing.headers(), send))
        else:
            await self.app(scope, receive, send)

    async def _standing(self, scope: Scope) -> Standing:
        if not scope["path"].startswith(COUNTED):
            per_minute = self.settings.page_requests_per_minute
            return await self.limits.standing_after(per_minute, "page", _network(scope))
        if scope["path"].startswith(OPERATORS):
            per_minute = self.settings.operator_requests_per_minute
            what = "operator"
        else:
            per_minute = self.settings.requests_per_minute
            what = "user"
        return await self.limits.standing_after(per_minute, what, self._who(scope))

    def _who(self, scope: Scope) -> str:
        return self._user(scope) or _network(scope)

    def _user(self, scope: Scope) -> str | None:
        user = user_behind(scope, self.user_of)
        return str(user) if user else None


def _network(scope: Scope) -> str:
    return network_of(scope["client"][0] if scope.get("client") else "")


def user_behind(scope: Scope, user_of: UserOf) -> UUID | None:
    """Whose access token or personal token a request carries; None without a valid one."""
    found: UUID | None = scope.get(USER_OF_TOKEN)
    token = bearer_token(scope)
    if found is not None or token is None:
        return found
    try:
        return user_of(token)
    except InvalidToken:
        return None


def bearer_token(scope: Scope) -> str | None:
    """The token of the header `Authorization: Bearer`; None without one."""
    authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    kind, _, token = authorization.partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


async def refuse_too_many(standing: Standing, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a caller who sent too many requests."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1013, "reason": "too many requests"})
    else:
        await too_many(standing).response()(scope, receive, _adding(standing.headers(), send))


def too_many(standing: Standing) -> Problem:
    """The 429 for a caller who sent too many requests."""
    seconds = standing.seconds_to_wait
    detail = f"more than {standing.limit} requests within a minute: try again in {seconds} s"
    return Problem(429, "rate_limited", detail, headers={"Retry-After": str(seconds)})


# --- how long ---


class Deadline(AroundRequests):
    """Ends a request that makes no progress for a number of seconds.

    Progress is the next part of its body, or the start of an answer. All waiting for a body may
    take those seconds, and longer by what arrives at `SLOWEST_BYTES_PER_SECOND`: parts of a byte
    keep no request open. An answer that has started may take as long as it likes: events stream for
    hours.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        super().__init__(app)
        self.seconds = seconds

    async def around(self, scope: Scope, receive: Receive, send: Send) -> None:
        progress = _Progress(self.seconds, receive, send)
        try:
            async with asyncio.timeout(self.seconds) as progress.timeout:
                await self.app(scope, progress.receive, progress.send)
        except TimeoutError:
            if progress.answering or not progress.timeout.expired():
                raise
            await too_slow(self.seconds, progress.receiving).response()(scope, receive, send)


class _Progress:
    timeout: asyncio.Timeout

    def __init__(self, seconds: float, receive: Receive, send: Send) -> None:
        self.seconds = seconds
        self._receive = receive
        self._send = send
        self.receiving = False
        self.answering = False
        self.patience = seconds  # how much longer all parts of the body together may take

    async def receive(self) -> Message:
        began = asyncio.get_running_loop().time()
        self._allow(began + min(self.seconds, self.patience))
        self.receiving = True
        message = await self._receive()
        self.receiving = False
        now = asyncio.get_running_loop().time()
        self.patience -= now - began
        self.patience += len(message.get("body", b"")) / SLOWEST_BYTES_PER_SECOND
        if not message.get("more_body", False):  # what is waited for now is no body
            self.patience = self.seconds
        self._allow(now + self.seconds)
        return message

    def _allow(self, until: float) -> None:
        if not self.answering and not self.timeout.expired():
            self.timeout.reschedule(until)

    async def send(self, message: Message) -> None:
        if not self.answering and not self.timeout.expired():
            self.answering = True
            self.timeout.reschedule(None)
        await self._send(message)


def too_slow(seconds: float, receiving: bool) -> Problem:
    """What is said when time is up: it was the request's (408), or ours (504)."""
    if receiving:
        detail = f"too little of the request arrived within {seconds:g} s"
        return Problem(408, "request_timeout", detail)
    return Problem(
        504, "answer_timeout", f"there was no answer within {seconds:g} s: try again later"
    )


# --- headers ---

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000",  # browsers ignore it without TLS
}
_DATA_ONLY = "default-src 'none'; frame-ancestors 'none'"


class SecurityHeaders(AroundRequests):
    """Headers that let a browser read an answer and nothing else, but where the answer has its own.

    Nothing is cached unless the answer allows it.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        default = {**_SAFE, "Content-Security-Policy": _DATA_ONLY, "Cache-Control": "no-store"}
        self.default = [(name.lower().encode(), each.encode()) for name, each in default.items()]

    async def around(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [*message.get("headers", ())]
                given = {name for name, _ in own}
                missing = [each for each in self.default if each[0] not in given]
                message["headers"] = own + missing
            await send(message)

        await self.app(scope, receive, safely)


def _adding(headers: Sequence[tuple[bytes, bytes]], send: Send) -> Send:
    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *headers]
        await send(message)

    return adding


# --- outcome ---


class Errors:
    """Answers every error that a route raises, inside all other middleware.

    So this answer too is compressed, counted and carries the security headers. A WebSocket gets it
    in place of its handshake.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = scope["type"] == "lifespan"

        async def noting_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, noting_start)
        except Exception as error:
            if started:
                raise
            response = await answered(HTTPConnection(scope), error)
            await response(scope, receive, send)


def _template(route: object) -> str:
    """A route's path with the names of its ids, never the path asked: ids would be labels."""
    named = getattr(route, "path_format", None) or getattr(route, "path", None)
    return str(named or "unknown").removeprefix(API.removesuffix("/"))


class RequestMetrics(AroundRequests):
    """Seconds by method, route template and status."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        super().__init__(app)
        self.seconds = Histogram(
            "sigmasight_http_seconds",
            "Seconds to answer",
            ["method", "route", "status"],
            registry=registry,
        )

    async def around(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        status = "500"

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noting_status)
        finally:
            template = _template(scope.get("route"))
            self.seconds.labels(scope["method"], template, status).observe(perf_counter() - started)
