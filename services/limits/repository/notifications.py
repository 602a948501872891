"""Notifications: alerts to send, messages that are due, and what became of each attempt."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from services.limits.repository.channels import pause_channel
from services.limits.senders.inputs import (
    Destination,
    DueNotification,
    NewNotification,
    Outcome,
    RaisedAlert,
    Text,
)
from services.limits.tables import (
    WAITING,
    Alert,
    Channel,
    CodeRequest,
    Delivery,
    Notification,
    SentAlert,
)
from shared.database import Session, among, append, lock, sql_table
from shared.published import gateway

_alerts = sql_table(Alert)
_channels = sql_table(Channel)
_notifications = sql_table(Notification)
_deliveries = sql_table(Delivery)
_sent = sql_table(SentAlert)
_requests = sql_table(CodeRequest)
PENDING = "pending"
DELIVERED = "delivered"
FAILED = "failed"
CODE = "code"
_DERIVED = ("portfolio_name", "raised_at")
_RAISED = tuple(name for name in RaisedAlert.__dataclass_fields__ if name not in _DERIVED)


async def claim_alerts(session: Session, limit: int) -> list[RaisedAlert]:
    """The oldest alerts that a message is to be made of, in the order in which they came up.

    Those that are raised, withdrawn after a message said that they were, or raised again after
    that.

    Until the transaction ends, other processes wait: what one run raised stays together. Those that
    an evaluation is withdrawing right now are left for the next time.
    """
    await lock(session, "limits.alerts")
    row = _alerts.c
    came_up = func.coalesce(row.changed_at, row.raised_at)
    book = gateway.portfolios.c
    shown = (came_up.label("raised_at"), book.name.label("portfolio_name"))
    oldest = (
        select(*(row[name] for name in _RAISED), *shown)
        .outerjoin_from(_alerts, gateway.portfolios, book.portfolio_id == row.portfolio_id)
        .where(text(WAITING))
        .order_by(came_up)
        .limit(limit)
    )
    claimed = oldest.with_for_update(of=_alerts, skip_locked=True)
    found = await session.execute(claimed)
    return [RaisedAlert(**each) for each in found.mappings()]


async def save_notified(session: Session, alerts: Collection[RaisedAlert], now: datetime) -> None:
    """Remember that messages were made of these alerts, or of their withdrawal, if wanted."""
    raised = {"notified_at": now, "taken_back_at": None}
    for withdrawn, values in ((False, raised), (True, {"taken_back_at": now})):
        some = [each.alert_id for each in alerts if each.withdrawn is withdrawn]
        done = update(_alerts).where(among(_alerts.c.alert_id, some))
        await session.execute(done.values(**values))


async def load_sent(session: Session, alert_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Which channels each of the alerts was sent to: pairs of channel and alert."""
    row = _notifications.c
    joined = select(row.channel_id, _sent.c.alert_id).join_from(
        _sent, _notifications, row.notification_id == _sent.c.notification_id
    )
    found = await session.execute(joined.where(among(_sent.c.alert_id, alert_ids)))
    return set(found.tuples().all())


async def load_active_channels(session: Session, user_ids: Collection[UUID]) -> list[Destination]:
    """The channels of these users that alerts are sent to; none of a user who is disabled."""
    row = _channels.c
    user = gateway.users.c
    able = select(_channels).join(gateway.users, user.user_id == row.user_id)
    active = row.enabled, row.confirmed_at.is_not(None), user.disabled_at.is_(None)
    wanted = able.where(among(row.user_id, user_ids), *active).order_by(row.channel_id)
    return [
        Destination(
            **{name: each[name] for name in ("channel_id", "user_id", "kind", "address")},
            levels=tuple(each["levels"]),
            enabled=True,
            confirmed=True,
        )
        for each in (await session.execute(wanted)).mappings()
    ]


async def save_notifications(
    session: Session, notifications: Sequence[NewNotification], now: datetime
) -> None:
    """Store messages to be sent at once."""
    rows = [
        {
            "notification_id": each.notification_id,
            "channel_id": each.channel_id,
            "user_id": each.user_id,
            "kind": each.kind,
            "alerts": len(each.alerts),
            "subject": each.text.subject,
            "body": each.text.body,
            "state": PENDING,
            "next_attempt_at": now,
            "expires_at": each.expires_at,
            "created_at": now,
        }
        for each in notifications
    ]
    if rows:
        await session.execute(insert(_notifications), rows)
    about = [
        {"notification_id": each.notification_id, "alert_id": alert_id}
        for each in notifications
        for alert_id in each.alerts
    ]
    await append(session, SentAlert, about)


def _waits() -> ColumnElement[bool]:
    """Whether a message is still to be delivered; none of a user who is disabled or deleted is."""
    able = select(gateway.users.c.user_id).where(gateway.users.c.disabled_at.is_(None))
    return and_(_notifications.c.state == PENDING, _notifications.c.user_id.in_(able))


async def claim_due(
    session: Session, now: datetime, limit: int, lease: timedelta
) -> list[DueNotification]:
    """Messages that this process sends now, at most one to each channel.

    Other processes leave them alone for the `lease`. If no attempt is recorded by then, because
    the process died, they are due again under the same id.
    """
    row = _notifications.c
    is_due = and_(_waits(), row.next_attempt_at <= now)
    first = (
        select(row.notification_id)
        .where(is_due)
        .distinct(row.channel_id)
        .order_by(row.channel_id, row.next_attempt_at, row.notification_id)
    )
    claimed = (
        select(row.notification_id)
        .where(row.notification_id.in_(first), is_due)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = update(_notifications).where(row.notification_id.in_(claimed))
    leased = taken.values(next_attempt_at=now + lease, attempts=row.attempts + 1)
    ids = list(await session.scalars(leased.returning(row.notification_id)))
    return await _load_due(session, ids, now) if ids else []


async def _load_due(session: Session, ids: Sequence[UUID], now: datetime) -> list[DueNotification]:
    row = _notifications.c
    channel = _channels.c
    wanted = (
        select(
            _notifications,
            *(channel.kind.label("channel"), channel.address, channel.secret),
            case((channel.old_secret_until > now, channel.old_secret)).label("old_secret"),
        )
        .join(_channels, channel.channel_id == row.channel_id)
        .where(among(row.notification_id, ids))
    )
    return [
        DueNotification(
            **{name: each[name] for name in ("notification_id", "channel_id", "channel")},
            **{name: each[name] for name in ("address", "expires_at")},
            secrets=tuple(each[name] for name in ("secret", "old_secret") if each[name]),
            text=Text(each["subject"], each["body"]),
            attempt=each["attempts"],
            failed=each["failures"],
        )
        for each in (await session.execute(wanted)).mappings()
    ]


async def save_attempt(
    session: Session,
    due: DueNotification,
    outcome: Outcome,
    sent: tuple[datetime, float],
    again_at: datetime | None,
) -> None:
    """Record an attempt (`sent`: when, and seconds), and when the message is sent again.

    Without `again_at` one that failed is given up. The text of one that is delivered is no longer
    needed, and is not kept. A message that was deleted meanwhile has no record. An attempt that
    ended after its lease changes the message only if it was delivered.
    """
    if outcome.gone:  # as users' requests do: the channel before its messages
        own = _channels.c.channel_id == due.channel_id
        await session.execute(select(_channels.c.channel_id).where(own).with_for_update())
    row = _notifications.c
    mine = row.notification_id == due.notification_id
    user_id = await session.scalar(select(row.user_id).where(mine).with_for_update())
    if user_id is None:
        return
    attempt = {
        "notification_id": due.notification_id,
        "attempt": due.attempt,
        "user_id": user_id,
        "sent_at": sent[0],
        "seconds": sent[1],
        "delivered": outcome.delivered,
        "status": outcome.status,
        "error": outcome.error,
    }
    await session.execute(upsert(_deliveries).values(attempt).on_conflict_do_nothing())
    if outcome.delivered:
        done = {"state": DELIVERED, "reason": None, "subject": "", "body": ""}
        await session.execute(update(_notifications).where(mine).values(**done))
        return
    current = mine, row.state == PENDING, row.attempts == due.attempt
    failed = {"failures": row.failures + 1, "reason": outcome.error}
    following = {"next_attempt_at": again_at} if again_at else {"state": FAILED}
    await session.execute(update(_notifications).where(*current).values(**failed, **following))
    if outcome.gone:
        await pause_channel(session, due.channel_id, outcome.error)


async def save_repeated(
    session: Session, channel_id: UUID, notification_id: UUID, now: datetime
) -> str:
    """Send a message again that was given up; its state before, or "" without such a message.

    A code is no such message: another one is sent instead.
    """
    row = _notifications.c
    mine = (
        row.channel_id == channel_id,
        row.notification_id == notification_id,
        row.kind != CODE,
    )
    state = await session.scalar(select(row.state).where(*mine).with_for_update())
    if state == FAILED:
        values = {"state": PENDING, "next_attempt_at": now, "failures": 0}
        await session.execute(update(_notifications).where(*mine).values(**values))
    return str(state or "")


async def oldest_pending(session: Session) -> datetime | None:
    """When the oldest message was created that is still to be delivered."""
    created = func.min(_notifications.c.created_at)
    oldest: datetime | None = await session.scalar(select(created).where(_waits()))
    return oldest


async def delete_past(session: Session, now: datetime, kept: timedelta) -> None:
    """Delete old messages, past requests for codes, and what deleted users had."""
    row = _notifications.c
    past = and_(row.state != PENDING, row.created_at < now - kept)
    await session.execute(delete(_notifications).where(past))
    await session.execute(
        delete(_requests).where(_requests.c.requested_at < now - timedelta(days=1))
    )
    known = select(gateway.users.c.user_id)
    await session.execute(delete(_channels).where(_channels.c.user_id.not_in(known)))
    await session.execute(delete(_requests).where(_requests.c.user_id.not_in(known)))
