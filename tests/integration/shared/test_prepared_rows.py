"""Prepared statements on the driver: what they return, and whose transaction they are part of."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlalchemy import ARRAY, Date, Select, Uuid, select, text
from sqlalchemy.exc import IntegrityError

from services.stress.tables import Calculation
from shared.database import Database, among, changed, prepared, sql_table, tuples
from tests.builders import AS_OF

INSERT = (
    "insert into stress.calculations (portfolio_id, as_of, stage, basis, outcome)"
    " select id, :as_of, 'test', 'b', cast(:outcome as jsonb)"
    " from unnest(cast(:ids as uuid[])) as id"
)
DELETE = "delete from stress.calculations where portfolio_id = any(cast(:ids as uuid[]))"


@prepared(ids=ARRAY(Uuid), day=Date())
def _stored(ids: Sequence[UUID], day: date) -> Select[UUID, dict[str, object] | None]:
    row = sql_table(Calculation).c
    query = select(row.portfolio_id, row.outcome).where(among(row.portfolio_id, ids))
    return query.where(row.as_of == day).order_by(row.portfolio_id)


def a_row(ids: Sequence[UUID], outcome: str | None = '{"a": [1, null]}') -> dict[str, object]:
    return {"ids": list(ids), "as_of": AS_OF, "outcome": outcome}


async def test_rows_are_typed_as_sqlalchemy_types_them(admin: Database) -> None:
    known, unknown = sorted([uuid4(), uuid4()])
    async with admin.transaction() as session:
        assert await changed(session, INSERT, a_row([known])) == 1
        assert await changed(session, INSERT, a_row([unknown], '"text"')) == 1
        found = await tuples(session, *_stored([known, unknown], AS_OF))
        plain = (await session.execute(*_stored([known, unknown], AS_OF))).tuples().all()

    assert [tuple(row) for row in found] == [tuple(row) for row in plain]
    assert [outcome for _, outcome in found] == [{"a": [1, None]}, "text"]


@pytest.mark.parametrize("first", ["select 1", None])
async def test_they_are_part_of_the_transaction_whichever_comes_first(
    admin: Database, first: str | None
) -> None:
    ids = [uuid4()]

    async def broken_off() -> None:
        async with admin.transaction() as session:
            if first:
                await session.execute(text(first))
            await changed(session, INSERT, a_row(ids))
            assert len(await tuples(session, *_stored(ids, AS_OF))) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken_off()
    async with admin.transaction() as session:
        assert await tuples(session, *_stored(ids, AS_OF)) == []


async def test_how_many_rows_changed_is_counted_by_either_way(admin: Database) -> None:
    ids = [uuid4() for _ in range(3)]
    async with admin.transaction() as session:
        by_sqlalchemy = await changed(session, INSERT, a_row(ids))  # the first of the transaction
        by_driver = await changed(session, DELETE, {"ids": ids[:2]})
        left = await changed(session, DELETE, {"ids": ids})
    assert (by_sqlalchemy, by_driver, left) == (3, 2, 1)


@pytest.mark.parametrize("first", ["select 1", None])
async def test_errors_are_those_of_sqlalchemy(admin: Database, first: str | None) -> None:
    ids = [uuid4()] * 2

    async def store_twice() -> None:
        async with admin.transaction() as session:
            if first:
                await changed(session, first, {})
            await changed(session, INSERT, a_row(ids))

    with pytest.raises(IntegrityError, match="duplicate key"):
        await store_twice()


async def test_a_value_that_is_missing_is_an_error_and_not_null(admin: Database) -> None:
    async with admin.transaction() as session:
        with pytest.raises(TypeError, match="no value for \\['as_of', 'outcome'\\]"):
            await changed(session, INSERT, {"ids": [uuid4()]})
