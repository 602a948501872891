"""The senders of one process, as its settings say."""

from dataclasses import dataclass
from datetime import datetime

from services.limits.senders.addresses import AddressGuard
from services.limits.senders.emails import Emails, SmtpServer
from services.limits.senders.inputs import DueNotification, Outcome
from services.limits.senders.webhooks import Webhooks
from services.limits.settings import LimitsSettings

WEBHOOK = "webhook"


@dataclass(frozen=True)
class Senders:
    """How messages leave; without `emails` no mail server is configured."""

    webhooks: Webhooks
    emails: Emails | None

    async def send(self, due: DueNotification, sent_at: datetime) -> Outcome:
        """One attempt to deliver a message to its channel."""
        if due.channel == WEBHOOK:
            return await self.webhooks.send(
                due.address, due.secrets, due.notification_id, due.text.body, sent_at
            )
        if self.emails is None:
            return Outcome(False, error="no mail server is configured here")
        return await self.emails.send(due.address, due.text, due.notification_id, sent_at)


def senders_of(settings: LimitsSettings) -> Senders:
    """The senders that the settings describe."""
    webhooks = Webhooks(webhook_guard(settings), settings.send_seconds)
    server = smtp_server(settings)
    return Senders(webhooks, Emails(server, settings.send_seconds) if server else None)


def webhook_guard(settings: LimitsSettings) -> AddressGuard:
    """Which addresses webhooks may go to by the settings."""
    return AddressGuard(loopback=settings.webhooks_to_loopback)


def smtp_server(settings: LimitsSettings) -> SmtpServer | None:
    """The mail server of the settings, if there is one."""
    if settings.smtp_host is None:
        return None
    password = settings.smtp_password
    return SmtpServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        sender=settings.smtp_sender,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
        certificates=settings.smtp_certificates,
    )
