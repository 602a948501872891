"""A log-in that a browser keeps in a cookie, which no script can read.

The cookie holds an access token that lasts as long as the session. `CookieSessions` puts it into
the `Authorization` header of a request that has none, so that everything behind it knows one way to
authenticate. A browser sends cookies whichever page makes the request, so the cookie counts only
where `Sec-Fetch-Site`, which no page can set, says that the request is our own page's; a write also
needs a header that no form can send.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.gateway.edge.middleware import AroundRequests
from services.gateway.edge.problems import Problem

# With this prefix browsers accept it only over TLS (or on loopback), for this host and all paths.
COOKIE = "__Host-sigmasight"
PAGE_HEADER = "X-SigmaSight-Page"
_API = "/api/"
_READS = ("GET", "HEAD")


def set_session(response: Response, token: str, seconds: int) -> None:
    """Let the browser keep the token for as long as it is valid."""
    response.set_cookie(
        COOKIE, token, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax"
    )


def end_session(response: Response) -> None:
    """Let the browser forget its token."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


class CookieSessions(AroundRequests):
    """Authenticates requests of our own page by their cookie; refuses writes of other pages."""

    async def around(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        token = request.cookies.get(COOKIE)
        given = "authorization" in request.headers
        if token is None or given or not scope["path"].startswith(_API):
            await self.app(scope, receive, send)
        elif _is_own(request):
            header = (b"authorization", f"Bearer {token}".encode("latin-1", "replace"))
            own = {**scope, "headers": [*scope["headers"], header]}
            await self.app(own, receive, send)
        elif request.method in _READS:
            await self.app(scope, receive, send)
        else:
            await _refusal().response()(scope, receive, send)


def _is_own(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if request.method in _READS:
        return site in ("same-origin", "none")  # none: the address was typed, or a bookmark
    return site == "same-origin" and PAGE_HEADER in request.headers


async def refuse_other_pages(request: Request) -> None:
    """403 unless the request is our own page's: another one could log its reader in unnoticed."""
    if not _is_own(request):
        raise _refusal()


def _refusal() -> Problem:
    detail = (
        "cookies count only in writes of our own page (Sec-Fetch-Site: same-origin and the header "
        f"{PAGE_HEADER}): send an access token"
    )
    return Problem(403, "not_from_the_page", detail)
