"""The built page is served with right types, tags and policies; without a build it says so."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from services.gateway.edge import problems
from services.gateway.web.endpoints import page_routes
from services.gateway.web.files import built_files

SCRIPT = b"console.log(1);" * 100


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What a build leaves, in small."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>SigmaSight</title>")
    (tmp_path / "docs.html").write_text("<title>API</title>")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-1a2b.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / ".stamp").write_text("0")
    return tmp_path


def served(folder: Path, *, documented: bool = True) -> httpx2.AsyncClient:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.router.routes.extend(page_routes(built_files(folder), documented=documented))
    problems.install(app)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://gateway")


@pytest.fixture
async def page(built: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with served(built) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/?screen=positions&as_of=2022-12-28", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
        ("/assets/index-1a2b.js", "text/javascript; charset=utf-8"),
    ],
)
async def test_every_file_has_its_type_and_a_strict_policy(
    page: httpx2.AsyncClient, path: str, kind: str
) -> None:
    answer = await page.get(path)

    policy = answer.headers["content-security-policy"]
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_named_by_content_stays_and_the_rest_is_compared(page: httpx2.AsyncClient) -> None:
    index, script = await page.get("/"), await page.get("/assets/index-1a2b.js")

    again = await page.get("/", headers={"If-None-Match": index.headers["etag"]})

    assert index.headers["cache-control"] == "no-cache"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (again.status_code, again.content) == (304, b"")


async def test_compressed_twins_go_to_those_who_take_them(page: httpx2.AsyncClient) -> None:
    small = await page.get("/assets/index-1a2b.js")
    plain = await page.get("/assets/index-1a2b.js", headers={"Accept-Encoding": "identity"})

    assert small.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert small.content == plain.content == SCRIPT
    assert small.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/missing.js",
        "/assets/../index.html",
        "/assets/%2e%2e/.stamp",
        "/assets/index-1a2b.js.gz",
        "/assets/",
        "/.stamp",
        "/api/v1/nothing",
    ],
)
async def test_what_is_not_of_the_page_is_a_problem_in_json(
    page: httpx2.AsyncClient, path: str
) -> None:
    answer = await page.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_without_a_build_the_page_says_how_to_get_one(tmp_path: Path, path: str) -> None:
    async with served(tmp_path / "nothing") as client:
        answer = await client.get(path)

    assert answer.status_code == 503
    assert "make page" in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_documentation_is_no_route_where_it_is_off(built: Path) -> None:
    async with served(built, documented=False) as client:
        assert (await client.get("/docs")).status_code == 404
