"""Profit and loss of books in scenarios."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.stress.calculations import (
    Book,
    Scenario,
    Shocks,
    market_risk,
    stress_test,
    stressed_impacts,
    stressed_underlying_returns,
)

NAMES = ["Market", "Value", "Growth"]
COVARIANCE = np.array([[0.04, 0.005, -0.004], [0.005, 0.01, -0.009], [-0.004, -0.009, 0.0121]])
dollars = st.floats(-1e7, 1e7)
a_beta = st.floats(-3, 3)
a_shock = st.floats(-1, 1)
linear_books = st.lists(
    st.tuples(dollars, a_beta, a_beta, a_beta, st.floats(-20, 20)), min_size=1, max_size=8
)


def a_scenario(shocks: dict[str, float], rate_shock: float | None = None) -> Scenario:
    return Scenario("s", "S", "A test.", "custom", "mild", shocks, rate_shock)


def a_book(
    exposure: Sequence[float],
    betas: Sequence[Sequence[float]],
    *,
    portfolio: Sequence[int] | None = None,
    portfolios: int = 1,
    **columns: Sequence[float],
) -> Book:
    def column(name: str, default: float) -> NDArray[np.float64]:
        return np.array(columns.get(name, [default] * len(exposure)), dtype=np.float64)

    return Book(
        portfolios=portfolios,
        portfolio=np.array(portfolio if portfolio is not None else [0] * len(exposure), dtype=np.intp),
        symbols=[f"S{place}" for place in range(len(exposure))],
        exposure=np.array(exposure, dtype=np.float64),
        betas=np.array(betas, dtype=np.float64).reshape(len(exposure), len(NAMES)),
        rate_beta=column("rate_beta", 0.0),
        gamma=column("gamma", 0.0),
        underlying_price=column("underlying_price", 0.0),
    )


def a_linear_book(rows: Sequence[tuple[float, ...]]) -> Book:
    return a_book([row[0] for row in rows], [row[1:4] for row in rows], rate_beta=[row[4] for row in rows])


def shocks_of(*factors: float, rate: float = 0.0) -> Shocks:
    return Shocks(np.array([factors]), np.array([rate]))


def hand_worked_book() -> Book:
    """100,000 long (betas 1.2, 0.5, -0.2; rate -4), 40,000 short (betas 0.8, 0, 0.3; rate -2),
    and 10 long calls: delta 0.6, gamma 0.02, underlying 150, betas of the first name."""
    return a_book(
        [100_000, -40_000, 0.6 * 10 * 100 * 150],
        [[1.2, 0.5, -0.2], [0.8, 0.0, 0.3], [1.2, 0.5, -0.2]],
        rate_beta=[-4, -2, -4],
        gamma=[0, 0, 0.02 * 10 * 100],
        underlying_price=[0, 0, 150],
    )


def test_hand_worked_book_loses_what_arithmetic_says() -> None:
    impacts = stressed_impacts(hand_worked_book(), shocks_of(-0.10, 0.20, 0.0, rate=0.01))

    # Market: (100,000 + 90,000) x 1.2 - 40,000 x 0.8 = 196,000; Value: 190,000 x 0.5 = 95,000.
    # Rates: 190,000 x -4 + 40,000 x 2 = -680,000.
    # The option's underlying: 1.2 x -0.1 + 0.5 x 0.2 - 4 x 0.01 = -0.06, so -9 dollars.
    assert impacts.factors[0, 0] == pytest.approx([-19_600, 19_000, 0])
    assert impacts.rates[0, 0] == pytest.approx(-6_800)
    assert impacts.nonlinear[0, 0] == pytest.approx(0.5 * 20 * 81)
    assert impacts.total[0, 0] == pytest.approx(-19_600 + 19_000 - 6_800 + 810)
    assert impacts.coverage[0, 0] == pytest.approx(1.0)


def test_hand_worked_correlated_loss_adds_expected_styles_once() -> None:
    test = stress_test(hand_worked_book(), [a_scenario({"Market": -0.10})], NAMES, COVARIANCE)

    # E[Value | Market] = 0.005 / 0.04 x -0.1 = -0.0125; E[Growth | Market] = -0.004 / 0.04 x -0.1 = 0.01.
    assert test.correlated is not None
    assert test.correlated.shocks.factors[0] == pytest.approx([-0.10, -0.0125, 0.01])
    # Growth exposure: 190,000 x -0.2 - 40,000 x 0.3 = -50,000.
    # The option's underlying: -0.12 - 0.00625 - 0.002 = -0.12825.
    assert test.correlated.factors[0, 0] == pytest.approx([-19_600, -1_187.5, -500])
    assert test.correlated.nonlinear[0, 0] == pytest.approx(0.5 * 20 * (150 * 0.12825) ** 2)
    assert test.correlation_effect is not None
    assert test.correlation_effect[0, 0] == pytest.approx(
        -1_187.5 - 500 + 10 * ((150 * 0.12825) ** 2 - (150 * 0.12) ** 2)
    )


def test_underlying_return_is_sum_of_betas_and_rate() -> None:
    returns = stressed_underlying_returns(
        np.array([[1.0, 0.5, 0.0]]),
        np.array([-5.0]),
        Shocks(np.array([[-0.2, 0.1, 0.3]] * 2), np.array([0.0, 0.01])),
    )

    assert returns == pytest.approx(np.array([[-0.15, -0.20]]))


def test_a_long_option_is_hurt_less_than_its_delta_says() -> None:
    impacts = stressed_impacts(hand_worked_book(), shocks_of(-0.10, 0.0, 0.0))

    assert impacts.nonlinear[0, 0] > 0


@given(linear_books)
def test_no_shock_no_effect(rows: list[tuple[float, ...]]) -> None:
    impacts = stressed_impacts(a_linear_book(rows), shocks_of(0.0, 0.0, 0.0))

    assert impacts.total[0, 0] == 0


@given(linear_books, a_shock, a_shock, a_shock, st.floats(-0.05, 0.05), st.floats(0, 5))
def test_a_linear_book_scales_with_its_shock(
    rows: list[tuple[float, ...]], market: float, value: float, growth: float, rate: float, factor: float
) -> None:
    book = a_linear_book(rows)
    once = stressed_impacts(book, shocks_of(market, value, growth, rate=rate)).total
    scale = 1e-9 * (1 + np.abs(book.exposure).sum() * 30)

    scaled = stressed_impacts(
        book, shocks_of(market * factor, value * factor, growth * factor, rate=rate * factor)
    ).total

    assert scaled == pytest.approx(once * factor, abs=scale)


@given(linear_books, a_shock, a_shock, a_shock, st.floats(-0.05, 0.05), st.floats(0, 1000))
def test_long_plus_its_exact_short_is_zero(
    rows: list[tuple[float, ...]], market: float, value: float, growth: float, rate: float, gamma: float
) -> None:
    longs = a_linear_book(rows)
    both = a_book(
        [*longs.exposure, *-longs.exposure],
        np.vstack([longs.betas, longs.betas]).tolist(),
        rate_beta=[*longs.rate_beta, *longs.rate_beta],
        gamma=[gamma] * len(rows) + [-gamma] * len(rows),
        underlying_price=[50.0] * 2 * len(rows),
    )
    scale = 1e-9 * (1 + np.abs(both.exposure).sum() * 30 + gamma * 1e7)

    impacts = stressed_impacts(both, shocks_of(market, value, growth, rate=rate))

    assert impacts.total[0, 0] == pytest.approx(0, abs=scale)


@given(linear_books, a_shock, a_shock, a_shock)
def test_methods_agree_when_every_factor_is_shocked(
    rows: list[tuple[float, ...]], market: float, value: float, growth: float
) -> None:
    every = [a_scenario({"Market": market, "Value": value, "Growth": growth})]

    test = stress_test(a_linear_book(rows), every, NAMES, COVARIANCE)

    assert test.correlation_effect is not None
    assert test.correlation_effect.tolist() == [[0.0]]


@given(linear_books, a_shock, a_shock, st.floats(-0.05, 0.05))
def test_parts_add_up_to_the_total(
    rows: list[tuple[float, ...]], market: float, value: float, rate: float
) -> None:
    impacts = stressed_impacts(a_linear_book(rows), shocks_of(market, value, 0.0, rate=rate))

    parts = [*impacts.factors[0, 0], impacts.rates[0, 0], impacts.nonlinear[0, 0]]

    assert sum(parts) == pytest.approx(impacts.total[0, 0], abs=1e-6)


@given(
    st.lists(st.floats(1, 1e7), min_size=1, max_size=10), st.sampled_from([-0.05, -0.1, -0.2, -0.35, -0.45])
)
def test_a_fall_never_becomes_a_rise_for_a_long_only_beta_1_book(exposure: list[float], fall: float) -> None:
    book = a_book(exposure, [[1.0, 0.0, 0.0]] * len(exposure))

    impacts = stressed_impacts(book, shocks_of(fall, 0.0, 0.0))

    assert impacts.total[0, 0] == pytest.approx(fall * sum(exposure))
    assert impacts.total[0, 0] < 0


def test_losses_beyond_the_book_are_not_clipped() -> None:
    book = a_book([100_000], [[3.0, 0.0, 0.0]])

    assert stressed_impacts(book, shocks_of(-0.45, 0.0, 0.0)).total[0, 0] == pytest.approx(-135_000)


def test_portfolios_of_a_shard_do_not_mix() -> None:
    book = a_book(
        [100, 200, 400],
        [[1, 0, 0]] * 3,
        portfolio=[2, 0, 2],
        portfolios=3,
        gamma=[0, 2, 0],
        underlying_price=[0, 10, 0],
    )

    impacts = stressed_impacts(book, shocks_of(-0.10, 0.0, 0.0))

    assert impacts.total[:, 0] == pytest.approx([-20 + 0.5 * 2 * 1, 0, -50])


def test_an_empty_shard_has_empty_results() -> None:
    test = stress_test(a_book([], [], portfolios=0), [a_scenario({"Market": 0.1})], NAMES, COVARIANCE)

    assert test.direct.total.shape == (0, 1)
    assert test.omissions == ()


def test_an_empty_portfolio_loses_nothing_and_covers_nothing() -> None:
    impacts = stressed_impacts(a_book([], [], portfolios=1), shocks_of(-0.35, 0.0, 0.0))

    assert impacts.total.tolist() == [[0.0]]
    assert np.isnan(impacts.coverage[0, 0])
    assert impacts.measured.tolist() == [[True]]


def test_missing_covariance_leaves_correlated_unmeasured() -> None:
    test = stress_test(hand_worked_book(), [a_scenario({"Market": -0.1})], NAMES, None)

    assert test.correlated is None
    assert test.correlation_effect is None


def gappy_book() -> Book:
    nothing = [np.nan] * 3
    return a_book(
        [600, 300, 100, np.nan],
        [[1, 0, 0], nothing, [1, 0, 0], [1, 0, 0]],
        rate_beta=[-4, -4, np.nan, -4],
        gamma=[0, 0, 0, np.nan],
        underlying_price=[0, 0, 0, np.nan],
    )


@pytest.mark.parametrize(
    ("scenario", "coverage", "total", "left_out"),
    [
        (a_scenario({"Market": -0.1}), 0.7, -70, {"no_betas": ("S1",), "no_exposure": ("S3",)}),
        (a_scenario({}, 0.01), 0.9, -36, {"no_rate_sensitivity": ("S2",), "no_exposure": ("S3",)}),
        (
            a_scenario({"Market": -0.1}, 0.01),
            0.6,
            -70 - 36,
            {"no_betas": ("S1",), "no_rate_sensitivity": ("S2",), "no_exposure": ("S3",)},
        ),
    ],
)
def test_what_is_left_out_is_named_and_measured(
    scenario: Scenario, coverage: float, total: float, left_out: dict[str, Any]
) -> None:
    test = stress_test(gappy_book(), [scenario], NAMES, None)

    assert test.direct.coverage[0, 0] == pytest.approx(coverage)
    assert test.direct.total[0, 0] == pytest.approx(total)
    assert {each.code: each.symbols for each in test.omissions[0][0]} == left_out


def test_an_option_without_gamma_is_valued_by_delta_and_named() -> None:
    book = a_book([9_000], [[1, 0, 0]], gamma=[np.nan], underlying_price=[150])

    test = stress_test(book, [a_scenario({"Market": -0.1})], NAMES, None)

    assert test.direct.total[0, 0] == pytest.approx(-900)
    assert [each.code for each in test.omissions[0][0]] == ["no_gamma"]


def test_a_book_without_any_betas_is_not_measured() -> None:
    impacts = stressed_impacts(a_book([500], [[np.nan] * 3], rate_beta=[-4]), shocks_of(-0.1, 0.0, 0.0))

    assert impacts.measured.tolist() == [[False]]
    assert impacts.coverage.tolist() == [[0.0]]


def test_ladders_multiply_exposure_by_each_step() -> None:
    market, rates = market_risk(hand_worked_book(), NAMES.index("Market"))

    assert dict(zip(market.shocks.tolist(), market.pnl[0], strict=True)) == pytest.approx(
        {s: 196_000 * s for s in (-0.2, -0.1, -0.05, 0.05, 0.1, 0.2)}
    )
    assert dict(zip(rates.shocks.tolist(), rates.pnl[0], strict=True)) == pytest.approx(
        {s: -680_000 * s for s in (-0.02, -0.01, 0.01, 0.02)}
    )


def test_ladders_say_what_they_cover() -> None:
    market, rates = market_risk(gappy_book(), 0)

    assert market.coverage.tolist() == pytest.approx([0.7])
    assert rates.coverage.tolist() == pytest.approx([0.9])
    assert rates.measured.tolist() == [True]
