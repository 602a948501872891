"""Reads that send nothing when nothing changed: `ETag`, `If-None-Match`, 304.

Every answer to a GET is given a weak tag made of its content. A route that knows sooner whether its
answer would be the same (from a revision, say) calls `unchanged` before it computes anything, and
sets the tag itself.

Writes of a thing with a version take `If-Match`, so that none overwrites what it has not seen.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated

from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.edge.problems import Problem

# Only the user's own browser may cache it, and it revalidates before each use.
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
TAG_LENGTH = 32
API = "/api/"
IfMatch = Annotated[
    str | None,
    Header(max_length=100, description="the version that the change is of: 412 where it moved on"),
]


def version_of(if_match: str) -> str | None:
    """The version that an `If-Match` names; None for `*`, which any version matches.

    A tag is a version, and after a dash what else an answer shows.
    """
    tag = if_match.strip().removeprefix("W/").strip('"')
    return None if tag == "*" else tag.partition("-")[0]


def refuse_other_version(what: str, version: int, if_match: str | None) -> None:
    """412 when a thing (`the draft`) has moved on from the version that the caller knows."""
    known = version_of(if_match) if if_match is not None else None
    if known is not None and known != str(version):
        detail = (
            f"{what}: version {version} is the last one, and the change was of {known}: "
            "read it again"
        )
        raise Problem(412, "version_changed", detail)


def refuse_unconditional(what: str, if_match: str | None) -> None:
    """428 when a change does not say which version it is of."""
    if if_match is None:
        detail = f"send the version of {what} that you change: If-Match: <its ETag>"
        raise Problem(428, "if_match_required", detail)


def weak_tag(*parts: object) -> str:
    """A tag that changes with any of its parts."""
    return _tag("\n".join(str(part) for part in parts).encode())


def _tag(content: bytes) -> str:
    return f'W/"{hashlib.sha256(content).hexdigest()[:TAG_LENGTH]}"'


def unchanged(request: Request, tag: str) -> Response | None:
    """The 304 to return when the client already has this version, else None."""
    if not matches(request.headers.get("if-none-match"), tag):
        return None
    return Response(status_code=304, headers={**HEADERS, "ETag": tag})


def matches(if_none_match: str | None, tag: str) -> bool:
    """Whether the header names the tag, by the weak comparison of RFC 9110."""
    if if_none_match is None:
        return False
    named = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in named or tag.removeprefix("W/") in named


class ConditionalReads:
    """Tags the answers to reads and answers 304 to those who hold them already."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = (
            scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(API)
        )
        await self.app(scope, receive, _Held(scope, send) if read else send)


class _Held:
    """Holds the start of an answer back until its whole body is there.

    A streamed answer passes unchanged.
    """

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope = scope
        self.send = send
        self.start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _comes_whole(message):
            self.start = message
            return
        start = self.start
        self.start = None
        if start is not None:
            start, message = self._tagged(start, message)
            await self.send(start)
        await self.send(message)

    def _tagged(self, start: Message, body: Message) -> tuple[Message, Message]:
        tag = _header(start["headers"], b"etag") or _tag(body.get("body", b"")).encode()
        known = _header(self.scope["headers"], b"if-none-match")
        headers = [*_without(start["headers"], (b"etag",)), (b"etag", tag)]
        if _header(headers, b"cache-control") is None:
            headers += _RAW_HEADERS
        if not matches(known.decode("latin-1") if known else None, tag.decode("latin-1")):
            return {**start, "headers": headers}, body
        headers = _without(headers, (b"content-length", b"content-type", b"content-encoding"))
        return {**start, "status": 304, "headers": headers}, {**body, "body": b""}


def _comes_whole(start: Message) -> bool:
    return start["status"] == 200 and _header(start["headers"], b"content-length") is not None


def _header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    return next((value for name, value in headers if name == wanted), None)


def _without(
    headers: Iterable[tuple[bytes, bytes]], names: tuple[bytes, ...]
) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name not in names]
