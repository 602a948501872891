"""Alerts become messages: one for each user, run and channel that wants them.

An alert that is withdrawn later is taken back by a message to the channels that it was sent to.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from services.limits import repository
from services.limits.calculations.grouping import (
    Patience,
    message_data,
    message_text,
    ready_groups,
)
from services.limits.senders.bodies import ALERTS, WITHDRAWN, webhook_body
from services.limits.senders.inputs import Destination, NewNotification, RaisedAlert, Text
from services.limits.senders.outgoing import WEBHOOK
from shared.database import Database

AT_ONCE = 20_000  # alerts that are looked at together
Sent = set[tuple[UUID, UUID]]  # channels and alerts that were sent there


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
            withdrawn = [alert.alert_id for alert in alerts if alert.withdrawn]
            sent = await repository.load_sent(session, withdrawn) if withdrawn else set()
            made = list(_messages(groups, channels, sent, now))
            await repository.save_notifications(session, made, now)
            await repository.save_notified(session, alerts, now)
    return alerts


def _messages(
    groups: Sequence[Sequence[RaisedAlert]],
    channels: Sequence[Destination],
    sent: Sent,
    now: datetime,
) -> Iterator[NewNotification]:
    for group in groups:
        for channel in channels:
            wanted = [alert for alert in group if _wants(channel, alert, sent)]
            if wanted and channel.user_id == group[0].user_id:
                yield _message(channel, wanted, now)


def _wants(channel: Destination, alert: RaisedAlert, sent: Sent) -> bool:
    """Whether a channel is sent an alert, or that one it was sent is withdrawn."""
    if alert.withdrawn:
        return (channel.channel_id, alert.alert_id) in sent
    return alert.level in channel.levels


def _message(channel: Destination, alerts: Sequence[RaisedAlert], now: datetime) -> NewNotification:
    """The message; its first alert makes the id unique, with the moment where it is not new."""
    withdrawn = alerts[0].withdrawn
    text = (
        Text("", webhook_body(WITHDRAWN if withdrawn else ALERTS, now, message_data(alerts)))
        if channel.kind == WEBHOOK
        else message_text(alerts)
    )
    is_new = alerts[0].notified_at is None
    about = str(alerts[0].alert_id) if is_new else f"{alerts[0].alert_id}/{now.isoformat()}"
    return NewNotification(
        notification_id=uuid5(channel.channel_id, about),
        channel_id=channel.channel_id,
        user_id=channel.user_id,
        kind="withdrawn" if withdrawn else "alerts",
        text=text,
        alerts=tuple(alert.alert_id for alert in alerts),
    )
