"""What a reader sees: nothing invented before the first run, and the whole report after it."""

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.gateway.application import assembled
from services.gateway.edge.dependencies import Gateway
from services.gateway.reports.handlers import router
from services.gateway.settings import GatewaySettings
from shared.service import Runtime
from shared.topology import STAGES
from tests.integration.gateway.people import HEADER, Person
from tests.pipeline import Pipeline

BOOK = HEADER + (
    'AAPL,300,120,2022-06-01,"tech"\nXOM,-200,90,2022-06-01,\nSPY,100,380,2022-03-01,core\n'
    "AAPL230616C00150000,5,8.45,2022-11-01,options\nSPY230317P00370000,-3,9.1,2022-11-01,options\n"
)


async def test_before_the_first_run_everything_is_null_with_a_reason(ann: Person) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]

    summary = (await ann.get("portfolio")).json()
    report = (await ann.get(f"portfolios/{portfolio_id}/report")).json()
    stress = (await ann.get(f"risk/stress-testing/results/{portfolio_id}")).json()

    assert (summary["snapshot"], summary["as_of"]) == (None, None)
    assert "no snapshot" in summary["reason"]
    assert (report["snapshot"], report["history"], report["positions"], report["last_run"]) == (
        None,
        [],
        [],
        None,
    )
    assert all(report[part]["reason"] for part in ("greeks", "factors", "stress"))
    assert (stress["scenarios"], stress["direct"]) == ([], {"worst": None, "best": None})
    assert (await ann.get("risk/factors")).json()["reason"]
    assert (await ann.get("portfolio/exposures")).json() == {
        "items": [],
        "total": 0,
        "limit": 100,
        "offset": 0,
    }


async def test_a_book_becomes_a_report(ann: Person, pipeline: Pipeline) -> None:
    uploaded = await ann.upload(BOOK.encode(), equity_balance="200000", as_of="2022-12-28")
    run_id = UUID(uploaded.json()["run_id"])
    portfolio_id = uploaded.json()["portfolio"]["portfolio_id"]
    assert (await pipeline.finished([run_id]))[run_id] == "completed"

    report = (await ann.get(f"portfolios/{portfolio_id}/report")).json()

    assert_snapshot_adds_up(report)
    assert_positions_say_where_prices_came_from(report["positions"])
    assert_factors_are_shares_of_nav(report)
    assert_stress_is_complete(report["stress"])
    assert (report["last_run"]["run_id"], report["last_run"]["status"]) == (
        str(run_id),
        "completed",
    )
    await assert_parts_agree_with_the_report(ann, portfolio_id, report)


def assert_snapshot_adds_up(report: dict[str, Any]) -> None:
    snapshot = report["snapshot"]
    assert report["as_of"] == snapshot["as_of"] == "2022-12-28"
    assert snapshot["nav"] == 200000.0
    assert sum(p["market_value"] for p in report["positions"]) == pytest.approx(
        snapshot["market_value"], abs=0.05
    )
    dollar = snapshot["exposures"]["dollar"]
    shares = snapshot["exposures_of_nav"]["dollar"]
    assert shares["short"] == pytest.approx(dollar["short"] / 200_000, abs=1e-6)
    assert report["sessions"] == [point["as_of"] for point in report["history"]]
    assert report["history"][-1]["drawdown"] == 0.0
    assert (report["last_session"], report["sessions_behind"]) == ("2022-12-28", 0)
    by_position = report["pnl_by_position"]
    assert (by_position["others"], by_position["total"]) == (None, snapshot["daily_pnl"])
    assert dollar["long"] - dollar["short"] == pytest.approx(dollar["gross"], abs=0.02)
    assert snapshot["counts"] == {"LONG": 2, "SHORT": 1, "LC": 1, "SP": 1} | {
        kind: count for kind, count in snapshot["counts"].items() if count == 0
    }


def assert_positions_say_where_prices_came_from(positions: list[dict[str, Any]]) -> None:
    assert len(positions) == 5
    options = [position for position in positions if position["expiry"]]
    assert all(
        position["price_source"] and position["price_date"] == "2022-12-28"
        for position in positions
    )
    assert all(option["model"] and option["iv_source"].startswith("realised") for option in options)


def assert_factors_are_shares_of_nav(report: dict[str, Any]) -> None:
    active = [factor for factor in report["factors"]["factors"] if factor["active"]]
    assert len(active) == 7
    assert all(f["beta"] == pytest.approx(f["dollar_exposure"] / 200_000, abs=1e-6) for f in active)
    assert report["factors"]["rates"]["dollars_per_basis_point"] is not None
    assert report["factors"]["coverage"] == 1.0


def assert_stress_is_complete(stress: dict[str, Any]) -> None:
    assert len(stress["scenarios"]) == 18
    assert all(scenario["direct"] and scenario["correlated"] for scenario in stress["scenarios"])
    for method in ("direct", "correlated"):
        pnl = [scenario[method]["total_pnl"] for scenario in stress["scenarios"]]
        assert (stress[method]["worst"]["total_pnl"], stress[method]["best"]["total_pnl"]) == (
            min(pnl),
            max(pnl),
        )
        parts = [
            sum(s[method]["factor_impacts"].values()) + s[method]["nonlinear"]
            for s in stress["scenarios"]
        ]
        assert parts == pytest.approx(pnl, abs=0.1)
    assert {scenario["kind"] for scenario in stress["market_scenarios"]} == {"market", "rates"}


async def assert_parts_agree_with_the_report(
    ann: Person, portfolio_id: str, report: dict[str, Any]
) -> None:
    answers = await asyncio.gather(
        ann.get("portfolio"),
        ann.get("risk/greeks"),
        ann.get("risk/factors"),
        ann.get(f"risk/stress-testing/results/{portfolio_id}"),
        ann.get(f"portfolios/{portfolio_id}/snapshots"),
        ann.get("risk/stress-testing/scenarios"),
        ann.get("portfolio", as_of="2022-12-27"),
    )
    summary, greeks, factors, stress, snapshots, scenarios, before = (
        answer.json() for answer in answers
    )
    assert summary["snapshot"] == report["snapshot"] == snapshots["items"][0]
    assert (greeks, factors, stress) == (report["greeks"], report["factors"], report["stress"])
    assert (snapshots["total"], scenarios["total"]) == (1, 18)
    assert before["snapshot"] is None


async def test_measured_risk_adds_up_from_the_positions(ann: Person, pipeline: Pipeline) -> None:
    uploaded = await ann.upload(BOOK.encode(), equity_balance="200000", as_of="2022-12-28")
    await pipeline.finished([UUID(uploaded.json()["run_id"])])
    portfolio_id = uploaded.json()["portfolio"]["portfolio_id"]

    report = (await ann.get(f"portfolios/{portfolio_id}/report")).json()
    stress = (
        await ann.get(f"risk/stress-testing/results/{portfolio_id}", include="positions")
    ).json()

    values = {
        m["metric"]: m["value"] for group in report["metrics"]["groups"] for m in group["metrics"]
    }
    for component in report["metrics"]["component_var"]:
        parts = [part["component_var"] for part in component["positions"]]
        assert len(parts) == 5
        assert round(sum(parts), 2) == component["total_var"]
        of = component["confidence"]
        assert component["total_var"] == pytest.approx(values[f"var_{of}_1d_smoothed"], abs=0.01)
        plain = values[f"var_{of}_1d_historical"]
        assert component["plain_total_var"] == pytest.approx(plain, abs=0.01)
    assert (
        values["es_99_1d_historical"]
        >= values["var_99_1d_historical"]
        > values["var_95_1d_historical"]
        > 0
    )
    results = [each[method] for each in stress["scenarios"] for method in ("direct", "correlated")]
    assert all(round(sum(p["pnl"] for p in r["positions"]), 2) == r["total_pnl"] for r in results)
    assert any(abs(result["delta_gamma_difference"]) > 1 for result in results)
    assert report["attribution"]["reason"] == "the first snapshot has no P&L"


async def test_views_and_models_of_a_real_book_agree(ann: Person, pipeline: Pipeline) -> None:
    uploaded = await ann.upload(BOOK.encode(), equity_balance="200000", as_of="2022-12-28")
    await pipeline.finished([UUID(uploaded.json()["run_id"])])

    for model in ("market_relative", "joint", "univariate"):
        whole, longs, shorts = [
            (await ann.get("risk/factors", model=model, view=view)).json()["factors"]
            for view in ("portfolio", "longs", "shorts")
        ]
        for total, bought, sold in zip(whole, longs, shorts, strict=True):
            if total["active"]:
                parts = bought["dollar_exposure"] + sold["dollar_exposure"]
                assert total["dollar_exposure"] == pytest.approx(parts, abs=0.02)
    greeks = [
        (await ann.get("risk/greeks", view=v)).json()["portfolio"]
        for v in ("portfolio", "longs", "shorts")
    ]
    for name in ("delta", "gamma", "theta", "vega", "rho"):
        assert greeks[0][name] == pytest.approx(greeks[1][name] + greeks[2][name], abs=2e-4)


async def test_a_scenario_of_ones_own_is_evaluated_from_the_next_run_on(
    ann: Person, operator: Person, pipeline: Pipeline
) -> None:
    uploaded = await ann.upload(BOOK.encode(), equity_balance="200000", as_of="2022-12-28")
    await pipeline.finished([UUID(uploaded.json()["run_id"])])
    path = f"risk/stress-testing/results/{uploaded.json()['portfolio']['portfolio_id']}"
    shocks = {"market": -0.08, "value": 0.03}
    saved = await ann.post("risk/stress-testing/scenarios", {"name": "Oil shock", "shocks": shocks})
    asked = await ann.post("risk/stress-testing/comprehensive", {"scenario_ids": ["oil_shock"]})
    given = await ann.post("risk/stress-testing/direct-impact", {"shocks": shocks})

    again = await operator.post("admin/batch/market-close", {"session_date": "2022-12-28"})
    await pipeline.finished([UUID(again.json()["run_id"])])
    stored = [
        s for s in (await ann.get(path)).json()["scenarios"] if s["scenario_id"] == "oil_shock"
    ]
    deleted = await ann.request("DELETE", "risk/stress-testing/scenarios/oil_shock")
    listed = (await ann.get("risk/stress-testing/scenarios")).json()

    assert saved.status_code == 201, saved.text
    assert (saved.status_code, saved.json()["scenario_id"], saved.json()["custom"]) == (
        201,
        "oil_shock",
        True,
    )
    (what_if,) = asked.json()["scenarios"]
    for method in ("direct", "correlated"):
        assert stored[0][method]["total_pnl"] == what_if[method]["total_pnl"]
    assert given.json()["scenarios"][0]["direct"]["total_pnl"] == stored[0]["direct"]["total_pnl"]
    assert (deleted.status_code, listed["total"]) == (204, 18)


async def test_what_is_wrong_with_ones_own_scenario_is_said_at_once(
    ann: Person, pipeline: Pipeline
) -> None:
    wrong = {"name": "Market crash 35", "shocks": {"Oil": -0.5, "market": -2}, "category": "weird"}

    answer = await ann.post("risk/stress-testing/scenarios", wrong)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_scenario")
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"category", "shocks.Oil", "shocks.market"}


async def test_the_trace_of_a_request_runs_through_every_stage(
    ann: Person, operator: Person, pipeline: Pipeline
) -> None:
    await ann.upload(BOOK.encode())
    answer = await operator.post("admin/batch/market-close", {"session_date": "2022-12-28"})
    run_id = answer.json()["run_id"]
    await pipeline.finished([UUID(run_id)])

    items = (await operator.get(f"admin/batch/runs/{run_id}")).json()["items"]

    assert {item["stage"] for item in items} == set(STAGES)
    assert len({item["trace_id"] for item in items}) == 1
    assert items[0]["trace_id"]


async def test_a_session_before_the_data_is_refused_before_it_becomes_a_run(
    operator: Person, pipeline: Pipeline
) -> None:
    answer = await operator.post("admin/batch/market-close", {"session_date": "2013-12-31"})

    assert (answer.status_code, answer.json()["code"]) == (422, "date_outside_data")
    assert "choose a session from 2014-01-02 to 2022-12-28" in answer.json()["detail"]
    assert (await operator.get("admin/batch/runs")).json()["total"] == 0


async def test_a_session_ingest_cannot_price_ends_as_a_named_failure(
    operator: Person, pipeline: Pipeline
) -> None:
    run_id = await pipeline.close(date(2013, 12, 31))
    assert (await pipeline.finished([run_id]))[run_id] == "failed"

    run = (await operator.get(f"admin/batch/runs/{run_id}")).json()

    assert "choose a session from 2014-01-02" in run["problems"][0]["message"]


async def test_many_reports_at_once_do_not_starve_each_other(ann: Person) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]

    async with asyncio.timeout(25):
        answers = await asyncio.gather(
            *(ann.get(f"portfolios/{portfolio_id}/report") for _ in range(40))
        )

    assert {answer.status_code for answer in answers} == {200}


async def test_reads_and_uploads_need_no_bus(ann: Person, market: None, gateway: Gateway) -> None:
    portfolio_id = await ann.uploaded()
    runtime = Runtime("gateway", router, GatewaySettings)  # never connected to the bus
    deaf = assembled(runtime, gateway.settings)
    deaf.state.gateway = replace(deaf.state.gateway, tokens=gateway.tokens)

    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(deaf), base_url="http://deaf"
    ) as http:
        person = Person(http, ann.email, ann.tokens)
        answers = [
            await person.get(path)
            for path in ("portfolio", "positions", f"portfolios/{portfolio_id}/report")
        ]
        uploaded = await person.upload(portfolio_name="Later")
        ready = await http.get("/health/ready")
    await runtime.close()

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert uploaded.status_code == 201
    assert (ready.status_code, ready.json()["bus"]) == (503, False)
