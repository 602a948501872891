"""Answers of many rows, written as JSON by Postgres, by the fields of the model they document.

Making an object of every row, validating each of its values and writing them again is most of what
a large answer costs. Postgres writes the rows of a list as they leave it; the rest of the answer is
small, and is validated as ever. Tests validate what was written by the whole model.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import to_json
from sqlalchemy import (
    ColumnElement,
    Double,
    FromClause,
    Integer,
    Numeric,
    Select,
    Text,
    cast,
    func,
    literal_column,
    select,
)
from starlette.responses import Response

from services.gateway.edge.shapes import MOST_DECIMALS
from services.gateway.edge.values import FEWER_DECIMALS_FROM, Rounded

WRITTEN = "written"
# constants of statements, which are no parameters of theirs
_OPENED, _COMMA, _CLOSED = (literal_column(f"'{each}'", Text) for each in "[,]")
_POWERS: ColumnElement[Any] = literal_column(
    f"'{{{','.join(map(repr, FEWER_DECIMALS_FROM))}}}'::float8[]"
)


class Written(bytes):
    """A part of an answer, or the whole, as JSON."""


def written(model: type[BaseModel], content: Mapping[str, object]) -> Written:
    """The JSON of a model: each field's value validated and written, or as it is `Written`.

    A field that has a default may be missing. Raises `ValidationError` like the model.
    """
    parts = [
        name + _part(field, content.get(key, default))
        for key, (name, field, default) in _fields(model).items()
    ]
    return Written(b"{" + b",".join(parts) + b"}")


def _part(field: TypeAdapter[Any], value: object) -> bytes:
    if isinstance(value, Written):
        return value
    return field.dump_json(field.validate_python(value))


@cache
def _fields(model: type[BaseModel]) -> Mapping[str, tuple[bytes, TypeAdapter[Any], object]]:
    return {
        name: (f'"{name}":'.encode(), TypeAdapter(_type_of(field)), field.get_default())
        for name, field in model.model_fields.items()
    }


def _type_of(field: FieldInfo) -> Any:
    kind = field.annotation
    return Annotated[kind, *field.metadata] if field.metadata else kind


def rows_written(rows: Sequence[Mapping[str, object]]) -> Written:
    """Rows that have the fields of a model, in its order and rounded."""
    return Written(to_json(rows))


def json_rows(model: type[BaseModel], rows: FromClause) -> Select[str]:
    """One text, `written`: the rows in their order as a list of the model's objects.

    `rows` has a column for every field of the model. Numbers are rounded as the model's types are,
    half away from zero, of the digits that they are written with.
    """
    shown = [_shown(rows.c[name], field).label(name) for name, field in model.model_fields.items()]
    each = select(*shown).select_from(rows).subquery("each_row")
    objects = func.string_agg(cast(func.row_to_json(each.table_valued()), Text), _COMMA)
    return select(func.concat(_OPENED, objects, _CLOSED).label(WRITTEN))


def rounded(column: ColumnElement[Any], decimals: int | None) -> ColumnElement[Any]:
    """A number with so many decimals; None: with those of a Greek."""
    exact = column
    if isinstance(column.type, Double):
        exact = cast(cast(column, Text), Numeric)
    if decimals is None:
        place = func.width_bucket(func.abs(cast(column, Double)), _POWERS, type_=Integer)
        places = literal_column(str(MOST_DECIMALS), Integer) - place
    else:
        places = literal_column(str(decimals), Integer)
    return func.trim_scale(func.round(exact, places), type_=Numeric)


def _shown(column: ColumnElement[Any], field: FieldInfo) -> ColumnElement[Any]:
    kinds = (field.annotation, *field.metadata)
    marks = [each for kind in kinds for each in _marks(kind)]
    return rounded(column, marks[0].decimals) if marks else column


def _marks(kind: object) -> Iterator[Rounded]:
    if isinstance(kind, Rounded):
        yield kind
    for each in get_args(kind):
        yield from _marks(each)


def text_of(rows: Sequence[Mapping[str, Any]]) -> Written:
    """What a statement of `json_rows` has returned."""
    text: str = rows[0][WRITTEN]
    return Written(text.encode())


def as_json(answer: Written) -> Response:
    """An answer that is written already."""
    return Response(answer, media_type="application/json")
