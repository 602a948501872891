"""A CSV folder that changes while ingest runs."""

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from services.ingest.handlers import record_coverage as use_case
from services.ingest.history import coverage
from services.ingest.providers.sources import Sources, configured_sources
from services.ingest.settings import IngestSettings
from shared.database import Database
from tests.servers import Role

HEADER = "symbol,session_date,close\n"
PRICES = f"{HEADER}AAAX,2022-12-27,10\nAAAX,2022-12-28,11\n"
NEW_PRICES = f"{PRICES}ZZZX,2022-12-29,12\n"
SECURITIES = "symbol,kind,name\nZZZX,etf,New Fund\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: None) -> Path:
    """The folder behind the process's providers, looked at without delay."""
    (tmp_path / "prices.csv").write_text(PRICES)
    sources = configured_sources(IngestSettings(csv_directory=tmp_path), reserve=_no_slots)

    def chosen() -> Sources:
        return sources

    monkeypatch.setattr(use_case, "data_sources", chosen)
    monkeypatch.setattr(coverage, "data_sources", chosen)
    monkeypatch.setattr(use_case, "FOLDER_SECONDS", 0.02)
    return tmp_path


def _no_slots(provider: str) -> Any:
    raise AssertionError(f"{provider} needs no slots")


async def recorded(database: Database) -> None:
    async with database.transaction() as session:
        await use_case.record_coverage(session)


async def one(admin: Database, query: str) -> tuple[Any, ...] | None:
    async with admin.transaction() as session:
        row = (await session.execute(text(query))).first()
        return None if row is None else tuple(row)


DAYS = """
    select first_session, last_session from ingest.published_data_providers
    where kind = 'prices' and name = 'csv'
"""


async def test_a_symbol_with_closes_is_known_and_the_folder_has_its_days(
    folder: Path, role: Role, admin: Database
) -> None:
    await recorded(role("ingest"))

    known = await one(admin, "select kind, source from ingest.securities where symbol = 'AAAX'")
    assert known == ("stock", "csv")
    assert await one(admin, DAYS) == (date(2022, 12, 27), date(2022, 12, 28))


def add_closes(folder: Path) -> None:
    (folder / "prices.csv").write_text(NEW_PRICES)


def add_security(folder: Path) -> None:
    (folder / "securities.csv").write_text(SECURITIES)


def replace_by_both(folder: Path) -> None:
    (folder / "new").write_text(NEW_PRICES)
    (folder / "new").replace(folder / "prices.csv")
    add_security(folder)


@pytest.mark.parametrize("change", [add_closes, add_security, replace_by_both])
async def test_a_new_symbol_is_known_without_a_restart(
    change: Callable[[Path], None], folder: Path, role: Role, admin: Database
) -> None:
    await recorded(role("ingest"))
    runtime: Any = SimpleNamespace(database=role("ingest"))
    watching = asyncio.create_task(use_case.watch_folder(runtime))
    query = "select symbol from ingest.published_securities where symbol = 'ZZZX'"
    await asyncio.sleep(0.1)
    assert await one(admin, query) is None

    change(folder)

    async with asyncio.timeout(10):
        while await one(admin, query) is None:
            assert not watching.done()
            await asyncio.sleep(0.02)
    watching.cancel()
    if change is not add_security:
        assert await one(admin, DAYS) == (date(2022, 12, 27), date(2022, 12, 29))


@pytest.mark.parametrize("file", ["securities.csv", "prices.csv"])
async def test_a_file_with_an_error_hides_no_other(
    file: str, folder: Path, role: Role, admin: Database
) -> None:
    (folder / file).write_text("symbol,kind\nNOT A SYMBOL!,etf\n")

    await recorded(role("ingest"))

    known = await one(admin, "select 1 from ingest.securities where symbol = 'AAAX'")
    assert known == (None if file == "prices.csv" else (1,))
    assert await one(admin, "select 1 from ingest.securities where symbol = 'AAPL'") == (1,)
