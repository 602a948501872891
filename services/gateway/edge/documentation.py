"""The OpenAPI document, with the problems and headers that every route may answer."""

import asyncio
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.edge.conditional import matches, weak_tag
from services.gateway.edge.problems import documented
from services.gateway.edge.scopes import NEEDED, Scope

API = "/api/v1/"
_ANYWHERE = documented(422, 429, 500, 503, 504)
_WITH_BODY = documented(400, 408, 413)
_RATE_LIMITS = {
    "X-RateLimit-Limit": "requests a minute",
    "X-RateLimit-Remaining": "how many more may follow now",
    "X-RateLimit-Reset": "Unix time at which more may follow",
}
_HEADERS = {
    name: {"description": text, "schema": {"type": "integer"}}
    for name, text in _RATE_LIMITS.items()
} | {
    "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}},
    "ETag": {"description": "send it back as `If-None-Match`", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "`true`: the first answer under this key, given again",
        "schema": {"type": "string"},
    },
}
_NOT_MODIFIED = {
    "description": "Not Modified: the answer is the one whose `ETag` came as `If-None-Match`"
}


@dataclass(frozen=True)
class Written:
    """The document as it is sent, with its tag."""

    body: bytes
    compressed: bytes
    tag: str


class DocumentedApi(FastAPI):
    """An application whose document names the problems and headers that middleware adds."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi())
        return self.openapi_schema

    def written(self) -> Written:
        """The document as it is sent."""
        body = json.dumps(self.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
        return Written(body, gzip.compress(body), weak_tag(body))


class Document:
    """The document's address. It takes seconds to make and is larger than a megabyte: it is made
    once, by `work` in a thread, while others are answered.
    """

    def __init__(self, work: Callable[[], Written]) -> None:
        self.work = work
        self._making: asyncio.Task[Written] | None = None

    async def answer(self, request: Request) -> Response:
        """The document, compressed for those who take that, or 304."""
        if self._making is None or (self._making.done() and self._making.exception()):
            self._making = asyncio.create_task(asyncio.to_thread(self.work))
        written = await asyncio.shield(self._making)
        headers = {"ETag": written.tag, "Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
        if matches(request.headers.get("if-none-match"), written.tag):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(written.compressed, headers=headers, media_type="application/json")
        return Response(written.body, headers=headers, media_type="application/json")


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    document["components"]["headers"] = _HEADERS
    for path, operations in document["paths"].items():
        if path.startswith(API):
            for method, operation in operations.items():
                _complete(method, operation)
                _say_scopes(f"{method.upper()} {path.removeprefix(API)}", operation)
    return document


def _complete(method: str, operation: dict[str, Any]) -> None:
    responses: dict[str, Any] = operation["responses"]
    also = _ANYWHERE | (_WITH_BODY if "requestBody" in operation else {})
    for status, response in also.items():
        responses.setdefault(str(status), response)
    if method == "get" and "200" in responses:
        responses.setdefault("304", _NOT_MODIFIED)
    operation["responses"] = {
        status: {**response, "headers": {**_named(status, method), **response.get("headers", {})}}
        for status, response in sorted(responses.items())
    }


def _say_scopes(route: str, operation: dict[str, Any]) -> None:
    """Which personal tokens the route takes."""
    needed = NEEDED.get(route)
    if needed is None or "security" not in operation:
        return
    which = " and ".join(f"`{scope}`" for scope in Scope if scope in needed)
    said = f"personal tokens: {which}" if needed else "any personal token"
    operation["description"] = f"{operation.get('description', '')}\n\nTakes {said}.".strip()


def _named(status: str, method: str) -> dict[str, Any]:
    names = [*_RATE_LIMITS]
    if status in ("429", "503"):
        names.append("Retry-After")
    if method == "get" and status in ("200", "304"):
        names.append("ETag")
    if method == "post" and status in ("201", "202"):
        names.append("Idempotency-Replayed")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
