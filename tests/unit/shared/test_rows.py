"""Columns become rows, every value as its column stores it."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

import numpy as np
import pytest
from sqlalchemy import Date, Double, Integer, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import MetaData, SQLModel

from shared.database import key, optional
from shared.rows import columns_of, rows_of


class Result(SQLModel, table=True):
    """A table with one column of every kind that results have."""

    metadata: ClassVar[MetaData] = MetaData()
    __tablename__: ClassVar[str] = "result"

    place: int = key(Integer)
    as_of: date = key(Date)
    pnl: Decimal | None = optional(Numeric(20, 2))
    beta: float | None = optional(Double)
    details: dict[str, float] | None = optional(JSONB)


def test_money_is_rounded_to_the_scale_of_its_column() -> None:
    rows = rows_of(Result, {"pnl": np.array([1.005, -2.344999, np.nan])})

    assert [row["pnl"] for row in rows] == [Decimal("1.00"), Decimal("-2.34"), None]


def test_decimals_are_stored_as_they_are() -> None:
    assert rows_of(Result, {"pnl": [Decimal("1.23456")]}) == [{"pnl": Decimal("1.23456")}]


def test_numbers_that_are_not_finite_become_null() -> None:
    rows = rows_of(Result, {"beta": np.array([0.5, np.nan, np.inf])})

    assert [row["beta"] for row in rows] == [0.5, None, None]


def test_infinity_is_no_amount_of_money() -> None:
    assert rows_of(Result, {"pnl": [np.inf, -np.inf]}) == [{"pnl": None}, {"pnl": None}]


def test_numbers_of_numpy_become_plain_ones() -> None:
    rows = rows_of(Result, {"place": [np.int64(7)], "beta": [np.float32("nan")]})

    assert rows == [{"place": 7, "beta": None}]
    assert type(rows[0]["place"]) is int


def test_documents_become_text_and_refuse_nan() -> None:
    assert rows_of(Result, {"details": [{"a": 1.5}, None]}) == [
        {"details": '{"a": 1.5}'},
        {"details": None},
    ]
    with pytest.raises(ValueError, match="not JSON compliant"):
        rows_of(Result, {"details": [{"a": np.nan}]})


def test_shared_values_stand_in_every_row() -> None:
    rows = rows_of(Result, {"place": np.arange(2)}, as_of=date(2022, 12, 28))

    assert rows == [{"as_of": date(2022, 12, 28), "place": place} for place in (0, 1)]


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        rows_of(Result, {"place": [1, 2], "beta": [0.5]})


def test_no_results_are_columns_without_entries() -> None:
    from services.greeks.inputs import Close

    assert columns_of([], Close) == {"price": [], "session_date": []}
