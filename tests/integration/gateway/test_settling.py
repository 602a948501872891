"""Ledgers follow the market: what expires is settled when its close arrives, and run again once."""

import asyncio
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.gateway.books.handlers import record_prices
from services.gateway.edge.dependencies import Gateway
from services.gateway.runs.queries import runs
from services.ingest.tables import CorporateAction
from shared.contracts.gateway import PortfoliosChanged
from shared.contracts.ingest import PricesUpdated
from shared.database import Database
from tests.builders import AS_OF, a_price, save, save_prices
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.tracking import followed_up
from tests.integration.pipeline.test_isolation import refusing

pytestmark = pytest.mark.usefixtures("market")

EXPIRY = date(2022, 12, 16)
CALLS = HEADER + "AAPL221216C00100000,2,5,2022-11-01,\nMSFT,10,240,2022-11-01,\n"
CASH_SECURED = HEADER + "AAPL221216P00150000,-1,5,2022-11-01,\n"


async def a_book(person: Person, data: str = CALLS) -> UUID:
    """A portfolio with an option that has expired, of which no close is known yet."""
    answer = await person.upload(data.encode(), portfolio_name=uuid4().hex)
    assert answer.json()["rejected"] == 0, answer.text
    return UUID(answer.json()["portfolio"]["portfolio_id"])


def prices_of(day: date, *portfolio_ids: UUID) -> PricesUpdated:
    shard = {"price_run": "1", "shard": 0, "shards": 1}
    return PricesUpdated.new(uuid4(), day, part=0, portfolio_ids=portfolio_ids, **shard)


async def arrive(gateway: Gateway, *events: PricesUpdated) -> None:
    """Deliver events, each in a transaction."""
    for event in events:
        async with gateway.database.transaction() as session:
            await record_prices(event, session)
        await followed_up(gateway.database)


async def lots(admin: Database, portfolio_id: UUID) -> list[tuple[Any, ...]]:
    query = text(
        "select symbol, quantity, entry_price, entry_date, exit_date from gateway.positions "
        "where portfolio_id = :book order by symbol, entry_date"
    )
    async with admin.transaction() as session:
        return [tuple(row) for row in await session.execute(query, {"book": portfolio_id})]


async def settled(admin: Database) -> list[tuple[str, list[str]]]:
    """The sessions and portfolios of the runs that settlement started."""
    query = text(
        "select payload from gateway.outbox where subject = :subject "
        "and payload ->> 'reason' = 'settled' order by outbox_id"
    )
    async with admin.transaction() as session:
        found = await session.scalars(query, {"subject": PortfoliosChanged.subject})
        return [(event["as_of"], event["portfolio_ids"]) for event in found]


async def revision(admin: Database, portfolio_id: UUID) -> int:
    query = text("select revision from gateway.portfolio_revisions where portfolio_id = :book")
    async with admin.transaction() as session:
        return int(await session.scalar(query, {"book": portfolio_id}) or 0)


async def test_an_option_is_exercised_when_the_close_of_its_day_arrives(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_book(ann)
    before = await lots(admin, book)
    seen = await revision(admin, book)
    await save_prices(admin, a_price("AAPL", EXPIRY, 134.51))
    arrived = prices_of(AS_OF, book)

    await arrive(gateway, arrived)

    assert [lot[0] for lot in before] == ["AAPL221216C00100000", "MSFT"]
    assert await lots(admin, book) == [
        ("AAPL", 200, 100, EXPIRY, None),
        ("AAPL221216C00100000", 2, 5, date(2022, 11, 1), EXPIRY),
        ("MSFT", 10, 240, date(2022, 11, 1), None),
    ]
    assert await settled(admin) == [(str(AS_OF), [str(book)])]
    assert await revision(admin, book) == seen + 2  # the stage, and the lots


async def test_a_second_delivery_and_a_restart_change_nothing(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_book(ann)
    await save_prices(admin, a_price("AAPL", EXPIRY, 134.51))
    arrived = prices_of(AS_OF, book)
    await arrive(gateway, arrived)
    once = await lots(admin, book), await settled(admin), await revision(admin, book)

    await arrive(gateway, arrived, arrived)

    assert (await lots(admin, book), await settled(admin), await revision(admin, book)) == once
    await arrive(gateway, prices_of(AS_OF, book))  # of the run that settlement started
    assert (await lots(admin, book), await settled(admin)) == once[:2]


@pytest.mark.parametrize("order", permutations(range(3)))
async def test_lots_are_the_same_in_any_order_of_sessions(
    ann: Person, admin: Database, gateway: Gateway, order: Sequence[int]
) -> None:
    book = await a_book(ann, CALLS + "XOM221209P00110000,-3,4,2022-11-01,\n")
    sessions = [
        (date(2022, 12, 9), a_price("XOM", date(2022, 12, 9), 103)),
        (EXPIRY, a_price("AAPL", EXPIRY, 134.51)),
        (AS_OF, a_price("AAPL", AS_OF, 126)),
    ]

    for place in order:
        day, price = sessions[place]
        await save_prices(admin, price)
        await arrive(gateway, prices_of(day, book))

    assert [lot[:3] for lot in await lots(admin, book)] == [
        ("AAPL", 200, 100),
        ("AAPL221216C00100000", 2, 5),
        ("MSFT", 10, 240),
        ("XOM", 300, 110),
        ("XOM221209P00110000", -3, 4),
    ]


async def test_stored_and_running_sessions_since_the_change_are_run_again(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    stored = UUID((await a_stored_book(ann, admin)).portfolio_id)  # on 12-27 and 12-28
    await ann.upload(CALLS.encode(), portfolio_id=str(stored))
    running = prices_of(date(2022, 12, 21), stored)
    early = prices_of(date(2022, 12, 1), stored)
    await arrive(gateway, running, early)
    await save_prices(admin, a_price("AAPL", EXPIRY, 134.51))

    await arrive(gateway, prices_of(date(2022, 12, 23), stored))

    days = [day for day, _ in await settled(admin)]
    assert days == ["2022-12-28", "2022-12-27", "2022-12-23", "2022-12-21"]


async def test_a_run_that_no_service_has_reported_yet_is_run_again(
    ann: Person, bob: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_book(ann)  # the run of AS_OF that it starts may have read the option by now
    await a_book(bob)  # as may that of another portfolio, which has nothing to do with it
    await save_prices(admin, a_price("AAPL", EXPIRY, 134.51))

    await arrive(gateway, prices_of(EXPIRY, book))

    assert await settled(admin) == [(str(AS_OF), [str(book)]), (str(EXPIRY), [str(book)])]


async def test_a_finished_run_is_not_run_again_for_a_session_before_the_change(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_book(ann)
    async with admin.transaction() as session:
        await session.execute(text("update gateway.batch_runs set status = 'completed'"))
    await save_prices(admin, a_price("AAPL", EXPIRY, 134.51))

    await arrive(gateway, prices_of(EXPIRY, book))

    assert await settled(admin) == [(str(EXPIRY), [str(book)])]


async def test_tags_of_delivered_shares_outlast_another_settlement(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_book(ann, CALLS.replace("2022-11-01,\n", "2022-11-01,income\n", 1))
    await save_prices(admin, a_price("AAPL", EXPIRY, 134.51))
    await arrive(gateway, prices_of(AS_OF, book))

    async def carried() -> dict[str, list[str]]:
        page = await ann.get("positions", portfolio_id=str(book), status="all")
        return {item["symbol"]: item["tags"] for item in page.json()["items"]}

    delivered = await carried()
    items = (await ann.get("positions", portfolio_id=str(book))).json()["items"]
    shares = next(item["position_id"] for item in items if item["symbol"] == "AAPL")
    await ann.request("PUT", f"positions/{shares}/tags", json={"tags": ["income", "core"]})
    path = f"portfolios/{book}"
    for settlement in ("cash", "physical", "cash", "physical"):
        answer = await ann.request("PATCH", path, json={"settlement": settlement})
        assert answer.status_code == 200, answer.text

    assert delivered["AAPL"] == ["income"]
    assert (await carried())["AAPL"] == ["core", "income"]
    assert (await carried())["MSFT"] == []


async def test_a_corrected_close_settles_again(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_book(ann, CASH_SECURED)
    await save_prices(admin, a_price("AAPL", EXPIRY, 134.51))
    await arrive(gateway, prices_of(EXPIRY, book))
    assigned = await lots(admin, book)

    await save_prices(admin, a_price("AAPL", EXPIRY, 150.5))
    await arrive(gateway, prices_of(EXPIRY, book))

    assert [lot[:2] for lot in assigned] == [("AAPL", 100), ("AAPL221216P00150000", -1)]
    assert await lots(admin, book) == [
        ("AAPL221216P00150000", -1, 5, date(2022, 11, 1), EXPIRY),
    ]
    # The session whose close it is, and the one that the upload started a run of: both times.
    assert len(await settled(admin)) == 4


async def test_portfolios_without_options_are_left_alone(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_book(ann, HEADER + "AAPL,100,120,2022-06-01,\n")
    split = {"symbol": "AAPL", "ex_date": EXPIRY, "kind": "split", "value": Decimal(4)}
    await save(admin, CorporateAction, [{**split, "source": "test"}])

    await arrive(gateway, prices_of(AS_OF, book))

    assert await settled(admin) == []
    assert [lot[:3] for lot in await lots(admin, book)] == [("AAPL", 100, 120)]


async def test_a_delivered_lot_is_corrected_by_its_option(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_book(ann)
    await save_prices(admin, a_price("AAPL", EXPIRY, 134.51))
    await arrive(gateway, prices_of(AS_OF, book))
    page = (await ann.get("positions", portfolio_id=str(book), status="all")).json()["items"]
    ids = {item["symbol"]: item["position_id"] for item in page}

    edited = await ann.request("PUT", f"positions/{ids['AAPL']}", json={"quantity": 6})
    deleted = await ann.request("DELETE", f"positions/{ids['AAPL']}")
    option = f"positions/{ids['AAPL221216C00100000']}"
    halved = await ann.request("PUT", option, json={"quantity": 1})

    assert {answer.json()["code"] for answer in (edited, deleted)} == {"lot_of_an_option"}
    assert halved.status_code == 200, halved.text
    assert [lot[:2] for lot in await lots(admin, book)][:2] == [
        ("AAPL", 100),
        ("AAPL221216C00100000", 1),
    ]


async def test_deleted_portfolios_and_runs_known_before_are_no_obstacle(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_book(ann)
    await save_prices(admin, a_price("AAPL", EXPIRY, 134.51))
    arrived = prices_of(AS_OF, book, uuid4())
    async with gateway.database.transaction() as session:
        await runs.save_run(session, arrived.run_id, AS_OF, "clock", None)

    await arrive(gateway, arrived)

    assert await settled(admin) == [(str(AS_OF), [str(book)])]


async def test_settlement_and_edits_beside_each_other_are_each_whole(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_book(ann)
    page = (await ann.get("positions", portfolio_id=str(book))).json()["items"]
    stock = next(item["position_id"] for item in page if item["symbol"] == "MSFT")
    await save_prices(admin, a_price("AAPL", EXPIRY, 134.51))

    edited, added, *_ = await asyncio.gather(
        ann.request("PUT", f"positions/{stock}", json={"quantity": 11}),
        ann.upload((HEADER + "XOM,1,90,2022-06-01,\n").encode(), portfolio_id=str(book)),
        arrive(gateway, prices_of(EXPIRY, book)),
        arrive(gateway, prices_of(AS_OF, book)),
    )

    assert (edited.status_code, added.status_code) == (200, 200)
    assert [lot[:2] for lot in await lots(admin, book)] == [
        ("AAPL", 200),
        ("AAPL221216C00100000", 2),
        ("MSFT", 11),
        ("XOM", 1),
    ]


async def test_a_ledger_that_cannot_be_settled_leaves_the_others_settled(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    bad, good = await a_book(ann), await a_book(ann)
    before = await lots(admin, bad)
    await save_prices(admin, a_price("AAPL", EXPIRY, 135))
    event = prices_of(EXPIRY, bad, good)

    async with refusing(admin, "gateway.positions", bad):
        await arrive(gateway, event, event)

    assert await lots(admin, bad) == before
    assert any(lot[:2] == ("AAPL", 200) for lot in await lots(admin, good))
    async with gateway.database.transaction() as session:
        [item] = await runs.load_items(session, event.run_id)
    [problem] = item["problems"]
    assert (problem["code"], problem["portfolio_ids"], problem["fatal"]) == (
        "not_settled",
        [str(bad)],
        False,
    )
    assert "SECRET" not in problem["message"]
    assert "SECRET" in problem["detail"]
