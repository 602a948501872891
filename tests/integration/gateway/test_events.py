"""Followers see their runs as they happen: each event once, in order, and no other user's."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import FrameType
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from services.gateway.application import at_termination
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.queries import Proof
from services.gateway.runs import feed
from services.gateway.runs.endpoints import LARGEST_MESSAGE
from services.gateway.runs.feed import (
    STREAMS_PER_USER,
    WAITING_AT_MOST,
    Feed,
    Follower,
    FollowerEvent,
    Wanted,
)
from services.gateway.runs.queries import run_events, runs
from shared.contracts.event import Event
from shared.contracts.factors import FactorsFailed
from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import Person, logged_in
from tests.integration.gateway.test_runs import STAGES, a_failure, a_stage, deliver
from tests.integration.gateway.tracking import handled

STARTED = datetime.now(UTC)
NAMES = [name for _, name in STAGES]
pytestmark = pytest.mark.usefixtures("market")


def of_portfolio(portfolio_id: str, run_id: UUID, shards: int = 1) -> list[Event]:
    """A whole run of one portfolio, too young to be overdue."""
    ids = (UUID(portfolio_id),)
    return [
        a_stage(kind, run_id, shards=shards, portfolio_ids=ids, occurred_at=STARTED)
        for kind, _ in STAGES
    ]


@contextlib.asynccontextmanager
async def following(
    address: str, person: Person, **query: Any
) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The person's server-sent events as `{"id", "event", "data"}`, from an open stream."""
    headers = {"Authorization": f"Bearer {person.tokens['access_token']}"} | query.pop(
        "headers", {}
    )
    async with (
        httpx2.AsyncClient(timeout=20) as client,
        client.stream(
            "GET", f"http://{address}/api/v1/events", params=query, headers=headers
        ) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield parsed(answer.aiter_lines())


async def parsed(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    fields: dict[str, Any] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield {
                "id": int(fields["id"]),
                "event": fields["event"],
                "data": json.loads(fields["data"]),
            }
            fields = {}


async def everything(events: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event async for event in events]


def named(events: list[dict[str, Any]]) -> list[str]:
    return [event["data"].get("stage", event["event"]) for event in events]


async def test_stages_stream_as_they_are_recorded_and_the_run_ends_the_stream(
    ann: Person, gateway: Gateway, address: str
) -> None:
    answer = (await ann.upload()).json()
    portfolio_id, run_id = answer["portfolio"]["portfolio_id"], UUID(answer["run_id"])

    async with following(address, ann, run_id=run_id) as events:
        received = []
        for event in of_portfolio(portfolio_id, run_id)[:-1]:
            await deliver(gateway, [event])
            received.append(await anext(events))
        await deliver(gateway, of_portfolio(portfolio_id, run_id)[-1:])
        received += await everything(events)

    assert named(received) == [*NAMES, "results", "run"]
    assert [event["data"].get("stages_done") for event in received[:7]] == [*range(1, 8)]
    assert [event["data"]["status"] for event in received[7:]] == ["ready", "completed"]
    assert {tuple(event["data"]["portfolio_ids"]) for event in received} == {(portfolio_id,)}
    assert [event["id"] for event in received] == sorted({event["id"] for event in received})


async def test_a_finished_run_streams_from_its_beginning(
    ann: Person, gateway: Gateway, address: str
) -> None:
    portfolio_id, run_id = await ann.uploaded(), uuid4()
    await deliver(gateway, of_portfolio(portfolio_id, run_id))

    async with following(address, ann, run_id=run_id) as events:
        received = await everything(events)

    assert named(received) == [*NAMES, "results", "run"]


async def test_a_returning_follower_receives_missed_events_once(
    ann: Person, gateway: Gateway, address: str
) -> None:
    portfolio_id, run_id = await ann.uploaded(), uuid4()
    first, *rest = of_portfolio(portfolio_id, run_id)
    await deliver(gateway, [first])
    async with following(address, ann, run_id=run_id) as events:
        known = (await anext(events))["id"]
    await deliver(gateway, rest[:2])

    async with following(address, ann, headers={"Last-Event-ID": str(known)}) as events:
        missed = [await anext(events) for _ in range(2)]
        await deliver(gateway, rest[2:])
        later = [await anext(events) for _ in range(6)]

    assert named(missed + later) == [*NAMES[1:], "results", "run"]


async def test_a_long_history_streams_batch_by_batch(
    ann: Person, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio_id, first, second = await ann.uploaded(), uuid4(), uuid4()
    await deliver(
        gateway, [*of_portfolio(portfolio_id, first), *of_portfolio(portfolio_id, second)]
    )
    whole = (await ann.get("events", after=0, follow=False)).text

    monkeypatch.setattr(feed, "BATCH", 3)
    in_parts = (await ann.get("events", after=0, follow=False)).text

    assert in_parts == whole
    assert whole.count("event: ") == 18


async def test_by_default_only_new_events_are_streamed(ann: Person, gateway: Gateway) -> None:
    portfolio_id, over, goes_on = await ann.uploaded(), uuid4(), uuid4()
    await deliver(
        gateway, [*of_portfolio(portfolio_id, over), *of_portfolio(portfolio_id, goes_on)[:2]]
    )

    received = (await ann.get("events", follow=False)).text

    assert (received.count("event: "), str(over) in received, received.count(str(goes_on))) == (
        2,
        False,
        2,
    )


async def test_other_users_receive_nothing(
    ann: Person, bob: Person, gateway: Gateway, address: str
) -> None:
    hers, his = await ann.uploaded(), await bob.uploaded()

    async with following(address, bob, after=0) as events:
        await deliver(gateway, of_portfolio(hers, uuid4()))
        await deliver(gateway, of_portfolio(his, uuid4())[:1])
        noticed = await anext(events)

    assert noticed["data"]["portfolio_ids"] == [his]


async def test_in_a_shared_shard_each_follower_sees_only_their_part(
    ann: Person, bob: Person, gateway: Gateway, address: str
) -> None:
    ids = {"ann": await ann.uploaded(), "bob": await bob.uploaded()}
    run_id, both = uuid4(), tuple(UUID(each) for each in ids.values())
    failure = a_failure(FactorsFailed, run_id, 0, 1).model_copy(update={"portfolio_ids": both})

    await deliver(gateway, [a_stage(STAGES[0][0], run_id, shards=1, portfolio_ids=both), failure])
    async with following(address, ann, after=0, follow=False) as events:
        received = await everything(events)

    assert {tuple(event["data"]["portfolio_ids"]) for event in received} == {(ids["ann"],)}
    assert named(received) == ["prices", "factors", "results", "run"]
    assert "no prices" not in json.dumps(received)


async def test_the_requester_of_a_run_sees_every_shard(
    operator: Person, ann: Person, gateway: Gateway, address: str
) -> None:
    portfolio_id, run_id = await ann.uploaded(), uuid4()
    user_id = UUID((await operator.get("auth/me")).json()["user_id"])
    async with gateway.database.transaction() as session:
        await runs.save_run(session, run_id, AS_OF, "operator", user_id)

    await deliver(gateway, of_portfolio(portfolio_id, run_id))
    async with following(address, operator, run_id=run_id) as events:
        received = await everything(events)

    assert named(received) == [*NAMES, "results", "run"]
    assert {tuple(event["data"]["portfolio_ids"]) for event in received} == {()}


async def test_anothers_run_is_not_found(ann: Person, bob: Person, gateway: Gateway) -> None:
    portfolio_id, run_id = await ann.uploaded(), uuid4()
    await deliver(gateway, of_portfolio(portfolio_id, run_id))

    theirs = await bob.get("events", run_id=str(run_id), follow=False)
    nobodys = await bob.get("events", run_id=str(uuid4()), follow=False)

    assert (theirs.status_code, theirs.json()["code"]) == (404, "run_not_found")
    assert nobodys.status_code == 404


async def test_what_is_rolled_back_is_not_streamed(ann: Person, gateway: Gateway) -> None:
    portfolio_id, run_id = await ann.uploaded(), uuid4()

    with contextlib.suppress(ZeroDivisionError):
        async with gateway.database.transaction() as session:
            event = of_portfolio(portfolio_id, run_id)[0]
            await handled(session, event)
            await run_events.save_news(
                session, [{"run_id": run_id, "kind": "stage", "portfolio_ids": [], "data": {}}]
            )
            raise ZeroDivisionError
    received = await ann.get("events", after=0, follow=False)

    assert (received.status_code, received.text) == (200, "")


async def test_a_redelivered_event_is_streamed_once(ann: Person, gateway: Gateway) -> None:
    portfolio_id, run_id = await ann.uploaded(), uuid4()

    await deliver(gateway, of_portfolio(portfolio_id, run_id)[:2] * 3)
    received = await ann.get("events", after=0, follow=False)

    assert received.text.count("event: stage") == 2


async def test_a_lost_connection_to_postgres_loses_no_event(
    ann: Person, gateway: Gateway, admin: Database, address: str
) -> None:
    portfolio_id, run_id = await ann.uploaded(), uuid4()
    first, *rest = of_portfolio(portfolio_id, run_id)

    async with following(address, ann, after=0) as events:
        await deliver(gateway, [first])
        received = [await anext(events)]
        async with admin.transaction() as session:
            ended = await session.execute(
                text(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where application_name like 'sigmasight-listener-%' and datname = "
                    "current_database()"
                )
            )
        await deliver(gateway, rest)
        received += [await anext(events) for _ in range(8)]

    assert set(ended.scalars()) == {True}
    assert named(received) == [*NAMES, "results", "run"]


async def test_every_process_serves_its_own_followers(ann: Person, gateway: Gateway) -> None:
    portfolio_id, run_id = await ann.uploaded(), uuid4()
    user_id = UUID((await ann.get("auth/me")).json()["user_id"])
    other = Feed()
    reading = asyncio.create_task(other.run(gateway.runtime))

    with other.following(Proof(user_id)) as follower:
        stream = other.stream(gateway.database, follower, Wanted(after=0), seconds=20)
        waiting = asyncio.ensure_future(anext(stream))
        await deliver(gateway, of_portfolio(portfolio_id, run_id)[:1])
        noticed = await waiting
        await deliver(gateway, of_portfolio(portfolio_id, run_id)[1:2])
        next_noticed = await anext(stream)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)

    assert [noticed.data["stage"], next_noticed.data["stage"]] == ["prices", "greeks"]


async def test_disabled_users_receive_no_further_events(
    app: FastAPI, ann: Person, gateway: Gateway, admin: Database
) -> None:
    portfolio_id = await ann.uploaded()
    user_id = UUID((await ann.get("auth/me")).json()["user_id"])
    async with admin.transaction() as session:
        await session.execute(text("update gateway.users set disabled_at = now()"))
    await deliver(gateway, of_portfolio(portfolio_id, uuid4()))

    with app.state.feed.following(Proof(user_id)) as follower:
        stream = app.state.feed.stream(
            gateway.database, follower, Wanted(after=0, follow=False), seconds=1
        )

        assert [received async for received in stream] == []


async def test_a_ticket_opens_one_stream(ann: Person, http: httpx2.AsyncClient) -> None:
    ticket = (await ann.post("events/ticket", None)).json()["ticket"]
    path = f"/api/v1/events?follow=false&ticket={ticket}"

    first, second = await http.get(path), await http.get(path)

    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (401, "invalid_ticket")


async def test_an_old_ticket_opens_nothing(
    ann: Person, http: httpx2.AsyncClient, admin: Database
) -> None:
    ticket = (await ann.post("events/ticket", None)).json()["ticket"]
    async with admin.transaction() as session:
        await session.execute(text("update gateway.event_tickets set expires_at = now()"))

    answer = await http.get(f"/api/v1/events?follow=false&ticket={ticket}")

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_ticket")


async def test_a_caller_without_a_token_follows_nothing(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/api/v1/events")

    assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")


async def test_a_users_streams_are_limited(app: FastAPI, ann: Person) -> None:
    user_id = UUID((await ann.get("auth/me")).json()["user_id"])

    with contextlib.ExitStack() as open_streams:
        for _ in range(STREAMS_PER_USER):
            open_streams.enter_context(app.state.feed.following(Proof(user_id)))
        refused = await ann.get("events", follow=False)
    taken = await ann.get("events", follow=False)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
    assert "retry-after" in refused.headers
    assert taken.status_code == 200


def opened(address: str, person: Person | None, query: str = "") -> connect:
    headers = {"Authorization": f"Bearer {person.tokens['access_token']}"} if person else {}
    return connect(f"ws://{address}/api/v1/events/ws{query}", additional_headers=headers)


async def received(socket: ClientConnection) -> list[dict[str, Any]]:
    return [json.loads(message) async for message in socket]


async def test_a_websocket_streams_the_same(ann: Person, gateway: Gateway, address: str) -> None:
    portfolio_id, run_id = await ann.uploaded(), uuid4()
    await deliver(gateway, of_portfolio(portfolio_id, run_id)[:3])

    async with opened(address, ann, f"?run_id={run_id}") as socket:
        await deliver(gateway, of_portfolio(portfolio_id, run_id)[3:])
        by_socket = await received(socket)
    async with following(address, ann, run_id=run_id) as events:
        by_stream = await everything(events)

    assert by_socket == by_stream
    assert named(by_socket) == [*NAMES, "results", "run"]


async def test_a_websocket_takes_a_ticket(ann: Person, address: str) -> None:
    ticket = (await ann.post("events/ticket", None)).json()["ticket"]

    async with opened(address, None, f"?follow=false&ticket={ticket}") as socket:
        assert await received(socket) == []


async def test_a_websocket_that_goes_leaves_nothing_behind(
    app: FastAPI, ann: Person, address: str
) -> None:
    user_id = UUID((await ann.get("auth/me")).json()["user_id"])

    for _ in range(STREAMS_PER_USER + 1):
        async with opened(address, ann):
            pass
    while app.state.feed.streams_of(user_id):
        await asyncio.sleep(0.01)

    assert (await ann.get("events", follow=False)).status_code == 200


@pytest.mark.parametrize(("query", "status"), [("", 401), ("?ticket=unknown", 401)])
async def test_a_websocket_without_a_token_is_refused(
    address: str, query: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(address, None, query):
            pass

    problem = json.loads(refused.value.response.body or b"{}")
    assert (refused.value.response.status_code, problem["status"]) == (status, status)
    assert [record for record in caplog.records if record.exc_info] == []
    assert problem["code"] in ("missing_token", "invalid_ticket")


async def test_a_websocket_does_not_follow_anothers_run(
    ann: Person, bob: Person, gateway: Gateway, address: str
) -> None:
    portfolio_id, run_id = await ann.uploaded(), uuid4()
    await deliver(gateway, of_portfolio(portfolio_id, run_id))

    with pytest.raises(InvalidStatus) as refused:
        async with opened(address, bob, f"?run_id={run_id}"):
            pass

    assert refused.value.response.status_code == 404


async def test_a_stream_ends_soon_after_what_opened_it(
    ann: Person,
    http: httpx2.AsyncClient,
    gateway: Gateway,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("CHECK_AFTER_SECONDS", "LOOK_ANYWAY_SECONDS"):
        monkeypatch.setattr(feed, name, 0.1)
    portfolio_id, again = await ann.uploaded(), await logged_in(http, ann.email)
    made = (await ann.post("me/tokens", {"name": "T", "scopes": ["portfolio:read"]})).json()
    ticket = (await ann.post("events/ticket", None)).json()["ticket"]
    of_token = replace(ann, tokens={"access_token": made["token"]})

    async with (
        opened(address, of_token) as by_token,
        opened(address, ann) as by_login,
        opened(address, None, f"?ticket={ticket}") as by_ticket,
        opened(address, again) as by_another,
    ):
        await again.request("DELETE", f"me/tokens/{made['token_id']}")
        await ann.post("auth/logout", {"refresh_token": ann.tokens["refresh_token"]})
        async with asyncio.timeout(10):
            ended = [await received(each) for each in (by_token, by_login, by_ticket)]
            await deliver(gateway, of_portfolio(portfolio_id, uuid4())[:1])
            event = json.loads(await by_another.recv())

    assert ended == [[], [], []]
    assert event["event"] == "stage"


async def test_server_sent_events_end_soon_after_their_user_is_disabled(
    ann: Person, admin: Database, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHECK_AFTER_SECONDS", "LOOK_ANYWAY_SECONDS"):
        monkeypatch.setattr(feed, name, 0.1)

    async with following(address, ann) as events:
        async with admin.transaction() as session:
            await session.execute(text("update gateway.users set disabled_at = now()"))
        async with asyncio.timeout(10):
            ended = await everything(events)

    assert ended == []


@pytest.mark.parametrize(
    ("origin", "opens"),
    [
        (None, True),
        ("http://{address}", True),
        ("https://pages.example.com", True),
        ("https://evil.example.com", False),
        ("null", False),
    ],
)
async def test_a_websocket_opens_for_pages_of_our_origin_or_a_named_one(
    ann: Person,
    gateway: Gateway,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    origin: str | None,
    opens: bool,
) -> None:
    monkeypatch.setattr(gateway.settings, "cors_origins", ("https://pages.example.com",))
    headers = {"Authorization": f"Bearer {ann.tokens['access_token']}"}
    named_origin = origin.format(address=address) if origin else None
    url = f"ws://{address}/api/v1/events/ws?follow=false"

    try:
        async with connect(
            url,
            origin=named_origin,  # type: ignore[arg-type]
            additional_headers=headers,
        ) as socket:
            assert opens
            assert await received(socket) == []
    except InvalidStatus as refused:
        problem = json.loads(refused.response.body or b"{}")
        assert (opens, problem["code"]) == (False, "origin_not_allowed")


async def test_a_large_message_ends_a_websocket(ann: Person, address: str) -> None:
    async with opened(address, ann) as socket:
        await socket.send("x" * (LARGEST_MESSAGE + 1))
        async with asyncio.timeout(10):
            await socket.wait_closed()

    assert socket.close_code == 1009


async def test_a_slow_follower_is_disconnected_after_its_last_event() -> None:
    follower = Follower(Proof(uuid4()))

    for number in range(WAITING_AT_MOST + 5):
        follower.queue(FollowerEvent(number, "stage", {}))
    noticed = []
    while (received := await follower.next(1)) is not None:
        noticed.append(received.event_id)

    assert noticed == list(range(WAITING_AT_MOST))


async def test_closing_the_feed_ends_its_streams(gateway: Gateway) -> None:
    closing = Feed()

    with closing.following(Proof(uuid4())) as follower:
        closing.close()
        stream = closing.stream(gateway.database, follower, Wanted(), seconds=60)

        assert [received async for received in stream] == []


@pytest.fixture
def stop_signals() -> Iterator[list[int]]:
    """What reaches the server's own handler of SIGTERM."""
    noticed: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        noticed.append(number)

    before = signal.signal(signal.SIGTERM, note)
    yield noticed
    signal.signal(signal.SIGTERM, before)


def test_the_streams_end_before_the_server(stop_signals: list[int]) -> None:
    seen: list[int] = []

    with at_termination(lambda: seen.append(len(stop_signals))):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)

    assert (seen, stop_signals) == ([0], [signal.SIGTERM] * 2)


async def test_events_are_forgotten_after_their_time(ann: Person, gateway: Gateway) -> None:
    portfolio_id = await ann.uploaded()
    await deliver(gateway, of_portfolio(portfolio_id, uuid4()))

    async with gateway.database.transaction() as session:
        await run_events.delete_events(session, datetime(2022, 1, 1, tzinfo=UTC))
    kept = await ann.get("events", after=0, follow=False)
    async with gateway.database.transaction() as session:
        await run_events.delete_events(session, datetime.now(UTC))
    gone = await ann.get("events", after=0, follow=False)

    assert (kept.text.count("event: "), gone.text) == (9, "")
