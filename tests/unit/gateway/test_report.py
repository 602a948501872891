"""Reports are laid out from rows: shares, sums and extremes."""

from decimal import Decimal
from typing import Any

import pytest

from services.gateway.api.schemas import Exposure, GreekSet
from services.gateway.calculations import report


def a_result(scenario_id: str, pnl: Any, method: str = "direct", category: str = "market") -> dict[str, Any]:
    return {
        "scenario_id": scenario_id,
        "name": scenario_id,
        "category": category,
        "severity": "mild",
        "shocks": {},
        "rate_shock": None,
        "method": method,
        "total_pnl": pnl,
    }


def a_factor(exposure: float | None, active: bool = True) -> dict[str, Any]:
    return {"factor": "market", "dollar_exposure": exposure, "active": active}


@pytest.mark.parametrize("nav", [None, Decimal(0), Decimal(-5)])
def test_nothing_is_a_share_of_a_nav_that_is_not_positive(nav: Decimal | None) -> None:
    assert report.share_of(100.0, nav) is None
    assert report.factor_betas([a_factor(100.0)], nav)[0]["reason"] is not None


def test_beta_is_dollars_over_nav() -> None:
    (factor,) = report.factor_betas([a_factor(120.0)], Decimal(200))

    assert (factor["beta"], factor["reason"]) == (0.6, None)


def test_factor_without_source_says_so() -> None:
    assert (
        report.factor_betas([a_factor(None, active=False)], Decimal(1))[0]["reason"]
        == "the factor has no source"
    )


def test_rate_exposure_sums_known_positions_and_states_its_coverage() -> None:
    rows: list[dict[str, Any]] = [
        {"delta_adjusted_exposure": Decimal(1000), "beta": -16.5},
        {"delta_adjusted_exposure": Decimal(-200), "beta": 5.0},
        {"delta_adjusted_exposure": Decimal(300), "beta": None},
        {"delta_adjusted_exposure": None, "beta": 1.0},
    ]

    rates = report.rate_exposure(rows, Decimal(10_000), "10Y")

    assert rates["dollars_per_basis_point"] == pytest.approx((-16_500 - 1_000) * 0.0001)
    assert rates["beta"] == pytest.approx(-1.75)
    assert rates["coverage"] == pytest.approx(1200 / 1500)


def test_unknown_rates_are_null_with_a_reason() -> None:
    rates = report.rate_exposure([{"delta_adjusted_exposure": Decimal(1), "beta": None}], Decimal(1), "10Y")

    assert rates["dollars_per_basis_point"] is None
    assert "no position" in rates["reason"]


def test_methods_stand_side_by_side_and_losses_beyond_nav_are_flagged() -> None:
    rows = [a_result("crash", Decimal(-150)), a_result("crash", Decimal(-90), "correlated")]

    (crash,) = report.stress_outcomes(rows, Decimal(100))

    assert (crash["direct"]["beyond_nav"], crash["correlated"]["beyond_nav"]) == (True, False)
    assert crash["direct"]["share_of_nav"] == -1.5


def test_worst_and_best_leave_unknown_results_out() -> None:
    rows = [a_result("a", Decimal(5)), a_result("b", None), a_result("c", Decimal(-7))]

    extremes = report.extremes(report.stress_outcomes(rows, None), "direct")

    assert (extremes["worst"]["scenario_id"], extremes["best"]["scenario_id"]) == ("c", "a")
    assert report.extremes([], "direct") == {"worst": None, "best": None}


def test_summary_groups_scenarios() -> None:
    rows = [
        a_result("a", Decimal(5)),
        a_result("b", Decimal(-7)),
        a_result("c", Decimal(1), category="rates"),
    ]

    groups = report.severity_summary(report.stress_outcomes(rows, None), "category", "direct")

    assert [(g["group"], g["scenarios"], g["lowest"], g["mean"], g["highest"]) for g in groups] == [
        ("market", 2, Decimal(-7), Decimal(-1), Decimal(5)),
        ("rates", 1, Decimal(1), Decimal(1), Decimal(1)),
    ]


def test_money_is_rounded_half_up_to_cents_once() -> None:
    exposure = Exposure.model_validate(
        {"long": Decimal("2.675"), "short": Decimal("-0.001"), "gross": 1.005, "net": 0}
    )

    assert (exposure.long, str(exposure.short), exposure.gross) == (2.68, "0.0", 1.01)


def test_greeks_have_four_decimals() -> None:
    greeks = GreekSet(delta=0.63683065, gamma=None, theta=-0.01757268, vega=1.0, rho=0)

    assert (greeks.delta, greeks.theta) == (0.6368, -0.0176)
