"""How concentrated a book is, by hand and at the limits."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.snapshots.calculations.concentration import (
    Concentration,
    concentration,
    concentration_metrics,
)
from services.snapshots.calculations.snapshot import Snapshots
from tests.unit.snapshots.builders import Holding, Market, closes, snapshot

values = st.lists(
    st.floats(-1e6, 1e6).filter(lambda value: abs(value) > 1), min_size=1, max_size=30
)


def found(values: list[float]) -> Concentration:
    result = concentration(np.array(values))
    assert result is not None
    return result


def test_equal_instruments_have_an_index_of_one_over_their_number() -> None:
    assert astuple(found([100.0] * 20)) == pytest.approx((0.05, 0.15, 0.5))


def test_one_instrument_is_everything() -> None:
    assert found([-5000.0]) == Concentration(1.0, 1.0, 1.0)


def test_worked_example() -> None:
    # Weights 50, 30, 10, 10 %: 0.25 + 0.09 + 0.01 + 0.01.
    assert found([50.0, -30.0, 10.0, 10.0, np.nan]).hhi == pytest.approx(0.36)
    assert found([50.0, -30.0, 10.0, 10.0]).top_3_weight == pytest.approx(0.9)


@given(values)
def test_index_lies_between_one_over_n_and_one(held: list[float]) -> None:
    result = found(held)

    assert 1 / len(held) - 1e-12 <= result.hhi <= 1 + 1e-12
    assert result.top_3_weight <= result.top_10_weight <= 1 + 1e-12


def test_nothing_of_value_is_null_with_a_reason() -> None:
    assert concentration(np.array([0.0, np.nan])) is None
    assert {(metric.value, metric.reason) for metric in concentration_metrics("longs", None)} == {
        (None, "no position with a value")
    }


def taken(*holdings: Holding) -> Snapshots:
    prices = {**closes(tuesday=90, wednesday=100), **closes("GE", tuesday=45, wednesday=50)}
    return snapshot(list(holdings), Market(prices))


def test_lots_of_one_instrument_count_as_one() -> None:
    (views,) = taken(
        Holding(quantity=60), Holding(quantity=40), Holding("GE", quantity=-200)
    ).concentrations

    assert views["portfolio"] == Concentration(0.5, 1.0, 1.0)
    assert views["longs"] == Concentration(1.0, 1.0, 1.0)
    assert views["shorts"] == Concentration(1.0, 1.0, 1.0)


def test_view_without_positions_has_no_concentration() -> None:
    (views,) = taken(Holding()).concentrations

    assert (views["shorts"], views["longs"]) == (None, Concentration(1.0, 1.0, 1.0))
