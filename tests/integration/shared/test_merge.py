"""Merging rows into real tables."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from asyncpg.exceptions import PostgresError, UniqueViolationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.ingest.tables import MarketSession, TreasuryYield
from services.stress.tables import StressResult
from shared.database import MOST_VALUES, Database, Session, append, merge, upserts
from tests.builders import a_yield

MONDAY, TUESDAY = date(2022, 12, 19), date(2022, 12, 20)


async def rows(session: Session) -> list[tuple[Any, ...]]:
    found = await session.execute(
        text(
            "select maturity, observation_date, yield_percent from ingest.treasury_yields order by "
            "1, 2"
        )
    )
    return [tuple(row) for row in found]


async def test_merge_inserts_updates_and_leaves_equal_rows_alone(admin: Database) -> None:
    async with admin.transaction() as session:
        first = await merge(
            session, TreasuryYield, [a_yield("10Y", MONDAY, 3.5), a_yield("10Y", TUESDAY, 3.6)]
        )
        again = await merge(
            session, TreasuryYield, [a_yield("10Y", MONDAY, 3.5), a_yield("10Y", TUESDAY, 3.7)]
        )
        stored = await rows(session)

    assert (first, again) == (2, 1)
    assert stored == [("10Y", MONDAY, 3.5), ("10Y", TUESDAY, 3.7)]


async def test_merge_within_a_scope_removes_what_is_gone(admin: Database) -> None:
    async with admin.transaction() as session:
        await merge(
            session,
            TreasuryYield,
            [a_yield("10Y", MONDAY, 3.5), a_yield("2Y", MONDAY, 4.0), a_yield("2Y", TUESDAY, 4.1)],
        )

        await merge(
            session,
            TreasuryYield,
            [a_yield("10Y", MONDAY, 3.5)],
            within={"observation_date": MONDAY},
        )
        stored = await rows(session)

    assert stored == [("10Y", MONDAY, 3.5), ("2Y", TUESDAY, 4.1)]


async def test_merge_of_nothing_empties_the_scope(admin: Database) -> None:
    async with admin.transaction() as session:
        await merge(
            session, TreasuryYield, [a_yield("10Y", MONDAY, 3.5), a_yield("2Y", TUESDAY, 4.1)]
        )

        changed = await merge(session, TreasuryYield, [], within={"maturity": ["10Y", "5Y"]})
        stored = await rows(session)

    assert changed == 1
    assert stored == [("2Y", TUESDAY, 4.1)]


@pytest.mark.parametrize("copied", [False, True], ids=["sent beside the statement", "copied"])
async def test_few_rows_and_many_are_merged_alike(
    copied: bool, admin: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if copied:
        monkeypatch.setattr(upserts, "MOST_VALUES", 1)
    warnings = [{"code": "a", "about": ['"quoted", {}\\']}]
    owner, now = uuid4(), datetime(2022, 12, 28, 21, 0, tzinfo=UTC)
    before = [a_result(owner, TUESDAY, "gone"), a_result(owner, MONDAY, "other session")]
    rows = [
        a_result(owner, TUESDAY, name, warnings=json.dumps(warnings)) for name in ("b", "a", "é ☃")
    ]

    async with admin.transaction() as session:
        await merge(session, StressResult, before)
        changed = [
            await merge(session, StressResult, rows, within={"as_of": TUESDAY}) for _ in range(2)
        ]
        stored = text(
            "select scenario_id, total_pnl, coverage, warnings from stress.stress_results order by "
            "1"
        )
        found = [tuple(row) for row in await session.execute(stored)]
        await merge(
            session, MarketSession, [{"session_date": MONDAY, "revision": 1, "announced_at": now}]
        )
        assert await session.scalar(text("select announced_at from ingest.market_sessions")) == now

    assert changed == [4, 0]
    kept: list[tuple[object, ...]] = [("other session", Decimal("1.25"), None, [])]
    assert sorted(found, key=str) == sorted(
        kept + [(name, Decimal("1.25"), None, warnings) for name in ("a", "b", "é ☃")], key=str
    )


@pytest.mark.parametrize("rows", [1, MOST_VALUES])
async def test_text_longer_than_its_column_is_refused_and_not_cut(
    rows: int, admin: Database
) -> None:
    long = [
        a_yield("10Y", MONDAY + timedelta(days=day), 3.5) | {"source": "x" * 41}
        for day in range(rows)
    ]

    with pytest.raises((DBAPIError, PostgresError), match="too long"):
        async with admin.transaction() as session:
            await merge(session, TreasuryYield, long)


@pytest.mark.parametrize("copied", [False, True])
async def test_key_named_twice_is_refused(
    copied: bool, admin: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if copied:
        monkeypatch.setattr(upserts, "MOST_VALUES", 1)

    with pytest.raises(DBAPIError, match="second time"):
        async with admin.transaction() as session:
            await merge(
                session, TreasuryYield, [a_yield("10Y", MONDAY, 3.5), a_yield("10Y", MONDAY, 3.6)]
            )


def a_result(
    portfolio_id: UUID, as_of: date, scenario_id: str, warnings: str = "[]"
) -> dict[str, Any]:
    """A row of stress.stress_results."""
    key = {
        "portfolio_id": portfolio_id,
        "as_of": as_of,
        "scenario_id": scenario_id,
        "method": "direct",
    }
    amounts = {"total_pnl": Decimal("1.25"), "nonlinear": None, "coverage": None}
    documents = {"factor_impacts": "{}", "effective_shocks": "{}", "warnings": warnings}
    return {**key, **amounts, **documents, "option_valuation": "full"}


async def test_appended_rows_are_there_and_never_replace(admin: Database) -> None:
    async with admin.transaction() as session:
        await append(
            session, TreasuryYield, [a_yield("10Y", MONDAY, 3.5), a_yield("2Y", MONDAY, 4.0)]
        )
        await append(session, TreasuryYield, [])

    with pytest.raises(UniqueViolationError):
        async with admin.transaction() as session:
            await append(
                session, TreasuryYield, [a_yield("30Y", MONDAY, 4.0), a_yield("10Y", MONDAY, 9.9)]
            )

    async with admin.transaction() as session:
        assert await rows(session) == [("10Y", MONDAY, 3.5), ("2Y", MONDAY, 4.0)]
