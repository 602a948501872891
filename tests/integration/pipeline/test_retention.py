"""Details of old sessions go, and no published number of the kept ones moves.

What is run again.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from services.factors import tables as factors
from services.greeks import tables as greeks
from services.snapshots import tables as snapshots
from services.stress import tables as stress
from shared.calendar import sessions
from shared.database import Database
from shared.retention import prune
from tests.builders import AS_OF, a_mixed_book, a_position, save_positions
from tests.emptying import empty_all
from tests.pipeline import Pipeline, content_hash, forget_calculations, running_pipeline
from tests.servers import Role, Servers

Lines = dict[str, list[str]]
SERVICES: tuple[Any, ...] = (greeks, factors, snapshots, stress)
DAYS = sessions(date(2022, 12, 20), AS_OF)
RETENTION = 6  # calendar days: the three sessions from December 22 on
KEPT = [day for day in DAYS if (AS_OF - day).days <= RETENTION]
OLD = DAYS[1]


@pytest.fixture(scope="module", autouse=True)
async def empty(admin: Database, bus: Client) -> None:
    """Once for all tests: what each leaves is what it found."""
    await empty_all(admin, bus)


@pytest.fixture(scope="module")
async def pipeline(servers: Servers, admin: Database, empty: None) -> AsyncIterator[Pipeline]:
    """Every service at work, for all tests."""
    async with running_pipeline(servers, admin) as running:
        yield running


@pytest.fixture(scope="module")
async def book(admin: Database, empty: None) -> UUID:
    """A long, a short, options, an entry and an exit."""
    portfolio = await a_mixed_book(admin)
    await save_positions(
        admin,
        a_position(portfolio, "MSFT", 30, 240, DAYS[3]),
        a_position(portfolio, "JPM", 20, 130, exit_date=DAYS[1], exit_price=Decimal(132)),
        a_position(portfolio, "MSFT230317P00230000", -1, 9.5),
    )
    return portfolio


async def prune_all(role: Role) -> dict[str, int]:
    removed: dict[str, int] = {}
    for service in SERVICES:
        removed |= await prune(role(service.Table.metadata.schema), service.DETAILS, RETENTION)
    return removed


async def read(admin: Database, since: date) -> Lines:
    """Every row of the sessions from `since` on, as other services and the gateway read them, by
    view.
    """
    found = {}
    async with admin.transaction() as session:
        for service in SERVICES:
            schema = service.Table.metadata.schema
            for view in service.PUBLISHED:
                dated = "as_of" in view.c
                columns = ", ".join(
                    column.name for column in view.columns if column.name != "price_run"
                )
                statement = f"select ({columns})::text from {schema}.{view.name}"
                rows = text(statement + (" where as_of >= :since" if dated else ""))
                lines = await session.scalars(rows, {"since": since} if dated else {})
                found[view.name] = sorted(lines)
    return found


@dataclass(frozen=True)
class Pruned:
    """What there was to read before the details were pruned, and what all tables hold since."""

    whole: Lines
    kept: Lines
    hashes_of_whole: dict[str, str]
    removed: dict[str, int]
    hashes: dict[str, str]


@pytest.fixture(scope="module")
async def pruned(pipeline: Pipeline, book: UUID, admin: Database, role: Role) -> Pruned:
    """The sessions, run once and pruned."""
    await pipeline.run(DAYS)
    return Pruned(
        whole=await read(admin, since=DAYS[0]),
        kept=await read(admin, since=KEPT[0]),
        hashes_of_whole=await content_hash(admin),
        removed=await prune_all(role),
        hashes=await content_hash(admin),
    )


async def test_report_of_every_kept_session_is_the_same_after_pruning(
    pruned: Pruned, admin: Database
) -> None:
    details = {"position_pnl", "position_valuations", "position_greeks", "risk_metrics"}

    assert details <= set(pruned.removed)
    assert await read(admin, since=KEPT[0]) == pruned.kept


async def test_sessions_run_again_after_pruning_come_out_the_same(
    pipeline: Pipeline, pruned: Pruned, admin: Database
) -> None:
    await forget_calculations(admin)

    await pipeline.run(KEPT[::-1])

    assert await read(admin, since=KEPT[0]) == pruned.kept
    assert await content_hash(admin) == pruned.hashes


async def test_old_session_run_again_works_and_is_pruned_again(
    pipeline: Pipeline, pruned: Pruned, admin: Database, role: Role
) -> None:
    await pipeline.run([OLD])

    again = await read(admin, since=DAYS[0])
    own = f",{OLD},"
    for view in (
        "published_position_valuations",
        "published_portfolio_snapshots",
        "published_position_greeks",
    ):
        assert [line for line in again[view] if own in line] == [
            line for line in pruned.whole[view] if own in line
        ]
    await prune_all(role)
    assert await content_hash(admin) == pruned.hashes


async def test_pruned_sessions_run_again_restore_every_row(
    pipeline: Pipeline, pruned: Pruned, admin: Database, role: Role
) -> None:
    await prune_all(role)

    await pipeline.run(DAYS)

    restored = await content_hash(admin)
    await prune_all(role)
    assert restored == pruned.hashes_of_whole
