"""Columns of results as rows of a table, every value as its column stores it."""

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Double, Numeric, Table
from sqlalchemy.dialects.postgresql import JSONB

Columns = Mapping[str, Any]  # by name: arrays or lists, one value per row
Scope = Mapping[str, list[Any]]


def rows_of(table: Table, columns: Columns) -> list[dict[str, Any]]:
    """One mapping per row, every value as its column stores it."""
    stored = {name: _stored(table.c[name], values) for name, values in columns.items()}
    return [dict(zip(stored, values, strict=True)) for values in zip(*stored.values(), strict=True)]


def _stored(column: Column[Any], values: Any) -> list[Any]:
    plain = values.tolist() if hasattr(values, "tolist") else values
    convert = _CONVERSIONS.get(type(column.type))
    return plain if convert is None else [convert(value) for value in plain]


def _money(value: float) -> Decimal | None:
    """Six decimals, rounded here and nowhere else; None for NaN."""
    return None if math.isnan(value) else Decimal(f"{value:.6f}")


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _json(value: Any) -> str:
    return json.dumps(_rounded(value))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return round(value, 6) if isinstance(value, float) else value


_CONVERSIONS: Mapping[type, Callable[[Any], Any]] = {Numeric: _money, Double: _number, JSONB: _json}
