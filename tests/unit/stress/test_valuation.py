"""Profit and loss of books in scenarios."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.stress.calculations.market_risk import market_risk
from services.stress.calculations.results import as_specified, every_floored, moves_of
from services.stress.calculations.shocks import Shocks
from services.stress.calculations.valuation import (
    stress_test,
    stressed_impacts,
    stressed_underlying_returns,
)
from services.stress.inputs import STOCK, Contracts, Scenario, ShardBook
from shared.quant.black_scholes import option_values
from shared.quant.pricing import prices
from tests.unit.stress.builders import columns_of

NAMES = ["market", "value", "growth"]
COVARIANCE = np.array([[0.04, 0.005, -0.004], [0.005, 0.01, -0.009], [-0.004, -0.009, 0.0121]])
CENT = 0.01
FloatArray = NDArray[np.float64]
dollars = st.floats(-1e7, 1e7)
a_beta = st.floats(-3, 3)
a_shock = st.floats(-1, 1)
a_rate_shock = st.floats(-0.05, 0.05)
linear_books = st.lists(
    st.tuples(dollars, a_beta, a_beta, a_beta, st.floats(-20, 20)), min_size=1, max_size=8
)


def a_scenario(
    shocks: dict[str, float], rate_shock: float | None = None, volatility_shock: float | None = None
) -> Scenario:
    return Scenario(
        "s", "S", "A test.", "custom", "mild", shocks, rate_shock, volatility_shock=volatility_shock
    )


def some_contracts(*terms: dict[str, Any]) -> Contracts:
    """At-the-money-ish calls on an underlying at 150 with half a year left, where not said
    otherwise.
    """
    usual = {
        "call": True,
        "american": False,
        "underlying_price": 150.0,
        "strike": 150.0,
        "years_to_expiry": 0.5,
        "volatility": 0.30,
        "rate": 0.04,
        "dividend_yield": 0.01,
    }
    rows = [usual | each for each in terms]
    columns: dict[str, Any] = {
        name: np.array([row[name] for row in rows], dtype=type(usual[name])) for name in usual
    }
    return Contracts(symbols=np.array([f"C{place}" for place in range(len(rows))]), **columns)


def a_book(
    exposure: Sequence[float],
    betas: Sequence[Sequence[float]],
    *,
    portfolio: Sequence[int] | None = None,
    portfolios: int = 1,
    contract: Sequence[int] | None = None,
    contracts: Contracts | None = None,
    **columns: Sequence[float],
) -> ShardBook:
    def column(name: str, default: float) -> FloatArray:
        return np.array(columns.get(name, [default] * len(exposure)), dtype=np.float64)

    return ShardBook(
        portfolios=portfolios,
        portfolio=np.array(
            portfolio if portfolio is not None else [0] * len(exposure), dtype=np.intp
        ),
        symbols=[f"S{place}" for place in range(len(exposure))],
        exposure=np.array(exposure, dtype=np.float64),
        betas=np.array(betas, dtype=np.float64).reshape(len(exposure), len(NAMES)),
        rate_beta=column("rate_beta", 0.0),
        gamma=column("gamma", 0.0),
        underlying_price=column("underlying_price", 0.0),
        contract=np.array(
            contract if contract is not None else [STOCK] * len(exposure), dtype=np.intp
        ),
        units=column("units", 0.0),
        contracts=contracts if contracts is not None else some_contracts(),
    )


def a_linear_book(rows: Sequence[tuple[float, ...]]) -> ShardBook:
    return a_book(
        [row[0] for row in rows], [row[1:4] for row in rows], rate_beta=[row[4] for row in rows]
    )


def an_option_book(units: Sequence[float], contracts: Contracts, beta: float = 1.0) -> ShardBook:
    """Options alone, one position per contract, with the delta and gamma of
    Black-Scholes-Merton.
    """
    greeks = option_values(columns_of(contracts))
    spots = contracts.underlying_price
    return a_book(
        (np.array(units) * greeks.delta * spots).tolist(),
        [[beta, 0, 0]] * len(units),
        contract=range(len(units)),
        contracts=contracts,
        units=units,
        gamma=(np.array(units) * greeks.gamma).tolist(),
        underlying_price=spots.tolist(),
    )


def values_of(contracts: Contracts, **moved: Any) -> FloatArray:
    return prices(columns_of(contracts, **moved), contracts.american)


def shocks_of(*factors: float, rate: float = 0.0, volatility: float = 0.0) -> Shocks:
    return Shocks(np.array([factors]), np.array([rate]), np.array([volatility]))


def hand_worked_book() -> ShardBook:
    """100,000 long (betas 1.2, 0.5, -0.2; rate -4), 40,000 short (betas 0.8, 0, 0.3; rate -2),
    and 10 long European calls at the money on the first name at 150."""
    contracts = some_contracts({})
    greeks = option_values(columns_of(contracts))
    return a_book(
        [100_000, -40_000, float(greeks.delta[0]) * 1_000 * 150],
        [[1.2, 0.5, -0.2], [0.8, 0.0, 0.3], [1.2, 0.5, -0.2]],
        rate_beta=[-4, -2, -4],
        contract=[STOCK, STOCK, 0],
        contracts=contracts,
        units=[0, 0, 1_000],
        gamma=[0, 0, float(greeks.gamma[0]) * 1_000],
        underlying_price=[0, 0, 150],
    )


def test_hand_worked_book_loses_what_arithmetic_says() -> None:
    book = hand_worked_book()
    impacts = stressed_impacts(book, shocks_of(-0.10, 0.20, 0.0, rate=0.01))

    # The first two: -12,000 + 10,000 - 4,000 and 3,200 + 800. The underlying of the call: 1.2 x
    # -0.1 + 0.5 x 0.2
    # - 4 x 0.01 = -6 %, so 141; its rate goes from 4 % to 5 %.
    before, after = (
        values_of(book.contracts),
        values_of(book.contracts, underlying_price=141.0, rate=0.05),
    )
    option = 1_000 * float(after[0] - before[0])
    assert impacts.positions[:, 0] == pytest.approx([-6_000, 4_000, option], abs=CENT)
    assert impacts.total[0, 0] == pytest.approx(-2_000 + option, abs=CENT)
    delta = book.exposure[2]
    assert impacts.factors[0, 0] == pytest.approx(
        [-8_800 - 0.12 * delta, 10_000 + 0.1 * delta, 0], abs=CENT
    )
    assert impacts.rates[0, 0] == pytest.approx(-3_200 - 0.04 * delta, abs=CENT)
    assert impacts.nonlinear[0, 0] == pytest.approx(option + 0.06 * delta, abs=CENT)
    assert impacts.delta_gamma[0, 0] == pytest.approx(
        -2_000 - 0.06 * delta + 0.5 * book.gamma[2] * 81, abs=0.03
    )
    assert impacts.coverage[0, 0] == pytest.approx(1.0)


def test_hand_worked_correlated_loss_adds_expected_styles_once() -> None:
    book = hand_worked_book()
    test = stress_test(book, [a_scenario({"market": -0.10})], NAMES, COVARIANCE)

    # E[Value | Market] = 0.005 / 0.04 x -0.1 = -0.0125; E[Growth | Market] = -0.004 / 0.04 x -0.1 =
    # 0.01. The option's underlying: -0.12 - 0.00625 - 0.002 = -0.12825.
    assert test.correlated is not None
    assert test.correlated.shocks.factors[0] == pytest.approx([-0.10, -0.0125, 0.01])
    stocks = -12_000 - 625 - 200 + 3_200 - 120
    moved = values_of(book.contracts, underlying_price=150 * (1 - 0.12825)) - values_of(
        book.contracts
    )
    assert test.correlated.total[0, 0] == pytest.approx(stocks + 1_000 * moved[0], abs=CENT)
    assert test.correlation_effect is not None
    assert test.correlation_effect[0, 0] == pytest.approx(
        test.correlated.total[0, 0] - test.direct.total[0, 0], abs=1e-6
    )


def test_underlying_return_is_sum_of_betas_and_rate() -> None:
    returns = stressed_underlying_returns(
        np.array([[1.0, 0.5, 0.0]]),
        np.array([-5.0]),
        Shocks(np.array([[-0.2, 0.1, 0.3]] * 2), np.array([0.0, 0.01]), np.zeros(2)),
    )

    assert returns == pytest.approx(np.array([[-0.15, -0.20]]))


def test_a_long_option_is_hurt_less_than_its_delta_says() -> None:
    impacts = stressed_impacts(hand_worked_book(), shocks_of(-0.10, 0.0, 0.0))

    assert impacts.nonlinear[0, 0] > 0


def test_delta_and_gamma_mislead_in_a_crash_and_the_result_shows_it() -> None:
    book = an_option_book([1_000], some_contracts({"volatility": 0.15}))

    impacts = stressed_impacts(book, shocks_of(-0.45, 0.0, 0.0))

    value = 1_000 * float(values_of(book.contracts)[0])
    assert impacts.delta_gamma[0, 0] > 0  # the parabola turns a crash into a gain for a long call
    assert -value <= impacts.total[0, 0] < -0.99 * value


def test_a_volatility_shock_moves_options_and_nothing_else() -> None:
    contracts = some_contracts({"american": True, "call": False})
    options, stock = an_option_book([500], contracts), a_book([90_000], [[1.0, 0, 0]])
    shock = shocks_of(0.0, 0.0, 0.0, volatility=1.00)

    # Half a year has the weight sqrt(30 / 182.5).
    moved = 0.30 * (1 + np.sqrt(30 / 182.5))
    more = values_of(contracts, volatility=moved)[0] - values_of(contracts)[0]

    impacts = stressed_impacts(options, shock)
    assert impacts.total[0, 0] == pytest.approx(500 * more, abs=CENT)
    assert impacts.volatility[0, 0] == impacts.total[0, 0]
    assert impacts.nonlinear[0, 0] == 0
    assert stressed_impacts(stock, shock).total[0, 0] == 0


def test_what_volatility_makes_is_the_difference_to_the_same_shock_without_it() -> None:
    contracts = some_contracts({"call": False}, {"strike": 170.0})
    book = an_option_book([700, -300], contracts)

    moving = stressed_impacts(book, shocks_of(-0.15, 0.0, 0.0, volatility=1.50))
    still = stressed_impacts(book, shocks_of(-0.15, 0.0, 0.0))

    assert still.volatility[0, 0] == 0
    assert moving.volatility[0, 0] == pytest.approx(moving.total[0, 0] - still.total[0, 0])
    assert moving.nonlinear[0, 0] == pytest.approx(still.nonlinear[0, 0])


@given(linear_books, st.floats(-1e4, 1e4))
def test_no_shock_no_effect(rows: list[tuple[float, ...]], units: float) -> None:
    american = some_contracts({"american": True, "call": False, "strike": 180.0})
    stocks, options = a_linear_book(rows), an_option_book([units], american)

    for book in (stocks, options):
        impacts = stressed_impacts(book, shocks_of(0.0, 0.0, 0.0))
        assert impacts.positions.tolist() == [[0.0]] * len(book.symbols)
        effects = (impacts.total[0, 0], impacts.nonlinear[0, 0], impacts.delta_gamma[0, 0])
        assert effects == (0, 0, 0)


@given(linear_books, st.tuples(a_shock, a_shock, a_shock), a_rate_shock, st.floats(0, 5))
def test_a_linear_book_scales_with_its_shock(
    rows: list[tuple[float, ...]], moves: tuple[float, ...], rate: float, factor: float
) -> None:
    book = a_linear_book(rows)
    rounding = 4 * CENT / 2 * len(rows)  # four parts of each position, to the nearest cent
    once = stressed_impacts(book, shocks_of(*moves, rate=rate))

    scaled = stressed_impacts(
        book, shocks_of(*(move * factor for move in moves), rate=rate * factor)
    )

    assume(not once.floored.any() and not scaled.floored.any())
    allowed = rounding * (1 + factor) + 1e-6
    assert scaled.total == pytest.approx(once.total * factor, abs=allowed)


def and_its_short(book: ShardBook) -> ShardBook:
    """The book and, in the same portfolio, every position sold."""
    return replace(
        book,
        portfolio=np.tile(book.portfolio, 2),
        symbols=[*book.symbols, *book.symbols],
        exposure=np.append(book.exposure, -book.exposure),
        betas=np.vstack([book.betas, book.betas]),
        rate_beta=np.tile(book.rate_beta, 2),
        gamma=np.append(book.gamma, -book.gamma),
        underlying_price=np.tile(book.underlying_price, 2),
        contract=np.tile(book.contract, 2),
        units=np.append(book.units, -book.units),
    )


@given(linear_books, st.tuples(a_shock, a_shock, a_shock), a_rate_shock, st.floats(1, 1000))
def test_long_plus_its_exact_short_is_exactly_zero(
    rows: list[tuple[float, ...]], moves: tuple[float, ...], rate: float, units: float
) -> None:
    contracts = some_contracts({"american": True, "call": False}, {"strike": 120.0})
    for book in (a_linear_book(rows), an_option_book([units, 2 * units], contracts)):
        impacts = stressed_impacts(and_its_short(book), shocks_of(*moves, rate=rate))

        effects = (impacts.total[0, 0], impacts.nonlinear[0, 0], impacts.delta_gamma[0, 0])
        assert effects == (0, 0, 0)


@given(linear_books, a_shock, a_shock, a_shock)
def test_methods_agree_when_every_factor_is_shocked(
    rows: list[tuple[float, ...]], market: float, value: float, growth: float
) -> None:
    every = [a_scenario({"market": market, "value": value, "growth": growth})]

    for book in (a_linear_book(rows), an_option_book([200], some_contracts({"american": True}))):
        test = stress_test(book, every, NAMES, COVARIANCE)

        assert test.correlation_effect is not None
        assert test.correlation_effect.tolist() == [[0.0]]
        assert test.correlated is not None
        assert test.correlated.positions.tolist() == test.direct.positions.tolist()


@given(linear_books, a_shock, a_shock, st.floats(-0.05, 0.05), st.floats(-0.2, 0.5))
def test_parts_and_positions_add_up_to_the_total_to_the_cent(
    rows: list[tuple[float, ...]], market: float, value: float, rate: float, volatility: float
) -> None:
    contracts = some_contracts({"american": True}, {"call": False, "strike": 90.0})
    options = an_option_book([700, -300], contracts, beta=1.3)
    for book in (a_linear_book(rows), options):
        impacts = stressed_impacts(
            book, shocks_of(market, value, 0.0, rate=rate, volatility=volatility)
        )

        parts = [
            *impacts.factors[0, 0],
            impacts.rates[0, 0],
            impacts.volatility[0, 0],
            impacts.nonlinear[0, 0],
        ]

        assert round(sum(parts), 2) == impacts.total[0, 0]
        assert round(float(impacts.positions.sum()), 2) == impacts.total[0, 0]


def test_a_book_of_stock_alone_has_no_nonlinear_part() -> None:
    book = a_book(
        [1_234.567, -89.012], [[1.01, 0.333, -0.2], [0.77, 0.1, 0.9]], rate_beta=[-3.3, 1.7]
    )

    impacts = stressed_impacts(book, shocks_of(-0.137, 0.011, 0.023, rate=0.0007))

    assert impacts.nonlinear[0, 0] == 0
    assert impacts.delta_gamma[0, 0] == impacts.total[0, 0]


@given(
    st.floats(0.05, 3),
    st.floats(20, 300),
    st.floats(0.05, 1.5),
    st.floats(-1, 3),
    st.booleans(),
    st.booleans(),
)
def test_a_long_option_never_loses_more_than_its_value(
    years: float, strike: float, volatility: float, market: float, call: bool, american: bool
) -> None:
    terms = {"years_to_expiry": years, "strike": strike, "volatility": volatility}
    contracts = some_contracts({**terms, "call": call, "american": american})

    impacts = stressed_impacts(an_option_book([100], contracts), shocks_of(market, 0.0, 0.0))

    assert impacts.total[0, 0] >= -100 * float(values_of(contracts)[0]) - CENT


@given(
    st.lists(st.floats(1, 1e7), min_size=1, max_size=10),
    st.sampled_from([-0.05, -0.1, -0.2, -0.35, -0.45]),
)
def test_a_fall_never_becomes_a_rise_for_a_long_only_beta_1_book(
    exposure: list[float], fall: float
) -> None:
    book = a_book(exposure, [[1.0, 0.0, 0.0]] * len(exposure))

    impacts = stressed_impacts(book, shocks_of(fall, 0.0, 0.0))

    assert impacts.total[0, 0] == pytest.approx(fall * sum(exposure), abs=CENT * len(exposure))
    assert impacts.total[0, 0] < 0


def test_a_short_may_lose_more_than_it_is_worth() -> None:
    book = a_book([-100_000], [[3.0, 0.0, 0.0]])

    assert stressed_impacts(book, shocks_of(0.45, 0.0, 0.0)).total[0, 0] == pytest.approx(-135_000)


def test_no_price_falls_below_zero_and_the_position_is_named_with_the_amount() -> None:
    # Betas of 3 and a fall of 45 % would take the price down 135 %.
    book = a_book([100_000, -40_000], [[3.0, 0.0, 0.0]] * 2)
    every = [a_scenario({"market": -0.45}), a_scenario({"market": -0.10})]

    test = stress_test(book, every, NAMES, None)

    assert test.direct.positions[:, 0].tolist() == [-100_000, 40_000]
    assert every_floored(book, test.direct) == [{"S0": 35_000, "S1": -14_000}, {}]
    assert test.direct.factors[0, 0, 0] == -81_000  # as if the price fell on
    assert test.direct.nonlinear[0, 0] == 21_000
    assert [(each.code, each.about) for each in test.caveats[0][0]] == [
        ("price_at_zero", ("S0", "S1"))
    ]
    assert test.caveats[0][1] == ()


def test_each_portfolio_and_scenario_has_what_its_own_symbols_lost_at_zero() -> None:
    # Two lots of one symbol in the second portfolio, which comes first in the order of positions.
    book = replace(
        a_book([10_000, 100_000, 30_000], [[3.0, 0.0, 0.0]] * 3),
        portfolios=2,
        portfolio=np.array([1, 0, 1], dtype=np.intp),
        symbols=["A", "B", "A"],
    )
    every = [a_scenario({"market": -0.10}), a_scenario({"market": -0.45})]

    test = stress_test(book, every, NAMES, None)

    assert every_floored(book, test.direct) == [{}, {"B": 35_000}, {}, {"A": 14_000}]


def test_an_underlying_at_zero_values_its_options_there_and_is_named() -> None:
    contracts = some_contracts({"call": False, "american": True}, {})
    book = an_option_book([100, 100], contracts, beta=3.0)

    test = stress_test(
        book, [a_scenario({"market": -0.45}), a_scenario({"market": -0.10})], NAMES, None
    )

    put, call = 100 * values_of(contracts)
    assert test.direct.positions[:, 0] == pytest.approx([100 * 150 - put, -call], abs=2)
    assert [each.code for each in test.caveats[0][0]] == ["price_at_zero"]
    assert test.caveats[0][1] == ()


@given(linear_books, st.lists(a_shock, min_size=3, max_size=3), a_rate_shock)
def test_no_long_loses_and_no_short_gains_more_than_its_value(
    rows: list[tuple[float, ...]], moves: list[float], rate: float
) -> None:
    book = a_linear_book(rows)

    impacts = stressed_impacts(book, shocks_of(*moves, rate=rate))

    value = np.round(book.exposure, 2)
    gained = impacts.positions[:, 0]
    assert (gained[book.exposure > 0] >= -value[book.exposure > 0]).all()
    assert (gained[book.exposure < 0] <= -value[book.exposure < 0]).all()
    by_part = impacts.factors[0, 0].sum() + impacts.rates[0, 0] + impacts.nonlinear[0, 0]
    assert impacts.total[0, 0] == pytest.approx(by_part, abs=CENT / 2)


def test_a_measured_scenario_is_valued_by_its_window_and_shows_the_specified_beside() -> None:
    # 100,000 with a market beta of 1 and 0.5 to value over the market.
    book = a_book([100_000], [[1.0, 0.5, 0.0]])
    covid = replace(
        a_scenario({"market": -0.35, "value": -0.40}),
        measured_returns={"market": -0.34, "value": -0.36, "growth": -0.32},
        measured_rate_change=-0.008,
    )
    plain = replace(a_scenario({"market": -0.10}), scenario_id="plain")

    test = stress_test(book, [plain, covid], NAMES, COVARIANCE)

    assert test.direct.total[0].tolist() == [-10_000, -34_000 - 1_000]
    assert test.specified == ("s",)
    assert as_specified(test, "direct", 0, 0, NAMES) is None
    beside = as_specified(test, "direct", 0, 1, NAMES)
    assert beside is not None
    assert beside["total_pnl"] == -35_000 - 2_500
    assert [each.headline for each in moves_of(test, "direct", NAMES)] == ["specified", "measured"]
    assert moves_of(test, "direct", NAMES)[1].implied_moves["value"] == pytest.approx(-0.36)
    # Every factor moved in the window, so correlation adds nothing to it.
    assert test.correlation_effect is not None
    assert test.correlation_effect[0, 1] == 0


def test_a_settled_option_is_beyond_the_reach_of_any_shock() -> None:
    nothing = {"volatility": np.nan, "rate": np.nan, "dividend_yield": np.nan}
    contracts = some_contracts({"years_to_expiry": 0.0, "strike": 100.0, **nothing})
    book = a_book([0.0], [[1, 0, 0]], contract=[0], contracts=contracts, units=[100])

    impacts = stressed_impacts(book, shocks_of(-0.35, 0.0, 0.0, rate=0.01, volatility=0.2))

    assert impacts.positions.tolist() == [[0.0]]


def test_portfolios_of_a_shard_do_not_mix() -> None:
    contracts = some_contracts({})
    delta = 2 * float(option_values(columns_of(contracts)).delta[0]) * 150
    book = a_book(
        [100, delta, 400],
        [[1, 0, 0]] * 3,
        portfolio=[2, 0, 2],
        portfolios=3,
        contract=[STOCK, 0, STOCK],
        contracts=contracts,
        units=[0, 2, 0],
    )

    impacts = stressed_impacts(book, shocks_of(-0.10, 0.0, 0.0))

    option = 2 * float((values_of(contracts, underlying_price=135.0) - values_of(contracts))[0])
    assert impacts.total[:, 0] == pytest.approx([option, 0, -50], abs=CENT)


def test_one_contract_in_many_books_is_priced_once_and_gathered() -> None:
    contracts = some_contracts({"american": True})
    book = an_option_book([100], contracts)
    many = replace(
        book,
        portfolios=3,
        portfolio=np.array([0, 1, 2], dtype=np.intp),
        symbols=["C0"] * 3,
        exposure=book.exposure[0] * np.array([1.0, -2.0, 5.0]),
        betas=np.repeat(book.betas, 3, axis=0),
        rate_beta=np.zeros(3),
        gamma=book.gamma[0] * np.array([1.0, -2.0, 5.0]),
        underlying_price=np.full(3, 150.0),
        contract=np.zeros(3, dtype=np.intp),
        units=100 * np.array([1.0, -2.0, 5.0]),
    )

    impacts = stressed_impacts(many, shocks_of(-0.10, 0.0, 0.0))

    alone = stressed_impacts(book, shocks_of(-0.10, 0.0, 0.0)).total[0, 0]
    assert impacts.total[:, 0] == pytest.approx([alone, -2 * alone, 5 * alone], abs=3 * CENT)


def test_an_empty_shard_has_empty_results() -> None:
    test = stress_test(
        a_book([], [], portfolios=0), [a_scenario({"market": 0.1})], NAMES, COVARIANCE
    )

    assert test.direct.total.shape == (0, 1)
    assert test.caveats == ()


def test_an_empty_portfolio_loses_nothing_and_covers_nothing() -> None:
    impacts = stressed_impacts(a_book([], [], portfolios=1), shocks_of(-0.35, 0.0, 0.0))

    assert impacts.total.tolist() == [[0.0]]
    assert np.isnan(impacts.coverage[0, 0])
    assert impacts.measured.tolist() == [[True]]


def test_missing_covariance_leaves_correlated_unmeasured() -> None:
    test = stress_test(hand_worked_book(), [a_scenario({"market": -0.1})], NAMES, None)

    assert test.correlated is None
    assert test.correlation_effect is None


def gappy_book() -> ShardBook:
    nothing = [np.nan] * 3
    return a_book(
        [600, 300, 100, np.nan],
        [[1, 0, 0], nothing, [1, 0, 0], [1, 0, 0]],
        rate_beta=[-4, -4, np.nan, -4],
    )


@pytest.mark.parametrize(
    ("scenario", "coverage", "by_position", "left_out"),
    [
        (
            a_scenario({"market": -0.1}),
            0.7,
            [-60, None, -10, None],
            {"no_betas": ("S1",), "no_exposure": ("S3",)},
        ),
        (
            a_scenario({}, 0.01),
            0.9,
            [-24, -12, None, None],
            {"no_rate_sensitivity": ("S2",), "no_exposure": ("S3",)},
        ),
        (
            a_scenario({"market": -0.1}, 0.01),
            0.6,
            [-84, -12, -10, None],
            {"no_betas": ("S1",), "no_rate_sensitivity": ("S2",), "no_exposure": ("S3",)},
        ),
    ],
)
def test_what_is_left_out_is_named_and_measured(
    scenario: Scenario, coverage: float, by_position: list[float | None], left_out: dict[str, Any]
) -> None:
    test = stress_test(gappy_book(), [scenario], NAMES, None)

    assert test.direct.coverage[0, 0] == pytest.approx(coverage)
    measured = [None if np.isnan(pnl) else pnl for pnl in test.direct.positions[:, 0]]
    assert measured == by_position
    assert test.direct.total[0, 0] == sum(pnl for pnl in by_position if pnl is not None)
    assert {each.code: each.about for each in test.caveats[0][0]} == left_out


def test_an_option_without_inputs_is_valued_by_delta_and_named() -> None:
    contracts = some_contracts({"volatility": np.nan})
    book = a_book([9_000], [[1, 0, 0]], contract=[0], contracts=contracts, units=[100])

    test = stress_test(book, [a_scenario({"market": -0.1})], NAMES, None)

    assert test.direct.total[0, 0] == pytest.approx(-900)
    assert [each.code for each in test.caveats[0][0]] == ["not_repriced"]


def test_a_book_without_any_betas_is_not_measured() -> None:
    impacts = stressed_impacts(
        a_book([500], [[np.nan] * 3], rate_beta=[-4]), shocks_of(-0.1, 0.0, 0.0)
    )

    assert impacts.measured.tolist() == [[False]]
    assert impacts.coverage.tolist() == [[0.0]]


def test_ladders_multiply_exposure_by_each_step() -> None:
    book = hand_worked_book()
    market, rates = market_risk(book, NAMES.index("market"))

    per_market = 1.2 * (100_000 + book.exposure[2]) - 0.8 * 40_000
    per_rate = -4 * (100_000 + book.exposure[2]) + 2 * 40_000
    assert dict(zip(market.shocks.tolist(), market.pnl[0], strict=True)) == pytest.approx(
        {s: per_market * s for s in (-0.2, -0.1, -0.05, 0.05, 0.1, 0.2)}
    )
    assert dict(zip(rates.shocks.tolist(), rates.pnl[0], strict=True)) == pytest.approx(
        {s: per_rate * s for s in (-0.02, -0.01, 0.01, 0.02)}
    )


def test_ladders_say_what_they_cover() -> None:
    market, rates = market_risk(gappy_book(), 0)

    assert market.coverage.tolist() == pytest.approx([0.7])
    assert rates.coverage.tolist() == pytest.approx([0.9])
    assert rates.measured.tolist() == [True]


@given(st.lists(st.integers(0, 299), min_size=1, max_size=300, unique=True))
def test_a_positions_returns_are_the_same_whichever_positions_are_beside_it(
    chosen: list[int],
) -> None:
    random = np.random.default_rng(13)
    betas, rate_beta = random.normal(0.0, 1.0, (300, 7)), random.normal(0.0, 5.0, 300)
    shocks = Shocks(random.normal(0.0, 0.2, (18, 7)), np.full(18, 0.01), np.zeros(18))

    among_all = stressed_underlying_returns(betas, rate_beta, shocks)

    found = stressed_underlying_returns(betas[chosen], rate_beta[chosen], shocks)
    np.testing.assert_array_equal(found, among_all[chosen])
