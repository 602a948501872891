"""Users see their alerts, are notified of them, and manage where they are sent."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook
from websockets.asyncio.client import connect

from services.gateway.edge.dependencies import Gateway
from services.gateway.runs.queries import runs
from services.limits.settings import get_settings
from shared.contracts.event import Event
from shared.contracts.limits import LimitsEvaluated
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated
from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_events import following
from tests.integration.gateway.test_limits import CONCENTRATION
from tests.integration.gateway.test_runs import STAGES, a_stage, deliver
from tests.integration.limits.receivers import receiving
from tests.integration.limits.working import Clock, Replica, a_channel, of_one_run, raised
from tests.pipeline import answering_services
from tests.servers import Role, Servers
from tests.unit.limits.raising import NOON

pytestmark = pytest.mark.usefixtures("market")
WEBHOOK = {"kind": "webhook", "name": "Desk", "address": "http://127.0.0.1:9/hook"}


@pytest.fixture
async def limits(servers: Servers, admin: Database, empty: None) -> AsyncIterator[None]:
    """The service limits answers, and webhooks may go to this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGMASIGHT_LIMITS_WEBHOOKS_TO_LOOPBACK", "true")
        get_settings.cache_clear()
        async with answering_services(servers, admin, ["limits"]):
            yield
    get_settings.cache_clear()


async def id_of(person: Person) -> UUID:
    return UUID((await person.get("auth/me")).json()["user_id"])


def evaluated(cause: type[Any], run_id: UUID, alerts: dict[UUID, int], **more: Any) -> Event:
    """What limits publishes after one of the two events that it follows."""
    half = "snapshots" if cause is SnapshotsCreated else "risk"
    event = a_stage(cause, run_id, shards=1, portfolio_ids=tuple(alerts), **more)
    return LimitsEvaluated.after(event, half, more_follow=half == "snapshots", alerts=alerts)


# --- the list ---


async def test_alerts_are_listed_from_the_last_one_page_by_page(
    ann: Person, bob: Person, admin: Database
) -> None:
    hers, his = await id_of(ann), await id_of(bob)
    held = UUID(await ann.uploaded())
    for minute in range(5):
        moment = NOON + timedelta(minutes=minute // 2)  # some at the same moment
        name = f"limit {minute}"
        alert = of_one_run(hers, 1, raised_at=moment, name=name, portfolio_id=held)
        await raised(admin, alert)
    await raised(admin, of_one_run(his, 1))

    pages = []
    after: str | None = None
    while True:
        answer = await ann.get("alerts", limit=2, **({"after": after} if after else {}))
        pages.append([each["name"] for each in answer.json()["items"]])
        after = answer.json()["next"]
        if after is None:
            break

    assert [len(page) for page in pages] == [2, 2, 1]
    listed = sorted(name for page in pages for name in page)
    assert listed == [f"limit {number}" for number in range(5)]
    assert pages[0][0] == "limit 4"


async def test_alerts_are_filtered_and_a_withdrawn_one_says_so(
    ann: Person, admin: Database
) -> None:
    portfolio_id, user_id = await ann.uploaded(), await id_of(ann)
    of_portfolio = of_one_run(user_id, 1, portfolio_id=UUID(portfolio_id))
    await raised(admin, of_portfolio, withdrawn=True)
    other = UUID((await ann.post("portfolios", {"name": "Other"})).json()["portfolio_id"])
    later = {"level": "warning", "raised_at": NOON + timedelta(hours=1), "portfolio_id": other}
    await raised(admin, of_one_run(user_id, 1, **later))

    async def names(**query: Any) -> list[str]:
        found = (await ann.get("alerts", **query)).json()["items"]
        return [each["level"] for each in found]

    assert await names() == ["warning", "breached"]
    assert await names(portfolio_id=portfolio_id) == ["breached"]
    assert await names(level="warning") == ["warning"]
    assert await names(level=["warning", "cleared"]) == ["warning"]
    assert await names(since=(NOON + timedelta(minutes=1)).isoformat()) == ["warning"]
    [alert] = (await ann.get("alerts", portfolio_id=portfolio_id)).json()["items"]
    assert (alert["withdrawn"], alert["member"], alert["value"]) == (True, "AAPL", 0.134)


async def test_what_cannot_be_read_is_refused_by_name(ann: Person, bob: Person) -> None:
    his = await bob.uploaded()

    answers = [
        await ann.get("alerts", after="nonsense"),
        await ann.get("alerts", portfolio_id=his),
        await ann.get("alerts", since="2022-12-28T12:00:00"),
        await ann.get("alerts", since="0001-01-01T00:00:00+14:00"),
        await ann.get("alerts", since="9999-12-31T23:59:59-12:00"),
        await ann.get("alerts", level="loud"),
    ]

    codes = [(answer.status_code, answer.json()["code"]) for answer in answers]
    assert codes == [
        (422, "invalid_cursor"),
        (404, "portfolio_not_found"),
        *[(422, "invalid_request")] * 4,
    ]


# --- streams ---


async def test_new_alerts_are_streamed_to_the_owner_before_the_run_is_over(
    ann: Person, bob: Person, gateway: Gateway, address: str
) -> None:
    hers, his = UUID(await ann.uploaded()), UUID(await bob.uploaded())
    run_id, both = uuid4(), (hers, his)
    early = evaluated(SnapshotsCreated, run_id, {hers: 2, his: 1})
    late = evaluated(RiskMeasured, run_id, {hers: 3, his: 0})
    others = [
        a_stage(kind, run_id, shards=1, portfolio_ids=both)
        for kind, name in STAGES
        if name != "limits"
    ]

    await deliver(gateway, [early, *others, early, late])
    async with following(address, ann, run_id=run_id) as events:
        received = [event async for event in events]
    headers = {"Authorization": f"Bearer {bob.tokens['access_token']}"}
    url = f"ws://{address}/api/v1/events/ws?after=0&follow=false"
    async with connect(url, additional_headers=headers) as socket:
        bobs = [json.loads(message) async for message in socket]

    alerts = [each["data"] for each in received if each["event"] == "alert"]
    assert [(each["alerts"], each["portfolio_ids"]) for each in alerts] == [
        (2, [str(hers)]),
        (3, [str(hers)]),
    ]
    assert received[-1]["event"] == "run"
    assert {each["run_id"] for each in alerts} == {str(run_id)}
    his_alerts = [each["data"] for each in bobs if each["event"] == "alert"]
    assert [(each["alerts"], each["portfolio_ids"]) for each in his_alerts] == [(1, [str(his)])]


async def test_who_requested_a_run_gets_no_alert_of_others(
    operator: Person, ann: Person, gateway: Gateway
) -> None:
    hers, run_id = UUID(await ann.uploaded()), uuid4()
    async with gateway.database.transaction() as session:
        await runs.save_run(session, run_id, AS_OF, "operator", await id_of(operator))

    await deliver(gateway, [evaluated(SnapshotsCreated, run_id, {hers: 2})])
    stream = await operator.get("events", after=0, follow=False)

    assert "event: alert" not in stream.text


# --- channels ---


async def test_a_webhook_is_added_with_a_secret_that_no_later_answer_shows(
    ann: Person, limits: None
) -> None:
    created = await ann.post("notifications/channels", WEBHOOK)
    channel = created.json()
    path = f"notifications/channels/{channel['channel_id']}"

    changed = await ann.request("PATCH", path, json={"name": "Risk", "levels": ["breached"]})
    replaced = await ann.post(f"{path}/secret", None)
    listed = await ann.get("notifications/channels")
    tested = await ann.post(f"{path}/test", None)
    deliveries = await ann.get(f"{path}/deliveries")

    assert (created.status_code, channel["confirmed"]) == (201, True)
    assert channel["secret"].startswith("whsec_")
    assert replaced.json()["secret"] != channel["secret"]
    for answer in (changed, listed, deliveries):
        assert "whsec_" not in answer.text
    assert (changed.json()["name"], changed.json()["levels"]) == ("Risk", ["breached"])
    assert listed.json()["total"] == 1
    assert tested.status_code == 202
    [message] = deliveries.json()["items"]
    assert message["notification_id"] == tested.json()["notification_id"]
    assert (message["kind"], message["state"], message["attempts"]) == ("test", "pending", [])
    assert (await ann.request("DELETE", path)).status_code == 204
    assert (await ann.get("notifications/channels")).json()["total"] == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (WEBHOOK | {"address": "https://10.0.0.1/"}, "refused_address"),
        (WEBHOOK | {"kind": "email", "address": "ann@example.com"}, "email_unavailable"),
        (
            WEBHOOK | {"kind": "email", "address": "a@example.com\r\nBcc: b@x.com"},
            "invalid_request",
        ),
        (WEBHOOK | {"levels": []}, "invalid_request"),
        (WEBHOOK | {"levels": ["loud"]}, "invalid_request"),
        (WEBHOOK | {"name": ""}, "invalid_request"),
        (WEBHOOK | {"name": "a\x00b"}, "invalid_request"),
        (WEBHOOK | {"address": "https://x.example.com/\x00"}, "refused_address"),
        (WEBHOOK | {"address": "https://ü.example.com/"}, "refused_address"),
        (WEBHOOK | {"extra": 1}, "invalid_request"),
    ],
)
async def test_a_channel_that_cannot_be_used_is_refused(
    ann: Person, limits: None, body: dict[str, Any], code: str
) -> None:
    answer = await ann.post("notifications/channels", body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_anothers_channel_does_not_exist(
    ann: Person, bob: Person, admin: Database, limits: None
) -> None:
    channel_id = await a_channel(admin, await id_of(ann), WEBHOOK["address"])
    path = f"notifications/channels/{channel_id}"

    answers = [
        await bob.request("PATCH", path, json={"enabled": False}),
        await bob.request("DELETE", path),
        await bob.get(f"{path}/deliveries"),
        *[await bob.post(f"{path}/{what}", None) for what in ("secret", "test", "code")],
        await bob.post(f"{path}/confirm", {"code": "123456"}),
        await bob.post(f"{path}/deliveries/{uuid4()}/repeat", None),
    ]
    unknown = await ann.post(f"{path}/deliveries/{uuid4()}/repeat", None)

    found = {(answer.status_code, answer.json()["code"]) for answer in answers}
    assert found == {(404, "channel_not_found")}
    assert (unknown.status_code, unknown.json()["code"]) == (404, "notification_not_found")
    assert (await bob.get("notifications/channels")).json()["items"] == []
    assert (await ann.get("notifications/channels")).json()["total"] == 1


async def test_reading_needs_no_service(ann: Person, admin: Database, role: Role) -> None:
    """Nothing answers on the bus here."""
    channel_id = await a_channel(admin, await id_of(ann), WEBHOOK["address"])

    for path in (
        "alerts",
        "notifications/channels",
        f"notifications/channels/{channel_id}/deliveries",
    ):
        assert (await ann.get(path)).status_code == 200


async def test_a_breach_reaches_the_receiver_that_its_user_named(
    ann: Person, admin: Database, role: Role, limits: None
) -> None:
    """From `POST limits` to the verified message, as a user would do it."""
    book = await a_stored_book(ann, admin)
    replica = Replica(role("limits"), Clock(datetime.now(UTC) + timedelta(minutes=5)))
    async with receiving() as receiver:
        address = {"address": f"http://127.0.0.1:{receiver.port}/hook"}
        channel = (await ann.post("notifications/channels", WEBHOOK | address)).json()
        limit = (await ann.post("limits", CONCENTRATION)).json()
        await replica.turn()

    name = (await ann.get(f"portfolios/{book.portfolio_id}")).json()["name"]
    [request] = receiver.received
    [alert] = json.loads(request.body)["data"]["alerts"]
    [listed] = (await ann.get("alerts")).json()["items"]
    path = f"notifications/channels/{channel['channel_id']}/deliveries"
    [message] = (await ann.get(path)).json()["items"]
    signed_at = replica.clock.now
    signature = Webhook(channel["secret"]).sign(
        request.headers["webhook-id"], signed_at, request.body.decode()
    )
    assert request.headers["webhook-signature"] == signature
    assert (alert["limit_id"], alert["alert_id"]) == (limit["limit_id"], listed["alert_id"])
    assert (alert["level"], alert["member"]) == ("breached", "AAPL")
    assert (alert["portfolio_id"], alert["portfolio_name"]) == (book.portfolio_id, name)
    assert (message["notification_id"], message["state"]) == (
        request.headers["webhook-id"],
        "delivered",
    )
    assert [(each["status"], each["error"]) for each in message["attempts"]] == [(204, None)]
