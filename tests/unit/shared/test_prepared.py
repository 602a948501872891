"""A prepared statement is built once, and executed with the values of each call."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Date, Select, Uuid, select

from shared.database import among, prepared
from shared.published.gateway import positions

DAY = date(2022, 12, 28)
built: list[date] = []


@prepared(portfolio_ids=ARRAY(Uuid), day=Date())
def held(portfolio_ids: Sequence[UUID], day: date) -> Select[UUID]:
    built.append(day)
    row = positions.c
    return select(row.position_id).where(among(row.portfolio_id, portfolio_ids), row.expiry == day)


def test_a_statement_is_built_once_for_all_values() -> None:
    built.clear()
    first, _ = held([uuid4()], DAY)
    second, _ = held([uuid4(), uuid4()], date(2022, 12, 27))
    assert first is second
    assert len(built) <= 1


def test_values_go_with_the_statement_by_the_names_of_the_arguments() -> None:
    ids = [uuid4()]
    statement, values = held(ids, day=DAY)
    assert values == {"portfolio_ids": ids, "day": DAY}
    compiled = statement.compile()
    assert set(compiled.params) == set(values)
