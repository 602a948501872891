"""Answers that a run has outdated are laid out again before they are asked for."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.gateway.application import assembled
from services.gateway.books.renewing import Renewals
from services.gateway.edge.dependencies import Gateway
from services.gateway.reports.handlers import router
from services.gateway.runs.queries.revisions import raise_revision
from services.gateway.settings import GatewaySettings
from shared.database import Database
from shared.service import Runtime
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import StoredBook, a_stored_book
from tests.integration.statements import noted_statements


@dataclass
class Reading:
    """Ann's report at a separate gateway, in which nothing runs by itself."""

    ann: Person
    book: StoredBook
    gateway: Gateway
    renewals: Renewals
    admin: Database

    async def market_value(self) -> float:
        report = await self.ann.get(f"portfolios/{self.book.portfolio_id}/report")
        return float(report.json()["snapshot"]["market_value"])

    async def change_to(self, market_value: int) -> None:
        """What a run does: it stores figures, and raises the revision."""
        change = "update snapshots.portfolio_snapshots set market_value = :value"
        async with self.admin.transaction() as session:
            await session.execute(text(change), {"value": market_value})
            await raise_revision(session, [UUID(self.book.portfolio_id)])

    async def renew(self) -> None:
        await self.renewals.renew_outdated(self.gateway.database)


@pytest.fixture
async def reading(
    app: FastAPI, gateway: Gateway, ann: Person, admin: Database
) -> AsyncIterator[Reading]:
    """The report, read once."""
    runtime = Runtime("gateway", router, GatewaySettings)
    own = assembled(runtime, gateway.settings)
    object.__setattr__(own.state.gateway, "tokens", gateway.tokens)
    book = await a_stored_book(ann, admin)
    transport = httpx2.ASGITransport(own, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://own") as client:
        there = Person(client, ann.email, ann.tokens)
        parts = Reading(there, book, own.state.gateway, own.state.renewals, admin)
        assert await parts.market_value() == 4_000
        yield parts
    await runtime.close()


async def test_what_a_run_outdated_is_laid_out_before_it_is_asked_for(reading: Reading) -> None:
    await reading.change_to(9_999)
    await reading.renew()

    with noted_statements(reading.gateway.database) as sent:
        found = await reading.market_value()

    assert found == 9_999
    assert len(sent) == 1


async def test_what_no_user_asked_for_since_is_renewed_once(reading: Reading) -> None:
    await reading.change_to(5_000)
    await reading.renew()
    await reading.change_to(6_000)

    with noted_statements(reading.gateway.database) as sent:
        await reading.renew()

    assert sent == []
    assert await reading.market_value() == 6_000


async def test_what_is_not_outdated_is_left_alone(reading: Reading) -> None:
    with noted_statements(reading.gateway.database) as sent:
        await reading.renew()

    assert len(sent) == 1


async def test_nothing_is_renewed_for_a_log_in_that_is_over(reading: Reading) -> None:
    refresh = {"refresh_token": reading.ann.tokens["refresh_token"]}
    await reading.ann.post("auth/logout", refresh)
    await reading.change_to(9_999)

    with noted_statements(reading.gateway.database) as sent:
        await reading.renew()

    assert len(sent) == 1
    path = f"portfolios/{reading.book.portfolio_id}/report"
    assert (await reading.ann.get(path)).status_code == 401


async def test_a_request_cannot_say_that_it_is_a_renewal(reading: Reading) -> None:
    path = f"portfolios/{reading.book.portfolio_id}/report"

    answer = await reading.ann.request(
        "GET", path, headers={"Authorization": "", "sigmasight.renewed_for": reading.ann.email}
    )

    assert answer.status_code == 401


async def test_news_of_a_run_start_a_renewal_once_they_have_ended(reading: Reading) -> None:
    await reading.change_to(9_999)
    running = asyncio.create_task(reading.renewals.run(reading.gateway.runtime))
    for _ in range(3):
        reading.renewals.wake()
        await asyncio.sleep(0.1)

    async with asyncio.timeout(60):
        while reading.renewals.answers.has_wanted:
            await asyncio.sleep(0.05)
    running.cancel()

    assert await reading.market_value() == 9_999
