"""A report says everything the API answered, marks what is unknown, and knows what is missing."""

import io
from typing import Any

import pytest
from rich.console import Console

from deploy.demo.books import LAST_SESSION
from deploy.local.replay import FollowedRun, Replay
from deploy.local.report import (
    busy_seconds,
    missing_parts,
    portfolio_panel,
    ranking,
    stages_of,
    timing_table,
)

NAMES = ("Market", "Value", "Growth", "Momentum", "Quality", "Size", "Low Volatility")


def a_snapshot(**changes: Any) -> dict[str, Any]:
    side = {"long": 900.0, "short": -300.0, "gross": 1200.0, "net": 600.0}
    return {
        "nav": 1_234_567.0,
        "cash": 4.0,
        "market_value": 600.0,
        "daily_pnl": -55.0,
        "daily_return": -0.0123,
        "cumulative_pnl": 77.0,
        "exposures": {"dollar": side, "notional": side, "delta_adjusted": side},
        "greeks": dict.fromkeys(("delta", "gamma", "theta", "vega", "rho"), 1.5),
        "coverage": {"prices": 1.0, "greeks": 0.5},
        "warnings": [],
    } | changes


def a_scenario(number: int, pnl: float | None) -> dict[str, Any]:
    headline = "measured" if number == 3 else "specified"
    result = {"total_pnl": pnl, "loss_exceeds_nav": False, "headline": headline}
    return {
        "scenario_id": f"s{number:02d}",
        "name": f"Scenario {number}",
        "direct": result,
        "correlated": result,
    }


def a_factor(name: str, beta: float | None = 1.0) -> dict[str, Any]:
    return {
        "name": name,
        "proxy": "SPY",
        "active": True,
        "beta": beta,
        "dollar_exposure": 10.0,
        "reason": None,
    }


def metrics_of(values: dict[str, float | None]) -> dict[str, Any]:
    return {
        "groups": [
            {"metrics": [{"metric": name, "value": value} for name, value in values.items()]}
        ]
    }


LOSSES = {f"{kind}_{level}_1d_historical": 1234.0 for kind in ("var", "es") for level in (95, 99)}


def an_attribution(market: float | None) -> dict[str, Any]:
    causes = {"specific": 31.0, "trades": 0.0, "income": 2.0, "fees": -1.0}
    return {"factors": [{"name": "Market", "pnl": market}], **causes, "total": -55.0}


def a_report(**changes: Any) -> dict[str, Any]:
    return {
        "portfolio": {"name": "Book"},
        "as_of": "2022-12-28",
        "snapshot": a_snapshot(),
        "factors": {
            "factors": [
                *map(a_factor, NAMES),
                a_factor("Short Interest", None) | {"active": False},
            ],
            "rates": {"beta": -2.0, "dollars_per_basis_point": -3.0},
            "coverage": 1.0,
            "warnings": [],
        },
        "stress": {
            "scenarios": [a_scenario(n, 100.0 * n - 900) for n in range(18)],
            "coverage": 1.0,
            "warnings": [
                {"code": "x", "message": "options by delta and gamma", "count": 12, "about": []}
            ],
        },
        "metrics": metrics_of({**LOSSES, "var_95_1d_parametric": 4321.0}),
        "attribution": an_attribution(-86.0),
        "market_data": {
            "sentence": "Prices come from the bundled files: no live provider is configured."
        },
        "last_run": {"status": "completed"},
        "warnings": [],
        "reason": None,
    } | changes


def printed(report: dict[str, Any]) -> str:
    paper = io.StringIO()
    Console(width=200, file=paper).print(portfolio_panel("Ada", report))
    return paper.getvalue()


def test_report_shows_value_exposures_greeks_betas_scenarios_and_notes() -> None:
    text = printed(a_report())

    assert "1,234,567" in text
    assert "-1.23%" in text
    assert all(measure in text for measure in ("dollar", "notional", "delta-adjusted"))
    assert all(name in text for name in NAMES)
    assert "Short Interest" not in text
    assert all(f"Scenario {n}" in text for n in (0, 1, 2, 15, 16, 17))
    assert "Scenario 9" not in text
    assert "options by delta and gamma" in text
    assert "Greeks 50%" in text
    assert "Prices come from the bundled files" in text


def test_report_shows_losses_by_both_methods_and_the_pnl_by_factor() -> None:
    text = printed(a_report())

    assert all(
        words in text for words in ("VaR 95 %", "ES 99 %", "historical", "rescaled", "parametric")
    )
    assert "1,234" in text
    assert "4,321" in text
    assert "n/a" in text  # parametric ES is unknown
    assert all(words in text for words in ("daily P&L", "-86", "specific", "31"))


def test_a_portfolio_without_snapshot_says_why() -> None:
    assert "nothing yet" in printed(a_report(snapshot=None, reason="nothing yet"))


def test_unknown_numbers_are_marked_not_invented() -> None:
    assert "n/a" in printed(a_report(snapshot=a_snapshot(daily_pnl=None, daily_return=None)))


def test_ranking_leaves_out_what_has_no_result() -> None:
    ranked = ranking([a_scenario(1, 5.0), a_scenario(2, None), a_scenario(3, -5.0)], "direct")

    assert [each["scenario_id"] for each in ranked] == ["s03", "s01"]


def test_a_complete_report_misses_nothing() -> None:
    assert missing_parts(a_report(), snapshots=90, wanted_snapshots=90) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"snapshot": None}, "no snapshot"),
        ({"snapshot": a_snapshot(nav=None)}, "null nav"),
        (
            {"metrics": metrics_of(LOSSES | {"es_99_1d_historical": None})},
            "null historical ES 99 %",
        ),
        ({"metrics": metrics_of({})}, "null historical VaR 95 %"),
        ({"last_run": {"status": "partial"}}, "partial"),
        ({"last_run": None}, "unknown"),
        (
            {"factors": {"factors": [a_factor("Market", None), *map(a_factor, NAMES[1:])]}},
            "null beta to Market",
        ),
        ({"factors": {"factors": list(map(a_factor, NAMES[1:]))}}, "6 of 7 factors"),
        (
            {"stress": {"scenarios": [a_scenario(n, 1.0) for n in range(17)]}},
            "17 of 18 direct scenarios",
        ),
        (
            {"stress": {"scenarios": [a_scenario(n, None) for n in range(18)]}},
            "0 of 18 correlated scenarios",
        ),
    ],
)
def test_everything_missing_is_named(changes: dict[str, Any], named: str) -> None:
    assert any(named in line for line in missing_parts(a_report(**changes), 90, 90))


def test_too_few_snapshots_are_counted() -> None:
    assert missing_parts(a_report(), snapshots=89, wanted_snapshots=90) == [
        "Book: 89 of 90 snapshots"
    ]


def test_stage_seconds_are_added_over_runs() -> None:
    stages = [{"stage": "prices", "busy_seconds": 0.5}, {"stage": "greeks", "busy_seconds": 0.25}]
    run = FollowedRun("a", LAST_SESSION, "completed", stages, [])
    two = Replay([run, run], seconds=3.0)

    assert stages_of(two) == ["prices", "greeks"]
    assert busy_seconds(two, "prices") == [0.5, 0.5]
    assert timing_table(two).row_count == 2
    assert two.unfinished() == []
