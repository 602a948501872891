"""Stress results side by side: shares, extremes, groups, parts, and what is left out."""

from decimal import Decimal
from typing import Any

from services.gateway.analytics.shapes import scenarios


def a_result(
    scenario_id: str, pnl: Any, method: str = "direct", category: str = "market", **more: Any
) -> dict[str, Any]:
    return {
        "scenario_id": scenario_id,
        "name": scenario_id,
        "category": category,
        "severity": "mild",
        "shocks": {},
        "rate_shock": None,
        "volatility_shock": None,
        "method": method,
        "total_pnl": pnl,
        "delta_gamma_pnl": None,
    } | more


def test_methods_stand_side_by_side_and_losses_beyond_nav_are_flagged_not_clipped() -> None:
    rows = [a_result("crash", Decimal(-150)), a_result("crash", Decimal(-90), "correlated")]

    (crash,) = scenarios.stress_outcomes(rows, Decimal(100))

    assert (crash["direct"]["loss_exceeds_nav"], crash["correlated"]["loss_exceeds_nav"]) == (
        True,
        False,
    )
    assert (crash["direct"]["total_pnl"], crash["direct"]["share_of_nav"]) == (Decimal(-150), -1.5)


def test_a_loss_of_a_nav_that_is_debt_already_exceeds_it() -> None:
    (crash,) = scenarios.stress_outcomes([a_result("crash", Decimal(-1))], Decimal(-100))

    assert (crash["direct"]["loss_exceeds_nav"], crash["direct"]["share_of_nav"]) == (True, None)


def test_full_repricing_stands_beside_delta_and_gamma() -> None:
    rows = [
        a_result("crash", Decimal(-150), delta_gamma_pnl=Decimal(-140)),
        a_result("rally", None),
    ]

    crash, rally = scenarios.stress_outcomes(rows, None)

    assert crash["direct"]["delta_gamma_difference"] == Decimal(-10)
    assert rally["direct"]["delta_gamma_difference"] is None


def test_worst_and_best_leave_unknown_results_out() -> None:
    rows = [a_result("a", Decimal(5)), a_result("b", None), a_result("c", Decimal(-7))]

    extremes = scenarios.extremes(scenarios.stress_outcomes(rows, None), "direct")

    assert (extremes["worst"]["scenario_id"], extremes["best"]["scenario_id"]) == ("c", "a")
    assert scenarios.extremes([], "direct") == {"worst": None, "best": None}


def test_groups_are_summed_up_by_the_correlated_method_where_there_is_one() -> None:
    direct = [
        a_result("a", Decimal(5)),
        a_result("b", Decimal(-7)),
        a_result("c", Decimal(1), category="rates"),
    ]
    both = [*direct, a_result("a", Decimal(2), "correlated")]

    alone = scenarios.group_summary(scenarios.stress_outcomes(direct, None), "category")
    correlated = scenarios.group_summary(scenarios.stress_outcomes(both, None), "category")

    assert [tuple(group.values()) for group in alone] == [
        ("market", "direct", 2, Decimal(-7), Decimal(-1), Decimal(5)),
        ("rates", "direct", 1, Decimal(1), Decimal(1), Decimal(1)),
    ]
    assert [(group["group"], group["method"], group["scenarios"]) for group in correlated] == [
        ("market", "correlated", 1)
    ]


def test_positions_stand_in_their_result_the_largest_loss_first() -> None:
    impacts = [
        {"scenario_id": "a", "method": method, "symbol": symbol, "pnl": pnl}
        for method, symbol, pnl in [
            ("direct", "X", Decimal(3)),
            ("direct", "Z", None),
            ("direct", "Y", Decimal(-4)),
            ("correlated", "X", Decimal(1)),
        ]
    ]

    (row,) = scenarios.with_positions([a_result("a", Decimal(-1))], impacts)

    assert [part["symbol"] for part in row["positions"]] == ["Y", "X", "Z"]
