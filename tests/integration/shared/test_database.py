"""What a transaction sees of others."""

from datetime import date

from sqlalchemy import text

from shared.database import Database, Session
from tests.servers import Role

MONDAY, TUESDAY = date(2022, 12, 26), date(2022, 12, 27)


async def sessions(session: Session) -> int:
    return int(await session.scalar(text("select count(*) from ingest.market_sessions")) or 0)


async def save(database: Database, day: date) -> None:
    async with database.transaction() as session:
        await session.execute(
            text("insert into ingest.market_sessions (session_date) values (:day)"), {"day": day}
        )


async def test_reads_at_one_moment_do_not_see_later_commits(role: Role, admin: Database) -> None:
    ingest = role("ingest")

    async with ingest.at_one_moment().transaction() as still, ingest.transaction() as moving:
        before = await sessions(still), await sessions(moving)
        await save(admin, MONDAY)
        after = await sessions(still), await sessions(moving)

    assert (before, after) == ((0, 0), (0, 1))


async def test_a_moment_lasts_for_one_transaction(role: Role, admin: Database) -> None:
    ingest = role("ingest").at_one_moment()
    await save(admin, MONDAY)

    async with ingest.transaction() as session:
        first = await sessions(session)
    await save(admin, TUESDAY)
    async with ingest.transaction() as session:
        second = await sessions(session)

    assert (first, second) == (1, 2)
