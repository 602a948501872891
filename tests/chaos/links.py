"""The links between the services and their servers: proxies whose traffic can be disturbed.

slow        every piece of data waits, and passes slowly
cutting     connections are reset, one after the other
half-open   what is connected now is forgotten: the server hangs up, the client never learns
black hole  nothing passes, and nothing is refused; it arrives when the fault ends
absent      nothing listens: connections are refused, and those there were are reset
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from deploy.local.ports import LOOPBACK, free_port

PIECE_BYTES = 65_536
CUT_SECONDS = 0.4
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets the connection


@dataclass(frozen=True)
class Condition:
    """What a link does with what it carries. `delay_seconds`: of every piece of data."""

    delay_seconds: float = 0.0
    piece_bytes: int = PIECE_BYTES
    passes: bool = True
    listens: bool = True
    cuts: bool = False


CLEAR = Condition()
SLOW = Condition(delay_seconds=0.05, piece_bytes=4096)
CUTTING = Condition(cuts=True)
BLACK_HOLE = Condition(passes=False)
ABSENT = Condition(listens=False)


@dataclass(eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    forgotten: bool = False

    def reset(self) -> None:
        for writer in (self.client, self.server):
            if writer is not None:
                _reset(writer)


class Link:
    """One proxy in front of the server on `target()`; `port` is where clients connect."""

    def __init__(self, name: str, target: Callable[[], int], random: Random) -> None:
        self.name = name
        self.port = free_port()
        self._target = target
        self._random = random
        self._condition = CLEAR
        self._clear = asyncio.Event()
        self._clear.set()
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._cutting: asyncio.Task[None] | None = None

    async def become(self, condition: Condition) -> None:
        """Carry on under another condition, connections that are open included."""
        self._condition = condition
        (self._clear.set if condition.passes else self._clear.clear)()
        if self._cutting is not None:
            self._cutting.cancel()
            self._cutting = None
        if condition.cuts:
            self._cutting = asyncio.create_task(self._cut_one_after_the_other())
        if condition.listens and self._server is None:
            self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        if not condition.listens and self._server is not None:
            self._server.close()
            self._server = None
            for connection in list(self._connections):
                connection.reset()

    async def forget(self) -> None:
        """Hang up on the server for every client there is, and leave the clients waiting."""
        for connection in self._connections:
            connection.forgotten = True
            if connection.server is not None:
                _reset(connection.server)

    async def end_forgotten(self) -> None:
        """Reset the clients that were left waiting."""
        for connection in [each for each in self._connections if each.forgotten]:
            connection.reset()

    async def _cut_one_after_the_other(self) -> None:
        while True:
            await asyncio.sleep(self._random.uniform(0.5, 1.5) * CUT_SECONDS)
            if self._connections:
                ordered = sorted(self._connections, key=id)
                self._random.choice(ordered).reset()

    async def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        connection = _Connection(client)
        self._connections.add(connection)
        try:
            await self._clear.wait()
            answers, connection.server = await asyncio.open_connection(LOOPBACK, self._target())
            upwards = self._pass(reader, connection.server, connection)
            downwards = self._pass(answers, client, connection)
            await asyncio.gather(upwards, downwards)
        except OSError:
            pass  # of either end: both are closed below
        finally:
            self._connections.discard(connection)
            connection.reset()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        """Pass on what comes until one end closes; a forgotten client's words go nowhere."""
        with contextlib.suppress(OSError):
            while piece := await source.read(self._condition.piece_bytes):
                if self._condition.delay_seconds:
                    await asyncio.sleep(self._random.random() * 2 * self._condition.delay_seconds)
                await self._clear.wait()
                if not connection.forgotten:
                    sink.write(piece)
                    await sink.drain()
        if not connection.forgotten:
            connection.reset()


def _reset(writer: asyncio.StreamWriter) -> None:
    end: socket.socket | None = writer.get_extra_info("socket")
    with contextlib.suppress(OSError, ValueError):  # the latter: uvloop's, of a closed one
        if end is not None:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


@dataclass
class Links:
    """All links, served by one thread."""

    by_name: dict[str, Link]
    loop: asyncio.AbstractEventLoop
    ports: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.ports = {name: link.port for name, link in self.by_name.items()}

    def become(self, condition: Condition, *names: str) -> None:
        """Put the named links (none: all of them) under a condition."""
        for name in names or self.by_name:
            self._do(self.by_name[name].become(condition))

    def forget(self) -> None:
        """Leave every client that is connected now without its server."""
        for link in self.by_name.values():
            self._do(link.forget())

    def end_forgotten(self) -> None:
        """Reset what `forget` left."""
        for link in self.by_name.values():
            self._do(link.end_forgotten())

    def _do(self, step: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(step, self.loop).result(timeout=30)


@contextlib.contextmanager
def running_links(targets: dict[str, Callable[[], int]], random: Random) -> Iterator[Links]:
    """A link to each of the targets, clear at first."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="links", daemon=True)
    thread.start()
    links = Links({name: Link(name, target, random) for name, target in targets.items()}, loop)
    try:
        links.become(CLEAR)
        yield links
    finally:
        links.become(ABSENT)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
