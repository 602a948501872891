"""Results as rows of a table: every value as its column stores it, rounded only here."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Column, Double, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from shared.arrays import Columns, Values
from shared.database import sql_table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = dict[str, object]
Scope = Mapping[str, Sequence[object]]  # by column: the values whose rows a merge replaces


def rows_of(model: type[SQLModel], columns: Columns, **same: object) -> list[Row]:
    """One row per entry of the `columns`; `same` holds the values that all rows share.

    Numeric columns get decimals of the column's scale, Double columns null for NaN and infinity,
    JSONB columns text. Raises `ValueError` when the columns differ in length.
    """
    table = sql_table(model).c
    stored = {name: _stored(table[name], values) for name, values in columns.items()}
    shared = {name: _stored(table[name], [value])[0] for name, value in same.items()}
    entries = zip(*stored.values(), strict=True)
    return [shared | dict(zip(stored, values, strict=True)) for values in entries]


def columns_of(results: Iterable["DataclassInstance"], kind: "type[DataclassInstance]") -> Columns:
    """The fields of results of one dataclass as columns, in its order."""
    listed = list(results)
    return {field.name: [getattr(each, field.name) for each in listed] for field in fields(kind)}


def decimal_of(number: float, decimals: int) -> Decimal | None:
    """The number with so many decimals; None for NaN and infinity, which no column can store."""
    return Decimal(f"{number:.{decimals}f}") if math.isfinite(number) else None


def finite_or_none(number: float | None) -> float | None:
    """The number itself; None for NaN and infinity."""
    return number if number is not None and math.isfinite(number) else None


def _stored(column: Column[object], values: Values) -> list[object]:
    listed = values.tolist() if isinstance(values, np.ndarray) else values
    plain = [value.item() if isinstance(value, np.generic) else value for value in listed]
    convert = _conversion(column)
    return plain if convert is None else [convert(value) for value in plain]


def _conversion(column: Column[object]) -> Callable[[object], object] | None:
    kind = column.type
    if isinstance(kind, Double):
        return _as_double
    if isinstance(kind, Numeric):
        scale = kind.scale or 0
        return lambda value: decimal_of(value, scale) if isinstance(value, float) else value
    return _as_json if isinstance(kind, JSONB) else None


def _as_double(value: object) -> object:
    return finite_or_none(value) if isinstance(value, float) else value


def _as_json(value: object) -> str | None:
    return None if value is None else json.dumps(value, allow_nan=False)
