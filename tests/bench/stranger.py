"""A stranger: as many connections as the gateway gives, and as many requests as this process can.

`python -m tests.bench.stranger HOST PORT`, until it is ended. It comes from another address
(127.0.0.2), keeps nothing that it is sent, opens again what is closed, and prints every second how
many connections are open and what was answered, as JSON.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import cycle

SOURCE = "127.0.0.2"
SLOW_HEADS, SLOW_BODIES, IDLE = 400, 300, 260  # with the floods: 1,000 connections
LOG_INS, ANONYMOUS = 20, 20
PAUSE_SECONDS = 1.0  # between bytes, and before a closed connection is opened again
PATHS = (
    "/",
    "/api/v1/portfolios",
    "/openapi.json",
    "/docs",
    "/health/ready",
    "/metrics",
    "/api/v1/definitions",
    "/nothing/here",
)
LOG_IN = json.dumps({"email": "ann@example.com", "password": "guess me if you can"})
Work = Callable[["Stranger", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Stranger:
    """What one caller does to a gateway."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.open = 0
        self.answers: Counter[str] = Counter()

    async def act(self) -> None:
        """Do all of it, for ever."""
        kinds: list[tuple[Work, int]] = [  # the floods first: the others take what is left
            (flood(log_ins), LOG_INS),
            (flood(anonymous), ANONYMOUS),
            (slow_head, SLOW_HEADS),
            (slow_body, SLOW_BODIES),
            (idle, IDLE),
        ]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._report())
            for work, count in kinds:
                for _ in range(count):
                    tasks.create_task(self._again(work))

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(1)
            print(json.dumps({"open": self.open, "answers": self.answers}), flush=True)

    async def _again(self, work: Work) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._once(work)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _once(self, work: Work) -> None:
        reader, writer = await asyncio.open_connection(
            self.host, self.port, local_addr=(SOURCE, 0), limit=8 * 1024 * 1024
        )
        self.open += 1
        try:
            await work(self, reader, writer)
        finally:
            self.open -= 1
            writer.transport.abort()


async def slow_head(
    stranger: Stranger, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """A header's byte at a time."""
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ")
    await _trickled(reader, writer)


async def slow_body(
    stranger: Stranger, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """A byte of a body at a time."""
    head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: {len(LOG_IN)}\r\n\r\n{{".encode())
    await _trickled(reader, writer)


async def _trickled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not reader.at_eof():
        writer.write(b"x")
        await writer.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE_SECONDS):
                await reader.read(65536)


async def idle(
    stranger: Stranger, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Nothing at all."""
    while await reader.read(65536):
        pass


def log_ins() -> Iterator[str]:
    """Guesses of one user's password."""
    head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    while True:
        yield f"{head}content-length: {len(LOG_IN)}\r\n\r\n{LOG_IN}"


def anonymous() -> Iterator[str]:
    """Requests without a token."""
    for path in cycle(PATHS):
        yield f"GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n"


def flood(requests: Callable[[], Iterator[str]]) -> Work:
    """The next request as soon as one is answered."""

    async def work(
        stranger: Stranger, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for request in requests():
            writer.write(request.encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            stranger.answers[head[9:12]] += 1
            await _skip_body(reader, head.lower())

    return work


async def _skip_body(reader: asyncio.StreamReader, head: str) -> None:
    if "transfer-encoding: chunked" in head:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    elif "content-length: " in head:
        await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r\n")[0]))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(Stranger(sys.argv[1], int(sys.argv[2])).act())
