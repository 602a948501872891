"""What limits publishes of a user's alerts and channels, and of what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, select, true

from services.gateway.edge.marks import Mark, behind
from services.gateway.tables import Portfolio
from shared.database import Session, among, sql_table
from shared.published import limits


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts are wanted: all conditions hold. `since`: raised at that moment or later."""

    portfolio_id: UUID | None = None
    levels: Sequence[str] = ()
    since: datetime | None = None


async def load_alerts(
    session: Session, user_id: UUID, wanted: AlertFilter, after: Mark | None, limit: int
) -> Sequence[RowMapping]:
    """A user's alerts, the last ones first, from behind a mark on; none of deleted portfolios."""
    row = limits.alerts.c
    held = sql_table(Portfolio).c
    own = select(held.portfolio_id).where(held.user_id == user_id)
    conditions = [row.user_id == user_id, row.portfolio_id.in_(own)]
    if wanted.portfolio_id is not None:
        conditions.append(row.portfolio_id == wanted.portfolio_id)
    if wanted.levels:
        conditions.append(row.level.in_(wanted.levels))
    if wanted.since is not None:
        conditions.append(row.raised_at >= wanted.since)
    if after is not None:
        conditions.append(behind(row.raised_at, row.alert_id, after))
    page = select(limits.alerts).where(*conditions)
    ordered = page.order_by(row.raised_at.desc(), row.alert_id.desc())
    return (await session.execute(ordered.limit(limit))).mappings().all()


async def load_deliveries(
    session: Session, alert_ids: Sequence[UUID]
) -> dict[UUID, list[RowMapping]]:
    """The messages that each of these alerts of one user is in, the first one first."""
    about = limits.sent_alerts.c
    row = limits.notifications.c
    channel = limits.channels.c
    made = limits.deliveries.c
    attempts = (
        select(func.count().label("attempts"), func.max(made.sent_at).label("last_attempt_at"))
        .where(made.notification_id == row.notification_id)
        .lateral("made")
    )
    joined = (
        limits.sent_alerts.join(limits.notifications, row.notification_id == about.notification_id)
        .join(limits.channels, channel.channel_id == row.channel_id)
        .join(attempts, true())
    )
    names = ("notification_id", "channel_id", "kind", "state", "reason", "created_at")
    shown = (about.alert_id, *(row[name] for name in names), channel.name.label("channel"))
    query = select(*shown, attempts).select_from(joined).where(among(about.alert_id, alert_ids))
    found: dict[UUID, list[RowMapping]] = {each: [] for each in alert_ids}
    ordered = query.order_by(row.created_at, row.notification_id)
    for message in (await session.execute(ordered)).mappings():
        found[message["alert_id"]].append(message)
    return found


def _channels(user_id: UUID) -> Select[tuple[object, ...]]:
    row = limits.channels.c
    columns = [column for column in row if column.name not in ("user_id", "confirmed_at")]
    confirmed = row.confirmed_at.is_not(None).label("confirmed")
    return select(*columns, confirmed).where(row.user_id == user_id)


async def load_channels(session: Session, user_id: UUID) -> Sequence[RowMapping]:
    """A user's channels, by name."""
    row = limits.channels.c
    ordered = _channels(user_id).order_by(row.name, row.channel_id)
    return (await session.execute(ordered)).mappings().all()


async def load_channel(session: Session, user_id: UUID, channel_id: UUID) -> RowMapping | None:
    """A user's channel of this id."""
    named = _channels(user_id).where(limits.channels.c.channel_id == channel_id)
    return (await session.execute(named)).mappings().one_or_none()


async def load_notifications(
    session: Session, channel_id: UUID, after: Mark | None, limit: int
) -> Sequence[RowMapping]:
    """What was sent to a channel or waits to be, the last first, from behind a mark on."""
    row = limits.notifications.c
    conditions = [row.channel_id == channel_id]
    if after is not None:
        conditions.append(behind(row.created_at, row.notification_id, after))
    page = select(limits.notifications).where(*conditions)
    ordered = page.order_by(row.created_at.desc(), row.notification_id.desc())
    return (await session.execute(ordered.limit(limit))).mappings().all()


async def load_attempts(
    session: Session, notification_ids: Sequence[UUID]
) -> dict[UUID, list[RowMapping]]:
    """The attempts to deliver each of these messages, the first one first."""
    row = limits.deliveries.c
    wanted = select(limits.deliveries).where(among(row.notification_id, notification_ids))
    found: dict[UUID, list[RowMapping]] = {each: [] for each in notification_ids}
    ordered = wanted.order_by(row.notification_id, row.attempt)
    for attempt in (await session.execute(ordered)).mappings():
        found[attempt["notification_id"]].append(attempt)
    return found
