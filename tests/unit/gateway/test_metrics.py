"""Metrics by kind, VaR by position and attributed P&L add up."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.gateway.analytics.shapes import metrics
from services.gateway.analytics.shapes.performance import Basis, MoneyWeighted
from services.gateway.edge.shapes import View

DAY = date(2022, 12, 28)
DEFINITIONS = [
    {"factor": "market", "name": "Market", "active": True},
    {"factor": "value", "name": "Value", "active": True},
    {"factor": "short_interest", "name": "Short Interest", "active": False},
]


def a_metric(
    name: str, value: float | None = 1.0, unit: str = "ratio", view: str = "portfolio"
) -> dict[str, Any]:
    return {
        "metric": name,
        "value": value,
        "unit": unit,
        "view": view,
        "observations": 252,
        "reason": None,
    }


def a_component(confidence: int, symbol: str, loss: float | None) -> dict[str, Any]:
    parts = ("component_var", "component_es", "plain_component_var", "plain_component_es")
    named = {"confidence": confidence, "position_id": symbol, "symbol": symbol, "days": 252}
    return {**named, **dict.fromkeys(parts, loss)}


def a_part(
    factor: str, pnl: str | None, day: date = DAY, reason: str | None = None
) -> dict[str, Any]:
    return {
        "as_of": day,
        "factor": factor,
        "pnl": None if pnl is None else Decimal(pnl),
        "reason": reason,
    }


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("var_95_1d_historical", "value_at_risk"),
        ("es_99_1d_parametric", "expected_shortfall"),
        ("volatility_21d", "volatility"),
        ("sharpe_252d", "reward_to_risk"),
        ("sortino_252d", "reward_to_risk"),
        ("max_drawdown", "drawdown"),
        ("beta", "market"),
        ("beta_realised_252d", "market"),
        ("correlation_spy", "market"),
        ("hhi", "concentration"),
        ("top_10_weight", "concentration"),
        ("performance_ytd", "performance"),
        ("something_new", "other"),
    ],
)
def test_every_metric_has_a_kind(metric: str, kind: str) -> None:
    assert metrics.kind_of(metric) == kind


def test_metrics_of_one_view_are_grouped_and_amounts_are_shares_of_nav() -> None:
    rows = [
        a_metric("hhi", 0.5),
        a_metric("var_95_1d_historical", 50.0, "USD"),
        a_metric("var_95_1d_historical", 70.0, "USD", "longs"),
    ]

    whole = metrics.metric_groups(rows, View.PORTFOLIO, Decimal(1000), str.upper)
    longs = metrics.metric_groups(rows, View.LONGS, Decimal(1000), str.upper)

    assert [group["kind"] for group in whole] == ["value_at_risk", "concentration"]
    assert [m["share_of_nav"] for group in whole for m in group["metrics"]] == [0.05, None]
    assert [m["value"] for group in longs for m in group["metrics"]] == [70.0]
    assert [m["title"] for group in longs for m in group["metrics"]] == ["VAR_95_1D_HISTORICAL"]


def test_every_period_has_a_return_or_a_reason() -> None:
    rows = [a_metric("performance_1m", 0.02), a_metric("performance_1m", 0.9, view="longs")]
    by_money = {"1m": MoneyWeighted(0.03, Basis.PERIOD, None)}

    found = metrics.periods(rows, by_money)

    assert [each["period"] for each in found] == ["1d", "1w", "1m", "3m", "ytd", "1y"]
    assert (found[2]["value"], found[2]["money_weighted"]) == (0.02, 0.03)
    assert all(each["money_weighted_reason"] for each in found if each is not found[2])
    assert all(each["reason"] for each in found if each["value"] is None)


def test_parts_of_a_var_are_cents_that_add_up() -> None:
    rows = [
        a_component(95, symbol, loss)
        for symbol, loss in (("A", 10.004), ("B", -3.333), ("C", 0.004))
    ]

    (var,) = metrics.component_vars([*rows, a_component(95, "D", None)])

    parts = [Decimal(str(part["component_var"])) for part in var["positions"]]
    assert Decimal(str(var["total_var"])) == sum(parts) == Decimal("6.68")
    assert [part["symbol"] for part in var["positions"]] == ["A", "C", "B"]
    assert var["positions"][0]["share"] == pytest.approx(10.01 / 6.68, abs=2e-3)


def test_positions_with_gaps_in_the_window_are_named() -> None:
    window = [{"metric": "var_95_1d_historical", "observations": 252}]
    held = [
        {"symbol": symbol, "days": days}
        for symbol, days in (("OLD", 252), ("NEW", 99), ("HALTED", 244), ("UNKNOWN", 0))
    ]

    (warning,) = metrics.window_gaps(window, [*held, *held])

    assert (warning["code"], warning["count"]) == ("historical_pnl_incomplete", 2)
    assert warning["about"] == ["HALTED", "NEW"]
    assert metrics.window_gaps(window, held[:1]) == []
    assert metrics.window_gaps([], held) == []


def test_without_measured_positions_there_is_no_var_to_split() -> None:
    (var,) = metrics.component_vars([a_component(99, "A", None)])

    assert (var["total_var"], var["positions"]) == (None, [])


def test_factors_and_specific_add_up_to_the_cent() -> None:
    rows = [a_part("market", "-10.004"), a_part("value", "3.337"), a_part("specific", "1.003")]

    content = metrics.attributed(rows, DEFINITIONS)

    parts = [factor["pnl"] for factor in content["factors"]]
    assert parts == [Decimal("-10.00"), Decimal("3.34")]
    assert content["total"] == Decimal("-5.66")
    assert sum(parts, content["specific"]) == content["total"]
    assert (content["start"], content["as_of"], content["sessions"]) == (DAY, DAY, 1)


def test_income_fees_and_trades_are_parts_of_the_total() -> None:
    rows = [a_part("market", "-10.004"), a_part("value", "3.337"), a_part("specific", "1.003")]
    causes = [a_part("income", "2.301"), a_part("fees", "-1"), a_part("trades", "-0.115")]

    content = metrics.attributed([*rows, *causes], DEFINITIONS)

    parts = [*(factor["pnl"] for factor in content["factors"])]
    parts += [content[cause] for cause in metrics.CAUSES]
    assert parts[2:] == [Decimal("2.30"), Decimal("-1.00"), Decimal("-0.12")]
    assert sum(parts, content["specific"]) == content["total"] == Decimal("-4.48")


def test_a_session_that_could_not_be_split_is_left_out_and_named() -> None:
    before = date(2022, 12, 27)
    unknown = [
        a_part(f, None, before, "the first snapshot has no P&L")
        for f in ("market", "value", "specific")
    ]
    known = [a_part("market", "1"), a_part("value", "2"), a_part("specific", "3")]

    both = metrics.attributed([*unknown, *known], DEFINITIONS)
    nothing = metrics.attributed(unknown, DEFINITIONS)

    assert (both["total"], both["sessions"], both["sessions_left_out"]) == (
        Decimal("6.00"),
        1,
        [before],
    )
    assert (nothing["total"], nothing["specific"], nothing["reason"]) == (
        None,
        None,
        "the first snapshot has no P&L",
    )
    assert {factor["pnl"] for factor in nothing["factors"]} == {None}


def test_a_total_of_nothing_has_no_shares() -> None:
    content = metrics.attributed(
        [a_part("market", "1"), a_part("value", "0"), a_part("specific", "-1")], DEFINITIONS
    )

    assert {factor["share_of_total"] for factor in content["factors"]} == {None}
