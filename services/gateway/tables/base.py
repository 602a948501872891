"""The base of the gateway's tables, and the columns that several of them have."""

from typing import Any

from sqlalchemy import Column, DateTime, ForeignKey, ForeignKeyConstraint, Index, func
from sqlmodel import Field, MetaData, SQLModel

from shared.database import folded_column, sql_table


class Table(SQLModel):
    """The base of the tables of gateway."""

    metadata = MetaData(schema="gateway")


def stamped() -> Any:
    """A column with the moment at which the row was written."""
    now = func.now()
    return Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=False, server_default=now)
    )


def owned_by(column: str) -> ForeignKey:
    """A reference to a row whose deletion deletes this one."""
    return ForeignKey(f"gateway.{column}", ondelete="CASCADE")


def while_shared(table: str) -> ForeignKeyConstraint:
    """A reference of a draft to the share that it depends on, if it does."""
    return ForeignKeyConstraint(
        ["base_id", "shared_with"],
        ["gateway.portfolio_shares.portfolio_id", "gateway.portfolio_shares.user_id"],
        name=f"{table}_share_fkey",
        ondelete="CASCADE",
        use_alter=True,
    )


def unique_name(model: type[SQLModel], index: str) -> None:
    """Index a table's names, unique per user without regard to case."""
    columns = sql_table(model).c
    Index(index, columns.user_id, folded_column(columns.name), unique=True)
