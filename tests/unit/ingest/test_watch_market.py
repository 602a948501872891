"""The market clock on plain fakes, without a bus or a database."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import date
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from services.ingest.handlers import watch_market as use_case
from services.ingest.inputs import Coverage
from shared.contracts.ingest import MarketClosed
from shared.database import Database, Session
from shared.service import Runtime

FRIDAY = date(2022, 12, 23)
TUESDAY = date(2022, 12, 27)
WEDNESDAY = date(2022, 12, 28)
UNTIL_WEDNESDAY = Coverage(date(2014, 1, 2), WEDNESDAY)


class Repository:
    """Replaces the database: which sessions are due and announced."""

    def __init__(self, last: date | None) -> None:
        self.last = last
        self.due: list[date] = []
        self.announced: list[date] = []

    async def latest_due(self, session: Session) -> date | None:
        return self.last

    async def save_due(self, session: Session, session_dates: Collection[date]) -> None:
        self.due += session_dates

    async def claim_unannounced(self, session: Session) -> date | None:
        return next((day for day in self.due if day not in self.announced), None)

    async def save_announced(self, session: Session, session_date: date) -> None:
        self.announced.append(session_date)


class FakeDatabase:
    """Transactions without a database."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield None


class FakeBus:
    """Records what is sent; the first sends fail when `failures` are given."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.sent: list[MarketClosed] = []

    async def send(self, subject: str, body: bytes, *, stream: str, message_id: UUID) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.sent.append(MarketClosed.model_validate_json(body))

    async def request(self, subject: str, body: bytes, timeout_seconds: float) -> bytes:
        raise NotImplementedError


async def tick(monkeypatch: pytest.MonkeyPatch, repository: Repository, bus: FakeBus) -> None:
    monkeypatch.setattr(use_case, "repository", repository)
    database = cast(Database, FakeDatabase())
    await use_case.publish_due_sessions(database, bus, UNTIL_WEDNESDAY)


async def test_first_start_publishes_the_latest_session_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bus = FakeBus()

    await tick(monkeypatch, Repository(last=None), bus)

    assert [(event.as_of, event.trigger) for event in bus.sent] == [(WEDNESDAY, "clock")]


async def test_missed_sessions_are_published_oldest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bus = FakeBus()
    repository = Repository(last=FRIDAY)

    await tick(monkeypatch, repository, bus)
    await tick(monkeypatch, Repository(last=WEDNESDAY), bus)

    assert [event.as_of for event in bus.sent] == [TUESDAY, WEDNESDAY]
    assert repository.announced == [TUESDAY, WEDNESDAY]


async def test_session_that_the_bus_did_not_store_is_not_announced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bus = FakeBus(failures=1)
    repository = Repository(last=TUESDAY)

    with pytest.raises(ConnectionError):
        await tick(monkeypatch, repository, bus)

    assert (bus.sent, repository.announced) == ([], [])


async def test_clock_goes_on_after_an_outage_of_the_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    bus, repository = FakeBus(failures=2), Repository(last=TUESDAY)
    monkeypatch.setattr(use_case, "repository", repository)
    monkeypatch.setattr(use_case, "coverage_now", _until_wednesday)
    monkeypatch.setattr(use_case, "ingest_settings", lambda: SimpleNamespace(clock_seconds=0.0))
    runtime = cast(Runtime, SimpleNamespace(database=FakeDatabase(), broker=bus))

    clock = asyncio.create_task(use_case.watch_market(runtime))
    async with asyncio.timeout(5):
        while not repository.announced:
            await asyncio.sleep(0)

    assert not clock.done()
    assert [event.as_of for event in bus.sent] == [WEDNESDAY]
    clock.cancel()


async def _until_wednesday() -> Coverage:
    return UNTIL_WEDNESDAY
