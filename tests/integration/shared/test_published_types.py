"""What a view publishes has the type that its readers are promised."""

import pytest
from sqlalchemy import Numeric, Table, text

from shared.database import Database
from shared.published import gateway, snapshots

VIEWS = {
    f"{table.schema}.{table.name}": table
    for room in (gateway, snapshots)
    for table in vars(room).values()
    if isinstance(table, Table) and table.schema == room.__name__.rpartition(".")[2]
}


@pytest.mark.parametrize("name", sorted(VIEWS))
async def test_numbers_of_a_view_have_the_declared_scale(admin: Database, name: str) -> None:
    view = VIEWS[name]
    declared = {
        column.name: (column.type.precision, column.type.scale)
        for column in view.columns
        if type(column.type) is Numeric
    }
    query = text(
        "select column_name, numeric_precision, numeric_scale from information_schema.columns "
        "where table_schema = :schema and table_name = :name and data_type = 'numeric'"
    )

    async with admin.transaction() as session:
        found = await session.execute(query, {"schema": view.schema, "name": view.name})

    assert {column: (precision, scale) for column, precision, scale in found} == declared
