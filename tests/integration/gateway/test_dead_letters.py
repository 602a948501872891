"""What services gave up on: listed for operators, and replayed once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from services.gateway.edge.dependencies import Gateway
from services.gateway.operators.replaying import REPLAYS, WAIT, replay_of_outages
from services.gateway.runs.handlers import keep_letter
from shared.contracts.event import DeadLetter
from shared.contracts.ingest import PricesUpdated
from shared.database import Database
from shared.messaging import MESSAGE_ID
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_runs import a_stage


def a_letter(payload: str | None = None, service: str = "greeks", **more: Any) -> DeadLetter:
    event = a_stage(PricesUpdated, uuid4())
    facts = {
        "letter_id": uuid4(),
        "service": service,
        "heard": PricesUpdated.subject,
        "run_id": event.run_id,
        "attempts": 5,
        "error": "MarketDataNotReady",
        "message": "no prices",
        "payload": event.model_dump_json() if payload is None else payload,
    }
    return DeadLetter.model_validate(facts | more)


async def kept(gateway: Gateway, *letters: DeadLetter) -> None:
    for letter in letters:
        async with gateway.database.transaction() as session:
            await keep_letter(letter, session)


async def messages(bus: Client) -> int:
    return int((await bus.jetstream().stream_info("INGEST")).state.messages)


async def all_published(bus: Client, expected: int) -> None:
    async with asyncio.timeout(10):
        while await messages(bus) < expected:
            await asyncio.sleep(0.02)


async def test_a_letter_on_the_bus_is_listed(operator: Person, bus: Client) -> None:
    letter = a_letter()
    await bus.jetstream().publish("dead.greeks", letter.model_dump_json().encode())

    async with asyncio.timeout(10):
        while not (page := (await operator.get("admin/dead-letters")).json())["total"]:
            await asyncio.sleep(0.05)

    [shown] = page["items"]
    assert (shown["letter_id"], shown["payload"]) == (str(letter.letter_id), letter.payload)
    assert (shown["service"], shown["error"], shown["replayed_at"]) == (
        "greeks",
        "MarketDataNotReady",
        None,
    )


async def test_a_letter_delivered_twice_is_kept_once(operator: Person, gateway: Gateway) -> None:
    letter = a_letter()

    await kept(gateway, letter, letter)

    assert (await operator.get("admin/dead-letters")).json()["total"] == 1


async def test_letters_are_narrowed_and_paged(operator: Person, gateway: Gateway) -> None:
    letters = [a_letter(service=service) for service in ("greeks", "stress", "stress")]
    await kept(gateway, *letters)
    await operator.post(f"admin/dead-letters/{letters[1].letter_id}/replay", None)

    async def total(**query: Any) -> int:
        return int((await operator.get("admin/dead-letters", **query)).json()["total"])

    page = (await operator.get("admin/dead-letters", limit=1, offset=1)).json()
    assert [await total(service=service) for service in ("greeks", "stress", "factors")] == [
        1,
        2,
        0,
    ]
    assert [await total(replayed=replayed) for replayed in (True, False)] == [1, 2]
    assert (len(page["items"]), page["total"]) == (1, 3)


async def a_stored_letter(gateway: Gateway) -> tuple[DeadLetter, str]:
    """A letter and where it is replayed."""
    letter = a_letter()
    await kept(gateway, letter)
    return letter, f"admin/dead-letters/{letter.letter_id}/replay"


async def test_a_letter_is_replayed_to_every_subscriber_and_only_once(
    operator: Person, gateway: Gateway, bus: Client
) -> None:
    letter, path = await a_stored_letter(gateway)

    first = await operator.post(path, None)
    await all_published(bus, 1)
    second = await operator.post(path, None)
    others = a_letter()
    await kept(gateway, others)
    await operator.post(f"admin/dead-letters/{others.letter_id}/replay", None)
    await all_published(bus, 2)

    emitted = await bus.jetstream().get_msg("INGEST", seq=await first_sequence(bus))
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert first.json()["replayed_at"] is not None
    assert await messages(bus) == 2
    assert (emitted.subject, (emitted.headers or {})[MESSAGE_ID]) == (
        PricesUpdated.subject,
        str(letter.letter_id),
    )
    assert PricesUpdated.model_validate_json(emitted.data or b"").run_id == letter.run_id


async def first_sequence(bus: Client) -> int:
    return int((await bus.jetstream().stream_info("INGEST")).state.first_seq)


async def test_two_operators_at_once_replay_it_once(
    operator: Person, gateway: Gateway, bus: Client
) -> None:
    _, path = await a_stored_letter(gateway)

    answers = await asyncio.gather(*(operator.post(path, None) for _ in range(4)))
    await all_published(bus, 1)

    assert {answer.json()["replayed_at"] for answer in answers} == {
        answers[0].json()["replayed_at"]
    }
    assert await messages(bus) == 1


@pytest.mark.parametrize("payload", ["{broken", '{"run_id": 7}', "\x00\x00"])
async def test_an_unreadable_letter_is_not_replayed(
    operator: Person, gateway: Gateway, bus: Client, payload: str
) -> None:
    letter = a_letter(payload, run_id=None)
    await kept(gateway, letter)

    answer = await operator.post(f"admin/dead-letters/{letter.letter_id}/replay", None)

    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_letter")
    [shown] = (await operator.get("admin/dead-letters")).json()["items"]
    assert shown["replayed_at"] is None


async def test_a_retired_subject_is_not_replayed(operator: Person, gateway: Gateway) -> None:
    letter = a_letter(heard="prices.forgotten")
    await kept(gateway, letter)

    answer = await operator.post(f"admin/dead-letters/{letter.letter_id}/replay", None)

    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_letter")


async def test_an_unknown_letter_is_not_found(operator: Person) -> None:
    answer = await operator.post(f"admin/dead-letters/{UUID(int=1)}/replay", None)

    assert (answer.status_code, answer.json()["code"]) == (404, "dead_letter_not_found")


async def test_a_replay_is_in_the_audit_log(
    operator: Person, gateway: Gateway, admin: Database
) -> None:
    letter = a_letter()
    await kept(gateway, letter)

    for _ in range(2):
        await operator.post(f"admin/dead-letters/{letter.letter_id}/replay", None)

    async with admin.transaction() as session:
        entries = text("select target from gateway.audit_log where action = 'dead_letter.replayed'")
        assert list(await session.scalars(entries)) == [str(letter.letter_id)]


async def test_a_letter_longer_than_its_columns_is_kept_and_cut(
    operator: Person, gateway: Gateway
) -> None:
    await kept(gateway, a_letter(service="s" * 50, heard="h\x00" * 200, error="E" * 999))

    [shown] = (await operator.get("admin/dead-letters")).json()["items"]
    assert (len(shown["service"]), len(shown["heard"]), len(shown["error"])) == (20, 100, 200)


async def replayed_by_the_sweeper(gateway: Gateway, later: timedelta) -> None:
    async with gateway.database.transaction() as session:
        await replay_of_outages(session, datetime.now(UTC) + later)


async def test_a_letter_of_an_outage_is_replayed_by_itself(
    operator: Person, gateway: Gateway, bus: Client
) -> None:
    of_outage, of_a_fault = a_letter(of_outage=True), a_letter()
    await kept(gateway, of_outage, of_a_fault)

    await replayed_by_the_sweeper(gateway, WAIT + timedelta(seconds=1))

    await all_published(bus, 1)
    shown = (await operator.get("admin/dead-letters?replayed=true")).json()["items"]
    assert [each["letter_id"] for each in shown] == [str(of_outage.letter_id)]
    assert shown[0]["replayed_by"] is None
    assert await messages(bus) == 1


async def test_a_fresh_letter_of_an_outage_waits(gateway: Gateway, operator: Person) -> None:
    await kept(gateway, a_letter(of_outage=True))

    await replayed_by_the_sweeper(gateway, timedelta(0))

    assert (await operator.get("admin/dead-letters?replayed=true")).json()["total"] == 0


async def test_a_message_that_keeps_failing_is_left_to_an_operator(
    operator: Person, gateway: Gateway
) -> None:
    payload = a_letter().payload
    for _ in range(REPLAYS + 2):
        await kept(gateway, a_letter(payload, of_outage=True))
        await replayed_by_the_sweeper(gateway, WAIT + timedelta(seconds=1))

    assert (await operator.get("admin/dead-letters?replayed=true")).json()["total"] == REPLAYS
    assert (await operator.get("admin/dead-letters?replayed=false")).json()["total"] == 2


async def test_an_unreadable_letter_of_an_outage_stays(
    operator: Person, gateway: Gateway, bus: Client
) -> None:
    await kept(gateway, a_letter("{}", of_outage=True), a_letter(of_outage=True))

    await replayed_by_the_sweeper(gateway, WAIT + timedelta(seconds=1))

    await all_published(bus, 1)
    assert (await operator.get("admin/dead-letters?replayed=false")).json()["total"] == 1
