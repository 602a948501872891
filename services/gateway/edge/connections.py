"""Bounds on connections, which uvicorn does not have: it is started with `--http` and this class.

A connection without a request ends, and so does one whose caller reads nothing. Bodies are the
middleware's (`Deadline`, `BodyLimit`).
"""

from asyncio import TimerHandle, Transport
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from time import monotonic
from typing import ClassVar

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.gateway.settings import get_settings

HEAD_BYTES = 64 * 1024  # of them, or of a body's trailers; checked after each part that is read
LOGGED_EVERY_SECONDS = 60.0
log = structlog.get_logger("sigmasight.gateway")


@dataclass(frozen=True)
class Bounds:
    """How many connections there may be, and how long each may take.

    `head_seconds`: for a request's line and headers, and for the rest of a refused body;
    `reader_seconds`: for a caller to read what fills the buffers.
    """

    connections: int
    per_address: int
    proxies: tuple[str, ...] = ()
    head_seconds: float = 10.0
    reader_seconds: float = 60.0


@lru_cache
def configured_bounds() -> Bounds:
    """As the settings have them."""
    found = get_settings()
    return Bounds(found.connections, found.connections_per_address, found.trusted_proxies)


class BoundedConnection(HttpToolsProtocol):
    """A connection that is refused beyond a number of them, in all and from one address.

    It is closed when a head takes too long (408 where it has begun) or is too large (431), and when
    its caller does not read. Addresses of trusted proxies count in all alone.
    """

    _open: ClassVar[Counter[str]] = Counter()  # connections of this process by address
    _address = ""
    _ends_head: TimerHandle | None = None
    _ends_reader: TimerHandle | None = None
    _unparsed = 0  # bytes since the last whole head or part of a body
    _logged_at = -LOGGED_EVERY_SECONDS

    def bounds(self) -> Bounds:
        """What holds for this connection."""
        return configured_bounds()

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Refuse it, or wait for a request."""
        super().connection_made(transport)
        if self.client is not None:
            self._address = self.client[0]
            self._open[self._address] += 1
        if self._is_one_too_many():
            self._log_refused()
            self._end("503 Service Unavailable", "too many connections", "retry-after: 5\r\n")
        else:
            self._await_head()

    def _is_one_too_many(self) -> bool:
        bounds = self.bounds()
        if len(self.connections) > bounds.connections:
            return True
        address = self._address
        return self._open[address] > bounds.per_address and not is_among(address, bounds.proxies)

    def _leave(self) -> None:
        """Count it no longer among those of its address."""
        if self._address:
            self._open[self._address] -= 1
            if not self._open[self._address]:
                del self._open[self._address]
            self._address = ""

    def handle_websocket_upgrade(self) -> None:
        """A WebSocket has limits of its user."""
        self._leave()
        super().handle_websocket_upgrade()

    def _log_refused(self) -> None:
        """Once a minute: a flood of connections is no flood of lines."""
        now = monotonic()
        if now >= BoundedConnection._logged_at + LOGGED_EVERY_SECONDS:
            BoundedConnection._logged_at = now
            caller = self.client[0] if self.client else None
            log.warning("connections refused", open=len(self.connections), network_address=caller)

    def data_received(self, data: bytes) -> None:
        """Read on, and bound what is kept of a head, of trailers, of what is between requests."""
        self._unparsed += len(data)
        super().data_received(data)
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return  # it has ended, or is a WebSocket now
        if self._unparsed > HEAD_BYTES:
            detail = f"the headers are larger than {HEAD_BYTES // 1024} kB"
            self._end("431 Request Header Fields Too Large", detail)
        elif not self._is_answering():
            self._await_head()

    def _is_answering(self) -> bool:
        """Whether a request is in progress, its body included."""
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        if self._ends_head is None:
            self._ends_head = self.loop.call_later(self.bounds().head_seconds, self._head_too_slow)

    def _head_too_slow(self) -> None:
        detail = f"no whole request arrived within {self.bounds().head_seconds:g} s"
        self._end("408 Request Timeout", detail)

    def on_headers_complete(self) -> None:
        """A request begins: its time is the middleware's."""
        self._unparsed = 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body, whose size is the middleware's."""
        self._unparsed = 0
        super().on_body(body)

    def _stop_waiting(self) -> None:
        if self._ends_head is not None:
            self._ends_head.cancel()
            self._ends_head = None

    def pause_writing(self) -> None:
        """The buffers are full: give the caller a while to read."""
        super().pause_writing()
        self._ends_reader = self.loop.call_later(self.bounds().reader_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The caller reads."""
        super().resume_writing()
        if self._ends_reader is not None:
            self._ends_reader.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any longer."""
        self._leave()
        self._stop_waiting()
        if self._ends_reader is not None:
            self._ends_reader.cancel()
        super().connection_lost(exc)

    def _end(self, status: str, detail: str, headers: str = "") -> None:
        """Say why, unless an answer is being sent, and close it."""
        if self._is_answering():
            self.transport.abort()
        elif not self.transport.is_closing():
            head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain\r\nconnection: close\r\n"
            text = f"{head}{headers}content-length: {len(detail)}\r\n\r\n{detail}"
            self.transport.write(text.encode("ascii"))
            self.transport.close()


@lru_cache
def _networks(proxies: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, proxies))


@lru_cache(1024)
def is_among(address: str, proxies: tuple[str, ...]) -> bool:
    """Whether an address is one of the proxies."""
    return any(ip_address(address) in network for network in _networks(proxies))
