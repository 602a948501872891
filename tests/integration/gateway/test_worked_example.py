"""The book of `docs/methodology.md` through all seven services: the API says what the document
says.
"""

from typing import Any
from uuid import UUID

import pytest

from tests.integration.gateway.people import HEADER, Person
from tests.pipeline import Pipeline
from tests.worked_example import AS_OF, BEFORE, NAMES, POSITIONS, WorkedExample


def in_order(rows: list[dict[str, Any]], key: str) -> list[Any]:
    """A column of the positions' rows, in the order of the document."""
    by_symbol = {row["symbol"]: row[key] for row in rows}
    return [by_symbol[name] for name in NAMES]


async def test_the_services_agree_with_the_worked_example(ann: Person, pipeline: Pipeline) -> None:
    example = WorkedExample()
    lines = "".join(f"{name},{q:g},{price},{entered},\n" for name, q, price, entered in POSITIONS)
    uploaded = await ann.upload((HEADER + lines).encode(), equity_balance="40000", as_of=str(AS_OF))
    await pipeline.finished([UUID(uploaded.json()["run_id"])])
    for day in (BEFORE, AS_OF):
        await pipeline.finished([await pipeline.close(day)])

    portfolio_id = uploaded.json()["portfolio"]["portfolio_id"]
    report = (await ann.get(f"portfolios/{portfolio_id}/report")).json()
    stress = (
        await ann.get(f"risk/stress-testing/results/{portfolio_id}", include="positions")
    ).json()

    assert_values_agree(report, example)
    assert_sensitivities_agree(report, example)
    assert_losses_agree(report, example)
    assert_scenarios_agree(stress, example)


def assert_values_agree(report: dict[str, Any], example: WorkedExample) -> None:
    lines = example.lines
    for key, column in (
        ("market_value", "market_value"),
        ("notional_exposure", "notional"),
        ("delta_adjusted_exposure", "delta_adjusted"),
        ("daily_pnl", "daily_pnl"),
    ):
        assert in_order(report["positions"], key) == pytest.approx(
            lines[column].tolist(), abs=0.011
        )
    assert report["snapshot"]["daily_pnl"] == pytest.approx(
        example.snapshots.daily_pnl[-1], abs=0.011
    )
    greeks = [
        report["greeks"]["positions"][0][name]
        for name in ("delta", "gamma", "theta", "vega", "rho")
    ]
    assert greeks == pytest.approx(example.position_greeks, abs=1e-3)


def assert_sensitivities_agree(report: dict[str, Any], example: WorkedExample) -> None:
    active = [factor for factor in report["factors"]["factors"] if factor["active"]]
    dollars = [factor["dollar_exposure"] for factor in active]
    assert dollars == pytest.approx(example.exposures.portfolios.dollars[0].tolist(), abs=0.02)
    per_bp = {
        rate["maturity"]: rate["dollars_per_basis_point"]
        for rate in report["factors"]["rate_sensitivities"]
    }
    exposed = example.lines["delta_adjusted"]
    wanted = {
        maturity: float(exposed @ rate.betas) * 1e-4 for maturity, rate in example.rates.items()
    }
    assert per_bp == pytest.approx(wanted, abs=0.02)
    parts = [factor["pnl"] for factor in report["attribution"]["factors"]]
    assert parts == pytest.approx(example.attribution.factors[0].tolist(), abs=0.02)


def assert_losses_agree(report: dict[str, Any], example: WorkedExample) -> None:
    values = {
        m["metric"]: m["value"] for group in report["metrics"]["groups"] for m in group["metrics"]
    }
    for measure, wanted in zip(
        ("var_95", "es_95", "var_99", "es_99"), example.historical.totals, strict=True
    ):
        assert values[f"{measure}_1d_historical"] == pytest.approx(wanted, abs=0.03)
    for confidence in (95, 99):
        risk = example.parametric
        assert values[f"var_{confidence}_1d_parametric"] == pytest.approx(
            risk.value_at_risk(confidence), rel=1e-3
        )
    parts = report["metrics"]["component_var"][0]["positions"]
    assert in_order(parts, "component_var") == pytest.approx(
        example.historical.components[:, 0].tolist(), abs=0.03
    )


def assert_scenarios_agree(stress: dict[str, Any], example: WorkedExample) -> None:
    stored = {scenario["scenario_id"]: scenario for scenario in stress["scenarios"]}
    for place, scenario in enumerate(example.scenarios):
        for method, impacts in example.stress_test.methods.items():
            result = stored[scenario.scenario_id][method]
            wanted = impacts.positions[:, place].tolist()
            assert in_order(result["positions"], "pnl") == pytest.approx(wanted, abs=0.03)
            assert result["delta_gamma_pnl"] == pytest.approx(
                impacts.delta_gamma[0, place], abs=0.05
            )
