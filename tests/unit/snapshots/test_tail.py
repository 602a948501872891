"""Historical VaR and expected shortfall: independent quantiles, sums of parts, what is left out."""

import math
import random
from datetime import date
from typing import Any

import empyrical
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import mstats

from services.snapshots.calculations.tail import (
    CONFIDENCES,
    TAIL_MEASURES,
    HistoricalRisk,
    PositionPnl,
    historical_risk,
    tail_weights,
    volatility_scales,
)
from shared.calendar import sessions

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

    assert risk.plain_components.sum(axis=0).tolist() == risk.totals.tolist()
    assert risk.components.sum(axis=0).tolist() == risk.smoothed.tolist()
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
    assert forward.plain_components == pytest.approx(backward.plain_components[::-1])


def test_full_coverage_is_exactly_one() -> None:
    weights = np.array([125674.0, 53313.5, 35849.8])
    book = PositionPnl(random_pnl(3), weights, np.full(3, None, dtype=object))

    coverage = historical_risk(book).coverage

    assert coverage == 1.0


def test_position_with_too_few_days_is_left_out_with_a_reason_and_lowers_coverage() -> None:
    pnl = random_pnl(3)
    pnl[1, :200] = np.nan
    pnl[2] = np.nan
    book = PositionPnl(
        pnl, np.array([50.0, 30.0, 20.0]), np.array([None, None, "no Greeks"], dtype=object)
    )

    risk = historical_risk(book)

    assert risk.left_out.tolist() == [None, "52 days of P&L, 60 needed", "no Greeks"]
    assert risk.position_days.tolist() == [252, 0, 0]
    assert risk.coverage == pytest.approx(0.5)
    assert np.isnan(risk.components[1:]).all()
    assert risk.totals == pytest.approx(historical_risk(positions(pnl[:1])).totals)


def test_a_gap_counts_nothing_and_never_shortens_the_window_of_the_others() -> None:
    pnl = random_pnl(3)
    pnl[1, :100] = np.nan  # 40 % of the book
    pnl[2, 100:110] = np.nan  # 4 % of it
    book = positions(pnl, weight=[56.0, 40.0, 4.0])

    risk = historical_risk(book)

    assert (risk.days, risk.window) == (252, (0, 251))
    assert risk.position_days.tolist() == [252, 152, 242]
    assert risk.coverage == pytest.approx(0.56 + 0.40 * 152 / 252 + 0.04 * 242 / 252)
    assert risk.left_out.tolist() == [None, None, None]
    assert risk.totals == pytest.approx(historical_risk(positions(np.nan_to_num(pnl))).totals)


def test_a_day_on_which_nothing_is_known_is_no_day_of_the_window() -> None:
    pnl = random_pnl(2)
    pnl[:, :100] = np.nan

    risk = historical_risk(positions(pnl))

    assert (risk.days, risk.window, risk.coverage) == (152, (100, 251), 1.0)
    assert risk.totals == pytest.approx(historical_risk(positions(pnl[:, 100:])).totals)


@pytest.mark.parametrize("gap", [slice(126, None), slice(0, 190)], ids=["halted", "new"])
def test_a_halted_or_a_new_holding_leaves_the_risk_of_the_others(gap: slice) -> None:
    pnl = random_pnl(2)
    pnl[1] *= 0.01
    alone = historical_risk(positions(pnl[:1]))
    pnl[1, gap] = np.nan

    risk = historical_risk(positions(pnl, weight=[93.0, 7.0]))

    assert risk.days == 252
    assert risk.totals == pytest.approx(alone.totals, rel=0.02)
    assert risk.coverage is not None
    assert 0.93 < risk.coverage < 1.0


@pytest.mark.parametrize("days", [60, 252])
def test_smoothed_var_is_the_quantile_of_harrell_and_davis(days: int) -> None:
    pnl = random_pnl(5, days)

    risk = historical_risk(positions(pnl))

    for confidence in CONFIDENCES:
        tail = (100 - confidence) / 100
        (expected,) = mstats.hdquantiles(pnl.sum(axis=0), prob=[tail])
        place = TAIL_MEASURES.index(f"var_{confidence}")
        assert risk.smoothed[place] == pytest.approx(-expected, rel=1e-4)


def test_smoothed_shortfall_is_the_mean_of_the_smoothed_quantiles_of_the_tail() -> None:
    pnl = random_pnl(5)
    shares = (np.arange(200) + 0.5) / 200 * 0.05
    quantiles = mstats.hdquantiles(pnl.sum(axis=0), prob=shares)

    risk = historical_risk(positions(pnl))

    found = risk.smoothed[TAIL_MEASURES.index("es_95")]
    assert found == pytest.approx(-float(np.mean(quantiles)), rel=1e-3)


def test_smoothed_parts_move_less_than_plain_ones_when_a_day_leaves_the_window() -> None:
    pnl = random_pnl(20, 300)
    windows = [historical_risk(positions(pnl[:, first : first + 252])) for first in range(48)]
    place = TAIL_MEASURES.index("var_95")

    def moved(parts: Any) -> float:
        return float(np.abs(np.diff([each[:, place] for each in parts], axis=0)).mean())

    smoothed = moved([each.components for each in windows])
    assert smoothed < 0.5 * moved([each.plain_components for each in windows])


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


def test_positions_that_never_share_a_day_have_half_the_coverage() -> None:
    pnl = random_pnl(2, 140)
    pnl[0, :70], pnl[1, 70:] = np.nan, np.nan

    risk = historical_risk(positions(pnl))

    assert (risk.days, risk.coverage, risk.reason) == (140, 0.5, None)


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


def users_case(*held: tuple[str, float]) -> HistoricalRisk:
    """Books that users brought: prices wild since July or until then, one halted, one new.

    `held`: (symbol, dollars). The P&L is that of the last 252 sessions up to 2022-12-28.
    """
    days = sessions(date(2021, 6, 1), date(2022, 12, 28))
    chance = random.Random(11)
    calm = [day <= date(2022, 6, 30) for day in days]
    moves = {
        "WILD": [chance.gauss(0, 0.001 if early else 0.04) for early in calm],
        "HALTED": [chance.gauss(0, 0.01) if early else math.nan for early in calm],
        "NEW": [math.nan] * (len(days) - 61) + [chance.gauss(0, 0.001) for _ in range(61)],
        "TAMED": [chance.gauss(0, 0.04 if early else 0.001) for early in calm],
    }
    pnl = [[dollars * move for move in moves[symbol][-252:]] for symbol, dollars in held]
    return historical_risk(positions(pnl, weight=[dollars for _, dollars in held]))


@pytest.mark.parametrize(
    ("book", "gappy"),
    [
        (("WILD", 100_000.0), ("HALTED", 7_500.0)),
        (("TAMED", 100_000.0), ("NEW", 7_500.0)),
    ],
)
def test_a_gap_of_seven_percent_leaves_the_var_where_it_was(
    book: tuple[str, float], gappy: tuple[str, float]
) -> None:
    alone, together = users_case(book), users_case(book, gappy)

    assert together.days == alone.days == 252
    assert measure(together, "var_95") == pytest.approx(measure(alone, "var_95"), rel=0.02)
    assert measure(alone, "var_95") > 4_000
    assert together.coverage is not None
    assert together.coverage < 0.98
