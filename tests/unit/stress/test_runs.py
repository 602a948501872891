"""The stress tests of a shard, the house's and custom ones, and the rows they become."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from services.stress.calculations.results import ScenarioResults
from services.stress.calculations.runs import plans, runs
from services.stress.calculations.valuation import stress_test
from services.stress.calculations.vectors import PnlAxes, PositionVectors
from services.stress.inputs import (
    STOCK,
    Contracts,
    Factors,
    Holdings,
    Past,
    Scenario,
    ShardBook,
)
from shared.arrays import Columns

NAMES = ["market", "value"]
COVARIANCE = np.array([[0.04, 0.01], [0.01, 0.02]])
PAT, KIM = UUID(int=1), UUID(int=2)
PORTFOLIOS = [UUID(int=number) for number in (11, 12, 13)]
POSITIONS = [UUID(int=number) for number in (21, 22, 23, 24)]
AS_OF = date(2022, 12, 28)


def a_scenario(scenario_id: str, market: float) -> Scenario:
    return Scenario(scenario_id, scenario_id, "A test.", "custom", "mild", {"market": market})


HOUSE = [a_scenario("fall", -0.10), a_scenario("rise", 0.05)]
PATS, KIMS = (a_scenario("mine", -0.20),), (a_scenario("mine", 0.30), a_scenario("other", 0.40))


def two_calls() -> Contracts:
    return Contracts(
        symbols=np.array(["A", "B"]),
        call=np.array([True, True]),
        american=np.array([True, False]),
        underlying_price=np.array([150.0, 80.0]),
        strike=np.array([150.0, 90.0]),
        years_to_expiry=np.array([0.5, 0.2]),
        volatility=np.array([0.3, 0.4]),
        rate=np.array([0.04, 0.04]),
        dividend_yield=np.array([0.0, 0.01]),
    )


def a_book() -> ShardBook:
    """Portfolio 0 (Pat): a stock. Portfolio 1 (Kim): a call and a stock. Portfolio 2 (Pat): the
    other call.
    """
    return ShardBook(
        portfolios=3,
        portfolio=np.array([0, 1, 1, 2], dtype=np.intp),
        symbols=["X", "A", "Y", "B"],
        exposure=np.array([1_000.0, 90_000.0, -2_000.0, 20_000.0]),
        betas=np.array([[1.0, 0.0], [1.2, 0.1], [0.8, 0.0], [1.1, 0.0]]),
        rate_beta=np.zeros(4),
        gamma=np.array([0.0, 18.0, 0.0, 10.0]),
        underlying_price=np.array([0.0, 150.0, 0.0, 80.0]),
        contract=np.array([STOCK, 0, STOCK, 1], dtype=np.intp),
        units=np.array([0.0, 1_000.0, 0.0, 1_000.0]),
        contracts=two_calls(),
    )


def the_runs() -> Any:
    every = plans(HOUSE, [PAT, KIM, PAT], {PAT: PATS, KIM: KIMS})
    return runs(a_book(), every, NAMES, COVARIANCE)


def holdings() -> Holdings:
    factors = Factors(("market", "value"))
    return Holdings(
        AS_OF, PORTFOLIOS, POSITIONS, ["X", "A", "Y", "B"], a_book(), factors, COVARIANCE
    )


def rows(columns: Columns) -> list[dict[str, Any]]:
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def results() -> list[dict[str, Any]]:
    return rows(ScenarioResults.of(PORTFOLIOS, the_runs(), NAMES).columns())


def axes() -> list[dict[str, Any]]:
    return rows(PnlAxes.of(PORTFOLIOS, [date(2022, 12, 27), AS_OF], the_runs()).columns())


def vectors() -> list[dict[str, Any]]:
    return rows(position_vectors().columns())


def position_vectors() -> PositionVectors:
    historical = np.array([[1.0, 2.0], [np.nan, 3.0], [np.nan, np.nan], [4.0, 5.0]])
    reasons: Sequence[str | None] = [None, "some", "all", None]
    returns = np.array([[0.1, 0.2], [np.nan, 0.3], [np.nan, np.nan], [0.4, 0.5]])
    past = Past([date(2022, 12, 27), AS_OF], ["X", "A", "Y", "B"], returns, np.arange(4))
    return PositionVectors.of(holdings(), past, historical, reasons, the_runs())


def test_users_scenarios_reach_their_own_portfolios_only() -> None:
    found = {(row["portfolio_id"], row["scenario_id"]) for row in results()}

    house = {(portfolio, each) for portfolio in PORTFOLIOS for each in ("fall", "rise")}
    pats = {(PORTFOLIOS[0], "mine"), (PORTFOLIOS[2], "mine")}
    assert found == house | pats | {(PORTFOLIOS[1], "mine"), (PORTFOLIOS[1], "other")}


def test_a_user_without_portfolios_in_the_shard_costs_nothing() -> None:
    assert len(plans(HOUSE, [None, KIM], {KIM: KIMS, PAT: ()})) == 2


def test_a_part_of_the_shard_gives_what_the_whole_would() -> None:
    _, pats, kims = the_runs()

    whole = stress_test(a_book(), PATS, NAMES, COVARIANCE)
    assert pats.test.direct.total.tolist() == whole.direct.total[[0, 2]].tolist()
    whole = stress_test(a_book(), KIMS, NAMES, COVARIANCE)
    assert kims.test.direct.positions.tolist() == whole.direct.positions[[1, 2]].tolist()


def test_vectors_and_axes_name_the_same_elements() -> None:
    elements = {
        row["portfolio_id"]: list(zip(row["scenario_ids"], row["methods"], strict=True))
        for row in axes()
    }

    for row in vectors():
        assert len(row["scenario_pnl"]) == len(elements[row["portfolio_id"]])
    assert elements[PORTFOLIOS[0]] == [
        ("fall", "direct"),
        ("rise", "direct"),
        ("fall", "correlated"),
        ("rise", "correlated"),
        ("mine", "direct"),
        ("mine", "correlated"),
    ]


def test_result_totals_are_sums_of_the_position_vectors() -> None:
    elements = {
        row["portfolio_id"]: list(zip(row["scenario_ids"], row["methods"], strict=True))
        for row in axes()
    }
    summed: dict[tuple[UUID, str, str], float] = {}
    for row in vectors():
        for element, pnl in zip(elements[row["portfolio_id"]], row["scenario_pnl"], strict=True):
            summed[row["portfolio_id"], *element] = (
                summed.get((row["portfolio_id"], *element), 0.0) + pnl
            )

    totals = {(r["portfolio_id"], r["scenario_id"], r["method"]): r["total_pnl"] for r in results()}

    assert summed == pytest.approx(totals, abs=1e-6)
    assert all(total == round(total, 2) for total in totals.values())


def test_an_options_vector_is_stored_and_a_stocks_is_exposure_and_returns() -> None:
    by_position = [row for _, row in sorted((row["position_id"], row) for row in vectors())]
    stock, call, unknown, put = by_position

    assert (stock["historical_pnl"], stock["exposure"]) == (None, 1_000.0)
    assert stock["returns_id"] is not None
    assert call["historical_pnl"] == pytest.approx([np.nan, 3.0], nan_ok=True)
    assert list(put["historical_pnl"]) == [4.0, 5.0]
    assert {each["exposure"] for each in (call, put)} == {None}
    assert [unknown[name] for name in ("historical_pnl", "exposure", "returns_id")] == [None] * 3
    assert unknown["reason"] == "all"


def test_returns_are_those_of_stocks_and_named_by_what_they_are() -> None:
    again = np.array([[0.1, 0.2], [0.1, 0.2], [0.1, 0.3]])
    past = Past([date(2022, 12, 27), AS_OF], ["X", "A", "Y"], again, np.arange(3))

    assert past.ids[0] == past.ids[1] != past.ids[2]
    assert position_vectors().returns()["symbol"] == ["X", "Y"]
