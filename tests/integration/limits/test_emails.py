"""E-mails reach a real mail server, encrypted as configured, and say only what they should."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import trustme

from services.limits.senders.emails import Emails, Security, SmtpServer
from services.limits.senders.inputs import Outcome, Text
from tests.integration.limits.receivers import MailServer, server_context, taking_mail

HOST = "127.0.0.1"
TEXT = Text("SigmaSight: 1 breach (2022-12-28)", "AAPL is 13 % of NAV\n")
NOW = datetime(2022, 12, 28, 21, tzinfo=UTC)
TO = "ann@example.com"


def emails(
    port: int, security: Security = "none", certificates: str | None = None, **login: str
) -> Emails:
    sender = "alerts@sigmasight.example.com"
    server = SmtpServer(HOST, port, security, sender, certificates=certificates, **login)
    return Emails(server, seconds=3)


@pytest.fixture
async def plain() -> AsyncIterator[MailServer]:
    async with taking_mail() as server:
        yield server


async def test_an_email_arrives_with_its_text_and_a_constant_id(plain: MailServer) -> None:
    notification_id = uuid4()
    sender = emails(plain.port)

    outcomes = [await sender.send(TO, TEXT, notification_id, NOW) for _ in range(2)]

    assert outcomes == [Outcome(True, 250)] * 2
    for mail in plain.box.mails:
        assert (mail["To"], mail["Subject"]) == (TO, TEXT.subject)
        assert mail["From"] == "SigmaSight <alerts@sigmasight.example.com>"
        assert mail["Message-ID"] == f"<{notification_id}@sigmasight.example.com>"
        assert str(mail.get_payload()).replace("\r\n", "\n") == TEXT.body


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server's, for TLS from the beginning
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_mail_is_encrypted_and_the_login_is_sent_inside(
    authority: trustme.CA, certificates: str, security: Security
) -> None:
    context = server_context(authority, HOST)
    async with taking_mail(context, from_start=security == "tls", login=True) as server:
        sender = emails(server.port, security, certificates, username="risk", password="secret")
        outcome = await sender.send(TO, TEXT, uuid4(), NOW)
        wrong = emails(server.port, security, certificates, username="risk", password="guess")
        refused = await wrong.send(TO, TEXT, uuid4(), NOW)

    assert outcome == Outcome(True, 250)
    assert server.box.encrypted == [True]
    assert refused == Outcome(False, 535, "the mail server answered 535")


async def test_a_server_without_starttls_or_with_a_wrong_certificate_gets_nothing(
    authority: trustme.CA, plain: MailServer
) -> None:
    without = await emails(plain.port, "starttls").send(TO, TEXT, uuid4(), NOW)
    async with taking_mail(server_context(authority, HOST)) as server:
        unknown = await emails(server.port, "starttls").send(TO, TEXT, uuid4(), NOW)

    assert not without.delivered
    assert not unknown.delivered
    assert plain.box.mails == server.box.mails == []


@pytest.mark.parametrize(
    "to",
    [
        *("ann@example.com\r\nBcc: eve@example.com", "ann@example.com\nSubject: x", "a b@c.d"),
        *("ann@example.com, eve@example.com", "<ann@example.com>", "", "ann@"),
    ],
)
async def test_no_address_adds_a_header_or_a_recipient(plain: MailServer, to: str) -> None:
    outcome = await emails(plain.port).send(to, TEXT, uuid4(), NOW)

    assert (outcome.delivered, outcome.gone) == (False, True)
    assert plain.box.mails == []


async def test_no_subject_adds_a_header(plain: MailServer) -> None:
    hostile = Text("Limit\r\nBcc: eve@example.com\r\n\r\nbody", "text")

    await emails(plain.port).send(TO, hostile, uuid4(), NOW)

    [mail] = plain.box.mails
    assert mail["Subject"] == "Limit Bcc: eve@example.com body"
    assert (mail["Bcc"], plain.box.recipients) == (None, [TO])


async def test_a_refused_recipient_is_gone_only_if_the_refusal_is_final(plain: MailServer) -> None:
    plain.box.refusal = "550 no such mailbox"
    final = await emails(plain.port).send(TO, TEXT, uuid4(), NOW)
    plain.box.refusal = "451 try again later"
    later = await emails(plain.port).send(TO, TEXT, uuid4(), NOW)

    assert (final.status, final.gone) == (550, True)
    assert (later.status, later.gone) == (451, False)


async def test_a_mail_server_that_is_down_is_named_in_plain_words() -> None:
    async with taking_mail() as server:
        port = server.port
    outcome = await emails(port).send(TO, TEXT, uuid4(), NOW)

    assert outcome == Outcome(False, error="no connection to the mail server")
