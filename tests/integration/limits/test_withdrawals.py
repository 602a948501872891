"""An alert that is withdrawn is taken back where it was sent, once, and may be raised again."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.limits.senders.inputs import RaisedAlert
from shared.database import Database
from tests.integration.limits.receivers import Receiver, receiving, taking_mail
from tests.integration.limits.working import (
    Clock,
    Replica,
    a_channel,
    a_user,
    of_one_run,
    raised,
    rows,
)
from tests.servers import Role


@pytest.fixture
def replica(role: Role, empty: None) -> Replica:
    return Replica(role("limits"), Clock())


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


@pytest.fixture
async def ann(admin: Database, empty: None) -> UUID:
    return await a_user(admin)


async def say(
    admin: Database, replica: Replica, alerts: Sequence[RaisedAlert], withdrawn: bool
) -> None:
    """The session of these alerts is evaluated again, and says so; a minute later they are sent."""
    statement = text(
        "update limits.alerts set withdrawn = :withdrawn, changed_at = :now "
        "where alert_id = any(:ids)"
    )
    values = {"withdrawn": withdrawn, "now": replica.clock.now}
    async with admin.transaction() as session:
        await session.execute(statement, {**values, "ids": [each.alert_id for each in alerts]})
    replica.clock.pass_by(minutes=1)
    await replica.turn()
    await replica.turn()


def messages(receiver: Receiver) -> list[tuple[str, int]]:
    found = [json.loads(request.body) for request in receiver.received]
    return [(each["type"], each["data"]["total"]) for each in found]


async def test_what_was_sent_is_taken_back_once_and_sent_again_when_it_holds_again(
    admin: Database, replica: Replica, receiver: Receiver, ann: UUID
) -> None:
    await a_channel(admin, ann, f"http://127.0.0.1:{receiver.port}/hook")
    alerts = of_one_run(ann, 3)
    await raised(admin, alerts)
    await replica.turn()

    await say(admin, replica, alerts[:2], withdrawn=True)
    await say(admin, replica, alerts[:1], withdrawn=False)
    await say(admin, replica, alerts[:1], withdrawn=True)

    assert messages(receiver) == [
        ("alerts.raised", 3),
        ("alerts.withdrawn", 2),
        ("alerts.raised", 1),
        ("alerts.withdrawn", 1),
    ]
    ids = [request.headers["webhook-id"] for request in receiver.received]
    assert len(set(ids)) == 4
    assert replica.metric("sigmasight_alerts_raised_total", level="breached") == 3
    found = await rows(admin, "select kind, count(*) from limits.notifications group by kind")
    assert {row.kind: row.count for row in found} == {"alerts": 2, "withdrawn": 2}


async def test_a_withdrawal_goes_where_the_alert_went_and_nowhere_else(
    admin: Database, replica: Replica, receiver: Receiver, ann: UUID
) -> None:
    url = f"http://127.0.0.1:{receiver.port}/hook"
    there = await a_channel(admin, ann, url)
    await a_channel(admin, ann, url, levels=["cleared"])
    alerts = of_one_run(ann, 1)
    await raised(admin, alerts)
    await replica.turn()
    await a_channel(admin, ann, url)  # added later

    await say(admin, replica, alerts, withdrawn=True)

    found = await rows(admin, "select channel_id, kind from limits.notifications order by kind")
    assert [(row.channel_id, row.kind) for row in found] == [
        (there, "alerts"),
        (there, "withdrawn"),
    ]


async def test_what_no_message_was_made_of_needs_no_taking_back(
    admin: Database, replica: Replica, receiver: Receiver, ann: UUID
) -> None:
    await a_channel(admin, ann, f"http://127.0.0.1:{receiver.port}/hook")
    await raised(admin, of_one_run(ann, 1), withdrawn=True)

    await replica.turn()

    assert receiver.received == []


async def test_an_email_says_in_its_subject_that_an_alert_is_withdrawn(
    admin: Database, role: Role, ann: UUID
) -> None:
    alerts = of_one_run(ann, 1, as_of=date(2022, 12, 28))
    async with taking_mail() as server:
        replica = Replica(role("limits"), Clock(), mail_port=server.port)
        await a_channel(admin, ann, "risk@example.com", kind="email")
        await raised(admin, alerts)
        await replica.turn()
        await say(admin, replica, alerts, withdrawn=True)

    subjects: list[Any] = [mail["Subject"] for mail in server.box.mails]
    assert subjects == [
        "SigmaSight: 1 breach (2022-12-28)",
        "SigmaSight: withdrawn: 1 breach (2022-12-28)",
    ]


async def test_a_deleted_alert_leaves_no_trace_among_the_messages(
    admin: Database, replica: Replica, receiver: Receiver, ann: UUID
) -> None:
    await a_channel(admin, ann, f"http://127.0.0.1:{receiver.port}/hook")
    await raised(admin, of_one_run(ann, 2))
    await replica.turn()

    async with admin.transaction() as session:
        await session.execute(text("delete from limits.alerts"))

    assert await rows(admin, "select * from limits.sent_alerts") == []
