"""The typed Python client: generated from the served document, and used on the served gateway."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from fastapi import FastAPI

from deploy.api_client import LEFT_OUT, each_operation, render
from services.gateway.edge.dependencies import Gateway
from shared.database import Database
from sigmasight_client import ApiError, Event, SigmaSight
from tests.integration.gateway.people import GOOD_FILE, PASSWORD, Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_events import of_portfolio
from tests.integration.gateway.test_runs import deliver


def test_the_client_is_what_the_document_makes_of_it(app: FastAPI) -> None:
    stale = [
        path.name for path, content in render(app.openapi()).items() if path.read_text() != content
    ]

    assert stale == [], "run `make client`"


def test_every_operation_has_a_method(app: FastAPI) -> None:
    document = app.openapi()
    named = {name for name, _, _ in each_operation(document)}
    operations = [
        (method, path)
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/api/v1") and not path.removeprefix("/api/v1").startswith(LEFT_OUT)
    ]

    assert len(named) == len(operations)
    assert all(callable(getattr(SigmaSight, name, None)) for name in named)


@pytest.fixture
async def client(url: str, ann: Person) -> AsyncIterator[SigmaSight]:
    """Ann, as a program."""
    with SigmaSight(url, ann.email, PASSWORD) as opened:
        yield opened


async def test_a_book_is_uploaded_read_edited_and_deleted(client: SigmaSight, market: None) -> None:
    def work() -> tuple[list[str], str, list[str]]:
        uploaded = client.upload_positions(GOOD_FILE, {"portfolio_name": "By program"})
        assert uploaded["portfolio"] is not None
        portfolio_id = uploaded["portfolio"]["portfolio_id"]
        held = [
            item["symbol"] for item in client.list_positions(portfolio_id=portfolio_id)["items"]
        ]
        client.rename_portfolio(portfolio_id, {"name": "Renamed"})
        name = client.get_report(portfolio_id)["portfolio"]["name"]
        client.delete_portfolio(portfolio_id)
        return held, name, [each["name"] for each in client.list_portfolios()["items"]]

    assert await asyncio.to_thread(work) == (["AAPL", "MSFT"], "Renamed", [])


async def test_a_report_is_the_same_whether_or_not_it_was_sent_again(
    client: SigmaSight, ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)

    first, second = [
        await asyncio.to_thread(client.get_report, book.portfolio_id) for _ in range(2)
    ]

    assert first["snapshot"] is not None
    assert first == second


async def test_a_refusal_is_raised_with_its_code(client: SigmaSight, gateway: Gateway) -> None:
    with pytest.raises(ApiError) as refused:
        await asyncio.to_thread(client.get_report, UUID(int=0))

    assert (refused.value.status, refused.value.code) == (404, "portfolio_not_found")


async def test_a_run_is_followed_through_expired_tokens(
    client: SigmaSight, gateway: Gateway, ann: Person, market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = (await ann.upload()).json()
    portfolio_id, run_id = answer["portfolio"]["portfolio_id"], UUID(answer["run_id"])
    *first, last = of_portfolio(portfolio_id, run_id)
    received: list[Event] = []
    monkeypatch.setattr(gateway.settings, "access_token_seconds", 1)

    following = asyncio.create_task(asyncio.to_thread(client.follow, run_id, received.append))
    await deliver(gateway, first)
    await asyncio.sleep(2.5)
    await deliver(gateway, [last])
    ended = await following

    assert ended["status"] == "completed"
    numbers = [int(event["id"]) for event in received]
    assert numbers == sorted(set(numbers))
    assert [event["event"] for event in received[-2:]] == ["results", "run"]
    assert len(received) == len(first) + 3
