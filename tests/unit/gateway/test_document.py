"""The API's document is made once, beside other work, and sent as it was written."""

import gzip

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from services.gateway.edge.documentation import Document, Written

BODY = b'{"openapi":"3.1.0"}'


class Work:
    """Makes a small document; counts how often, and fails while it is broken."""

    def __init__(self) -> None:
        self.times = 0
        self.broken = False

    def __call__(self) -> Written:
        self.times += 1
        if self.broken:
            raise ValueError("broken")
        return Written(BODY, gzip.compress(BODY), 'W/"a"')


def client_of(work: Work) -> httpx2.AsyncClient:
    app = Starlette(routes=[Route("/openapi.json", Document(work).answer)])
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://gateway")


async def test_the_document_is_made_once_and_compressed_for_those_who_take_it() -> None:
    work = Work()
    http = client_of(work)

    plain = await http.get("/openapi.json", headers={"accept-encoding": "identity"})
    compressed = await http.get("/openapi.json", headers={"accept-encoding": "gzip"})
    again = await http.get("/openapi.json", headers={"if-none-match": plain.headers["etag"]})

    assert plain.content == compressed.content == BODY
    assert compressed.headers["content-encoding"] == "gzip"
    assert (again.status_code, again.content) == (304, b"")
    assert work.times == 1


async def test_a_document_that_could_not_be_made_is_tried_again() -> None:
    work = Work()
    http = client_of(work)
    work.broken = True
    with pytest.raises(ValueError, match="broken"):
        await http.get("/openapi.json")
    work.broken = False

    assert (await http.get("/openapi.json")).content == BODY
