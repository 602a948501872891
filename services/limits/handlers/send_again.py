"""A user wants a test message, or one again that was given up."""

from uuid import uuid4

from services.limits import repository
from services.limits.handlers.confirm_channels import known_channel
from services.limits.repository.notifications import FAILED
from services.limits.senders.bodies import TEST, webhook_body
from services.limits.senders.inputs import Destination, NewNotification, Text
from services.limits.senders.outgoing import WEBHOOK
from shared.contracts.notifications import NotificationQueued, RepeatNotification, SendTest
from shared.database import Session
from shared.errors import Unanswerable
from shared.messaging import ServiceRouter

router = ServiceRouter("limits")


@router.answers(SendTest)
async def send_test(request: SendTest, session: Session) -> NotificationQueued:
    """Send a message that says only that messages arrive."""
    channel = _active(await known_channel(session, request.user_id, request.channel_id))
    now = request.requested_at
    data = {"channel_id": str(channel.channel_id)}
    sentence = "This is a test: alerts of this channel arrive.\n"
    text = (
        Text("", webhook_body(TEST, now, data))
        if channel.kind == WEBHOOK
        else Text("SigmaSight: test", sentence)
    )
    message = NewNotification(uuid4(), channel.channel_id, channel.user_id, "test", text)
    await repository.save_notifications(session, [message], now)
    return NotificationQueued(notification_id=message.notification_id)


@router.answers(RepeatNotification)
async def repeat_notification(request: RepeatNotification, session: Session) -> NotificationQueued:
    """Send a message again that was given up: the same text under the same id."""
    channel = _active(await known_channel(session, request.user_id, request.channel_id))
    asked = request.notification_id
    state = await repository.save_repeated(session, channel.channel_id, asked, request.requested_at)
    if not state:
        raise Unanswerable("unknown_notification", f"the channel has no message {asked} to repeat")
    if state != FAILED:
        raise Unanswerable("not_failed", f"the message is {state}: only failed ones are repeated")
    return NotificationQueued(notification_id=asked)


def _active(channel: Destination) -> Destination:
    if not (channel.enabled and channel.confirmed):
        detail = "the channel is paused or not confirmed: resume or confirm it first"
        raise Unanswerable("channel_inactive", detail)
    return channel
