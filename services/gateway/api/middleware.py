"""Around every request: a limit on its body, and its time and outcome as metrics."""

from time import perf_counter

from prometheus_client import CollectorRegistry, Histogram
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.api.problems import Problem
from services.gateway.calculations.positions_csv import MAX_BYTES

MAX_BODY_BYTES = MAX_BYTES + 256 * 1024  # a file of the largest size with its form around it


class BodyTooLarge(HTTPException):
    """Raised while a body is read; an `HTTPException` because the framework turns any other into "bad request"."""

    def __init__(self) -> None:
        super().__init__(413)


def too_large() -> Problem:
    """What is said about such a request."""
    return Problem(413, "too_large", f"the request is larger than {MAX_BYTES // 1024**2} MB")


async def answer_too_large(_: Request, __: Exception) -> Response:
    """The problem document for `BodyTooLarge`."""
    return too_large().response()


class BodyLimit:
    """Refuses a body while it is being read, before anything keeps more of it than allowed."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if int(dict(scope["headers"]).get(b"content-length", b"0") or 0) > self.max_bytes:
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


class RequestMetrics:
    """Seconds by method, route template and status."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        self.seconds = Histogram(
            "sigmasight_http_seconds", "Seconds to answer", ["method", "route", "status"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), "500"

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noting_status)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")  # never the path: its ids would be labels
            self.seconds.labels(scope["method"], route, status).observe(perf_counter() - started)
