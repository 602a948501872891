"""Alerts of the caller's limits, and the channels that they are sent to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import AfterValidator, AwareDatetime
from sqlalchemy import RowMapping

from services.gateway.alerts import queries
from services.gateway.alerts.queries import AlertFilter
from services.gateway.alerts.schemas import (
    AlertOut,
    AlertPage,
    ChannelCreated,
    ChannelList,
    ChannelOut,
    ChannelTerms,
    Code,
    NewChannel,
    NotificationOut,
    NotificationPage,
    QueuedOut,
    SecretOut,
)
from services.gateway.books.dependencies import owned_portfolio
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import (
    Caller,
    CallersDatabase,
    GatewayParts,
    Limit,
    OpenSession,
)
from services.gateway.edge.idempotency import BEFORE_ASKING, LaterTransaction, once_router
from services.gateway.edge.marks import After, Mark, following
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.edge.routers import api_router, joined
from shared.contracts.event import EARLIEST_DAY, LATEST_DAY, Reply, Request
from shared.contracts.notifications import (
    AddChannel,
    AlertLevel,
    ChangeChannel,
    ConfirmChannel,
    DeleteChannel,
    RepeatNotification,
    ReplaceSecret,
    SendCode,
    SendTest,
)
from shared.database import Session
from shared.messaging import Refused

alerts = api_router("/alerts", "alerts", 401, 404, 422)
channels = once_router("/notifications/channels", "alerts", 401, 404, 422)
# No Idempotency-Key where a channel is added: the answer that is stored would hold its secret.
unrepeated = api_router("/notifications/channels", "alerts", 401, 422)


def _within_bounds(moment: datetime) -> datetime:
    """The moment, if its day is one that may be asked for in every time zone."""
    if EARLIEST_DAY < moment.date() < LATEST_DAY:
        return moment
    raise ValueError(f"a moment lies between {EARLIEST_DAY} and {LATEST_DAY}")


Moment = Annotated[AwareDatetime, AfterValidator(_within_bounds)]


def _marks(rows: Sequence[RowMapping], moment: str, identity: str) -> list[Mark]:
    return [Mark(row[moment], row[identity]) for row in rows]


@alerts.get("")
async def list_alerts(
    caller: Caller,
    session: OpenSession,
    after: After,
    portfolio_id: Annotated[UUID | None, Query(description="of this portfolio only")] = None,
    level: Annotated[list[AlertLevel], Query(description="any of them")] = [],  # noqa: B006
    since: Annotated[Moment | None, Query(description="raised at that moment or later")] = None,
    limit: Limit = 100,
) -> AlertPage:
    """Alerts of the caller's limits, the last ones first; those withdrawn are marked."""
    if portfolio_id is not None:
        await owned_portfolio(session, caller, portfolio_id)
    wanted = AlertFilter(portfolio_id, level, since)
    rows = await queries.load_alerts(session, caller.user_id, wanted, after, limit + 1)
    sent = await queries.load_deliveries(session, [row["alert_id"] for row in rows[:limit]])
    items = [_alert(row, sent[row["alert_id"]]) for row in rows[:limit]]
    next_mark = following(_marks(rows, "raised_at", "alert_id"), limit)
    return AlertPage(items=items, limit=limit, next=next_mark)


def _alert(row: RowMapping, sent: Sequence[RowMapping]) -> AlertOut:
    when = {"withdrawn_at": row["changed_at"] if row["withdrawn"] else None}
    deliveries = {"deliveries": [dict(each) for each in sent]}
    return AlertOut.model_validate({**row, **when, **deliveries})


# --- channels ---


@dataclass(frozen=True)
class AskingParts:
    """What a request to the service limits takes, and the caller's transactions after it."""

    caller: Caller
    database: CallersDatabase
    gateway: GatewayParts

    async def about(self, channel_id: UUID, request: Request[Reply]) -> Reply:
        """The reply to a request about a channel; 404 where the caller has no such channel.

        That is known here, so the answer is the same while the service is down.
        """
        async with self.database.transaction() as session:
            await _known(session, self.caller.user_id, channel_id)
        try:
            return await self.gateway.ask(request)
        except Refused as refused:
            if refused.refusal.code == "unknown_channel":  # deleted meanwhile
                raise not_found("channel", channel_id) from None
            if refused.refusal.code == "unknown_notification":
                raise Problem(404, "notification_not_found", str(refused)) from None
            raise


Asking = Annotated[AskingParts, Depends()]


@channels.get("")
async def list_channels(caller: Caller, session: OpenSession) -> ChannelList:
    """The caller's channels, by name."""
    rows = await queries.load_channels(session, caller.user_id)
    items = [ChannelOut.model_validate(dict(row)) for row in rows]
    return ChannelList(items=items, total=len(items))


@unrepeated.post("", status_code=201, responses=documented(503))
async def add_channel(wanted: NewChannel, asking: Asking) -> ChannelCreated:
    """Add a webhook, whose secret is shown now and never again, or an e-mail address.

    An e-mail address is sent a code; alerts go there once it is confirmed with that.
    """
    user_id = asking.caller.user_id
    added = await asking.gateway.ask(AddChannel(user_id=user_id, **wanted.model_dump()))
    async with asking.database.transaction() as session:
        await record(session, "channel.added", added.channel_id, kind=wanted.kind)
        channel = await _known(session, user_id, added.channel_id)
    return ChannelCreated(**channel.model_dump(), secret=added.secret)


async def _known(session: Session, user_id: UUID, channel_id: UUID) -> ChannelOut:
    channel = await queries.load_channel(session, user_id, channel_id)
    if channel is None:
        raise not_found("channel", channel_id)
    return ChannelOut.model_validate(dict(channel))


@channels.patch("/{channel_id}", responses=documented(503))
async def change_channel(channel_id: UUID, wanted: ChannelTerms, asking: Asking) -> ChannelOut:
    """Rename a channel, choose its levels, pause or resume it."""
    user_id = asking.caller.user_id
    terms = wanted.model_dump()
    await asking.about(channel_id, ChangeChannel(user_id=user_id, channel_id=channel_id, **terms))
    async with asking.database.transaction() as session:
        await record(session, "channel.changed", channel_id)
        return await _known(session, user_id, channel_id)


@channels.delete("/{channel_id}", status_code=204, responses=documented(503))
async def delete_channel(channel_id: UUID, asking: Asking) -> Response:
    """Delete a channel, and the log of what was sent to it."""
    await asking.about(
        channel_id, DeleteChannel(user_id=asking.caller.user_id, channel_id=channel_id)
    )
    async with asking.database.transaction() as session:
        await record(session, "channel.deleted", channel_id)
    return Response(status_code=204)


@channels.post("/{channel_id}/confirm", responses=documented(503))
async def confirm_channel(channel_id: UUID, wanted: Code, asking: Asking) -> ChannelOut:
    """Confirm an e-mail address with the code that was sent to it."""
    user_id = asking.caller.user_id
    request = ConfirmChannel(user_id=user_id, channel_id=channel_id, code=wanted.code)
    await asking.about(channel_id, request)
    async with asking.database.transaction() as session:
        await record(session, "channel.confirmed", channel_id)
        return await _known(session, user_id, channel_id)


@channels.post("/{channel_id}/secret", responses=documented(503))
async def replace_secret(channel_id: UUID, asking: Asking) -> SecretOut:
    """Replace the secret of a webhook; the new one is shown now and never again."""
    request = ReplaceSecret(user_id=asking.caller.user_id, channel_id=channel_id)
    replaced = await asking.about(channel_id, request)
    async with asking.database.transaction() as session:
        await record(session, "channel.secret_replaced", channel_id)
    return SecretOut(channel_id=channel_id, secret=replaced.secret)


@channels.post(
    "/{channel_id}/code",
    status_code=202,
    responses=documented(503),
    dependencies=[BEFORE_ASKING],
)
async def send_code(channel_id: UUID, asking: Asking, later: LaterTransaction) -> QueuedOut:
    """Send another code to an e-mail address; the one before is no longer valid."""
    queued = await asking.about(
        channel_id, SendCode(user_id=asking.caller.user_id, channel_id=channel_id)
    )
    await record(await later.open(), "channel.code_sent", channel_id)
    return QueuedOut(notification_id=queued.notification_id)


@channels.post(
    "/{channel_id}/test",
    status_code=202,
    responses=documented(503),
    dependencies=[BEFORE_ASKING],
)
async def send_test(channel_id: UUID, asking: Asking, later: LaterTransaction) -> QueuedOut:
    """Send a test message to a channel."""
    queued = await asking.about(
        channel_id, SendTest(user_id=asking.caller.user_id, channel_id=channel_id)
    )
    await record(await later.open(), "channel.tested", channel_id)
    return QueuedOut(notification_id=queued.notification_id)


@channels.get("/{channel_id}/deliveries")
async def list_deliveries(
    channel_id: UUID, caller: Caller, session: OpenSession, after: After, limit: Limit = 100
) -> NotificationPage:
    """The messages to a channel, the last ones first, with every attempt to deliver them."""
    await _known(session, caller.user_id, channel_id)
    rows = await queries.load_notifications(session, channel_id, after, limit + 1)
    shown = rows[:limit]
    attempts = await queries.load_attempts(session, [row["notification_id"] for row in shown])
    items = [_notification(row, attempts[row["notification_id"]]) for row in shown]
    next_mark = following(_marks(rows, "created_at", "notification_id"), limit)
    return NotificationPage(items=items, limit=limit, next=next_mark)


def _notification(row: RowMapping, attempts: Sequence[RowMapping]) -> NotificationOut:
    waits = row["state"] == "pending"
    following = {"next_attempt_at": row["next_attempt_at"] if waits else None}
    made = {"attempts": [dict(attempt) for attempt in attempts]}
    return NotificationOut.model_validate({**row, **following, **made})


@channels.post(
    "/{channel_id}/deliveries/{notification_id}/repeat",
    status_code=202,
    responses=documented(503),
    dependencies=[BEFORE_ASKING],
)
async def repeat_delivery(
    channel_id: UUID, notification_id: UUID, asking: Asking, later: LaterTransaction
) -> QueuedOut:
    """Send a message again that was given up, under the same id."""
    request = RepeatNotification(
        user_id=asking.caller.user_id, channel_id=channel_id, notification_id=notification_id
    )
    queued = await asking.about(channel_id, request)
    await record(await later.open(), "notification.repeated", notification_id)
    return QueuedOut(notification_id=queued.notification_id)


router = joined(alerts, channels, unrepeated)
