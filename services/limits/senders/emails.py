"""E-mail over SMTP."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal
from uuid import UUID

import aiosmtplib

from services.limits.senders.inputs import Outcome, Text

Security = Literal["starttls", "tls", "none"]
ACCEPTED = 250  # how a server says that it has taken an e-mail over
_NO_CONNECTION = "no connection to the mail server"


@dataclass(frozen=True)
class SmtpServer:
    """The server that e-mails are given to.

    `security`: "starttls" upgrades the connection, "tls" encrypts it from the beginning.
    `certificates`: a file of authorities to verify certificates against; None: the system's.
    """

    host: str
    port: int
    security: Security
    sender: str
    username: str | None = None
    password: str | None = None
    certificates: str | None = None


class Emails:
    """Sends e-mails. `seconds`: how long each step of an attempt may take."""

    def __init__(self, server: SmtpServer, seconds: float) -> None:
        self.server = server
        self.seconds = seconds
        self._context = ssl.create_default_context(cafile=server.certificates)

    async def send(self, to: str, text: Text, message_id: UUID, sent_at: datetime) -> Outcome:
        """One attempt to give an e-mail to the server."""
        try:
            message = self._message(to, text, message_id, sent_at)
        except (MessageError, ValueError, IndexError):  # the last for a part that is empty
            return Outcome(False, error="no e-mail can be written to the address", gone=True)
        try:
            await self._give(message)
        except aiosmtplib.SMTPException as error:
            return _failed(error)
        except OSError:
            return Outcome(False, error=_NO_CONNECTION)
        return Outcome(True, ACCEPTED)

    def _message(self, to: str, text: Text, message_id: UUID, sent_at: datetime) -> EmailMessage:
        """The e-mail; raises `ValueError` for an address that is none, or that has a line break.

        The id is the same at every attempt, so that a mailbox shows a repetition once.
        """
        sender = Address(addr_spec=self.server.sender)
        message = EmailMessage(policy=SMTP)
        message["From"] = Address("SigmaSight", addr_spec=sender.addr_spec)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = " ".join(text.subject.split())
        message["Date"] = format_datetime(sent_at)
        message["Message-ID"] = f"<{message_id}@{sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text.body)
        return message

    async def _give(self, message: EmailMessage) -> None:
        server = self.server
        await aiosmtplib.send(
            message,
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=None if server.security == "none" else self._context,
            timeout=self.seconds,
        )


def _failed(error: aiosmtplib.SMTPException) -> Outcome:
    """What went wrong, in words that name no server: users read them."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        code = max(refused.code for refused in error.recipients)
        return Outcome(False, code, f"the mail server refused the address ({code})", code >= 500)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return Outcome(False, error.code, f"the mail server answered {error.code}")
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        return Outcome(False, error="the mail server did not answer in time")
    return Outcome(False, error=_NO_CONNECTION)
