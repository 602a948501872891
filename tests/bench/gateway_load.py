"""The load on the gateway: a separate process that keeps connections busy and times every answer.

`python -m tests.bench.gateway_load` reads a `Load` as JSON from standard input and writes a
`Result`. Plain sockets and bytes: a client library would spend more on a request than the gateway
does.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from time import perf_counter, process_time

COUNTERS = "/counters"  # where the served gateway reports what it asked Postgres
END = b"\r\n\r\n"


@dataclass(frozen=True)
class Load:
    """Requests (whole, as text) to be sent over so many connections, each as soon as the one before
    is answered.
    """

    host: str
    port: int
    connections: int
    requests: list[str]


@dataclass
class Result:
    """Seconds of every answer, answers by status, bytes, the seconds all took, and this process's
    own CPU time.
    """

    seconds: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    received: int = 0
    elapsed: float = 0.0
    own_cpu: float = 0.0


class Connection(asyncio.Protocol):
    """One connection: sends the next request when an answer is complete."""

    def __init__(self, waiting: Iterator[bytes], result: Result) -> None:
        self.waiting = waiting
        self.result = result
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = bytearray()
        self.missing = -1  # bytes of the body still to come; -1 while the head is read
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send_next()

    def _send_next(self) -> None:
        request = next(self.waiting, None)
        if request is None:
            self.transport.close()
            self.done.set_result(None)
            return
        self.sent = perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Collect the head, then count the body away."""
        self.result.received += len(data)
        if self.missing < 0:
            self.buffer += data
            end = self.buffer.find(END)
            if end < 0:
                return
            self.missing = _body_length(bytes(self.buffer[:end])) - (
                len(self.buffer) - end - len(END)
            )
        else:
            self.missing -= len(data)
        if self.missing == 0:
            self._answered()

    def _answered(self) -> None:
        self.result.seconds.append(perf_counter() - self.sent)
        status = self.buffer[9:12].decode()
        self.result.statuses[status] = self.result.statuses.get(status, 0) + 1
        self.buffer.clear()
        self.missing = -1
        self._send_next()

    def connection_lost(self, error: Exception | None) -> None:
        """A connection that ends early is an error of the run."""
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the gateway closed the connection"))


def _body_length(head: bytes) -> int:
    if head[9:12] in (b"204", b"304"):
        return 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise ValueError("an answer without content-length cannot be distinguished from the next")


async def put(load: Load) -> Result:
    """Send everything and wait for the last answer."""
    result, waiting = Result(), iter([request.encode() for request in load.requests])
    loop, began, own = asyncio.get_running_loop(), perf_counter(), process_time()
    open_connections = [
        loop.create_connection(lambda: Connection(waiting, result), load.host, load.port)
        for _ in range(load.connections)
    ]
    connections = [connection for _, connection in await asyncio.gather(*open_connections)]
    await asyncio.gather(*(connection.done for connection in connections))
    result.elapsed, result.own_cpu = perf_counter() - began, process_time() - own
    return result


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(put(Load(**json.load(sys.stdin)))))))
