"""Connections that send no request, or read no answer, end; and there are only so many of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from deploy.local.stack import BOUNDED_CONNECTIONS
from services.gateway.edge.connections import BoundedConnection, Bounds, is_among
from tests.serving import serving

GET = b"GET / HTTP/1.1\r\nhost: x\r\n"
WANTED = GET + b"\r\n"
LARGE = 64 * 1024 * 1024


class Small(BoundedConnection):
    """With bounds that tests reach."""

    def bounds(self) -> Bounds:
        """Six connections, four of one address but a proxy's."""
        return Bounds(6, 4, ("127.0.0.9",), head_seconds=0.3, reader_seconds=0.3)


class Connection:
    """One connection of a caller."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def trickle(self, data: bytes) -> None:
        """Byte by byte, each well before the time is up, until the other side has closed."""
        for byte in data:
            if self.reader.at_eof():
                return
            try:
                await self.send(bytes([byte]))
            except ConnectionError:
                return
            await asyncio.sleep(0.05)

    async def head(self) -> str:
        """The next answer's status line; empty when the connection is closed without one."""
        try:
            async with asyncio.timeout(5):
                return (await self.reader.readline()).decode().strip()
        except ConnectionError:
            return ""

    async def rest(self) -> bytes:
        """All that follows, to the end of the connection."""
        try:
            async with asyncio.timeout(5):
                return await self.reader.read()
        except ConnectionError:
            return b""


async def answer(request: Request) -> Response:
    return PlainTextResponse(f"{len(await request.body())} bytes")


async def refuse(request: Request) -> Response:
    return PlainTextResponse("no", 413)


async def flood(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(LARGE // 65536):
            yield bytes(65536)

    return StreamingResponse(parts())


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    await asyncio.sleep(0.6)
    await socket.send_text("still here")
    await socket.close()


ROUTES = [
    Route("/", answer, methods=["GET", "POST"]),
    Route("/refused", refuse, methods=["POST"]),
    Route("/flood", flood),
    WebSocketRoute("/socket", echo),
]


@asynccontextmanager
async def connected(host: str, source: str = "127.0.0.1") -> AsyncIterator[Connection]:
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port), local_addr=(source, 0))
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()


@pytest.fixture
async def host() -> AsyncIterator[str]:
    async with serving(Starlette(routes=ROUTES), http=Small) as found:
        yield found


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP", GET, b"\r\n" * 40])
async def test_a_connection_without_a_request_ends(host: str, sent: bytes) -> None:
    async with connected(host) as caller:
        await caller.send(sent)

        assert await caller.head() == "HTTP/1.1 408 Request Timeout"
        assert (await caller.rest()).endswith(b"no whole request arrived within 0.3 s")


async def test_headers_byte_by_byte_do_not_extend_the_time(host: str) -> None:
    async with connected(host) as caller:
        sending = asyncio.create_task(caller.trickle(GET + b"a: b\r\n" * 20))

        assert await caller.head() == "HTTP/1.1 408 Request Timeout"
        await sending


async def test_the_next_request_of_a_connection_has_the_same_time(host: str) -> None:
    async with connected(host) as caller:
        await caller.send(WANTED)
        assert await caller.head() == "HTTP/1.1 200 OK"
        await caller.reader.readuntil(b"0 bytes")
        sending = asyncio.create_task(caller.trickle(GET + b"a: b\r\n" * 20))

        assert await caller.head() == "HTTP/1.1 408 Request Timeout"
        await sending


async def test_the_rest_of_a_refused_body_is_not_waited_for(host: str) -> None:
    async with connected(host) as caller:
        await caller.send(b"POST /refused HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n")
        assert (await caller.head()).startswith("HTTP/1.1 413 ")  # words by Python
        sending = asyncio.create_task(caller.trickle(b"x" * 200))

        assert b"408 Request Timeout" in await caller.rest()
        await sending


async def test_a_slow_body_of_a_request_is_left_to_the_middleware(host: str) -> None:
    async with connected(host) as caller:
        await caller.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 12\r\n\r\n")
        await caller.trickle(b"x" * 12)

        assert await caller.head() == "HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"x" * 70_000,
        GET + b"a: " + b"x" * 70_000,
        GET + b"a: b\r\n" * 12_000,
    ],
    ids=["path", "header", "headers"],
)
async def test_a_head_is_bounded(host: str, sent: bytes) -> None:
    async with connected(host) as caller:
        await caller.send(sent)

        assert await caller.head() == "HTTP/1.1 431 Request Header Fields Too Large"


async def test_trailers_of_a_body_are_bounded(host: str) -> None:
    chunked = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    async with connected(host) as caller:
        await caller.send(chunked + b"a: ")
        await asyncio.sleep(0.1)  # so that they arrive apart
        await caller.send(b"x" * 140_000)

        assert await caller.head() == ""


async def test_large_bodies_are_no_heads(host: str) -> None:
    size = 1_000_000
    async with connected(host) as caller:
        await caller.send(b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % size + bytes(size))

        assert await caller.head() == "HTTP/1.1 200 OK"
        assert b"1000000 bytes" in await caller.reader.readuntil(b"bytes")


async def test_a_caller_who_does_not_read_is_cut_off(host: str) -> None:
    async with connected(host) as caller:
        await caller.send(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.sleep(1)

        assert len(await caller.rest()) < LARGE


async def test_a_caller_who_reads_slowly_gets_it_all(host: str) -> None:
    async with connected(host) as caller:
        await caller.send(b"GET /flood HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        read = 0
        while part := await caller.reader.read(4 * 1024 * 1024):
            read += len(part)
            await asyncio.sleep(0.005)

        assert read > LARGE


async def test_one_address_has_its_number_of_connections(host: str) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(connected(host))
        refused = await stack.enter_async_context(connected(host))
        other = await stack.enter_async_context(connected(host, "127.0.0.2"))
        await other.send(WANTED)

        assert await refused.head() == "HTTP/1.1 503 Service Unavailable"
        assert b"retry-after: 5" in await refused.rest()
        assert await other.head() == "HTTP/1.1 200 OK"


async def test_a_proxy_counts_in_all_alone(host: str) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(connected(host, "127.0.0.9"))
        sixth = await stack.enter_async_context(connected(host, "127.0.0.9"))
        refused = await stack.enter_async_context(connected(host, "127.0.0.9"))
        await sixth.send(WANTED)

        assert await sixth.head() == "HTTP/1.1 200 OK"
        assert await refused.head() == "HTTP/1.1 503 Service Unavailable"


async def test_closed_connections_leave_nothing_counted(host: str) -> None:
    for _ in range(12):
        async with connected(host) as caller:
            await caller.send(WANTED)

            assert await caller.head() == "HTTP/1.1 200 OK"
    await asyncio.sleep(0.1)

    assert Small._open == {}


async def test_a_websocket_outlasts_the_time_for_a_head(host: str) -> None:
    handshake = (
        b"GET /socket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with connected(host) as caller:
        await caller.send(handshake)

        assert await caller.head() == "HTTP/1.1 101 Switching Protocols"
        assert b"still here" in await caller.reader.readuntil(b"still here")
    await asyncio.sleep(0.1)

    assert Small._open == {}


def test_addresses_of_proxies_are_networks() -> None:
    proxies = ("10.0.0.0/8", "2001:db8::1")

    assert is_among("10.9.8.7", proxies)
    assert is_among("2001:db8::1", proxies)
    assert not is_among("192.0.2.1", proxies)


def test_the_programs_name_this_class() -> None:
    module, _, name = BOUNDED_CONNECTIONS.partition(":")

    assert (module, name) == (BoundedConnection.__module__, BoundedConnection.__name__)
