"""An e-mail address is confirmed by a code that was sent to it."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.limits import repository
from services.limits.repository.notifications import CODE
from services.limits.senders.inputs import Destination, ExpectedCode, NewNotification, Text
from shared.contracts.notifications import (
    ChannelChanged,
    ConfirmChannel,
    NotificationQueued,
    SendCode,
)
from shared.database import Database, Session
from shared.errors import Unanswerable
from shared.messaging import ServiceRouter

router = ServiceRouter("limits")
CODE_VALID = timedelta(minutes=30)
TRIES = 5  # of 900,000 codes
PER_ADDRESS = 5  # codes that an address is sent in a day, whichever users want it
PER_USER = 10  # codes that a user may have sent in a day


async def known_channel(session: Session, user_id: UUID, channel_id: UUID) -> Destination:
    """The user's channel, locked; refused with `unknown_channel`."""
    channel = await repository.lock_channel(session, user_id, channel_id)
    if channel is None:
        raise Unanswerable("unknown_channel", f"you have no channel {channel_id}")
    return channel


async def queue_code(session: Session, channel: Destination, now: datetime) -> UUID:
    """Send a code to the address of a channel; returns the message's id.

    Refused with `too_many_codes`, so that a stranger is sent only a few in a day.
    """
    address, user = await repository.claim_code(session, channel.user_id, channel.address, now)
    if address >= PER_ADDRESS or user >= PER_USER:
        detail = "too many codes were sent today: try again tomorrow"
        raise Unanswerable("too_many_codes", detail)
    code = str(100_000 + secrets.randbelow(900_000))
    message = NewNotification(
        notification_id=uuid4(),
        channel_id=channel.channel_id,
        user_id=channel.user_id,
        kind=CODE,
        text=_text(code),
        expires_at=now + CODE_VALID,
    )
    await repository.save_code(session, channel.channel_id, code, now + CODE_VALID)
    await repository.save_notifications(session, [message], now)
    return message.notification_id


def _text(code: str) -> Text:
    """Nothing that a user wrote is in it: it may reach a stranger."""
    return Text(
        subject="SigmaSight: confirm this address",
        body=f"The code is {code}. It is valid for half an hour.\n\n"
        "With it, alerts about portfolios are sent to this address. If you did not request it, "
        "ignore this message.\n",
    )


@router.answers(SendCode)
async def send_code(request: SendCode, session: Session) -> NotificationQueued:
    """Send another code; the one before is no longer valid."""
    channel = await known_channel(session, request.user_id, request.channel_id)
    if channel.confirmed:
        raise Unanswerable("nothing_to_confirm", "the channel needs no code")
    return NotificationQueued(
        notification_id=await queue_code(session, channel, request.requested_at)
    )


@router.answers(ConfirmChannel)
async def confirm_channel(request: ConfirmChannel, database: Database) -> ChannelChanged:
    """Confirm an address if the code is the last one sent to it; a wrong one is counted."""
    async with database.transaction() as session:
        channel = await known_channel(session, request.user_id, request.channel_id)
        expected = await repository.load_code(session, channel.channel_id)
        right = channel.confirmed or _is_right(request.code, expected, request.requested_at)
        if right:
            await repository.save_confirmed(session, channel.channel_id, request.requested_at)
        else:
            await repository.save_guess(session, channel.channel_id)
    if not right:
        raise Unanswerable(
            "wrong_code", "the code is wrong or no longer valid: have another one sent"
        )
    return ChannelChanged(channel_id=channel.channel_id)


def _is_right(code: str, expected: ExpectedCode, now: datetime) -> bool:
    valid = expected.until is not None and now < expected.until and expected.tries < TRIES
    given = expected.code or ""
    return valid and secrets.compare_digest(code.encode(), given.encode())
