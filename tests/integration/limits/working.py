"""Alerts, channels, and replicas that notify, with a clock that the test moves."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from prometheus_client import CollectorRegistry
from sqlalchemy import text

from services.gateway import tables as gateway
from services.limits import tables
from services.limits.calculations.grouping import Patience
from services.limits.handlers.gather_alerts import gather_alerts
from services.limits.handlers.send_messages import Sending
from services.limits.senders.addresses import AddressGuard
from services.limits.senders.emails import Emails, SmtpServer
from services.limits.senders.inputs import RaisedAlert
from services.limits.senders.meters import Meters
from services.limits.senders.outgoing import Senders
from services.limits.senders.signatures import new_secret
from services.limits.senders.webhooks import Webhooks
from shared.database import Database
from tests.builders import save
from tests.unit.limits.raising import NOON, a_raised_alert

SECRET = new_secret()
PATIENCE = Patience(timedelta(seconds=5), timedelta(seconds=60))


@dataclass
class Clock:
    """The time as the test says."""

    now: datetime = NOON + timedelta(minutes=5)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


@dataclass
class Replica:
    """One process of the service that makes messages of alerts and sends them."""

    database: Database
    clock: Clock
    mail_port: int | None = None
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.meters = Meters(self.registry)
        self.sending = Sending(
            self.database, self._senders(), self.meters, self.clock, jitter=lambda: 0.5
        )

    def _senders(self) -> Senders:
        server = self.mail_port and SmtpServer(
            "127.0.0.1", self.mail_port, "none", "alerts@sigmasight.example.com"
        )
        webhooks = Webhooks(AddressGuard(loopback=True), seconds=3)
        return Senders(webhooks, Emails(server, 3) if server else None)

    async def gather(self) -> None:
        """Make messages of alerts."""
        self.meters.count_raised(await gather_alerts(self.database, PATIENCE, self.clock()))

    async def turn(self) -> None:
        """Make messages of alerts, and send all that is due."""
        await self.gather()
        while due := await self.sending.claim(100):
            for each in due:
                await self.sending.deliver(each)

    def metric(self, name: str, **labels: str) -> float:
        """The value of a metric."""
        return self.registry.get_sample_value(name, labels) or 0.0


async def a_user(admin: Database) -> UUID:
    """A stored user; returns the id."""
    user_id = uuid4()
    row = {"user_id": user_id, "email": f"{user_id}@example.com", "full_name": ""}
    await save(admin, gateway.User, [row | {"password_hash": "-", "role": "user"}])
    return user_id


async def a_channel(admin: Database, user_id: UUID, address: str, **more: Any) -> UUID:
    """A stored channel, a confirmed webhook unless said otherwise; returns the id."""
    row = {
        "channel_id": uuid4(),
        "user_id": user_id,
        "kind": "webhook",
        "name": "Risk desk",
        "address": address,
        "levels": ["breached", "warning", "cleared"],
        "enabled": True,
        "secret": SECRET,
        "confirmed_at": NOON,
        "created_at": NOON,
    } | more
    await save(admin, tables.Channel, [row])
    return UUID(str(row["channel_id"]))


async def raised(admin: Database, alerts: Iterable[RaisedAlert], **more: Any) -> None:
    """Store alerts as the evaluation of limits does."""
    common = {"contributors": "[]", "run_id": uuid4(), "withdrawn": False} | more
    stored = [{**vars(alert), **common} for alert in alerts]
    for row in stored:
        del row["portfolio_name"]  # the gateway's
    await save(admin, tables.Alert, stored)


def of_one_run(user_id: UUID, count: int, **more: Any) -> list[RaisedAlert]:
    """Alerts that one run raised for a user."""
    group_id = uuid4()
    first = a_raised_alert(user_id=user_id, group_id=group_id, **more)
    return [first, *(replace(first, alert_id=uuid4()) for _ in range(count - 1))]


async def rows(admin: Database, query: str) -> list[Any]:
    """What a query finds."""
    async with admin.transaction() as session:
        return list(await session.execute(text(query)))
