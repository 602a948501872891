"""P&L by factor: parts that add up to the cent, gaps, and what is not known."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from services.snapshots.calculations.attribution import attributed_pnl, summed_returns

DAYS = [date(2022, 12, day) for day in (12, 13, 14, 15, 16)]
dollars = st.floats(-1e7, 1e7, width=32)


@given(
    arrays.arrays(np.float64, (4, 7), elements=dollars),
    arrays.arrays(np.float64, (4, 7), elements=st.floats(-0.1, 0.1)),
    arrays.arrays(np.float64, (4, 3), elements=dollars),
    st.lists(dollars, min_size=4, max_size=4),
)
def test_factors_causes_and_specific_add_up_to_the_pnl(
    exposures: Any, returns: Any, causes: Any, pnl: list[float]
) -> None:
    total = np.round(np.array(pnl), 6)

    found = attributed_pnl(total, causes, exposures, returns)

    parts = found.factors.sum(axis=1) + found.causes.sum(axis=1) + found.specific
    assert parts == pytest.approx(total, abs=1e-6)


def test_worked_example() -> None:
    # 100,000 of market at +1 % and 20,000 of value at -0.5 % explain 900 of a P&L of 850.
    # 30 of dividends less 5 of fees are apart, and 20 were lost by a trade away from the close.
    found = attributed_pnl(
        np.array([850.0]),
        np.array([[30.0, -5.0, -20.0]]),
        np.array([[1e5, 2e4]]),
        np.array([[0.01, -0.005]]),
    )

    assert found.factors.tolist() == [[1000.0, -100.0]]
    assert found.causes.tolist() == [[30.0, -5.0, -20.0]]
    assert found.specific.tolist() == [-55.0]
    assert found.reason.tolist() == [None]


def test_unknown_inputs_make_factors_unknown_and_the_first_cause_is_given() -> None:
    known, unknown = [1.0, 1.0], [1.0, np.nan]

    found = attributed_pnl(
        np.array([np.nan, 5.0, 5.0]),
        np.array([[0.0], [1.0], [2.0]]),
        np.array([unknown, unknown, known]),
        np.array([known, known, unknown]),
    )

    assert np.isnan(found.factors).all()
    assert np.isnan(found.specific).all()
    assert found.causes.ravel().tolist() == pytest.approx([np.nan, 1.0, 2.0], nan_ok=True)
    assert found.reason.tolist() == [
        "the first snapshot has no P&L",
        "no factor exposures at the previous snapshot",
        "no factor returns since the previous snapshot",
    ]


def test_returns_over_a_gap_are_those_of_its_sessions_together() -> None:
    returns = np.array([[0.01], [0.02], [0.04], [0.08], [0.16]])

    found = summed_returns(DAYS, returns, [(DAYS[0], DAYS[1]), (DAYS[1], DAYS[4]), (None, DAYS[2])])

    assert found[:2, 0].tolist() == pytest.approx([0.02, 0.28])
    assert np.isnan(found[2, 0])


def test_return_over_a_session_without_one_is_unknown() -> None:
    returns = np.array([[0.01], [np.nan], [0.04], [0.08], [0.16]])

    found = summed_returns(DAYS, returns, [(DAYS[0], DAYS[2]), (DAYS[1], DAYS[2])])

    assert np.isnan(found[0, 0])
    assert found[1, 0] == 0.04
