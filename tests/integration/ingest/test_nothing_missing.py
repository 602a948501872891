"""What the database is asked about a session of which everything is stored: as little as can be."""

import asyncio
from collections.abc import Sequence
from datetime import date
from uuid import uuid4

import pytest

from services.ingest import repository
from services.ingest.history import Feed, fetch_missing
from services.ingest.providers.bundled import BundledProvider
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from tests.integration.statements import noted_statements
from tests.servers import Role

AS_OF = date(2022, 12, 28)
SETTINGS = IngestSettings(history_sessions=70)


def tables_of(asked: Sequence[str], names: Sequence[str]) -> list[list[str]]:
    """Which of the named tables each statement is about."""
    return [[name for name in names if name in statement] for statement in asked]


@pytest.fixture(autouse=True)
def nothing_stored(empty: None) -> None:
    """Each test starts without rows."""


async def test_what_is_stored_takes_one_look_at_each_table(role: Role) -> None:
    files = BundledProvider(SETTINGS.data_directory)
    sources = Sources([files], yields=[files], securities=[files])
    feed = Feed(role("ingest"), sources, SETTINGS)
    first = await fetch_missing(feed, [uuid4()], AS_OF)

    with noted_statements(feed.database) as asked:
        again = await fetch_missing(feed, [uuid4()], AS_OF)
        await asyncio.sleep(0)  # the driver reports at the next turn

    names = ("positions", "daily_prices", "unadjusted", "treasury", "securities", "fetch_log")
    assert tables_of(asked, names) == [
        ["positions"],
        ["daily_prices"],
        ["unadjusted"],
        ["treasury"],
        ["daily_prices", "securities"],
    ]
    assert first == again == []


async def test_runs_without_changes_to_claim_write_nothing(role: Role) -> None:
    database = role("ingest")

    with noted_statements(database) as asked:
        async with database.transaction() as session:
            changes = await repository.claim_changes(session, uuid4(), AS_OF)
        await asyncio.sleep(0)  # the driver reports at the next turn

    assert changes == {}
    assert [statement.split()[0] for statement in asked] == ["SELECT"]
