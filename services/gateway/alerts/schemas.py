"""Models of alerts, channels and what was sent to them."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from services.gateway.edge.values import SOME_ID, Name, RequestBody, body_example, example
from services.gateway.identity.schemas import normalised_email
from shared.contracts.notifications import EVERY_LEVEL, AlertLevel, ChannelKind

_MOMENT = "2022-12-28T21:00:03Z"
_CHANNEL = {
    "channel_id": SOME_ID,
    "kind": "webhook",
    "name": "Risk desk",
    "address": "https://hooks.example.com/sigmasight",
    "levels": ["breached", "warning", "cleared"],
    "enabled": True,
    "paused_because": None,
    "confirmed": True,
    "created_at": _MOMENT,
}
_ALERT = {
    "alert_id": SOME_ID,
    "portfolio_id": SOME_ID,
    "limit_id": SOME_ID,
    "as_of": "2022-12-28",
    "level": "breached",
    "name": "Concentration",
    "measure": "exposure.delta_adjusted.gross",
    "per": "position",
    "member": "AAPL",
    "value": 0.134,
    "threshold": 0.1,
    "unit": "share_of_nav",
    "message": "AAPL is 13.4 % of NAV: more than 10 %",
    "contributors": [{"name": "AAPL", "value": 0.134}],
    "run_id": SOME_ID,
    "withdrawn": False,
    "withdrawn_at": None,
    "raised_at": _MOMENT,
    "deliveries": [],
}
_DELIVERY = {
    "notification_id": SOME_ID,
    "channel_id": SOME_ID,
    "channel": "Risk desk",
    "kind": "alerts",
    "state": "delivered",
    "reason": None,
    "created_at": _MOMENT,
    "attempts": 1,
    "last_attempt_at": _MOMENT,
}
_NOTIFICATION = {
    "notification_id": SOME_ID,
    "kind": "alerts",
    "alerts": 3,
    "state": "delivered",
    "reason": None,
    "created_at": _MOMENT,
    "next_attempt_at": None,
    "attempts": [
        {
            "attempt": 1,
            "sent_at": _MOMENT,
            "seconds": 0.12,
            "delivered": True,
            "status": 204,
            "error": None,
        }
    ],
}


class Contributor(BaseModel):
    """What drives a measure: its name and its part of the value."""

    name: str
    value: float


class AlertDelivery(BaseModel):
    """A message that an alert is in, to one of the user's channels."""

    model_config = example(**_DELIVERY)

    notification_id: UUID
    channel_id: UUID
    channel: str = Field(description="the channel's name")
    kind: str = Field(description="alerts, or withdrawn: that the alert no longer holds")
    state: str = Field(description="pending, delivered or failed")
    reason: str | None = Field(description="why the last attempt failed")
    created_at: datetime
    attempts: int
    last_attempt_at: datetime | None


class AlertOut(BaseModel):
    """A limit was reached, or is no longer breached, on the session `as_of`."""

    model_config = example(**_ALERT)

    alert_id: UUID
    portfolio_id: UUID
    limit_id: UUID
    as_of: date
    level: AlertLevel
    name: str = Field(description="the limit's")
    measure: str
    per: str = Field(description="portfolio, position, underlying, sector or tag")
    member: str | None = Field(description="whose value it is")
    value: float = Field(description="in the limit's unit")
    threshold: float = Field(description="the level that was reached, in the limit's unit")
    unit: str = Field(description="own (the measure's) or share_of_nav")
    message: str
    contributors: list[Contributor] = Field(description="the largest first, at most five")
    run_id: UUID
    withdrawn: bool = Field(description="a later restatement of the session says otherwise")
    withdrawn_at: datetime | None = Field(description="when that was found")
    raised_at: datetime
    deliveries: list[AlertDelivery] = Field(
        description="messages it is in, the first one first; those of the last 30 days"
    )


class AlertPage(BaseModel):
    """Alerts, the last ones first; `next` is where the page after it begins, null at the end."""

    model_config = example(items=[_ALERT], limit=100, next=None)

    items: list[AlertOut]
    limit: int
    next: str | None


def _each_once(levels: list[AlertLevel]) -> list[AlertLevel]:
    """The levels, where none is named twice."""
    twice = sorted({level for level in levels if levels.count(level) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is named twice: name each level once")
    return levels


Levels = Annotated[
    list[AlertLevel],
    AfterValidator(_each_once),
    Field(min_length=1, max_length=3, description="which alerts are sent to the channel"),
]


class ChannelOut(BaseModel):
    """Where alerts are sent."""

    model_config = example(**_CHANNEL)

    channel_id: UUID
    kind: ChannelKind
    name: str
    address: str = Field(description="the URL of a webhook, or an e-mail address")
    levels: list[AlertLevel]
    enabled: bool
    paused_because: str | None = Field(description="why the service paused it, if it did")
    confirmed: bool = Field(description="an e-mail address gets alerts once it is confirmed")
    created_at: datetime


class ChannelList(BaseModel):
    """The caller's channels, by name."""

    model_config = example(items=[_CHANNEL], total=1)

    items: list[ChannelOut]
    total: int


class NewChannel(RequestBody):
    """A webhook or an e-mail address to send alerts to."""

    model_config = body_example(
        kind="webhook", address="https://hooks.example.com/sigmasight", name="Risk desk"
    )

    kind: ChannelKind
    address: str = Field(
        min_length=3,
        max_length=2000,
        description="of a webhook an https URL whose host is public",
    )
    name: Name
    levels: Levels = Field(default=list(EVERY_LEVEL))

    @model_validator(mode="after")
    def _normalise_email(self) -> Self:
        if self.kind == "email":
            self.address = normalised_email(self.address)
        return self


class ChannelCreated(ChannelOut):
    """A channel, and what a webhook's messages are signed with, which is shown only once."""

    model_config = example(**_CHANNEL, secret="whsec_...")

    secret: str | None = Field(description="keep it: no other answer shows it; null for an e-mail")


class ChannelTerms(RequestBody):
    """What to change; what is left out stays as it is."""

    model_config = body_example(enabled=False)

    name: Name | None = None
    levels: Levels | None = None
    enabled: bool | None = Field(default=None, description="false pauses the channel")


class Code(RequestBody):
    """The code that was sent to an e-mail address."""

    model_config = body_example(code="123456")

    code: str = Field(min_length=1, max_length=20)


class SecretOut(BaseModel):
    """The new secret; for a day, messages are signed with the one before as well."""

    model_config = example(channel_id=SOME_ID, secret="whsec_...")

    channel_id: UUID
    secret: str


class QueuedOut(BaseModel):
    """The message that is sent next: its id is the `webhook-id` that the receiver reads."""

    model_config = example(notification_id=SOME_ID)

    notification_id: UUID


class AttemptOut(BaseModel):
    """One attempt to deliver a message."""

    attempt: int
    sent_at: datetime
    seconds: float
    delivered: bool
    status: int | None = Field(description="what the receiver answered (HTTP or SMTP), if it did")
    error: str | None


class NotificationOut(BaseModel):
    """A message to a channel, with every attempt to deliver it."""

    model_config = example(**_NOTIFICATION)

    notification_id: UUID
    kind: str = Field(description="alerts, withdrawn, test or code")
    alerts: int = Field(description="how many it is about")
    state: str = Field(description="pending, delivered or failed (given up: it may be repeated)")
    reason: str | None = Field(description="why the last attempt failed")
    created_at: datetime
    next_attempt_at: datetime | None
    attempts: list[AttemptOut]


class NotificationPage(BaseModel):
    """Messages to a channel, the last ones first; `next` is where the page after it begins."""

    model_config = example(items=[_NOTIFICATION], limit=100, next=None)

    items: list[NotificationOut]
    limit: int
    next: str | None
