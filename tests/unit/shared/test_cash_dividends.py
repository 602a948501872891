"""Options with cash dividends: against quadrature, QuantLib, limits, identities and bumps."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from shared.arrays import FloatArray
from shared.quant.american import american_prices, american_values, methods
from shared.quant.black_scholes import (
    InvalidOption,
    OptionColumns,
    OptionValues,
    intrinsic_prices,
    option_prices,
)
from shared.quant.dividends import CashDividends, escrowed, european_prices
from shared.quant.lattice import Mesh
from shared.quant.pricing import prices, values
from tests.unit.shared.builders import at_the_money
from tests.unit.shared.dividend_references import dense_grid, ordinary_contracts

DAY, POINT = 1.0 / 365.0, 0.01


def quarterly(count: int, amount: float | FloatArray, first: float = 0.11) -> CashDividends:
    """Four dividends, a quarter apart."""
    return CashDividends.of(
        np.broadcast_to(np.reshape(amount, (-1, 1)), (count, 4)), first + 0.25 * np.arange(4)
    )


def one_dividend(contract: OptionColumns, amount: float, years: float) -> float:
    """By quadrature over the spot on the ex-date: the better of exercise and the rest of a call.

    A put is not exercised early. The rest is Black and Scholes' value after the dividend.
    """
    rate, volatility = float(contract.rate[0]), float(contract.volatility[0])
    strike, call = float(contract.strike[0]), bool(contract.call[0])
    left = contract.years_to_expiry - years
    deviation = volatility * np.sqrt(years)

    def gain(z: float) -> float:
        growth = (rate - 0.5 * volatility**2) * years + deviation * z
        spot = float(contract.underlying_price[0]) * np.exp(growth)
        after = replace(contract, underlying_price=np.array([spot - amount]), years_to_expiry=left)
        rest = float(option_prices(after)[0])
        return float(np.exp(-0.5 * z * z)) * (max(rest, spot - strike) if call else rest)

    edges = [-8.0, -4.0, -2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0]
    total = sum(quad(gain, low, high, limit=200)[0] for low, high in pairwise(edges))
    return float(np.exp(-rate * years) * total / np.sqrt(2.0 * np.pi))


# --- American values ---


@pytest.mark.parametrize("amount", [0.4, 3.0])
@pytest.mark.parametrize("strike", [85.0, 100.0, 115.0])
@pytest.mark.parametrize("years", [0.05, 0.5, 0.97])
def test_call_with_one_dividend_is_its_quadrature(
    amount: float, strike: float, years: float
) -> None:
    call = at_the_money(call=[True], strike=strike, volatility=0.3)

    value = american_prices(call, CashDividends.of([[amount]], [[years]]))

    assert value == pytest.approx(one_dividend(call, amount, years), abs=2e-3)


@pytest.mark.parametrize("strike", [85.0, 100.0, 115.0])
@pytest.mark.parametrize("years", [0.05, 0.5, 0.97])
def test_put_without_interest_is_its_quadrature(strike: float, years: float) -> None:
    put = at_the_money(strike=[strike], volatility=0.3, rate=0.0)

    value = american_prices(put, CashDividends.of([[3.0]], [[years]]))

    assert value == pytest.approx(one_dividend(put, 3.0, years), abs=2e-3)


def test_value_is_within_a_cent_of_quantlib() -> None:
    contracts, cash = ordinary_contracts(60, seed=11)
    counted = np.flatnonzero(cash.counted(contracts).any(axis=1))
    contracts, cash = contracts.take(counted), cash.take(counted)

    ours = american_prices(contracts, cash)

    theirs = [dense_grid(contracts, cash, i) for i in range(ours.size)]
    assert ours.size > 40
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=0.01)
    assert np.quantile(np.abs(ours - theirs), 0.9) < 0.004


@given(
    call=st.booleans(),
    spot=st.floats(20.0, 200.0),
    moneyness=st.floats(-0.35, 0.35),
    days=st.integers(10, 500),
    volatility=st.floats(0.1, 0.6),
    rate=st.floats(0.0, 0.08),
    amounts=st.lists(st.floats(0.001, 0.02), min_size=1, max_size=4),
    first=st.integers(1, 90),
    gap=st.sampled_from([7, 30, 91, 182]),
)
@example(False, 20.0, 0.0, 10, 0.5, 1e-300, [0.015625], 1, 7)
@example(False, 20.0, 0.0, 10, 0.5, 2.2250738585e-313, [0.015625], 1, 7)
@settings(max_examples=30, deadline=None)
def test_value_is_within_a_cent_of_quantlib_in_any_market(
    call: bool,
    spot: float,
    moneyness: float,
    days: int,
    volatility: float,
    rate: float,
    amounts: list[float],
    first: int,
    gap: int,
) -> None:
    contract = at_the_money(
        call=[call],
        underlying_price=spot,
        strike=spot * np.exp(moneyness),
        years_to_expiry=days / 365.0,
        volatility=volatility,
        rate=rate,
    )
    ex_days = first + gap * np.arange(len(amounts))
    cash = CashDividends.of([spot * np.array(amounts)], [ex_days / 365.0])

    value = american_prices(contract, cash)

    assert value == pytest.approx(dense_grid(contract, cash, 0), abs=0.01)


def test_value_is_within_a_cent_of_a_much_finer_lattice() -> None:
    contracts, cash = ordinary_contracts(300, seed=3)
    mesh = Mesh.of(contracts)
    finer = Mesh(4.0 * mesh.dates, np.full_like(mesh.nodes, 256))

    ours = american_prices(contracts, cash)

    fine = american_prices(contracts, cash, finer)
    np.testing.assert_allclose(ours, fine, rtol=0.0, atol=0.01)
    assert np.quantile(np.abs(ours - fine), 0.95) < 0.004


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_never_below_intrinsic_or_the_european_value_with_the_same_dividends(seed: int) -> None:
    contracts, cash = ordinary_contracts(8, seed)

    value = american_prices(contracts, cash)

    assert (value >= intrinsic_prices(contracts)).all()
    assert (value >= european_prices(contracts, cash)).all()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_each_dividend_takes_from_a_call_and_adds_to_a_put(seed: int) -> None:
    contracts, cash = ordinary_contracts(8, seed)
    larger = CashDividends.of(1.5 * cash.amount, cash.years)

    change = american_prices(contracts, larger) - american_prices(contracts, cash)

    assert (np.where(contracts.call, -change, change) > -0.01).all()


@pytest.mark.parametrize(
    "beside", [slice(1), slice(3, 5), slice(17), slice(40, 140), slice(0, 200, 7)]
)
def test_neighbours_do_not_disturb_each_other(beside: slice) -> None:
    contracts, cash = ordinary_contracts(200, seed=7)
    together = american_values(contracts, cash)

    fewer = american_values(contracts.take(beside), cash.take(beside))

    for field in fields(OptionValues):
        of_all = getattr(together, field.name)
        np.testing.assert_array_equal(getattr(fewer, field.name), of_all[beside])


def test_more_is_left_to_move_than_where_dividends_are_escrowed() -> None:
    """All of the spot moves until the ex-date, not the spot less its dividends."""
    calls = at_the_money(call=[True, True], rate=0.05)
    small, large = 0.5, 2.0  # a quarter's interest on the strike is 1.24

    value = american_prices(calls, quarterly(2, np.array([small, large])))

    european = european_prices(calls, quarterly(2, np.array([small, large])))
    assert methods(calls, quarterly(2, 0.5)).tolist() == ["lattice", "lattice"]
    assert european[0] + 0.05 < value[0] < european[0] + 0.2
    assert value[1] > european[1] + 0.2


def test_dividend_of_the_last_day_is_nothing_to_a_call() -> None:
    """It is exercised just before it goes ex."""
    call = at_the_money(call=[True])

    value = american_prices(call, CashDividends.of([[3.0]], [[1.0]]))

    np.testing.assert_allclose(value, option_prices(call), atol=2e-3)


def test_dividend_of_the_last_day_raises_the_strike_of_a_put() -> None:
    put = at_the_money(strike=[100.0], rate=0.0)

    value = american_prices(put, CashDividends.of([[3.0]], [[1.0]]))

    np.testing.assert_allclose(
        value, option_prices(replace(put, strike=put.strike + 3.0)), atol=0.01
    )


def test_two_dividends_of_one_day_are_one_of_their_sum() -> None:
    contracts = at_the_money(call=[True, False], strike=[95.0, 105.0])

    two = american_prices(contracts, CashDividends.of([[1.0, 2.0]] * 2, [[0.4, 0.4]] * 2))

    one = american_prices(contracts, CashDividends.of([[3.0]] * 2, [[0.4]] * 2))
    np.testing.assert_allclose(two, one, atol=0.01)


def test_contracts_that_differ_in_their_spot_are_read_from_one_lattice() -> None:
    spots = 100.0 * (1.0 + np.linspace(-0.3, 0.3, 25))
    puts = at_the_money(underlying_price=spots, strike=np.full(25, 105.0))
    cash = quarterly(25, 0.6)

    together = american_prices(puts, cash)

    alone = [
        float(american_prices(puts.take(spots == spot), cash.take(spots == spot))[0])
        for spot in spots
    ]
    np.testing.assert_allclose(together, alone, atol=0.01)
    assert (np.diff(together) < 0.0).all()


# --- limits ---


def test_dividends_of_nothing_change_nothing() -> None:
    contracts, _ = ordinary_contracts(50, seed=1)

    with_zeros = american_prices(contracts, quarterly(50, 0.0))

    np.testing.assert_array_equal(with_zeros, american_prices(contracts))


def test_dividends_after_expiry_do_not_count() -> None:
    contracts = at_the_money(strike=[90.0, 110.0])

    late = CashDividends.of([[5.0], [5.0]], [[1.2], [1.2]])

    np.testing.assert_array_equal(american_prices(contracts, late), american_prices(contracts))


def test_lattice_meets_collocation_where_dividends_vanish() -> None:
    """The hardest case: the whole life, not the days around dividends, is open to exercise."""
    strikes = np.array([80.0, 100.0, 120.0, 140.0])
    contracts = at_the_money(strike=strikes)

    nearly = american_values(contracts, quarterly(4, 1e-9))

    exactly = american_values(contracts)
    np.testing.assert_allclose(nearly.price, exactly.price, atol=0.01)
    np.testing.assert_allclose(nearly.delta, exactly.delta, atol=5e-3)
    far = [0, 1, 3]  # the other is next to its boundary, where gamma jumps
    np.testing.assert_allclose(nearly.vega[far], exactly.vega[far], atol=5e-3)
    np.testing.assert_allclose(nearly.theta[far], exactly.theta[far], atol=2e-4)


@pytest.mark.parametrize("dividend_yield", [0.02, 0.08])
def test_a_yield_beside_vanishing_dividends_meets_collocation(dividend_yield: float) -> None:
    contracts = at_the_money(
        call=[True, True, True, False, False, False],
        strike=[85.0, 100.0, 115.0] * 2,
        dividend_yield=dividend_yield,
    )

    nearly = american_prices(contracts, quarterly(6, 1e-9))

    np.testing.assert_allclose(nearly, american_prices(contracts), atol=0.01)


def test_without_volatility_a_call_is_exercised_before_the_dividend_or_at_expiry() -> None:
    calls = at_the_money(call=[True, True], strike=90.0, volatility=0.0, rate=0.05)
    cash = CashDividends.of([[0.5], [8.0]], [[0.5], [0.5]])

    value = american_prices(calls, cash)

    kept = 100.0 - 0.5 * np.exp(-0.025) - 90.0 * np.exp(-0.05)
    before = 100.0 - 90.0 * np.exp(-0.025)
    np.testing.assert_allclose(value, [kept, before], atol=1e-4)


def test_absurd_markets_with_dividends_still_have_finite_values() -> None:
    random = np.random.default_rng(1)
    count = 500
    spot = np.exp(random.uniform(-9.0, 13.0, count))
    rates = np.array([0.0, 1e-9, -1e-3, -0.02, 0.05, 1.0])
    contracts = OptionColumns.of(
        call=random.random(count) < 0.5,
        underlying_price=spot,
        strike=spot * np.exp(random.normal(0.0, 1.5, count)),
        years_to_expiry=random.choice([1e-4, 0.1, 1.0, 5.0], count),
        volatility=np.exp(random.uniform(np.log(1e-8), np.log(15.0), count)),
        rate=random.choice(rates, count) * random.uniform(0.5, 1.0, count),
        dividend_yield=random.choice(rates, count) * random.uniform(0.5, 1.0, count),
    )
    amount = spot[:, None] * random.choice([0.001, 0.01, 0.2], count)[:, None] * np.ones(2)
    cash = CashDividends.of(amount, contracts.years_to_expiry[:, None] * [0.3, 0.6])
    cash = cash.within_spot(contracts)

    greeks = american_values(contracts, cash)

    assert all(np.isfinite(getattr(greeks, field.name)).all() for field in fields(OptionValues))
    assert (greeks.price >= intrinsic_prices(contracts)).all()
    assert (greeks.price >= european_prices(contracts, cash)).all()


# --- Greeks ---


@pytest.mark.parametrize(
    ("greek", "bumped_input", "step"),
    [("delta", "underlying_price", 1e-3), ("vega", "volatility", 1e-2), ("rho", "rate", 5e-4)],
)
def test_greeks_are_the_bumps_of_the_price(greek: str, bumped_input: str, step: float) -> None:
    contracts, cash = ordinary_contracts(200, seed=5)
    chosen = (contracts.rate > 0.005) & (contracts.years_to_expiry > 0.1)
    contracts, cash = contracts.take(chosen), cash.take(chosen)
    mesh = Mesh.of(contracts)
    finer = Mesh(4.0 * mesh.dates, np.full_like(mesh.nodes, 192))
    column = getattr(contracts, bumped_input)
    shift = step * (column if bumped_input != "rate" else np.ones_like(column))

    found = getattr(american_values(contracts, cash), greek)

    up, down = (
        american_prices(replace(contracts, **{bumped_input: column + move}), cash, finer)
        for move in (shift, -shift)
    )
    unit = 1.0 if greek == "delta" else POINT
    scale = 1.0 if greek == "delta" else contracts.underlying_price * POINT
    error = np.abs(found - (up - down) / (2.0 * shift) * unit) / scale
    assert np.quantile(error, 0.95) < 0.015
    assert error.max() < 0.05  # next to the exercise boundary, where the Greeks have kinks


def test_gamma_is_the_bump_of_delta() -> None:
    contracts, cash = ordinary_contracts(200, seed=6)
    spot = contracts.underlying_price

    up, down = (
        american_values(replace(contracts, underlying_price=spot * (1.0 + move)), cash).delta
        for move in (5e-3, -5e-3)
    )

    error = np.abs(american_values(contracts, cash).gamma * spot - (up - down) / 0.01)
    assert np.quantile(error, 0.95) < 0.02


def test_theta_with_dividends_is_the_value_lost_in_a_day() -> None:
    contracts = at_the_money(
        call=[True, True, False, False], strike=np.array([90.0, 105.0, 95.0, 110.0])
    )
    cash = quarterly(4, 1.0)
    day_later = american_prices(
        replace(contracts, years_to_expiry=contracts.years_to_expiry - DAY),
        CashDividends.of(cash.amount, cash.years - DAY),
    )

    theta = american_values(contracts, cash).theta

    np.testing.assert_allclose(theta, day_later - american_prices(contracts, cash), atol=3e-3)


# --- European, and what is refused ---


def test_expected_dividends_are_cut_at_half_of_the_spot() -> None:
    puts = at_the_money(underlying_price=[100.0, 4.0], strike=[100.0, 100.0])
    cash = quarterly(2, 1.0).within_spot(puts)

    np.testing.assert_allclose(cash.amount[0], 1.0)
    np.testing.assert_allclose(cash.present_value(puts)[1], 2.0)


def test_european_parity_holds_on_the_escrowed_spot() -> None:
    calls = at_the_money(call=[True] * 3, strike=np.array([90.0, 100.0, 110.0]))
    cash = quarterly(3, 1.0)

    spread = prices(calls, False, cash) - prices(replace(calls, call=~calls.call), False, cash)

    forward_value = escrowed(calls, cash).underlying_price - calls.strike * np.exp(-0.05)
    np.testing.assert_allclose(spread, forward_value, atol=1e-12)


def test_european_rho_and_theta_see_the_dividends() -> None:
    call, cash = at_the_money(call=[True]), quarterly(1, 1.0)
    step = 1e-5

    greeks = values(call, False, cash)

    up, down = (prices(replace(call, rate=call.rate + h), False, cash) for h in (step, -step))
    np.testing.assert_allclose(greeks.rho, (up - down) / (2 * step) * POINT, rtol=1e-6)
    up, down = (
        prices(
            replace(call, years_to_expiry=call.years_to_expiry - h),
            False,
            CashDividends.of(cash.amount, cash.years - h),
        )
        for h in (step, -step)
    )
    np.testing.assert_allclose(greeks.theta, (up - down) / (2 * step) * DAY, rtol=1e-6)


def test_dividends_worth_the_spot_are_refused() -> None:
    with pytest.raises(InvalidOption, match="dividends") as caught:
        american_prices(
            at_the_money(strike=[90.0, 100.0]), CashDividends.of([[1.0], [120.0]], [[0.5], [0.5]])
        )

    assert caught.value.index == 1


@pytest.mark.parametrize(
    ("amount", "years"), [(-1.0, 0.5), (float("nan"), 0.5), (1.0, float("nan"))]
)
def test_impossible_dividend_is_refused(amount: float, years: float) -> None:
    with pytest.raises(InvalidOption):
        CashDividends.of([[amount]], [[years]])


def test_without_volatility_the_greeks_are_numbers() -> None:
    contracts = at_the_money(call=[True, False], strike=[90.0, 110.0], volatility=0.0)

    greeks = american_values(contracts, quarterly(2, 1.0))

    assert all(np.isfinite(getattr(greeks, field.name)).all() for field in fields(OptionValues))
