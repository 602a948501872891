"""Rate sensitivities: units, the joint market, robust errors, holidays and missing yields."""

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from services.factors.calculations.rates import (
    RateSensitivities,
    rate_sensitivities,
    yield_changes,
)
from services.factors.inputs import MATURITIES
from services.factors.tables import RateSensitivity
from shared.arrays import FloatArray
from shared.quant.returns import simple_returns
from shared.rows import rows_of
from tests import panel

DAYS = 253
SERIES = {"3M": "DGS3MO", "2Y": "DGS2", "10Y": "DGS10", "30Y": "DGS30"}


def session_days() -> np.ndarray:
    return np.array([day.toordinal() for day in panel.sessions()[-DAYS:]])


def panel_changes(maturity: str = "10Y") -> FloatArray:
    observed, percents = panel.yields(SERIES[maturity])
    return yield_changes(session_days(), np.array([day.toordinal() for day in observed]), percents)


def panel_returns(*symbols: str) -> FloatArray:
    return simple_returns(panel.closes(*symbols, last=DAYS))


def sensitivities(returns: FloatArray, maturity: str = "10Y") -> RateSensitivities:
    (found,) = rate_sensitivities(
        returns, panel_returns("SPY")[:, 0], {maturity: panel_changes(maturity)}
    )
    return found


def statsmodels_fits(returns: FloatArray, maturity: str) -> list[Any]:
    """statsmodels with its Newey-West covariance, lags by the rule of the docstring, asset by
    asset.
    """
    design = sm.add_constant(np.column_stack([panel_returns("SPY")[:, 0], panel_changes(maturity)]))
    counts = np.isfinite(returns).sum(axis=0)
    return [
        sm.OLS(asset, design, missing="drop").fit(
            cov_type="HAC", cov_kwds={"maxlags": int(4 * (count / 100) ** (2 / 9))}
        )
        for asset, count in zip(returns.T, counts, strict=True)
    ]


def test_known_sensitivity_is_recovered() -> None:
    market, changes = panel_returns("SPY")[:, 0], panel_changes()

    found = sensitivities((0.4 * market - 16.5 * changes)[:, None])

    assert found.betas[0] == pytest.approx(-16.5, abs=1e-8)


def test_hundred_basis_points_are_one_hundredth() -> None:
    changes = yield_changes(np.array([1, 2]), np.array([1, 2]), np.array([3.0, 4.0]))

    assert changes.tolist() == pytest.approx([0.01])


def test_bond_market_holiday_carries_the_yield_forward() -> None:
    changes = yield_changes(np.array([1, 2, 3]), np.array([1, 3]), np.array([3.0, 3.2]))

    assert changes.tolist() == pytest.approx([0.0, 0.002])


def test_yield_before_the_first_session_counts() -> None:
    changes = yield_changes(np.array([5, 6]), np.array([4, 6]), np.array([3.0, 3.1]))

    assert changes.tolist() == pytest.approx([0.001])


def test_long_silence_is_missing_data() -> None:
    changes = yield_changes(np.arange(1, 21), np.array([1, 2]), np.array([3.0, 3.0]))

    assert np.isfinite(changes[:8]).all()
    assert np.isnan(changes[8:]).all()


@pytest.mark.parametrize("maturity", MATURITIES)
@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_sensitivity_and_its_newey_west_error_agree_with_statsmodels(
    maturity: str, gaps: float
) -> None:
    returns = panel_returns("AGG", "JPM", "XLU", "BSV")
    returns[np.random.default_rng(3).random(returns.shape) < gaps] = np.nan

    found = sensitivities(returns, maturity)

    references = statsmodels_fits(returns, maturity)
    np.testing.assert_allclose(found.betas, [r.params[2] for r in references], rtol=1e-8)
    np.testing.assert_allclose(found.standard_errors, [r.bse[2] for r in references], rtol=1e-8)
    np.testing.assert_allclose(found.t_statistics, [r.tvalues[2] for r in references], rtol=1e-8)


def test_each_maturity_is_estimated_separately() -> None:
    changes = {maturity: panel_changes(maturity) for maturity in MATURITIES}
    returns, market = panel_returns("AGG", "JPM"), panel_returns("SPY")[:, 0]

    found = rate_sensitivities(returns, market, changes)

    records = [
        row
        for maturity in found
        for row in rows_of(RateSensitivity, maturity.columns(("AGG", "JPM")))
    ]
    assert [(r["maturity"], r["symbol"]) for r in records] == [
        (maturity, symbol) for maturity in MATURITIES for symbol in ("AGG", "JPM")
    ]
    assert {record["lags"] for record in records} == {4}
    for maturity in found:
        np.testing.assert_array_equal(
            maturity.betas, sensitivities(returns, maturity.maturity).betas
        )


def test_bond_fund_loses_when_yields_rise() -> None:
    found = sensitivities(panel_returns("AGG", "BSV"))

    aggregate, short_term = found.betas
    assert -8.0 < aggregate < -3.0
    assert aggregate < short_term < 0.0


def test_one_missing_maturity_leaves_the_others_alone() -> None:
    silent = yield_changes(session_days(), np.array([], dtype=np.int64), np.array([]))
    market = panel_returns("SPY")[:, 0]

    missing, found = rate_sensitivities(
        panel_returns("AGG"), market, {"30Y": silent, "10Y": panel_changes()}
    )
    (record,) = rows_of(RateSensitivity, missing.columns(("AGG",)))

    assert (record["beta"], record["standard_error"], record["lags"]) == (None, None, None)
    assert record["quality"] == "insufficient"
    assert record["reason"] == "0 common returns of the market and the 30Y yield; 60 are needed"
    assert found.qualities == ("full_history",)
