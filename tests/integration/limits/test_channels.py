"""Channels: only public webhooks, only confirmed addresses, and secrets that are shown once."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.limits.handlers.confirm_channels import (
    PER_ADDRESS,
    TRIES,
    confirm_channel,
    send_code,
)
from services.limits.handlers.manage_channels import (
    add_channel,
    change_channel,
    delete_channel,
    replace_secret,
)
from services.limits.handlers.send_again import repeat_notification, send_test
from services.limits.settings import LimitsSettings, get_settings
from shared.contracts.notifications import (
    AddChannel,
    ChangeChannel,
    ChannelAdded,
    ConfirmChannel,
    DeleteChannel,
    RepeatNotification,
    ReplaceSecret,
    SendCode,
    SendTest,
)
from shared.database import Database, Session
from shared.errors import Misconfigured, Unanswerable
from shared.settings import load
from tests.integration.limits.receivers import MailServer, receiving, taking_mail
from tests.integration.limits.working import Clock, Replica, a_user, of_one_run, raised, rows
from tests.servers import Role

ADDRESS = "ann@example.com"


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with taking_mail() as server:
        yield server


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A mail server is configured, and webhooks may go to this machine."""
    monkeypatch.setenv("SIGMASIGHT_LIMITS_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("SIGMASIGHT_LIMITS_SMTP_SECURITY", "none")
    monkeypatch.setenv("SIGMASIGHT_LIMITS_WEBHOOKS_TO_LOOPBACK", "true")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def database(role: Role, empty: None) -> Database:
    return role("limits")


@pytest.fixture
def replica(database: Database, mail: MailServer) -> Replica:
    return Replica(database, Clock(), mail.port)


async def answer(database: Database, handler: Any, request: Any) -> Any:
    """The handler's answer to a request, in one transaction."""
    async with database.transaction() as session:
        return await handler(request, session)


async def added(database: Database, user_id: UUID, **more: Any) -> ChannelAdded:
    """A channel that the user added: an e-mail address unless said otherwise."""
    terms = {"kind": "email", "address": ADDRESS, "name": "Mail"} | more
    requested_at = Clock().now
    return await add_channel(
        AddChannel(user_id=user_id, requested_at=requested_at, **terms), database
    )


async def code_of(admin: Database, channel_id: UUID) -> str:
    [row] = await rows(admin, f"select code from limits.channels where channel_id = '{channel_id}'")
    return str(row.code)


@pytest.mark.parametrize(
    "wrong", ["http://10.0.0.1/", "ftp://127.0.0.1/", "https://unknown.invalid/"]
)
async def test_a_webhook_that_is_not_public_is_refused_when_it_is_added(
    admin: Database, database: Database, wrong: str
) -> None:
    with pytest.raises(Unanswerable) as refused:
        await added(database, uuid4(), kind="webhook", address=wrong)

    assert refused.value.code == "refused_address"
    assert await rows(admin, "select * from limits.channels") == []


async def test_an_address_gets_alerts_only_after_its_code_was_given(
    admin: Database, database: Database, replica: Replica, mail: MailServer
) -> None:
    user_id = await a_user(admin)
    channel = await added(database, user_id)
    await raised(admin, of_one_run(user_id, 1))
    await replica.turn()
    [first] = mail.box.mails
    code = await code_of(admin, channel.channel_id)
    assert (channel.secret, code in first.as_string()) == (None, True)

    confirm = ConfirmChannel(
        user_id=user_id, channel_id=channel.channel_id, code=code, requested_at=replica.clock.now
    )
    await confirm_channel(confirm, database)
    await raised(admin, of_one_run(user_id, 1))
    await replica.turn()

    assert [each["Subject"] for each in mail.box.mails] == [
        "SigmaSight: confirm this address",
        "SigmaSight: 1 breach (2022-12-28)",
    ]
    assert mail.box.recipients == [ADDRESS, ADDRESS]


async def test_a_code_cannot_be_guessed_or_used_late(admin: Database, database: Database) -> None:
    user_id, now = await a_user(admin), Clock().now
    channel = await added(database, user_id)
    code = await code_of(admin, channel.channel_id)
    about = {"user_id": user_id, "channel_id": channel.channel_id}

    late = now + timedelta(minutes=31)
    guesses = [(code, late), *[("000000", now)] * (TRIES - 1), (code, now)]
    for guess, moment in guesses:
        with pytest.raises(Unanswerable) as refused:
            await confirm_channel(
                ConfirmChannel(code=guess, requested_at=moment, **about), database
            )
        assert refused.value.code == "wrong_code"

    await answer(database, send_code, SendCode(requested_at=now, **about))
    again = await code_of(admin, channel.channel_id)
    await confirm_channel(ConfirmChannel(code=again, requested_at=now, **about), database)
    with pytest.raises(Unanswerable) as refused:
        await answer(database, send_code, SendCode(requested_at=now, **about))
    assert refused.value.code == "nothing_to_confirm"


async def test_a_stranger_is_sent_few_codes_whichever_users_want_them(
    admin: Database, database: Database, replica: Replica, mail: MailServer
) -> None:
    users = [await a_user(admin) for _ in range(PER_ADDRESS + 2)]
    refusals = []
    for user_id in users:
        try:
            channel = await added(database, user_id)
        except Unanswerable as error:
            refusals.append(error.code)
        else:  # deleting the channel resets nothing
            about = {"user_id": user_id, "channel_id": channel.channel_id}
            await replica.turn()
            await answer(database, delete_channel, DeleteChannel(**about))

    assert refusals == ["too_many_codes"] * 2
    assert len(mail.box.mails) == PER_ADDRESS


async def test_without_a_mail_server_no_address_is_taken(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SIGMASIGHT_LIMITS_SMTP_HOST")
    get_settings.cache_clear()

    with pytest.raises(Unanswerable) as refused:
        await added(database, uuid4())
    assert refused.value.code == "email_unavailable"


async def test_a_user_has_so_many_channels_at_most(
    admin: Database, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGMASIGHT_LIMITS_CHANNELS_PER_USER", "1")
    get_settings.cache_clear()
    user_id = await a_user(admin)
    await added(database, user_id)

    with pytest.raises(Unanswerable) as refused:
        await added(database, user_id)
    assert refused.value.code == "too_many_channels"


async def test_a_replaced_secret_signs_as_well_for_a_day(
    admin: Database, database: Database, replica: Replica
) -> None:
    user_id = await a_user(admin)
    async with receiving() as receiver:
        url = f"http://127.0.0.1:{receiver.port}/"
        channel = await added(database, user_id, kind="webhook", address=url)
        about = {"user_id": user_id, "channel_id": channel.channel_id}
        now = replica.clock.now
        replaced = await answer(database, replace_secret, ReplaceSecret(requested_at=now, **about))
        for _ in range(2):
            await answer(database, send_test, SendTest(requested_at=replica.clock.now, **about))
            await replica.turn()
            replica.clock.pass_by(days=1)

    signatures = [len(each.headers["webhook-signature"].split()) for each in receiver.received]
    assert replaced.secret.startswith("whsec_")
    assert replaced.secret != channel.secret
    assert signatures == [2, 1]


async def test_pausing_gives_up_what_waits_and_resuming_lets_it_be_repeated(
    admin: Database, database: Database, replica: Replica
) -> None:
    user_id = await a_user(admin)
    async with receiving() as receiver:
        url = f"http://127.0.0.1:{receiver.port}/"
        channel = await added(database, user_id, kind="webhook", address=url)
        about = {
            "user_id": user_id,
            "channel_id": channel.channel_id,
            "requested_at": replica.clock.now,
        }
        queued = await answer(database, send_test, SendTest(**about))
        repeat = RepeatNotification(notification_id=queued.notification_id, **about)
        codes = []
        for request, handler in (
            (repeat, repeat_notification),  # it is pending
            (ChangeChannel(enabled=False, **about), change_channel),
            (repeat, repeat_notification),  # the channel is paused
            (SendTest(**about), send_test),
            (
                ChangeChannel(enabled=True, name="Desk", levels=("breached",), **about),
                change_channel,
            ),
            (repeat, repeat_notification),
        ):
            try:
                await answer(database, handler, request)
            except Unanswerable as error:
                codes.append(error.code)
        await replica.turn()

    [row] = await rows(admin, "select name, levels, enabled from limits.channels")
    assert codes == ["not_failed", "channel_inactive", "channel_inactive"]
    assert tuple(row) == ("Desk", ["breached"], True)
    assert len(receiver.received) == 1


async def test_a_channel_is_its_users_alone(admin: Database, database: Database) -> None:
    ann, bob = await a_user(admin), await a_user(admin)
    channel = await added(database, ann)
    about = {"user_id": bob, "channel_id": channel.channel_id}
    requests: list[tuple[Any, Any]] = [
        (change_channel, ChangeChannel(enabled=False, **about)),
        (delete_channel, DeleteChannel(**about)),
        (send_code, SendCode(**about)),
        (send_test, SendTest(**about)),
        (replace_secret, ReplaceSecret(**about)),
        (repeat_notification, RepeatNotification(notification_id=uuid4(), **about)),
    ]

    for handler, request in requests:
        with pytest.raises(Unanswerable) as refused:
            await answer(database, handler, request)
        assert refused.value.code == "unknown_channel"
    with pytest.raises(Unanswerable, match="you have no channel"):
        await confirm_channel(ConfirmChannel(code="1", **about), database)


async def test_secrets_and_codes_are_in_no_published_view(admin: Database, role: Role) -> None:
    async with role("gateway").transaction() as session:
        columns = await _columns(session)

    hidden = {"secret", "old_secret", "code", "body", "subject"}
    assert "address" in columns["published_channels"]
    assert [name for names in columns.values() for name in names & hidden] == []


async def _columns(session: Session) -> dict[str, set[str]]:
    found = await session.execute(
        text(
            "select table_name, array_agg(column_name::text) from information_schema.columns "
            "where table_schema = 'limits' group by 1"
        )
    )
    return {name: set(columns) for name, columns in found}


def test_mail_is_sent_unencrypted_only_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_LIMITS_SMTP_HOST", "mail.example.com")

    with pytest.raises(Misconfigured, match="SMTP_SECURITY"):
        load(LimitsSettings)


def test_the_senders_address_is_checked_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_LIMITS_SMTP_SENDER", "alerts@")

    with pytest.raises(Misconfigured, match="SMTP_SENDER"):
        load(LimitsSettings)
