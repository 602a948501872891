"""COPY-and-merge against a real table."""

from datetime import date
from typing import Any

from sqlalchemy import text

from services.ingest.tables import TreasuryYield
from shared.database import Database, Session, merge
from tests.builders import a_yield

MONDAY, TUESDAY = date(2022, 12, 19), date(2022, 12, 20)


async def rows(session: Session) -> list[tuple[Any, ...]]:
    found = await session.execute(
        text("select maturity, observation_date, yield_percent from ingest.treasury_yields order by 1, 2")
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
            session, TreasuryYield, [a_yield("10Y", MONDAY, 3.5)], within={"observation_date": MONDAY}
        )
        stored = await rows(session)

    assert stored == [("10Y", MONDAY, 3.5), ("2Y", TUESDAY, 4.1)]


async def test_merge_of_nothing_empties_the_scope(admin: Database) -> None:
    async with admin.transaction() as session:
        await merge(session, TreasuryYield, [a_yield("10Y", MONDAY, 3.5), a_yield("2Y", TUESDAY, 4.1)])

        changed = await merge(session, TreasuryYield, [], within={"maturity": ["10Y", "5Y"]})
        stored = await rows(session)

    assert changed == 1
    assert stored == [("2Y", TUESDAY, 4.1)]
