"""A user adds, changes or deletes a channel."""

from datetime import timedelta
from uuid import uuid4

from services.limits import repository
from services.limits.handlers.confirm_channels import known_channel, queue_code
from services.limits.senders.addresses import RefusedAddress
from services.limits.senders.inputs import Destination
from services.limits.senders.outgoing import WEBHOOK, smtp_server, webhook_guard
from services.limits.senders.signatures import new_secret
from services.limits.settings import get_settings
from shared.contracts.notifications import (
    AddChannel,
    ChangeChannel,
    ChannelAdded,
    ChannelChanged,
    DeleteChannel,
    ReplaceSecret,
    SecretReplaced,
)
from shared.database import Database, Session
from shared.errors import Unanswerable
from shared.messaging import ServiceRouter

router = ServiceRouter("limits")
OLD_SECRET_VALID = timedelta(days=1)


@router.answers(AddChannel)
async def add_channel(request: AddChannel, database: Database) -> ChannelAdded:
    """Store a webhook that may be sent to, or an e-mail address that a code is sent to."""
    await _refuse_unusable(request)
    is_webhook = request.kind == WEBHOOK
    secret = new_secret() if is_webhook else None
    channel = Destination(
        channel_id=uuid4(),
        user_id=request.user_id,
        kind=request.kind,
        address=request.address,
        levels=request.levels,
        enabled=True,
        confirmed=is_webhook,
        secret=secret,
    )
    async with database.transaction() as session:
        most = get_settings().channels_per_user
        if await repository.claim_channels(session, request.user_id) >= most:
            detail = f"you have {most} channels, which is the most: delete one first"
            raise Unanswerable("too_many_channels", detail)
        await repository.save_channel(session, channel, request.name, request.requested_at)
        if not is_webhook:
            await queue_code(session, channel, request.requested_at)
    return ChannelAdded(channel_id=channel.channel_id, secret=secret)


async def _refuse_unusable(request: AddChannel) -> None:
    if request.kind != WEBHOOK:
        if smtp_server(get_settings()) is None:
            detail = "no mail server is configured here: add a webhook, or ask an operator"
            raise Unanswerable("email_unavailable", detail)
        return
    try:
        await webhook_guard(get_settings()).target(request.address)
    except RefusedAddress as refused:
        raise Unanswerable("refused_address", f"{refused}: give a public https address") from None


@router.answers(ChangeChannel)
async def change_channel(request: ChangeChannel, session: Session) -> ChannelChanged:
    """Change what the request names."""
    channel = await known_channel(session, request.user_id, request.channel_id)
    named = {} if request.name is None else {"name": request.name}
    levels = {} if request.levels is None else {"levels": list(request.levels)}
    resumed = {"enabled": True, "paused_because": None} if request.enabled else {}
    if values := {**named, **levels, **resumed}:
        await repository.save_terms(session, channel.channel_id, **values)
    if request.enabled is False:
        await repository.pause_channel(session, channel.channel_id)
    return ChannelChanged(channel_id=channel.channel_id)


@router.answers(DeleteChannel)
async def delete_channel(request: DeleteChannel, session: Session) -> ChannelChanged:
    """Delete a channel, and with it what was sent to it."""
    channel = await known_channel(session, request.user_id, request.channel_id)
    await repository.delete_channel(session, channel.channel_id)
    return ChannelChanged(channel_id=channel.channel_id)


@router.answers(ReplaceSecret)
async def replace_secret(request: ReplaceSecret, session: Session) -> SecretReplaced:
    """A new secret; the one before signs as well for a day, so that no receiver misses anything."""
    channel = await known_channel(session, request.user_id, request.channel_id)
    if channel.secret is None:
        raise Unanswerable("no_secret", "an e-mail address has no secret")
    secret = new_secret()
    until = request.requested_at + OLD_SECRET_VALID
    values = {"secret": secret, "old_secret": channel.secret, "old_secret_until": until}
    await repository.save_terms(session, channel.channel_id, **values)
    return SecretReplaced(channel_id=channel.channel_id, secret=secret)
