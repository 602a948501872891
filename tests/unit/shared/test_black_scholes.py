"""Black-Scholes-Merton against a published value, QuantLib, mibian, limits, identities and
bumps.
"""

from dataclasses import fields
from typing import Any

import mibian
import numpy as np
import pytest
import QuantLib
from hypothesis import given
from hypothesis import strategies as st

from shared.quant.black_scholes import InvalidOption, OptionColumns, OptionValues, option_values
from tests.unit.shared.builders import MARKETS, at_the_money

DAY, POINT = 1.0 / 365.0, 0.01
NAMES = [field.name for field in fields(OptionValues)]


def options(**given: Any) -> OptionColumns:
    """A one-year at-the-money European call at 5 % rate and 20 % volatility, unless said
    otherwise.
    """
    return at_the_money(**{"call": True} | given)


def random_columns(count: int, seed: int = 20221228) -> dict[str, Any]:
    """A grid from deep in to deep out of the money, one day to three years, rates from -1 % to
    8 %.
    """
    random = np.random.default_rng(seed)
    return {
        "call": random.random(count) < 0.5,
        "underlying_price": random.uniform(5.0, 500.0, count),
        "strike": random.uniform(5.0, 500.0, count),
        "years_to_expiry": random.integers(1, 1096, count) / 365.0,
        "volatility": random.uniform(0.03, 1.2, count),
        "rate": random.uniform(-0.01, 0.08, count),
        "dividend_yield": random.uniform(0.0, 0.06, count),
    }


def quantlib_option(process: Any, today: Any, call: bool, strike: float, days: int) -> Any:
    """A European option priced by QuantLib's analytic engine, expiring `days` after `today`."""
    payoff = QuantLib.PlainVanillaPayoff(
        QuantLib.Option.Call if call else QuantLib.Option.Put, strike
    )
    option = QuantLib.VanillaOption(payoff, QuantLib.EuropeanExercise(today + days))
    option.setPricingEngine(QuantLib.AnalyticEuropeanEngine(process))
    return option


def quantlib_values(contracts: OptionColumns) -> dict[str, list[float]]:
    """QuantLib's analytic values, converted from its annual and per-1.00 units to the published
    ones.
    """
    today = QuantLib.Date(28, 12, 2022)
    QuantLib.Settings.instance().evaluationDate = today
    actual_365 = QuantLib.Actual365Fixed()
    spot, rate, dividend_yield, volatility = (QuantLib.SimpleQuote(0.1) for _ in range(4))

    def curve(quote: Any) -> Any:
        flat = QuantLib.FlatForward(today, QuantLib.QuoteHandle(quote), actual_365)
        return QuantLib.YieldTermStructureHandle(flat)

    surface = QuantLib.BlackConstantVol(
        today, QuantLib.NullCalendar(), QuantLib.QuoteHandle(volatility), actual_365
    )
    process = QuantLib.BlackScholesMertonProcess(
        QuantLib.QuoteHandle(spot),
        curve(dividend_yield),
        curve(rate),
        QuantLib.BlackVolTermStructureHandle(surface),
    )
    rows = []
    for i, years in enumerate(contracts.years_to_expiry.tolist()):
        spot.setValue(float(contracts.underlying_price[i]))
        rate.setValue(float(contracts.rate[i]))
        dividend_yield.setValue(float(contracts.dividend_yield[i]))
        volatility.setValue(float(contracts.volatility[i]))
        strike, days = float(contracts.strike[i]), round(years * 365)
        option = quantlib_option(process, today, bool(contracts.call[i]), strike, days)
        greeks = (option.theta() * DAY, option.vega() * POINT, option.rho() * POINT)
        rows.append((option.NPV(), option.delta(), option.gamma(), *greeks))
    return {name: [row[i] for row in rows] for i, name in enumerate(NAMES)}


def test_check_value_of_the_domain_contract() -> None:
    values = option_values(options())

    assert values.price == pytest.approx(10.450584, abs=5e-7)
    assert values.delta == pytest.approx(0.636831, abs=5e-7)
    assert values.gamma == pytest.approx(0.018762, abs=5e-7)
    assert values.theta == pytest.approx(-0.017573, abs=5e-7)
    assert values.vega == pytest.approx(0.375240, abs=5e-7)
    assert values.rho == pytest.approx(0.532325, abs=5e-7)


def test_hull_index_option_with_dividend_yield() -> None:
    """Hull, chapter 17, example 17.1: a two-month index call worth 51.83."""
    values = option_values(
        options(
            underlying_price=930.0,
            strike=900.0,
            rate=0.08,
            dividend_yield=0.03,
            volatility=0.20,
            years_to_expiry=2.0 / 12.0,
        )
    )

    assert values.price == pytest.approx(51.83, abs=0.005)


@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_quantlib_to_1e_9(name: str) -> None:
    contracts = OptionColumns.of(**random_columns(3_000))

    ours = getattr(option_values(contracts), name)

    np.testing.assert_allclose(ours, quantlib_values(contracts)[name], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_mibian_to_its_precision(name: str) -> None:
    columns = random_columns(300, seed=7)
    contracts = OptionColumns.of(**columns)

    ours = getattr(option_values(contracts), name)

    theirs = []
    for i, call in enumerate(contracts.call):
        spot = columns["underlying_price"][i]
        merton = mibian.Me(
            [
                spot,
                columns["strike"][i],
                columns["rate"][i] * 100,
                columns["dividend_yield"][i] * spot,
                columns["years_to_expiry"][i] * 365,
            ],
            volatility=columns["volatility"][i] * 100,
        )
        attribute = (
            name if name in ("gamma", "vega") else f"{'call' if call else 'put'}{name.capitalize()}"
        )
        theirs.append(getattr(merton, attribute))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_put_call_parity_on_the_whole_grid() -> None:
    columns = random_columns(2_000)
    calls = option_values(OptionColumns.of(**(columns | {"call": True})))
    puts = option_values(OptionColumns.of(**(columns | {"call": False})))

    growth = np.exp(-columns["dividend_yield"] * columns["years_to_expiry"])
    discount = np.exp(-columns["rate"] * columns["years_to_expiry"])
    forward_value = columns["underlying_price"] * growth - columns["strike"] * discount
    np.testing.assert_allclose(calls.price - puts.price, forward_value, atol=1e-9)
    np.testing.assert_allclose(calls.delta - puts.delta, growth, atol=1e-12)


def test_put_and_call_share_gamma_and_vega() -> None:
    columns = random_columns(500)

    calls = option_values(OptionColumns.of(**(columns | {"call": True})))
    puts = option_values(OptionColumns.of(**(columns | {"call": False})))

    np.testing.assert_array_equal(calls.gamma, puts.gamma)
    np.testing.assert_array_equal(calls.vega, puts.vega)


@pytest.mark.parametrize(("call", "deep_delta"), [(True, 1.0), (False, -1.0)])
def test_deep_in_the_money_delta_goes_to_one(call: bool, deep_delta: float) -> None:
    strike = 1.0 if call else 10_000.0

    values = option_values(options(call=call, strike=strike))

    assert values.delta == pytest.approx(deep_delta, abs=1e-12)
    assert values.gamma == pytest.approx(0.0, abs=1e-12)


def test_far_out_of_the_money_is_worth_nothing() -> None:
    values = option_values(options(strike=[1e6, 1e-6], call=[True, False]))

    for name in NAMES:
        np.testing.assert_allclose(getattr(values, name), 0.0, atol=1e-12)


def test_zero_volatility_is_the_discounted_forward_payoff() -> None:
    values = option_values(options(strike=[90.0, 120.0], volatility=0.0))

    np.testing.assert_allclose(values.price, [100.0 - 90.0 * np.exp(-0.05), 0.0], atol=1e-12)
    np.testing.assert_allclose(values.delta, [1.0, 0.0])
    np.testing.assert_allclose(values.gamma, 0.0)
    np.testing.assert_allclose(values.vega, 0.0)


def test_zero_volatility_is_approached_continuously() -> None:
    still = option_values(options(strike=[90.0, 120.0], volatility=0.0))
    moving = option_values(options(strike=[90.0, 120.0], volatility=1e-4))

    for name in NAMES:
        np.testing.assert_allclose(getattr(moving, name), getattr(still, name), atol=1e-9)


def test_last_moment_before_expiry_meets_intrinsic() -> None:
    nearly = option_values(options(strike=[90.0, 110.0], years_to_expiry=1e-10))
    expired = option_values(options(strike=[90.0, 110.0], years_to_expiry=0.0))

    np.testing.assert_allclose(nearly.price, expired.price, atol=1e-8)


def bumped(name: str, base: dict[str, Any], step: float) -> Any:
    """Central difference of the price with respect to one input."""
    up = option_values(OptionColumns.of(**(base | {name: base[name] + step}))).price
    down = option_values(OptionColumns.of(**(base | {name: base[name] - step}))).price
    return (up - down) / (2.0 * step)


@pytest.mark.parametrize(
    ("greek", "bumped_input", "step", "unit"),
    [
        ("delta", "underlying_price", 1e-3, 1.0),
        ("vega", "volatility", 1e-5, POINT),
        ("rho", "rate", 1e-5, POINT),
        ("theta", "years_to_expiry", 1e-5, -DAY),
    ],
)
def test_greeks_are_the_bumps_of_the_price(
    greek: str, bumped_input: str, step: float, unit: float
) -> None:
    base = random_columns(500) | {"years_to_expiry": np.linspace(0.2, 2.0, 500)}

    analytic = getattr(option_values(OptionColumns.of(**base)), greek)

    np.testing.assert_allclose(
        analytic, bumped(bumped_input, base, step) * unit, rtol=1e-5, atol=1e-6
    )


def test_gamma_is_the_bump_of_delta() -> None:
    base = random_columns(500) | {"years_to_expiry": np.linspace(0.2, 2.0, 500)}
    step = 1e-3
    spot = base["underlying_price"]

    up = option_values(OptionColumns.of(**(base | {"underlying_price": spot + step}))).delta
    down = option_values(OptionColumns.of(**(base | {"underlying_price": spot - step}))).delta

    gamma = option_values(OptionColumns.of(**base)).gamma
    np.testing.assert_allclose(gamma, (up - down) / (2 * step), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("years", [0.0, -0.5])
def test_expired_options_are_intrinsic_without_greeks(years: float) -> None:
    unknown = float("nan")
    values = option_values(
        options(
            call=[True, True, False, False],
            strike=[90.0, 110.0, 90.0, 110.0],
            years_to_expiry=years,
            volatility=unknown,
            rate=unknown,
            dividend_yield=unknown,
        )
    )

    np.testing.assert_array_equal(values.price, [10.0, 0.0, 0.0, 10.0])
    for greek in NAMES[1:]:
        np.testing.assert_array_equal(getattr(values, greek), 0.0)


def test_expired_neighbours_do_not_disturb_living_ones() -> None:
    mixed = option_values(options(years_to_expiry=[0.0, 1.0, -2.0]))

    alone = option_values(options())
    for name in NAMES:
        assert getattr(mixed, name)[1] == getattr(alone, name)


def test_no_contracts_have_no_values() -> None:
    empty = option_values(options(strike=np.array([])))

    assert all(getattr(empty, name).shape == (0,) for name in NAMES)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("underlying_price", 0.0),
        ("underlying_price", float("nan")),
        ("strike", -1.0),
        ("strike", float("inf")),
        ("volatility", -0.1),
        ("volatility", float("nan")),
        ("rate", float("nan")),
        ("dividend_yield", float("inf")),
        ("years_to_expiry", float("nan")),
    ],
)
def test_impossible_input_names_column_and_contract(column: str, value: float) -> None:
    good = float(getattr(options(), column))

    with pytest.raises(InvalidOption) as caught:
        options(**{column: [good, value]})

    assert (caught.value.column, caught.value.index) == (column, 1)
    assert column in str(caught.value)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        options(strike=[90.0, 100.0], volatility=[0.1, 0.2, 0.3])


@given(market=MARKETS, call=st.booleans())
def test_price_lies_within_no_arbitrage_bounds(market: dict[str, float], call: bool) -> None:
    price = float(option_values(options(call=call, **market)).price)

    growth = np.exp(-market["dividend_yield"] * market["years_to_expiry"])
    discount = np.exp(-market["rate"] * market["years_to_expiry"])
    spot, strike = market["underlying_price"] * growth, market["strike"] * discount
    lower, upper = (max(spot - strike, 0.0), spot) if call else (max(strike - spot, 0.0), strike)
    assert lower - 1e-9 <= price <= upper + 1e-9


@given(market=MARKETS, call=st.booleans())
def test_signs_of_the_greeks_never_change(market: dict[str, float], call: bool) -> None:
    values = option_values(options(call=call, **market))

    sign = 1.0 if call else -1.0
    assert 0.0 <= sign * float(values.delta) <= 1.0
    assert float(values.gamma) >= 0.0
    assert float(values.vega) >= 0.0
    assert sign * float(values.rho) >= 0.0


@given(market=MARKETS, call=st.booleans(), scale=st.floats(0.1, 10.0))
def test_value_scales_with_spot_and_strike(
    market: dict[str, float], call: bool, scale: float
) -> None:
    scaled = {name: market[name] * scale for name in ("underlying_price", "strike")}

    small = option_values(options(call=call, **market))
    large = option_values(options(call=call, **(market | scaled)))

    assert float(large.price) == pytest.approx(float(small.price) * scale, rel=1e-9, abs=1e-8)
    assert float(large.delta) == pytest.approx(float(small.delta), abs=1e-9)
