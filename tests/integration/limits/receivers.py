"""Receivers of messages in this process: a web server and a mail server."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

import trustme
import uvicorn
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

HOST = "hooks.example.com"
CONTENT_TYPE = [(b"content-length", b"0")]


@dataclass
class Received:
    """One request: its headers in lower case, and its body."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A web server that answers every POST with the status that `answer` says."""

    port: int = 0
    answer: Callable[[Received], int] = lambda _: 204
    received: list[Received] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.received.append(Received(headers, body))
        status = self.answer(self.received[-1])
        location = [(b"location", b"http://127.0.0.1:1/")] if 300 <= status < 400 else []
        await send(
            {"type": "http.response.start", "status": status, "headers": CONTENT_TYPE + location}
        )
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def receiving(
    authority: trustme.CA | None = None, host: str = HOST
) -> AsyncIterator[Receiver]:
    """A receiver on this machine; with an authority it speaks TLS as `host`."""
    receiver = Receiver()
    config = uvicorn.Config(
        receiver, host="127.0.0.1", port=0, lifespan="off", log_level="warning", http="h11"
    )
    config.load()
    if authority is not None:
        config.ssl = server_context(authority, host)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    receiver.port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.should_exit = server.force_exit = True
        await serving


def server_context(authority: trustme.CA, host: str) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate of the authority for a host."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


class Mailbox(MessageHandler):
    """Keeps every e-mail, or refuses recipients with `refusal`."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Message] = []
        self.recipients: list[str] = []
        self.refusal: str | None = None
        self.encrypted: list[bool] = []

    def handle_message(self, message: Message) -> None:
        self.mails.append(message)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.refusal is not None:
            return self.refusal
        self.recipients.append(address)
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        envelope.rcpt_tos.append(address)
        return "250 OK"


@dataclass
class MailServer:
    """A mail server and what it took."""

    port: int
    box: Mailbox


def _is_known(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and data == LoginPassword(b"risk", b"secret")
    return AuthResult(success=known, handled=False)


@asynccontextmanager
async def taking_mail(
    context: ssl.SSLContext | None = None, *, from_start: bool = False, login: bool = False
) -> AsyncIterator[MailServer]:
    """A mail server on this machine: plain, with STARTTLS, or encrypted `from_start`."""
    box = Mailbox()

    def protocol() -> SMTP:
        return SMTP(
            box,
            hostname="mail.example.com",
            tls_context=None if from_start else context,
            require_starttls=context is not None and not from_start,
            authenticator=_is_known if login else None,
            auth_required=login,
            auth_require_tls=not from_start,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if from_start else None)
    try:
        yield MailServer(server.sockets[0].getsockname()[1], box)
    finally:
        server.close()
