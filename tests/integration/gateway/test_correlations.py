"""Correlations through the API: stored ones, and those requested through all services."""

import json
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import text

from services.factors import tables as factors
from services.gateway.analytics.reading.stress import what_if_report
from services.gateway.edge.dependencies import Gateway
from shared.contracts.event import Event
from shared.contracts.factors import CorrelationsComputed, FactorsComputed, FactorsFailed
from shared.contracts.gateway import CorrelationParameters, CorrelationsRequested
from shared.contracts.stress import WhatIfEvaluated
from shared.database import Database, sql_table
from tests.builders import AS_OF, save
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_runs import a_whole_run, deliver
from tests.integration.stress.books import a_covariance
from tests.pipeline import Pipeline

WEEKLY = date(2022, 12, 27)
METRICS = "risk/correlations/positions/metrics"
MATRIX = "risk/correlations/positions/matrix"
CALCULATE = "risk/correlations/positions/calculate"
BATCH = "admin/batch/correlations"
FACTORS = "risk/correlations/factors/matrix"
BOOK = HEADER + (
    "XOM,300,90,2022-06-01,oil\nCVX,200,150,2022-06-01,oil\n"
    "AAPL,300,120,2022-06-01,\nJPM,-20,130,2022-06-01,\n"
    "SPY,-100,380,2022-03-01,\nQUAL,-300,110,2022-03-01,\nXOM230616C00110000,5,8.45,2022-11-01,\n"
)


async def a_closed_book(person: Person, pipeline: Pipeline, session_date: date) -> str:
    """A portfolio whose first run, on this session, has ended."""
    uploaded = await person.upload(BOOK.encode(), as_of=str(session_date), portfolio_name="Book")
    run_id = UUID(uploaded.json()["run_id"])
    assert (await pipeline.finished([run_id]))[run_id] == "completed"
    return str(uploaded.json()["portfolio"]["portfolio_id"])


async def exposures(admin: Database, portfolio_id: str, as_of: date = AS_OF) -> None:
    """The portfolio's exposures and the version of their market data, which requests look up."""
    row = {
        "portfolio_id": UUID(portfolio_id),
        "as_of": as_of,
        "model": "market_relative",
        "factor": "market",
    }
    sums = {"dollar_exposure": 1.0, "gross_exposure": 1.0, "coverage": 1.0}
    counts = {"positions": 2, "positions_left_out": 0}
    await save(admin, factors.FactorExposure, [row | sums | counts])
    pair = {
        "as_of": as_of,
        "space": "absolute",
        "factor_a": "market",
        "factor_b": "market",
        "price_run": "p7",
    }
    numbers = {
        "covariance": 1e-4,
        "correlation": 1.0,
        "decay": 0.94,
        "lookback": 252,
        "observations": 252,
    }
    blank = dict.fromkeys(column.name for column in sql_table(factors.FactorCovariance).columns)
    await save(admin, factors.FactorCovariance, [blank | pair | numbers])


async def requests(admin: Database) -> list[CorrelationsRequested]:
    """What was left for the bus."""
    async with admin.transaction() as session:
        found = await session.scalars(
            text("select payload from gateway.outbox where subject = :subject order by outbox_id"),
            {"subject": CorrelationsRequested.subject},
        )
        return [CorrelationsRequested.model_validate(payload) for payload in found]


async def test_before_the_first_calculation_everything_is_null_with_a_reason(ann: Person) -> None:
    await ann.post("portfolios", {"name": "A"})

    report = (await ann.get(METRICS)).json()
    matrix = (await ann.get(MATRIX)).json()

    assert (report["as_of"], report["overall_correlation"], report["clusters"]) == (None, None, [])
    assert (matrix["symbols"], matrix["correlations"], matrix["total"]) == ([], [], 0)
    assert "they are computed weekly" in report["reason"] == matrix["reason"]
    assert (await ann.get(FACTORS)).json()["reason"]


async def test_weekly_session_leaves_correlations_behind(ann: Person, pipeline: Pipeline) -> None:
    portfolio_id = await a_closed_book(ann, pipeline, WEEKLY)

    report = (await ann.get(METRICS)).json()
    matrix = (await ann.get(MATRIX)).json()

    assert_report_adds_up(report, portfolio_id)
    assert_matrix_is_a_correlation_matrix(matrix)
    assert report["symbols_kept"] == matrix["total"] == len(matrix["symbols"]) == 5
    pairs = np.abs(np.array(matrix["correlations"])[np.triu_indices(5, 1)])
    assert report["overall_correlation"] == pytest.approx(pairs.mean())
    values = np.array([symbol["value"] for symbol in matrix["symbols"]])
    weights = values / np.abs(values).sum()
    risk = weights @ np.array(matrix["correlations"]) @ weights
    assert report["effective_positions"] == pytest.approx(1 / risk, rel=1e-4)  # values in cents
    hedging = np.triu(np.array(matrix["correlations"]) * np.sign(np.outer(values, values)), 1)
    assert report["hedging_pairs"] == len(report["hedges"]) == int((hedging <= -0.7).sum())


async def test_a_pair_has_the_correlation_of_every_calculation(
    ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    portfolio_id = UUID(book.portfolio_id)
    blank = dict.fromkeys(column.name for column in sql_table(factors.CorrelationPair).columns)
    pair = {"portfolio_id": portfolio_id, "symbol_a": "CVX", "symbol_b": "XOM"}
    days = {date(2022, 12, 20): (0.8, 90), WEEKLY: (0.6, 60)}
    for day, (rho, window) in days.items():
        numbers = {"correlation": rho, "measured_correlation": rho, "observations": window}
        row = {**blank, **pair, "as_of": day, **numbers, "quality": "full_history"}
        await save(admin, factors.CorrelationPair, [row])
        await save(
            admin, factors.CorrelationCalculation, [a_calculation(portfolio_id, day, window)]
        )
    path = "risk/correlations/positions/pairs"

    both = (await ann.get(f"{path}/cvx/XOM")).json()
    late = (await ann.get(f"{path}/CVX/XOM", **{"from": "2022-12-21"})).json()
    none = (await ann.get(f"{path}/CVX/SPY")).json()

    found = [(each["as_of"], each["correlation"], each["lookback"]) for each in both["items"]]
    assert found == [("2022-12-20", 0.8, 90), ("2022-12-27", 0.6, 60)]
    assert [each["as_of"] for each in late["items"]] == ["2022-12-27"]
    assert (none["items"], none["total"]) == ([], 0)
    assert "has both symbols" in none["reason"]


def a_calculation(portfolio_id: UUID, as_of: date, lookback: int) -> dict[str, Any]:
    """The row of a calculation over so many returns, of no symbols."""
    lists = ("kept", "left_out", "warnings", "linkage_clusters", "hedges")
    counts = ("positions", "positions_kept", "symbols_kept", "symbols_left_out", "clusters")
    columns = sql_table(factors.CorrelationCalculation).columns
    return {
        **dict.fromkeys(column.name for column in columns),
        **dict.fromkeys(lists, "[]"),
        **dict.fromkeys((*counts, "gross_value", "kept_value", "largest_repair"), 0),
        **{"portfolio_id": portfolio_id, "as_of": as_of, "view": "portfolio", "price_run": "p1"},
        **{"parameters": json.dumps({"lookback": lookback}), "psd_repaired": False},
    }


def assert_report_adds_up(report: dict[str, Any], portfolio_id: str) -> None:
    assert (report["portfolio_id"], report["as_of"], report["reason"]) == (
        portfolio_id,
        "2022-12-27",
        None,
    )
    assert report["parameters"] == CorrelationParameters().model_dump()
    oil = next(cluster for cluster in report["clusters"] if cluster["name"] == "oil")
    assert {member["symbol"] for member in oil["members"]} == {"XOM", "CVX"}
    assert sum(member["weight"] for member in oil["members"]) == pytest.approx(oil["weight"])
    clustered = sum(cluster["weight"] for cluster in report["clusters"])
    assert clustered == pytest.approx(report["concentration"])
    (small,) = report["left_out"]
    assert (small["symbol"], small["code"]) == ("JPM", "below_value")
    assert report["coverage"] == pytest.approx(
        report["kept_value"] / report["gross_value"], abs=1e-4
    )
    assert (report["positions"], report["positions_kept"]) == (7, 6)
    assert report["data_quality"] == {"full_history": 10, "limited_history": 0, "insufficient": 0}


def assert_matrix_is_a_correlation_matrix(matrix: dict[str, Any]) -> None:
    values = np.array(matrix["correlations"])
    assert (values == values.T).all()
    assert (np.diag(values) == 1.0).all()
    assert np.linalg.eigvalsh(values).min() > -1e-9
    sizes = [abs(symbol["value"]) for symbol in matrix["symbols"]]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(symbol["weight"] for symbol in matrix["symbols"]) == pytest.approx(1.0)
    assert {word for row in matrix["quality"] for word in row} == {"full_history"}
    assert {days for row in matrix["observations"] for days in row} == {90}
    assert (matrix["measured"], matrix["unmeasured"], matrix["psd_repaired"]) == (None, [], False)


async def test_sides_and_limits_are_parts_of_the_matrix(ann: Person, pipeline: Pipeline) -> None:
    await a_closed_book(ann, pipeline, WEEKLY)

    whole, shorts, two = [
        (await ann.get(MATRIX, **query)).json() for query in ({}, {"view": "shorts"}, {"limit": 2})
    ]
    metrics = (await ann.get(METRICS, view="shorts")).json()

    names = [symbol["symbol"] for symbol in whole["symbols"]]
    assert [symbol["symbol"] for symbol in shorts["symbols"]] == ["SPY", "QUAL"]
    places = [names.index(name) for name in ("SPY", "QUAL")]
    assert (
        shorts["correlations"] == np.array(whole["correlations"])[np.ix_(places, places)].tolist()
    )
    assert (two["symbols"], two["total"]) == (whole["symbols"][:2], 5)
    assert two["correlations"] == [row[:2] for row in whole["correlations"][:2]]
    assert (metrics["view"], metrics["symbols_kept"], metrics["concentration"]) == (
        "shorts",
        2,
        1.0,
    )
    assert [cluster["name"] for cluster in metrics["clusters"]] == ["SPY cluster"]
    assert metrics["overall_correlation"] == pytest.approx(shorts["correlations"][0][1])


async def test_correlations_are_computed_when_asked_for(
    ann: Person, operator: Person, pipeline: Pipeline
) -> None:
    portfolio_id = await a_closed_book(ann, pipeline, AS_OF)
    assert (await ann.get(METRICS)).json()["as_of"] is None  # a Wednesday

    started = await ann.post(
        CALCULATE, {"parameters": {"minimum_value": 1000, "minimum_weight": 0}}
    )

    run_id = UUID(started.json()["run_id"])
    assert (started.status_code, started.json()["as_of"]) == (202, "2022-12-28")
    assert (await pipeline.finished([run_id]))[run_id] == "completed"
    report = (await ann.get(started.headers["location"].removeprefix("/api/v1/"))).json()
    assert (report["portfolio_id"], report["as_of"], report["symbols_kept"]) == (
        portfolio_id,
        "2022-12-28",
        6,
    )
    assert report["parameters"]["minimum_value"] == 1000
    run = (await operator.get(f"admin/batch/runs/{run_id}")).json()
    assert (run["trigger"], [item["stage"] for item in run["items"]]) == (
        "correlations",
        ["correlations"],
    )
    assert run["items"][0]["portfolio_ids"] == [portfolio_id]
    assert run["stages"][0]["shards_done"] == 1


async def test_operator_correlates_every_portfolio(
    ann: Person, bob: Person, operator: Person, pipeline: Pipeline
) -> None:
    for person in (ann, bob):
        await a_closed_book(person, pipeline, AS_OF)

    started = await operator.post(BATCH, {"session_date": "2022-12-28"})

    run_id = UUID(started.json()["run_id"])
    assert (started.status_code, started.json()["portfolios"]) == (202, 2)
    assert started.headers["location"] == f"/api/v1/admin/batch/runs/{run_id}"
    assert (await pipeline.finished([run_id]))[run_id] == "completed"
    for person in (ann, bob):
        assert (await person.get(METRICS)).json()["as_of"] == "2022-12-28"


async def test_factor_matrix_is_definite_in_both_spaces(ann: Person, pipeline: Pipeline) -> None:
    await a_closed_book(ann, pipeline, AS_OF)

    relative, absolute = [
        (await ann.get(FACTORS, space=space)).json() for space in ("market_relative", "absolute")
    ]

    for matrix in (relative, absolute):
        correlations, covariances = (
            np.array(matrix[name]) for name in ("correlations", "covariances")
        )
        assert [factor["factor"] for factor in matrix["factors"]][:3] == [
            "market",
            "value",
            "growth",
        ]
        assert np.linalg.eigvalsh(covariances).min() > 0.0
        assert (np.diag(correlations) == 1.0).all()
        pairs = correlations[np.triu_indices(7, 1)]
        spread = matrix["statistics"]
        assert spread == pytest.approx(
            {"mean": pairs.mean(), "min": pairs.min(), "max": pairs.max()}
        )
        assert (matrix["decay"], matrix["lookback"], matrix["reason"]) == (0.94, 252, None)
        shrunk = np.array(matrix["shrunk_covariances"])
        assert 0.0 < matrix["shrinkage"] < 1.0
        assert np.diag(shrunk) == pytest.approx(np.diag(covariances))
        drawn = np.where(np.eye(7, dtype=bool), 1.0, 1.0 - matrix["shrinkage"])
        assert shrunk == pytest.approx(covariances * drawn)
    assert relative["correlations"] != absolute["correlations"]
    assert relative["price_run"].startswith("2022-12-28")


async def test_stress_results_name_the_matrix_behind_the_correlated_ones(
    ann: Person, pipeline: Pipeline
) -> None:
    portfolio_id = await a_closed_book(ann, pipeline, AS_OF)

    matrix = (await ann.get(FACTORS)).json()
    results = (await ann.get(f"risk/stress-testing/results/{portfolio_id}")).json()

    assert results["correlated"]["worst"] is not None
    assert results["correlated_by"] == {
        "matrix": "shrunk",
        **{
            name: matrix[name]
            for name in ("shrinkage", "price_run", "decay", "lookback", "observations")
        },
    }


@pytest.mark.parametrize("shrinkage", [None, 0.25])
async def test_a_what_if_names_its_matrix_with_and_without_an_intensity(
    ann: Person, admin: Database, market: None, shrinkage: float | None
) -> None:
    book = await a_stored_book(ann, admin)
    answer = WhatIfEvaluated(portfolio_id=UUID(book.portfolio_id), as_of=AS_OF, outcomes=())
    async with admin.transaction() as session:
        nothing = await what_if_report(session, answer)
    await a_covariance(admin, shrinkage=shrinkage)

    async with admin.transaction() as session:
        report = await what_if_report(session, answer)

    assert nothing.correlated_by is None
    assert report.correlated_by is not None
    expected = ("measured", None) if shrinkage is None else ("shrunk", shrinkage)
    assert (report.correlated_by.matrix, report.correlated_by.shrinkage) == expected


async def test_request_goes_out_with_its_run_in_one_transaction(
    ann: Person, admin: Database, market: None
) -> None:
    portfolio_id = await ann.uploaded()
    await exposures(admin, portfolio_id)

    started = (await ann.post(CALCULATE, {"portfolio_id": portfolio_id})).json()

    (event,) = await requests(admin)
    assert (str(event.run_id), event.as_of) == (started["run_id"], AS_OF)
    assert ([str(each) for each in event.portfolio_ids], event.price_run) == ([portfolio_id], "p7")
    assert event.parameters == CorrelationParameters()


async def test_many_portfolios_are_cut_into_shards(
    operator: Person, admin: Database, market: None
) -> None:
    for _ in range(51):
        await exposures(admin, str(uuid4()))

    started = (await operator.request("POST", BATCH)).json()

    events = await requests(admin)
    assert (started["portfolios"], started["as_of"]) == (51, "2022-12-28")
    assert [(event.shard, event.shards, len(event.portfolio_ids)) for event in events] == [
        (0, 2, 50),
        (1, 2, 1),
    ]
    assert len({portfolio for event in events for portfolio in event.portfolio_ids}) == 51


async def test_without_exposures_nothing_is_started(
    ann: Person, operator: Person, admin: Database, market: None
) -> None:
    portfolio_id = await ann.uploaded()
    await exposures(admin, portfolio_id)

    early = await ann.post(CALCULATE, {"as_of": "2022-12-01"})
    other = await operator.post(BATCH, {"session_date": "2022-12-01"})

    for answer in (early, other):
        assert (answer.status_code, answer.json()["code"]) == (422, "not_calculated")
    assert await requests(admin) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"lookback": 10},
        {"minimum_observations": 100},
        {"keep": "all"},
        {"cluster_threshold": 0},
        {"minimum_weight": 1.5},
    ],
)
async def test_parameters_that_make_no_sense_are_refused(
    ann: Person, wrong: dict[str, Any]
) -> None:
    answer = await ann.post(CALCULATE, {"parameters": wrong})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def correlated(run_id: UUID, shard: int = 0, shards: int = 1) -> Event:
    facts = {"price_run": "p", "shard": shard, "shards": shards, "portfolio_ids": ()}
    return CorrelationsComputed.new(run_id, AS_OF, part=shard, **facts)


async def started_run(ann: Person, admin: Database) -> UUID:
    await exposures(admin, await ann.uploaded())
    return UUID((await ann.post(CALCULATE, {})).json()["run_id"])


async def status_of(operator: Person, run_id: UUID) -> tuple[str, list[dict[str, Any]]]:
    run = (await operator.get(f"admin/batch/runs/{run_id}")).json()
    return run["status"], run["problems"]


async def test_requested_run_ends_with_its_correlations(
    ann: Person, operator: Person, gateway: Gateway, admin: Database, market: None
) -> None:
    run_id = await started_run(ann, admin)
    assert await status_of(operator, run_id) == ("running", [])

    await deliver(gateway, [correlated(run_id), correlated(run_id)])

    assert await status_of(operator, run_id) == ("completed", [])


async def test_requested_run_that_failed_says_why(
    ann: Person, operator: Person, gateway: Gateway, admin: Database, market: None
) -> None:
    run_id = await started_run(ann, admin)
    received = {
        "heard": CorrelationsRequested.subject,
        "attempts": 5,
        "error": "MemoryError",
        "message": "no",
    }

    await deliver(gateway, [FactorsFailed.new(run_id, AS_OF, **received)])

    status, (problem,) = await status_of(operator, run_id)
    found = (status, problem["stage"], problem["code"])
    assert found == ("failed", "correlations", "calculation_failed")
    assert problem["detail"] == "MemoryError: no"


async def test_weekly_correlations_decide_nothing_about_a_session(
    operator: Person, gateway: Gateway, market: None
) -> None:
    run_id = uuid4()
    received = {
        "heard": FactorsComputed.subject,
        "attempts": 5,
        "error": "MemoryError",
        "message": "no",
    }

    await deliver(
        gateway,
        [*a_whole_run(run_id), FactorsFailed.new(run_id, AS_OF, **received), correlated(run_id)],
    )

    assert await status_of(operator, run_id) == ("completed", [])
