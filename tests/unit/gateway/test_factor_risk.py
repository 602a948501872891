"""Shares of risk: the model of parametric VaR, split by factor."""

from decimal import Decimal

import numpy as np
import pytest

from services.gateway.analytics.shapes.factor_risk import deviation_of, risk_shares
from services.snapshots.calculations.parametric import (
    Exposures,
    FactorModel,
    parametric_risk,
)

FACTORS = ("market", "value", "size")
COVARIANCE = np.array([[2.0, -0.3, 0.1], [-0.3, 0.5, 0.05], [0.1, 0.05, 0.8]]) * 1e-4
PAIRS = {
    (one, other): float(COVARIANCE[row, column])
    for row, one in enumerate(FACTORS)
    for column, other in enumerate(FACTORS)
}
BETAS = np.array([[1.2, 0.4, -0.2], [0.8, -0.6, 0.3]])
DOLLARS = np.array([120_000.0, -45_000.0])


def exposures() -> dict[str, float]:
    return dict(zip(FACTORS, (DOLLARS @ BETAS).tolist(), strict=True))


def test_the_split_is_that_of_parametric_var() -> None:
    model = FactorModel(BETAS, COVARIANCE, np.array([1e-4, 2e-4]), 252)
    risk = parametric_risk(Exposures(DOLLARS, np.array([0, 1]), np.abs(DOLLARS)), model)

    found = risk_shares(exposures(), PAIRS, deviation_of(risk.value_at_risk(95)))

    assert found is not None
    share = (risk.factor_deviation / risk.deviation) ** 2
    assert float(found.systematic.share_of_risk) == pytest.approx(share, abs=5e-5)
    assert float(found.total.contribution) == pytest.approx(risk.deviation, abs=0.005)
    specific = risk.specific_deviation**2 / risk.deviation
    assert float(found.specific.contribution) == pytest.approx(specific, abs=0.01)


@pytest.mark.parametrize("deviation", [3_000.0, 4_567.89, 12_345.6])
def test_shares_add_up_to_one_and_dollars_to_the_deviation(deviation: float) -> None:
    found = risk_shares(exposures(), PAIRS, deviation)

    assert found is not None
    parts = (*found.factors.values(), found.specific)
    assert sum(part.share_of_risk for part in parts) == Decimal(1) == found.total.share_of_risk
    assert sum(part.contribution for part in parts) == Decimal(str(deviation))


def test_a_factor_that_offsets_others_has_a_share_below_zero() -> None:
    pairs = {("a", "a"): 1e-4, ("b", "b"): 1e-4, ("a", "b"): 9e-5, ("b", "a"): 9e-5}

    found = risk_shares({"a": 100_000.0, "b": -50_000.0}, pairs, 1_000.0)

    assert found is not None
    assert found.factors["b"].share_of_risk < 0 < found.factors["a"].share_of_risk


def test_risk_of_one_factor_alone_is_that_factors() -> None:
    found = risk_shares({"market": 100_000.0}, {("market", "market"): 1e-4}, 1_000.0)

    assert found is not None
    assert found.factors["market"].share_of_risk == Decimal(1)
    assert found.specific.share_of_risk == Decimal(0)


def test_exposures_of_another_calculation_than_vars_give_no_shares() -> None:
    assert risk_shares({"market": 100_000.0}, {("market", "market"): 1e-4}, 900.0) is None
