"""The dashboard's addresses: `/`, `/docs` and their files; none of them is part of the API."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.gateway.edge.conditional import matches
from services.gateway.edge.problems import Problem
from services.gateway.web.files import PageFile, built_files

_OWN_FILES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _OWN_FILES,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}
_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>SigmaSight</title></head>
<body><h1>The dashboard is not built</h1>
<p>The API answers below <code>/api/v1</code>. To build the page, run
<code>make page</code> in the source tree and start the gateway again.</p></body></html>
"""


def page_routes(files: Mapping[str, PageFile] | None = None, *, documented: bool) -> list[Route]:
    """The routes of the built files; without a build they say how to get one.

    `documented`: whether `/docs` is one of them.
    """
    shown = built_files() if files is None else files

    async def file(request: Request) -> Response:
        return _file(request, shown.get(request.url.path.removeprefix("/")))

    async def index(request: Request) -> Response:
        return _page(request, shown.get("index.html"))

    async def docs(request: Request) -> Response:
        return _page(request, shown.get("docs.html"))

    routes = [Route("/", index), Route("/assets/{name:path}", file), Route("/favicon.svg", file)]
    return [*routes, Route("/docs", docs)] if documented else routes


def _page(request: Request, page: PageFile | None) -> Response:
    if page is None:
        headers = {**_HEADERS, "Cache-Control": "no-store"}
        return HTMLResponse(_NOT_BUILT, 503, headers)
    return _file(request, page)


def _file(request: Request, file: PageFile | None) -> Response:
    if file is None:
        raise Problem(404, "not_found", "there is no such file")
    headers = {**_HEADERS, "Cache-Control": file.caching, "ETag": file.tag}
    if matches(request.headers.get("if-none-match"), file.tag):
        return Response(status_code=304, headers=headers)
    if file.compressed and "gzip" in request.headers.get("accept-encoding", ""):
        own = {**headers, "Content-Encoding": "gzip"}
        return Response(file.compressed, headers=own, media_type=file.media_type)
    return Response(file.body, headers=headers, media_type=file.media_type)
