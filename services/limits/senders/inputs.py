"""Alerts and messages, as frozen dataclasses: what gathering, sending and recording them share."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True)
class RaisedAlert:
    """An alert as it was raised, for the message about it.

    `group_id`: the alerts of one user and run. `level`: "breached", "warning" or "cleared".
    `name`: the limit's. `value`, `threshold`: in its unit. `portfolio_name`: None once the
    portfolio is deleted. `withdrawn`: its session says otherwise now. `raised_at`: when that was
    found, or it was raised. `notified_at`: when a message was last made of it, if one was.
    """

    alert_id: UUID
    user_id: UUID
    group_id: UUID
    portfolio_id: UUID
    limit_id: UUID
    as_of: date
    level: str
    name: str
    measure: str
    per: str
    member: str | None
    value: float
    threshold: float
    unit: str
    message: str
    raised_at: datetime
    portfolio_name: str | None
    withdrawn: bool = False
    notified_at: datetime | None = None


@dataclass(frozen=True)
class Text:
    """What an e-mail says. Of a webhook's message only the body is sent."""

    subject: str
    body: str


@dataclass(frozen=True)
class Destination:
    """Where a user's alerts are sent. `kind`: "webhook" or "email"."""

    channel_id: UUID
    user_id: UUID
    kind: str
    address: str
    levels: tuple[str, ...]
    enabled: bool
    confirmed: bool
    secret: str | None = None


@dataclass(frozen=True)
class ExpectedCode:
    """The code that confirms an e-mail address until a moment, and how often it was guessed."""

    code: str | None
    until: datetime | None
    tries: int


@dataclass(frozen=True)
class NewNotification:
    """A message to send. `kind`: "alerts", "withdrawn", "test" or "code"; `alerts`: about which."""

    notification_id: UUID
    channel_id: UUID
    user_id: UUID
    kind: str
    text: Text
    alerts: tuple[UUID, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True)
class DueNotification:
    """A message that one process sends now.

    `attempt` counts from 1 and is the number of this attempt; `failed`: how many failed before
    since the message was created or repeated. `secrets`: what a webhook's is signed with.
    """

    notification_id: UUID
    channel_id: UUID
    channel: str
    address: str
    secrets: tuple[str, ...]
    text: Text
    attempt: int
    failed: int
    expires_at: datetime | None


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt.

    `status`: what the receiver answered, if it did; `error`: why it failed, for the user. `gone`:
    the receiver wants nothing more, or does not exist.
    """

    delivered: bool
    status: int | None = None
    error: str | None = None
    gone: bool = False
