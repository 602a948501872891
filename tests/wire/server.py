"""A real HTTP server on loopback that replaces a provider, and misbehaves on request."""

import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """What the client sent. `arrived`: seconds of the monotonic clock."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    arrived: float


@dataclass(frozen=True)
class Reply:
    """What is sent back.

    `silence_seconds`: before the first byte; `trickle_seconds`: before each byte of the body;
    `promised_bytes`: a false Content-Length, after which the connection is closed.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    silence_seconds: float = 0.0
    trickle_seconds: float = 0.0
    promised_bytes: int | None = None


def as_json(answer: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; header names with underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(answer).encode(), {"Content-Type": "application/json"} | named)


NEVER_WHOLE = ("empty", "broken off", "silent", "trickling")


def never_whole(body: bytes) -> tuple[Reply, ...]:
    """The ways in which an answer does not arrive whole, or not in time: those of NEVER_WHOLE."""
    return (
        Reply(200, b""),
        Reply(200, body, promised_bytes=500),
        Reply(200, body, silence_seconds=1.0),
        Reply(200, body + b" " * 40, trickle_seconds=0.05),
    )


Answering = Callable[[Request], Reply]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class StandIn:
    """One provider's stand-in: what was requested, and what it answers next instead.

    What it was asked, and what it is to answer instead of the truth next.
    """

    def __init__(self, answer: Answering, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self._answer = answer
        self._instead: deque[Reply] = deque()
        self._always: Callable[[Request], Reply | None] = lambda request: None
        self._silence_seconds = 0.0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def instead(self, *replies: Reply) -> None:
        """Give these as the next answers, to any request."""
        self._instead.extend(replies)

    def whenever(self, reply: Callable[[Request], Reply | None]) -> None:
        """From now on give what this says, where it says anything."""
        self._always = reply

    def take_time(self, seconds: float) -> None:
        """From now on be silent for so long before each answer that is the truth."""
        self._silence_seconds = seconds

    def paths(self) -> list[str]:
        """The paths asked for, in order of arrival."""
        return [request.path for request in self.requests]

    @contextmanager
    def running(self) -> Iterator["StandIn"]:
        """Answer until left."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _reply(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            if self._instead:
                return self._instead.popleft()
        instead = self._always(request)
        return instead or replace(self._answer(request), silence_seconds=self._silence_seconds)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                query = dict(parse_qsl(url.query))
                request = Request(url.path, query, dict(self.headers), time.monotonic())
                self._send(stand_in._reply(request))

            def do_POST(self) -> None:
                self.do_GET()

            def _send(self, reply: Reply) -> None:
                time.sleep(reply.silence_seconds)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                promised = len(reply.body) if reply.promised_bytes is None else reply.promised_bytes
                self.send_header("Content-Length", str(promised))
                self.end_headers()
                for chunk in [reply.body] if not reply.trickle_seconds else _bytes(reply.body):
                    time.sleep(reply.trickle_seconds)
                    self.wfile.write(chunk)
                    self.wfile.flush()
                self.close_connection = promised != len(reply.body)

            def handle(self) -> None:
                try:
                    super().handle()
                except (ConnectionError, ssl.SSLError):  # a client that hung up, which is its right
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing: tests read `requests`."""

        return Handler


def _bytes(body: bytes) -> list[bytes]:
    return [body[at : at + 1] for at in range(len(body))]
