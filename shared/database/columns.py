"""Columns of our own tables, and the conditions every service writes on them."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Interval,
    Select,
    String,
    any_,
    collate,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

from shared.texts import folded

Value = TypeVar("Value")
SECOND = literal_column("interval '1 second'", Interval)  # times a number: so many


def sql_table(model: type[SQLModel]) -> SqlTable:
    """The SQLAlchemy table behind a model."""
    table: SqlTable = model.__table__  # type: ignore[attr-defined]
    return table


def key(kind: Any, *more: Any, **options: Any) -> Any:
    """A column of the primary key."""
    return Field(sa_type=kind, sa_column_args=more, primary_key=True, sa_column_kwargs=options)


def required(kind: Any, *more: Any, **options: Any) -> Any:
    """A column that is never null."""
    return Field(sa_type=kind, sa_column_args=more, nullable=False, sa_column_kwargs=options)


def optional(kind: Any, *more: Any, **options: Any) -> Any:
    """A column that is null when there is nothing to say."""
    return Field(
        default=None,
        sa_type=kind,
        sa_column_args=more,
        nullable=True,
        sa_column_kwargs=options,
    )


def published_columns(model: type[SQLModel], view: SqlTable) -> Select[Any]:
    """The usual definition of a published view: the table's columns of the view's names."""
    return select(*(sql_table(model).c[column.name] for column in view.columns))


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether the column is one of the values, as one array parameter.

    There is no limit on their number, and the statement stays the same, so it stays prepared.
    """
    return column == any_(array_of(values, column.type))


def array_of(values: Iterable[object], kind: TypeEngine[Value]) -> ColumnElement[Sequence[Value]]:
    """The values as one array; the parameter itself where a statement is `prepared`."""
    if isinstance(values, BindParameter):
        return values
    return literal(list(values), ARRAY(kind))


def folded_column(column: ColumnElement[Value]) -> ColumnElement[str]:
    """A column for comparisons without regard to case, with texts that `shared.texts.folded` folds.

    By Postgres' own table of letters, which is the same in every database (17 and newer): `lower`
    alone depends on the locale of the cluster, and in that of the local stack knows ASCII only.
    """
    normal = func.normalize(column, literal_column("NFKC"), type_=String)
    return func.lower(collate(normal, "pg_c_utf8"), type_=String)


def has_part(column: ColumnElement[Value], part: str) -> ColumnElement[bool]:
    """Whether the column contains the text, without regard to case."""
    return folded_column(column).contains(folded(part), autoescape=True)
