"""The rate at expiry: interpolation, the flat ends, the compounding."""

import math
from datetime import date

import numpy as np
import pytest

from services.greeks.calculations.rates import continuous_rates
from services.greeks.inputs import TreasuryCurve


def a_curve(*points: tuple[float, float]) -> TreasuryCurve:
    maturities, yields = np.array(points, dtype=float).T
    return TreasuryCurve(date(2022, 12, 28), maturities, yields)


def test_four_percent_twice_a_year_is_396_continuous() -> None:
    """2 ln(1.02) = 0.0396053."""
    rate = continuous_rates(a_curve((1.0, 4.0)), np.array([1.0]))

    assert rate[0] == pytest.approx(0.0396053, abs=5e-8)


def test_continuous_rate_grows_money_like_two_coupons() -> None:
    rate = continuous_rates(a_curve((1.0, 5.0)), np.array([1.0]))[0]

    assert math.exp(rate) == pytest.approx(1.025**2, rel=1e-12)


def test_yields_are_interpolated_before_conversion() -> None:
    curve = a_curve((1.0, 4.0), (2.0, 5.0))

    rate = continuous_rates(curve, np.array([1.25]))[0]

    assert rate == pytest.approx(2.0 * math.log(1.0 + 4.25 / 200.0), rel=1e-12)


def test_curve_is_flat_beyond_both_ends() -> None:
    curve = a_curve((0.25, 3.0), (10.0, 4.0))

    rates = continuous_rates(curve, np.array([0.0, 0.25, 10.0, 50.0]))

    assert rates[0] == rates[1]
    assert rates[2] == rates[3]


def test_negative_yield_gives_negative_rate() -> None:
    assert continuous_rates(a_curve((1.0, -0.5)), np.array([1.0]))[0] < 0.0
