"""The requests about a user's channels, which the service limits answers.

A channel is where alerts of a user's limits are sent: a webhook or an e-mail address. Each request
is refused with `unknown_channel` when the user has no such channel.
"""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.event import Contract, Request, utc_now

ChannelKind = Literal["webhook", "email"]
AlertLevel = Literal["breached", "warning", "cleared"]
EVERY_LEVEL: tuple[AlertLevel, ...] = ("breached", "warning", "cleared")


class OfUser(Contract):
    """Whose request it is, and the moment that it counts for."""

    user_id: UUID
    requested_at: AwareDatetime = Field(default_factory=utc_now)


class OfChannel(OfUser):
    """The same about one of the user's channels."""

    channel_id: UUID


class ChannelAdded(Contract):
    """The channel is stored.

    `secret`: what a webhook's messages are signed with; it is in no other answer. An e-mail address
    has none: a code was sent to it, which confirms it.
    """

    channel_id: UUID
    secret: str | None


class AddChannel(OfUser, Request[ChannelAdded]):
    """Add a webhook or an e-mail address.

    Refused with `refused_address` for a webhook that is not public or not https, with
    `email_unavailable` where no mail server is configured, with `too_many_channels`, and with
    `too_many_codes` when the address received its codes of the day.
    """

    subject: ClassVar[str] = "ask.limits.add_channel"

    kind: ChannelKind
    address: str
    name: str
    levels: tuple[AlertLevel, ...] = EVERY_LEVEL


class ChannelChanged(Contract):
    """The channel is as the user wants it."""

    channel_id: UUID


class ChangeChannel(OfChannel, Request[ChannelChanged]):
    """Rename a channel, choose its levels, pause it or resume it; None leaves a value as it is.

    What waits to be sent to a channel that is paused is given up; the user may repeat it.
    """

    subject: ClassVar[str] = "ask.limits.change_channel"

    name: str | None = None
    levels: tuple[AlertLevel, ...] | None = None
    enabled: bool | None = None


class DeleteChannel(OfChannel, Request[ChannelChanged]):
    """Delete a channel with everything that was sent to it or waits to be."""

    subject: ClassVar[str] = "ask.limits.delete_channel"


class ConfirmChannel(OfChannel, Request[ChannelChanged]):
    """Confirm an e-mail address with the code that was sent to it; refused with `wrong_code`."""

    subject: ClassVar[str] = "ask.limits.confirm_channel"

    code: str


class NotificationQueued(Contract):
    """The message will be sent next."""

    notification_id: UUID


class SendCode(OfChannel, Request[NotificationQueued]):
    """Send another code; refused with `too_many_codes` or `nothing_to_confirm`."""

    subject: ClassVar[str] = "ask.limits.send_code"


class SecretReplaced(Contract):
    """The new secret. For a day, messages are signed with the one before as well."""

    channel_id: UUID
    secret: str


class ReplaceSecret(OfChannel, Request[SecretReplaced]):
    """Replace the secret of a webhook; refused with `no_secret` for an e-mail address."""

    subject: ClassVar[str] = "ask.limits.replace_secret"


class SendTest(OfChannel, Request[NotificationQueued]):
    """Send a test message; refused with `channel_inactive` when it is paused or not confirmed."""

    subject: ClassVar[str] = "ask.limits.send_test"


class RepeatNotification(OfChannel, Request[NotificationQueued]):
    """Send a message again that was given up, with the same id.

    Refused with `unknown_notification`, with `not_failed` when it was not given up, and with
    `channel_inactive`.
    """

    subject: ClassVar[str] = "ask.limits.repeat_notification"

    notification_id: UUID
