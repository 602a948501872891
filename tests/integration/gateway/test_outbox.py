"""A write and its event are one: the relay publishes every event, and a crash in between repeats it
harmlessly.
"""

import asyncio
from datetime import date
from uuid import uuid4

import pytest
from nats.aio.client import Client
from opentelemetry import trace
from sqlalchemy import text

from services.gateway.edge import queries as edge_queries
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.outbox import publish_waiting, trace_headers
from shared.contracts.gateway import MarketCloseRequested, PortfoliosChanged
from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import Person


async def messages(bus: Client) -> int:
    info = await bus.jetstream().stream_info("GATEWAY")
    return int(info.state.messages)


async def waiting(admin: Database) -> int:
    async with admin.transaction() as session:
        return int(
            await session.scalar(
                text("select count(*) from gateway.outbox where published_at is null")
            )
            or 0
        )


async def emptied(admin: Database) -> None:
    async with asyncio.timeout(10):
        while await waiting(admin):
            await asyncio.sleep(0.02)


def an_event() -> MarketCloseRequested:
    return MarketCloseRequested.new(uuid4(), AS_OF)


@pytest.mark.usefixtures("market")
async def test_an_upload_is_published(ann: Person, bus: Client, admin: Database) -> None:
    report = (await ann.upload()).json()
    await emptied(admin)

    message = await bus.jetstream().get_last_msg("GATEWAY", PortfoliosChanged.subject)

    assert message.data is not None
    event = PortfoliosChanged.model_validate_json(message.data)
    assert [str(each) for each in event.portfolio_ids] == [report["portfolio"]["portfolio_id"]]
    assert (str(event.run_id), event.as_of) == (report["run_id"], date(2022, 12, 28))
    assert (message.headers or {})["Nats-Msg-Id"] == str(event.event_id)


async def test_a_crash_between_publish_and_mark_publishes_once(
    gateway: Gateway, bus: Client, admin: Database
) -> None:
    async with gateway.database.transaction() as session:
        await edge_queries.save_event(session, an_event(), {})
    await emptied(admin)
    async with admin.transaction() as session:
        await session.execute(text("update gateway.outbox set published_at = null"))

    await publish_waiting(gateway.database, gateway.runtime.broker)
    await emptied(admin)

    assert await messages(bus) == 1


async def test_the_same_event_is_left_once(gateway: Gateway, bus: Client, admin: Database) -> None:
    event = an_event()

    for _ in range(2):
        async with gateway.database.transaction() as session:
            await edge_queries.save_event(session, event, {})
    await emptied(admin)

    assert await messages(bus) == 1


async def test_relays_beside_each_other_publish_everything_once(
    gateway: Gateway, bus: Client, admin: Database
) -> None:
    async with gateway.database.transaction() as session:
        for _ in range(120):
            await edge_queries.save_event(session, an_event(), {})

    await asyncio.gather(
        *(publish_waiting(gateway.database, gateway.runtime.broker) for _ in range(3))
    )
    await emptied(admin)

    assert await messages(bus) == 120


async def test_an_event_goes_on_in_the_trace_it_was_written_in(
    gateway: Gateway, bus: Client, admin: Database
) -> None:
    tracer = trace.get_tracer("test", tracer_provider=gateway.runtime.telemetry.tracer_provider)
    with tracer.start_as_current_span("request") as span:
        async with gateway.database.transaction() as session:
            await edge_queries.save_event(session, an_event(), trace_headers())
    await emptied(admin)

    message = await bus.jetstream().get_last_msg("GATEWAY", MarketCloseRequested.subject)

    assert f"{span.get_span_context().trace_id:032x}" in (message.headers or {})["traceparent"]


async def test_nothing_is_published_when_the_write_is_undone(
    gateway: Gateway, bus: Client, admin: Database
) -> None:
    async def undone() -> None:
        async with gateway.database.transaction() as session:
            await edge_queries.save_event(session, an_event(), {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await undone()

    assert await publish_waiting(gateway.database, gateway.runtime.broker) == 0
    assert await messages(bus) == 0


@pytest.mark.parametrize("subject", ["market_close.requested", "nothing.known"])
async def test_an_unreadable_event_becomes_a_letter_and_the_others_are_published(
    subject: str, gateway: Gateway, operator: Person, bus: Client, admin: Database
) -> None:
    unreadable = "insert into gateway.outbox (event_id, run_id, subject, payload) values " + (
        "(gen_random_uuid(), gen_random_uuid(), :subject, '{}')"
    )
    async with gateway.database.transaction() as session:
        await session.execute(text(unreadable), {"subject": subject})
        await edge_queries.save_event(session, an_event(), {})

    await emptied(admin)

    [letter] = (await operator.get("admin/dead-letters")).json()["items"]
    assert (letter["service"], letter["heard"], letter["payload"]) == ("gateway", subject, "{}")
    assert await messages(bus) == 1
