"""Channels: where users' alerts are sent."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, delete, func, insert, select, update

from services.limits.senders.inputs import Destination, ExpectedCode
from services.limits.tables import Channel, CodeRequest, Notification
from shared.database import Session, lock, sql_table

_channels = sql_table(Channel)
_requests = sql_table(CodeRequest)
_notifications = sql_table(Notification)
DAY = timedelta(days=1)


async def claim_channels(session: Session, user_id: UUID) -> int:
    """How many channels a user has; until the transaction ends, others that are added wait."""
    await lock(session, "limits.channels", user_id)
    counted = select(func.count()).where(_channels.c.user_id == user_id)
    return int(await session.scalar(counted) or 0)


async def save_channel(session: Session, channel: Destination, name: str, now: datetime) -> None:
    """Store a new channel."""
    row = {
        "channel_id": channel.channel_id,
        "user_id": channel.user_id,
        "kind": channel.kind,
        "name": name,
        "address": channel.address,
        "levels": list(channel.levels),
        "enabled": channel.enabled,
        "secret": channel.secret,
        "confirmed_at": now if channel.confirmed else None,
        "created_at": now,
    }
    await session.execute(insert(_channels).values(row))


async def lock_channel(session: Session, user_id: UUID, channel_id: UUID) -> Destination | None:
    """A user's channel; others that change it wait until the transaction ends."""
    row = _channels.c
    own = select(_channels).where(row.user_id == user_id, row.channel_id == channel_id)
    found = (await session.execute(own.with_for_update())).mappings().one_or_none()
    return None if found is None else _channel(found)


def _channel(row: RowMapping) -> Destination:
    shared = ("channel_id", "user_id", "kind", "address", "enabled", "secret")
    return Destination(
        **{name: row[name] for name in shared},
        levels=tuple(row["levels"]),
        confirmed=row["confirmed_at"] is not None,
    )


async def save_terms(session: Session, channel_id: UUID, **values: object) -> None:
    """Change a channel's columns of these names."""
    changed = update(_channels).where(_channels.c.channel_id == channel_id)
    await session.execute(changed.values(**values))


async def pause_channel(session: Session, channel_id: UUID, reason: str | None = None) -> None:
    """Send nothing to a channel from now on; what waits is given up.

    `reason`: why the service paused it; None when its user did.
    """
    await save_terms(session, channel_id, enabled=False, paused_because=reason)
    waiting = update(_notifications).where(
        _notifications.c.channel_id == channel_id, _notifications.c.state == "pending"
    )
    await session.execute(waiting.values(state="failed", reason=reason or "the channel was paused"))


async def delete_channel(session: Session, channel_id: UUID) -> None:
    """Delete a channel and all that was sent to it."""
    await session.execute(delete(_channels).where(_channels.c.channel_id == channel_id))


# --- codes that confirm an address ---


async def save_code(session: Session, channel_id: UUID, code: str, until: datetime) -> None:
    """Expect a code, and no earlier one, from now on."""
    await save_terms(session, channel_id, code=code, code_until=until, code_tries=0)


async def load_code(session: Session, channel_id: UUID) -> ExpectedCode:
    """The code that is expected."""
    row = _channels.c
    expected = select(row.code, row.code_until, row.code_tries)
    found = await session.execute(expected.where(row.channel_id == channel_id))
    return ExpectedCode(*found.one())


async def save_confirmed(session: Session, channel_id: UUID, now: datetime) -> None:
    """Send alerts to an address from now on; its code is used up."""
    first = func.coalesce(_channels.c.confirmed_at, now)
    await save_terms(session, channel_id, confirmed_at=first, code=None)


async def save_guess(session: Session, channel_id: UUID) -> None:
    """Count a wrong code."""
    await save_terms(session, channel_id, code_tries=_channels.c.code_tries + 1)


async def claim_code(
    session: Session, user_id: UUID, address: str, now: datetime
) -> tuple[int, int]:
    """Record that a code is sent; returns how many an address and a user had on the day before.

    Until the transaction ends, others that send to the address wait.
    """
    await lock(session, "limits.codes", address)
    row = _requests.c
    day = row.requested_at > now - DAY
    to_address = func.count().filter(row.address == address)
    by_user = func.count().filter(row.user_id == user_id)
    counts = (await session.execute(select(to_address, by_user).where(day))).one()
    request = {"request_id": uuid4(), "address": address, "user_id": user_id, "requested_at": now}
    await session.execute(insert(_requests).values(request))
    return int(counts[0]), int(counts[1])
