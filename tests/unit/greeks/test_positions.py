"""Position Greeks are unit Greeks times what is held."""

import numpy as np

from services.greeks.calculations.positions import scaled


def test_short_position_turns_every_sign() -> None:
    unit = np.array([[0.6, 0.02, -0.01, 0.3, 0.2]])

    short = scaled(unit, np.array([-3.0]), np.array([100.0]))

    np.testing.assert_allclose(short, [[-180.0, -6.0, 3.0, -90.0, -60.0]])


def test_a_spread_of_the_same_contract_cancels() -> None:
    unit = np.tile([0.6, 0.02, -0.01, 0.3, 0.2], (2, 1))

    held = scaled(unit, np.array([5.0, -5.0]), np.array([100.0, 100.0]))

    np.testing.assert_array_equal(held.sum(axis=0), 0.0)


def test_unknown_greeks_stay_unknown() -> None:
    held = scaled(np.full((1, 5), np.nan), np.array([2.0]), np.array([100.0]))

    assert np.isnan(held).all()


def test_no_positions_have_no_greeks() -> None:
    assert scaled(np.empty((0, 5)), np.empty(0), np.empty(0)).shape == (0, 5)
