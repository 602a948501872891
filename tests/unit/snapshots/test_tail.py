"""Historical VaR and expected shortfall: independent quantiles, sums of parts, what is left out."""

import math
from typing import Any

import empyrical
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from services.snapshots.calculations.tail import (
    CONFIDENCES,
    TAIL_MEASURES,
    HistoricalRisk,
    PositionPnl,
    historical_risk,
    tail_weights,
    volatility_scales,
)

ROUNDING = 1e-5  # components are stored to the micro-dollar
pnl_matrices = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(60, 260)),
    elements=st.floats(-1e6, 1e6, width=32),
)


def positions(pnl: Any, weight: Any = 1.0, reason: str | None = None) -> PositionPnl:
    matrix = np.atleast_2d(np.array(pnl, dtype=np.float64))
    reasons = np.full(len(matrix), reason, dtype=object)
    return PositionPnl(matrix, np.broadcast_to(weight, len(matrix)).astype(np.float64), reasons)


def random_pnl(count: int, days: int = 252) -> Any:
    return np.random.default_rng(7).standard_t(4, (count, days)) * 1000


def measure(risk: HistoricalRisk, name: str) -> float:
    return float(risk.totals[TAIL_MEASURES.index(name)])


@pytest.mark.parametrize("days", [60, 100, 101, 251, 252])
def test_var_is_the_interpolated_quantile_of_numpy_and_empyrical(days: int) -> None:
    pnl = random_pnl(5, days)

    risk = historical_risk(positions(pnl))

    for confidence in CONFIDENCES:
        cutoff = (100 - confidence) / 100
        assert measure(risk, f"var_{confidence}") == pytest.approx(
            -np.quantile(pnl.sum(axis=0), cutoff)
        )
        assert measure(risk, f"var_{confidence}") == pytest.approx(
            -empyrical.value_at_risk(pnl.sum(axis=0), cutoff)
        )


@pytest.mark.parametrize("days", [60, 100, 101, 251, 252])
def test_expected_shortfall_agrees_with_empyrical(days: int) -> None:
    pnl = random_pnl(5, days)

    risk = historical_risk(positions(pnl))

    for confidence in CONFIDENCES:
        expected = -empyrical.conditional_value_at_risk(pnl.sum(axis=0), (100 - confidence) / 100)
        assert measure(risk, f"es_{confidence}") == pytest.approx(expected)


def test_worked_example_of_a_hundred_and_one_losses() -> None:
    risk = historical_risk(positions(-np.arange(101.0)))

    # Losses 0, 1, ..., 100: 95 % is the sixth largest, the mean of the six largest 97.5; 99 %
    # likewise.
    assert risk.totals.tolist() == pytest.approx([95.0, 97.5, 99.0, 99.5])


@given(pnl_matrices)
def test_components_add_up_to_the_total(pnl: Any) -> None:
    risk = historical_risk(positions(pnl))

    assert risk.components.sum(axis=0).tolist() == risk.totals.tolist()
    portfolio = historical_risk(positions(pnl.sum(axis=0)))
    assert risk.totals == pytest.approx(portfolio.totals, rel=1e-9, abs=ROUNDING)


@given(pnl_matrices)
def test_var_rises_with_confidence_and_shortfall_is_not_below_it(pnl: Any) -> None:
    risk = historical_risk(positions(pnl))
    slack = 1e-9 * np.abs(pnl).sum() + ROUNDING

    assert measure(risk, "var_99") >= measure(risk, "var_95") - slack
    assert measure(risk, "es_99") >= measure(risk, "es_95") - slack
    for confidence in CONFIDENCES:
        assert measure(risk, f"es_{confidence}") >= measure(risk, f"var_{confidence}") - slack


@given(pnl_matrices, st.floats(0.01, 100))
def test_twice_the_book_risks_twice_as_much(pnl: Any, scale: float) -> None:
    risk, scaled = historical_risk(positions(pnl)), historical_risk(positions(scale * pnl))

    assert scaled.totals == pytest.approx(scale * risk.totals, rel=1e-6, abs=ROUNDING * (1 + scale))


@given(pnl_matrices)
def test_long_and_its_exact_short_risk_nothing(pnl: Any) -> None:
    risk = historical_risk(positions(np.vstack([pnl, -pnl])))

    assert risk.totals == pytest.approx([0.0] * len(TAIL_MEASURES), abs=1e-6)


@given(st.integers(60, 400))
def test_weights_of_every_measure_add_up_to_one_and_sit_on_the_worst_days(days: int) -> None:
    weights = tail_weights(np.arange(float(days)))

    assert weights.sum(axis=0) == pytest.approx([1.0] * len(TAIL_MEASURES))
    assert weights.min() >= 0
    assert not weights[days // 10 + 2 :].any()


def test_order_of_positions_does_not_change_the_figures() -> None:
    pnl = np.round(random_pnl(40), 2)

    forward, backward = historical_risk(positions(pnl)), historical_risk(positions(pnl[::-1]))

    assert forward.totals == pytest.approx(backward.totals, abs=1e-7)
    assert forward.components == pytest.approx(backward.components[::-1])


def test_position_with_too_few_days_is_left_out_with_a_reason_and_lowers_coverage() -> None:
    pnl = random_pnl(3)
    pnl[1, :200] = np.nan
    pnl[2] = np.nan
    book = PositionPnl(
        pnl, np.array([50.0, 30.0, 20.0]), np.array([None, None, "no Greeks"], dtype=object)
    )

    risk = historical_risk(book)

    assert risk.left_out.tolist() == [None, "52 days of P&L, 60 needed", "no Greeks"]
    assert risk.coverage == pytest.approx(0.5)
    assert np.isnan(risk.components[1:]).all()
    assert risk.totals == pytest.approx(historical_risk(positions(pnl[:1])).totals)


def test_days_without_much_of_the_book_do_not_count_and_those_without_little_do() -> None:
    pnl = random_pnl(3)
    pnl[1, :100] = np.nan  # 40 % of the book
    pnl[2, 100:110] = np.nan  # 4 % of it
    book = positions(pnl, weight=[56.0, 40.0, 4.0])

    risk = historical_risk(book)

    assert (risk.days, risk.coverage) == (152, 1.0)
    assert risk.left_out.tolist() == [None, None, None]
    assert risk.totals == pytest.approx(
        historical_risk(positions(np.nan_to_num(pnl)[:, 100:])).totals
    )


@pytest.mark.parametrize(
    ("book", "reason"),
    [
        (positions(np.empty((0, 252))), "no positions"),
        (positions(np.empty((2, 0)), reason="nothing stored"), "no position has a P&L vector"),
        (positions(random_pnl(2, 59)), "no position has a P&L vector"),
    ],
)
def test_book_without_days_has_no_figure_but_a_reason(book: PositionPnl, reason: str) -> None:
    risk = historical_risk(book)

    assert risk.reason == reason
    assert np.isnan(risk.totals).all()


def test_positions_that_never_share_enough_days_have_no_figure() -> None:
    pnl = random_pnl(2, 140)
    pnl[0, :70], pnl[1, 70:] = np.nan, np.nan

    risk = historical_risk(positions(pnl))

    assert risk.reason == "0 days of P&L, 60 needed"


@settings(max_examples=50)
@given(pnl_matrices, st.integers(0, 5))
def test_a_position_without_pnl_adds_nothing_and_takes_nothing(pnl: Any, place: int) -> None:
    empty = np.insert(pnl, min(place, len(pnl)), 0.0, axis=0)

    assert historical_risk(positions(empty)).totals == pytest.approx(
        historical_risk(positions(pnl)).totals, rel=1e-9, abs=1e-6
    )


@given(pnl_matrices, st.floats(0.01, 100))
def test_rescaled_figures_scale_with_the_book_and_keep_their_order(pnl: Any, scale: float) -> None:
    risk, scaled = historical_risk(positions(pnl)), historical_risk(positions(scale * pnl))
    slack = 1e-9 * np.abs(risk.rescaled).sum()

    assert scaled.rescaled == pytest.approx(scale * risk.rescaled, rel=1e-6, abs=1e-6 * scale)
    var_95, es_95, var_99, es_99 = risk.rescaled.tolist()
    assert var_95 <= var_99 + slack <= es_99 + 2 * slack
    assert var_95 <= es_95 + slack <= es_99 + 2 * slack


def test_rescaling_changes_nothing_when_volatility_never_changes() -> None:
    pnl = np.where(np.arange(252) % 3, 100.0, -100.0)

    risk = historical_risk(positions(pnl))

    assert risk.rescaled == pytest.approx(risk.totals)
    assert historical_risk(positions(np.zeros(252))).rescaled.tolist() == [0.0] * 4


def test_storm_after_a_quiet_year_doubles_the_rescaled_loss_long_before_the_plain_one() -> None:
    quiet = np.where(np.arange(252) % 2, 100.0, -100.0)
    storm = np.concatenate([quiet[5:], [-300.0, 300.0, -300.0, 300.0, 300.0]])

    risk = historical_risk(positions(storm))

    assert measure(risk, "var_95") == pytest.approx(100.0)
    assert measure(risk, "es_99") < 1.01 * 300
    assert risk.rescaled[TAIL_MEASURES.index("var_95")] > 150


def test_volatility_scales_agree_with_a_worked_example() -> None:
    scales = volatility_scales(np.array([1.0, -3.0]))

    # The mean square is 5; after 1 the variance is 0.94 x 5 + 0.06 = 4.76, after -3 it is 5.0144.
    assert scales.tolist() == pytest.approx([math.sqrt(5.0144 / 5.0), math.sqrt(5.0144 / 4.76)])
