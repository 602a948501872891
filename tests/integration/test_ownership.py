"""A role writes its own schema only and reads others only through published views.

Postgres itself says no.
"""

import itertools

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from deploy.bootstrap import WORDS, published_views
from shared.database import Database
from tests.servers import Role

PAIRS = list(itertools.permutations(WORDS, 2))


async def tables_of(admin: Database, word: str) -> list[str]:
    async with admin.transaction() as session:
        names = text("select tablename from pg_tables where schemaname = :word order by 1")
        return list(await session.scalars(names, {"word": word}))


@pytest.mark.parametrize(("writer", "owner"), PAIRS, ids=[f"{a}-{b}" for a, b in PAIRS])
async def test_role_can_neither_write_nor_read_another_services_tables(
    writer: str, owner: str, role: Role, admin: Database
) -> None:
    tables = await tables_of(admin, owner)

    assert tables
    for table in tables:
        for statement in (
            "select 1 from {}",
            "delete from {}",
            "insert into {} default values",
            "truncate {}",
        ):
            with pytest.raises(ProgrammingError, match="permission denied"):
                async with role(writer).transaction() as session:
                    await session.execute(text(statement.format(f"{owner}.{table}")))


@pytest.mark.parametrize(("reader", "owner"), PAIRS, ids=[f"{a}-{b}" for a, b in PAIRS])
async def test_role_reads_but_never_writes_published_views(
    reader: str, owner: str, role: Role
) -> None:
    for view in published_views(owner):
        async with role(reader).transaction() as session:
            await session.execute(text(f"select * from {owner}.{view.name} limit 1"))
        with pytest.raises(DBAPIError, match=r"permission denied|cannot delete from view"):
            async with role(reader).transaction() as session:
                await session.execute(text(f"delete from {owner}.{view.name}"))


@pytest.mark.parametrize("writer", WORDS)
async def test_role_cannot_create_anything_in_another_schema(writer: str, role: Role) -> None:
    for other in (*(word for word in WORDS if word != writer), "public"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with role(writer).transaction() as session:
                await session.execute(text(f"create table {other}.intruder (x int)"))


@pytest.mark.parametrize("word", WORDS)
async def test_published_views_have_exactly_the_columns_promised(
    word: str, admin: Database
) -> None:
    for view in published_views(word):
        async with admin.transaction() as session:
            columns = text(
                "select column_name from information_schema.columns where table_schema = :word and "
                "table_name = :name"
                " order by ordinal_position"
            )
            found = list(await session.scalars(columns, {"word": word, "name": view.name}))
        assert found == [column.name for column in view.columns]
