"""Alerts become messages: one for each user, run and channel that wants them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import uuid5

from services.limits import repository
from services.limits.calculations.grouping import (
    Patience,
    message_data,
    message_text,
    ready_groups,
)
from services.limits.senders.bodies import ALERTS, webhook_body
from services.limits.senders.inputs import Destination, NewNotification, RaisedAlert, Text
from services.limits.senders.outgoing import WEBHOOK
from shared.database import Database

AT_ONCE = 20_000  # alerts that are looked at together


async def gather_alerts(
    database: Database, patience: Patience, now: datetime
) -> Sequence[RaisedAlert]:
    """Make messages of the alerts that are ready, in one transaction; returns those alerts."""
    async with database.transaction() as session:
        groups = ready_groups(await repository.claim_alerts(session, AT_ONCE), now, patience)
        alerts = [alert for group in groups for alert in group]
        if alerts:
            users = {alert.user_id for alert in alerts}
            channels = await repository.load_active_channels(session, users)
            made = list(_messages(groups, channels, now))
            await repository.save_notifications(session, made, now)
            await repository.save_notified(session, [each.alert_id for each in alerts], now)
    return alerts


def _messages(
    groups: Sequence[Sequence[RaisedAlert]], channels: Sequence[Destination], now: datetime
) -> Iterator[NewNotification]:
    for group in groups:
        for channel in channels:
            wanted = [alert for alert in group if alert.level in channel.levels]
            if wanted and channel.user_id == group[0].user_id:
                yield _message(channel, wanted, now)


def _message(channel: Destination, alerts: Sequence[RaisedAlert], now: datetime) -> NewNotification:
    """The message; each alert is gathered once, so its first one makes the id unique."""
    text = (
        Text("", webhook_body(ALERTS, now, message_data(alerts)))
        if channel.kind == WEBHOOK
        else message_text(alerts)
    )
    return NewNotification(
        notification_id=uuid5(channel.channel_id, str(alerts[0].alert_id)),
        channel_id=channel.channel_id,
        user_id=channel.user_id,
        kind="alerts",
        text=text,
        alerts=len(alerts),
    )
