"""Rate sensitivities: units, the joint market, holidays and missing yields."""

import numpy as np
import pytest
import statsmodels.api as sm

from services.factors.calculations.rates import rate_sensitivities, yield_changes
from shared.quant.returns import FloatArray, simple_returns
from tests import panel

DAYS = 253


def session_days() -> np.ndarray:
    return np.array([day.toordinal() for day in panel.sessions()[-DAYS:]])


def panel_changes() -> FloatArray:
    observed, percents = panel.yields("DGS10")
    return yield_changes(session_days(), np.array([day.toordinal() for day in observed]), percents)


def panel_returns(*symbols: str) -> FloatArray:
    return simple_returns(panel.closes(*symbols, last=DAYS))


def test_known_sensitivity_is_recovered() -> None:
    market, changes = panel_returns("SPY")[:, 0], panel_changes()

    found = rate_sensitivities((0.4 * market - 16.5 * changes)[:, None], market, changes)

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


def test_sensitivity_agrees_with_statsmodels() -> None:
    returns, market, changes = panel_returns("AGG", "JPM"), panel_returns("SPY")[:, 0], panel_changes()
    design = sm.add_constant(np.column_stack([market, changes]))

    found = rate_sensitivities(returns, market, changes)

    references = [sm.OLS(asset, design).fit() for asset in returns.T]
    np.testing.assert_allclose(found.betas, [r.params[2] for r in references], rtol=1e-8)
    np.testing.assert_allclose(found.standard_errors, [r.bse[2] for r in references], rtol=1e-8)
    np.testing.assert_allclose(found.t_statistics, [r.tvalues[2] for r in references], rtol=1e-8)


def test_bond_fund_loses_when_yields_rise() -> None:
    market, changes = panel_returns("SPY")[:, 0], panel_changes()

    found = rate_sensitivities(panel_returns("AGG", "BSV"), market, changes)

    aggregate, short_term = found.betas
    assert -8.0 < aggregate < -3.0
    assert aggregate < short_term < 0.0


def test_without_yields_the_sensitivity_is_null_with_reason() -> None:
    changes = yield_changes(session_days(), np.array([], dtype=np.int64), np.array([]))

    found = rate_sensitivities(panel_returns("AAPL"), panel_returns("SPY")[:, 0], changes)
    (record,) = found.records(("AAPL",))

    assert record["beta"] is None
    assert record["quality"] == "insufficient"
    assert record["reason"] == "the market and the yield have 0 common returns; 60 are needed"
