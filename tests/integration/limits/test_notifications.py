"""Alerts reach their users' channels: each once, grouped, also when a process dies."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from services.limits import repository
from services.limits.calculations.retries import DELAYS
from services.limits.handlers import router
from services.limits.handlers.notify_users import notify_users
from services.limits.handlers.send_messages import LEASE
from services.limits.settings import LimitsSettings, get_settings
from shared.database import Database
from shared.service import Runtime
from shared.settings import shared_settings
from tests.integration.limits.receivers import Received, Receiver, receiving, taking_mail
from tests.integration.limits.working import (
    SECRET,
    Clock,
    Replica,
    a_channel,
    a_user,
    of_one_run,
    raised,
    rows,
)
from tests.servers import Role, Servers
from tests.unit.limits.raising import NOON

KINDS = ("channels", "notifications", "deliveries", "code_requests")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def replica(role: Role, clock: Clock, empty: None) -> Replica:
    return Replica(role("limits"), clock)


@pytest.fixture
async def limits_runtime(servers: Servers, empty: None) -> AsyncIterator[Runtime]:
    """The service's process, without subscriptions, in a hurry."""
    names = ("database_host", "database_port", "database_name", "nats_url")
    shared = {name: str(getattr(servers.settings, name)) for name in names}
    own = {"notify_seconds": "0.02", "group_quiet_seconds": "0", "webhooks_to_loopback": "true"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**shared, **{f"limits_{n}": v for n, v in own.items()}}.items():
            patch.setenv(f"SIGMASIGHT_{name.upper()}", value)
        shared_settings.cache_clear()
        get_settings.cache_clear()
        runtime = Runtime("limits", router, LimitsSettings)
        yield runtime
        await runtime.close()
    shared_settings.cache_clear()
    get_settings.cache_clear()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


@pytest.fixture
async def ann(admin: Database, empty: None) -> UUID:
    return await a_user(admin)


def url(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.port}/hook"


def ids(requests: list[Received]) -> list[str]:
    return [request.headers["webhook-id"] for request in requests]


async def states(admin: Database) -> Counter[str]:
    found = await rows(admin, "select state from limits.notifications")
    return Counter(row.state for row in found)


async def test_alerts_of_a_run_arrive_as_one_signed_message(
    admin: Database, replica: Replica, receiver: Receiver, ann: UUID
) -> None:
    await a_channel(admin, ann, url(receiver))
    alerts = of_one_run(ann, 3)
    await raised(admin, alerts)

    await replica.turn()
    await replica.turn()

    [request] = receiver.received
    content = json.loads(request.body)
    assert content["type"] == "alerts.raised"
    assert content["data"]["total"] == 3
    assert {each["alert_id"] for each in content["data"]["alerts"]} == {
        str(alert.alert_id) for alert in alerts
    }
    headers = {name: request.headers[name] for name in ("webhook-id", "webhook-signature")}
    signed_at = replica.clock.now
    signature = Webhook(SECRET).sign(headers["webhook-id"], signed_at, request.body.decode())
    assert headers["webhook-signature"] == signature
    assert await states(admin) == {"delivered": 1}


async def test_each_user_and_channel_gets_only_what_is_meant_for_it(
    admin: Database, replica: Replica, receiver: Receiver, ann: UUID
) -> None:
    bob = await a_user(admin)
    only_breaches = await a_channel(admin, ann, url(receiver), levels=["breached"])
    paused = await a_channel(admin, ann, url(receiver), enabled=False)
    unconfirmed = await a_channel(admin, ann, "x@example.com", kind="email", confirmed_at=None)
    his = await a_channel(admin, bob, url(receiver))
    hers = of_one_run(ann, 2) + of_one_run(ann, 1, level="warning")
    await raised(admin, hers)
    await raised(admin, of_one_run(ann, 1), withdrawn=True)

    await replica.turn()

    found = await rows(admin, "select channel_id, alerts from limits.notifications")
    assert [(row.channel_id, row.alerts) for row in found] == [(only_breaches, 2)]
    assert {paused, unconfirmed, his}.isdisjoint({row.channel_id for row in found})


async def test_a_receiver_that_is_down_for_an_hour_loses_nothing_and_gets_no_doubles(
    admin: Database, role: Role, clock: Clock, receiver: Receiver
) -> None:
    replicas = [Replica(role("limits"), clock) for _ in range(2)]
    start = clock.now
    receiver.answer = lambda _: 503 if clock.now < start + timedelta(hours=1) else 204
    accepted: list[Received] = []
    users = [await a_user(admin) for _ in range(2)]
    for user in users:
        await a_channel(admin, user, url(receiver))
    expected: set[str] = set()

    for minute in range(0, 150, 5):
        if minute % 20 == 0 and minute < 80:
            for user in users:
                alerts = of_one_run(user, 2, raised_at=clock.now - timedelta(minutes=1))
                await raised(admin, alerts)
                expected |= {str(alert.alert_id) for alert in alerts}
        before = len(receiver.received)
        await asyncio.gather(*(each.turn() for each in replicas))
        if clock.now >= start + timedelta(hours=1):
            accepted += receiver.received[before:]
        clock.pass_by(minutes=5)

    arrived = [
        alert["alert_id"] for each in accepted for alert in json.loads(each.body)["data"]["alerts"]
    ]
    assert sorted(arrived) == sorted(expected)  # every one, and every one once
    assert len(ids(accepted)) == len(set(ids(accepted))) == 8
    assert await states(admin) == {"delivered": 8}
    bodies = {(each.headers["webhook-id"], each.body) for each in receiver.received}
    assert len(bodies) == 8  # a retry has the id and the text of the first attempt


async def test_a_process_that_dies_after_sending_sends_the_same_id_again(
    admin: Database, role: Role, replica: Replica, clock: Clock, receiver: Receiver, ann: UUID
) -> None:
    await a_channel(admin, ann, url(receiver))
    await raised(admin, of_one_run(ann, 1))
    await replica.gather()
    [due] = await replica.sending.claim(10)
    await replica.sending.senders.send(due, clock.now)  # and no record of it: the process died

    other = Replica(role("limits"), clock)
    await other.turn()
    assert len(receiver.received) == 1  # the lease of the first still holds
    clock.pass_by(seconds=LEASE.total_seconds())
    await other.turn()

    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert await states(admin) == {"delivered": 1}


async def test_a_late_record_of_a_failure_does_not_undo_a_delivery(
    admin: Database, role: Role, replica: Replica, clock: Clock, receiver: Receiver, ann: UUID
) -> None:
    await a_channel(admin, ann, url(receiver))
    await raised(admin, of_one_run(ann, 1))
    await replica.gather()
    [slow] = await replica.sending.claim(10)
    clock.pass_by(seconds=LEASE.total_seconds())
    await Replica(role("limits"), clock).turn()

    receiver.answer = lambda _: 500
    await replica.sending.deliver(slow)

    assert await states(admin) == {"delivered": 1}
    attempts = await rows(admin, "select attempt, delivered from limits.deliveries order by 1")
    assert [tuple(each) for each in attempts] == [(1, False), (2, True)]


async def test_replicas_share_the_work_and_send_nothing_twice(
    admin: Database, role: Role, clock: Clock, receiver: Receiver
) -> None:
    replicas = [Replica(role("limits"), clock) for _ in range(3)]
    for _ in range(12):
        user = await a_user(admin)
        await a_channel(admin, user, url(receiver))
        await raised(admin, of_one_run(user, 2))

    await asyncio.gather(*(each.turn() for each in replicas))

    assert len(ids(receiver.received)) == len(set(ids(receiver.received))) == 12


async def test_a_flood_of_ten_thousand_breaches_is_one_message_of_bounded_size(
    admin: Database, role: Role, clock: Clock, receiver: Receiver, ann: UUID
) -> None:
    async with taking_mail() as mail:
        replica = Replica(role("limits"), clock, mail.port)
        await a_channel(admin, ann, url(receiver))
        await a_channel(admin, ann, "ann@example.com", kind="email", secret=None)
        await raised(admin, of_one_run(ann, 10_000, message="A breach. " * 100))

        await replica.turn()
        await replica.turn()

    [request], [email] = receiver.received, mail.box.mails
    data = json.loads(request.body)["data"]
    assert (data["total"], len(data["alerts"]), data["not_shown"]) == (10_000, 50, 9_950)
    assert len(request.body) < 64 * 1024
    assert len(email.as_bytes()) < 64 * 1024
    assert email["Subject"] == "SigmaSight: 10000 breaches (2022-12-28)"
    assert replica.metric("sigmasight_alerts_raised_total", level="breached") == 10_000


async def test_a_history_of_many_runs_is_one_message(
    admin: Database, replica: Replica, receiver: Receiver, ann: UUID
) -> None:
    await a_channel(admin, ann, url(receiver))
    for _ in range(100):
        await raised(admin, of_one_run(ann, 1))

    await replica.turn()

    assert len(receiver.received) == 1


async def test_what_is_given_up_is_a_state_and_may_be_repeated(
    admin: Database, replica: Replica, clock: Clock, receiver: Receiver, ann: UUID
) -> None:
    receiver.answer = lambda _: 500
    channel_id = await a_channel(admin, ann, url(receiver))
    await raised(admin, of_one_run(ann, 1))
    begun = clock.now

    while (await states(admin)).get("failed", 0) == 0:
        await replica.turn()
        clock.pass_by(hours=1)
    waited = clock.now - begun
    [given_up] = await rows(admin, "select * from limits.notifications")
    receiver.answer = lambda _: 204
    async with replica.database.transaction() as session:
        before = await repository.save_repeated(
            session, channel_id, given_up.notification_id, clock.now
        )
    await replica.turn()

    assert waited > timedelta(hours=24)
    assert (before, given_up.reason) == ("failed", "the receiver answered 500")
    assert given_up.attempts == len(DELAYS) + 1
    assert set(ids(receiver.received)) == {str(given_up.notification_id)}
    assert await states(admin) == {"delivered": 1}
    logged = await rows(admin, "select attempt, status from limits.deliveries order by attempt")
    assert [row.status for row in logged] == [500] * given_up.attempts + [204]
    outcomes = {
        outcome: replica.metric(
            "sigmasight_notifications_total", channel="webhook", outcome=outcome
        )
        for outcome in ("delivered", "retried", "given_up")
    }
    assert outcomes == {"delivered": 1, "retried": len(DELAYS), "given_up": 1}


async def test_a_receiver_that_is_gone_pauses_its_channel(
    admin: Database, replica: Replica, receiver: Receiver, ann: UUID
) -> None:
    receiver.answer = lambda _: 410
    await a_channel(admin, ann, url(receiver))
    await raised(admin, of_one_run(ann, 1))
    await raised(admin, of_one_run(ann, 1))

    await replica.turn()

    [channel] = await rows(admin, "select enabled, paused_because from limits.channels")
    assert (channel.enabled, "410" in channel.paused_because) == (False, True)
    assert len(receiver.received) == 1
    assert await states(admin) == {"failed": 2}


async def test_a_slow_channel_takes_one_place_at_a_time(
    admin: Database, replica: Replica, receiver: Receiver, ann: UUID
) -> None:
    bob = await a_user(admin)
    hers = await a_channel(admin, ann, url(receiver))
    his = await a_channel(admin, bob, url(receiver))
    for user in (ann, ann, ann, bob):
        await raised(admin, of_one_run(user, 1))
    await replica.gather()

    claimed = await replica.sending.claim(10)

    assert sorted(each.channel_id for each in claimed) == sorted([hers, his])


async def test_disabled_users_get_nothing_and_nothing_of_deleted_users_stays(
    admin: Database, replica: Replica, receiver: Receiver, ann: UUID
) -> None:
    await a_channel(admin, ann, url(receiver))
    await raised(admin, of_one_run(ann, 1))
    await replica.gather()  # one message waits when the user is disabled
    async with replica.database.transaction() as session:
        await repository.claim_code(session, ann, "ann@example.com", NOON)
    async with admin.transaction() as session:
        await session.execute(text("update gateway.users set disabled_at = now()"))
    await raised(admin, of_one_run(ann, 1))
    await replica.turn()
    waiting = await states(admin)
    async with admin.transaction() as session:
        await session.execute(text("delete from gateway.users"))

    await replica.turn()
    async with replica.database.transaction() as session:
        await repository.delete_past(session, NOON, timedelta(days=30))

    counts = [
        (await rows(admin, f"select count(*) as n from limits.{kind}"))[0].n for kind in KINDS
    ]
    assert (receiver.received, waiting, counts) == ([], {"pending": 1}, [0, 0, 0, 0])


async def test_old_messages_are_forgotten_and_those_that_wait_are_not(
    admin: Database, replica: Replica, clock: Clock, receiver: Receiver, ann: UUID
) -> None:
    await a_channel(admin, ann, url(receiver))
    await raised(admin, of_one_run(ann, 1))
    await replica.turn()
    receiver.answer = lambda _: 500
    await raised(admin, of_one_run(ann, 1))
    await replica.turn()

    clock.pass_by(days=31)
    async with replica.database.transaction() as session:
        await repository.delete_past(session, clock.now, timedelta(days=30))

    assert await states(admin) == {"pending": 1}


async def test_the_age_of_the_oldest_message_is_shown(
    admin: Database, replica: Replica, clock: Clock, receiver: Receiver, ann: UUID
) -> None:
    receiver.answer = lambda _: 500
    await a_channel(admin, ann, url(receiver))
    await raised(admin, of_one_run(ann, 1))
    await replica.turn()
    clock.pass_by(minutes=3)
    await replica.sending.claim(0)

    age = replica.metric("sigmasight_notifications_oldest_pending_seconds")
    names = {metric.name for metric in replica.registry.collect()}
    labels = {
        name for metric in replica.registry.collect() for s in metric.samples for name in s.labels
    }
    assert age == 180
    assert names == {
        *("sigmasight_alerts_raised", "sigmasight_notifications"),
        "sigmasight_notifications_oldest_pending_seconds",
    }
    assert labels <= {"level", "channel", "outcome"}  # none names a limit, user or address


async def test_a_deleted_channel_leaves_no_record_of_what_was_under_way(
    admin: Database, replica: Replica, receiver: Receiver, ann: UUID
) -> None:
    channel_id = await a_channel(admin, ann, url(receiver))
    await raised(admin, of_one_run(ann, 1))
    await replica.gather()
    [due] = await replica.sending.claim(10)
    async with replica.database.transaction() as session:
        await repository.delete_channel(session, channel_id)

    await replica.sending.deliver(due)

    assert await rows(admin, "select * from limits.deliveries") == []


async def test_the_service_notifies_in_the_background(
    admin: Database, receiver: Receiver, ann: UUID, limits_runtime: Runtime
) -> None:
    await a_channel(admin, ann, url(receiver))
    working = asyncio.create_task(notify_users(limits_runtime))

    await raised(admin, of_one_run(ann, 2))
    async with asyncio.timeout(60):
        while await states(admin) != {"delivered": 1}:
            await asyncio.sleep(0.02)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)

    assert len(receiver.received) == 1
    registry = limits_runtime.telemetry.registry
    assert registry.get_sample_value("sigmasight_alerts_raised_total", {"level": "breached"}) == 2
    [row] = await rows(admin, "select subject, body from limits.notifications")
    assert tuple(row) == ("", "")  # the text is not kept
