"""American options against published values, QuantLib, limits, identities and bumps."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import QuantLib
from hypothesis import given
from hypothesis import strategies as st

from shared.arrays import FloatArray
from shared.quant.american import american_prices, american_values
from shared.quant.black_scholes import (
    OptionColumns,
    OptionValues,
    intrinsic_prices,
    option_prices,
    option_values,
)
from shared.quant.pricing import prices, values
from tests.unit.shared.builders import MARKETS, at_the_money

DAY, POINT = 1.0 / 365.0, 0.01
NAMES = [field.name for field in fields(OptionValues)]


def random_options(count: int, seed: int = 20221228) -> OptionColumns:
    """One day to three years, deep in to deep out of the money, with and without a yield,
    volatility 3 % to 150 %.
    """
    random = np.random.default_rng(seed)
    spot = random.uniform(5.0, 500.0, count)
    volatilities = [
        random.uniform(low, high, count) for low, high in ((0.03, 0.1), (0.1, 0.4), (0.4, 1.5))
    ]
    return OptionColumns.of(
        call=random.random(count) < 0.5,
        underlying_price=spot,
        strike=spot
        * np.exp(random.uniform(-0.9, 0.9, count) * random.choice([0.1, 0.4, 1.0], count)),
        years_to_expiry=random.choice([1, 2, 5, 7, 14, 30, 60, 90, 180, 365, 730, 1095], count)
        / 365.0,
        volatility=np.choose(random.integers(0, 3, count), volatilities),
        rate=random.uniform(0.0, 0.10, count),
        dividend_yield=random.choice([0.0, 1.0, 1.0], count) * random.uniform(0.0, 0.10, count),
    )


def quantlib_option(
    contracts: OptionColumns, i: int, engine: Callable[[Any, Any], Any], shift: float = 0.0
) -> Any:
    """QuantLib's American option on contract `i`, its volatility moved by `shift`."""
    today = QuantLib.Date(28, 12, 2022)
    QuantLib.Settings.instance().evaluationDate = today
    clock = QuantLib.Actual365Fixed()

    def curve(rate: FloatArray) -> Any:
        return QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, float(rate[i]), clock))

    surface = QuantLib.BlackConstantVol(
        today, QuantLib.NullCalendar(), float(contracts.volatility[i]) + shift, clock
    )
    process = QuantLib.BlackScholesMertonProcess(
        QuantLib.QuoteHandle(QuantLib.SimpleQuote(float(contracts.underlying_price[i]))),
        curve(contracts.dividend_yield),
        curve(contracts.rate),
        QuantLib.BlackVolTermStructureHandle(surface),
    )
    kind = QuantLib.Option.Call if contracts.call[i] else QuantLib.Option.Put
    option = QuantLib.VanillaOption(
        QuantLib.PlainVanillaPayoff(kind, float(contracts.strike[i])),
        QuantLib.AmericanExercise(today, today + round(float(contracts.years_to_expiry[i]) * 365)),
    )
    option.setPricingEngine(engine(process, today))
    return option


def spectral(process: Any, _: Any) -> Any:
    """QuantLib's most accurate American engine for a continuous yield."""
    return QuantLib.QdFpAmericanEngine(process, QuantLib.QdFpAmericanEngine.highPrecisionScheme())


@pytest.mark.parametrize(
    ("years", "published"),
    [(0.5, [0.219, 1.386, 4.783, 11.098, 20.000]), (3.0, [2.580, 5.167, 9.066, 14.443, 21.414])],
)
def test_published_values_of_american_calls(years: float, published: list[float]) -> None:
    """Broadie & Detemple (1996), tables 1 and 2: K = 100, r = 3 %, q = 7 %, 20 %, S = 80 to 120."""
    spots = [80.0, 90.0, 100.0, 110.0, 120.0]
    calls = at_the_money(
        call=True, underlying_price=spots, rate=0.03, dividend_yield=0.07, years_to_expiry=years
    )

    np.testing.assert_allclose(american_prices(calls), published, atol=6e-4)


def test_published_premium_of_an_american_put() -> None:
    """Andersen, Lake & Offengenden (2016), section 6: S = K = 100, r = q = 5 %, 25 %, one year:
    0.106952702747.
    """
    put = at_the_money(volatility=0.25, dividend_yield=0.05)

    premium = american_prices(put) - option_prices(put)

    assert premium == pytest.approx(0.106952702747, abs=1e-5)


def test_price_is_within_a_tenth_of_a_cent_of_quantlib() -> None:
    contracts = random_options(500)

    ours = american_prices(contracts)

    theirs = [quantlib_option(contracts, i, spectral).NPV() for i in range(500)]
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-3)


def test_greeks_agree_with_quantlib() -> None:
    contracts = random_options(60, seed=5)
    ours = american_values(contracts)

    def grid(process: Any, _: Any) -> Any:
        return QuantLib.FdBlackScholesVanillaEngine(process, 400, 800)

    for i in range(60):
        theirs = quantlib_option(contracts, i, grid)
        spot = float(contracts.underlying_price[i])
        assert ours.delta[i] == pytest.approx(theirs.delta(), abs=5e-3)
        assert ours.gamma[i] * spot == pytest.approx(theirs.gamma() * spot, rel=0.02, abs=0.05)
        step = 0.001
        up, down = (quantlib_option(contracts, i, spectral, shift).NPV() for shift in (step, -step))
        assert ours.vega[i] == pytest.approx((up - down) / (2 * step) * POINT, rel=0.01, abs=2e-3)


@pytest.mark.parametrize(
    ("greek", "bumped_input", "unit"),
    [("delta", "underlying_price", 1.0), ("vega", "volatility", POINT), ("rho", "rate", POINT)],
)
def test_greeks_are_the_bumps_of_the_price(greek: str, bumped_input: str, unit: float) -> None:
    contracts = random_options(2_000, seed=3)
    contracts = contracts.take((contracts.years_to_expiry > 0.05) & (contracts.rate > 0.002))
    column = getattr(contracts, bumped_input)
    step = 5e-4 * (column if bumped_input != "rate" else 1.0)

    up = american_prices(replace(contracts, **{bumped_input: column + step}))
    down = american_prices(replace(contracts, **{bumped_input: column - step}))

    bump = (up - down) / (2.0 * step) * unit
    scale = 1.0 if greek == "delta" else contracts.underlying_price * POINT
    error = np.abs(getattr(american_values(contracts), greek) - bump) / scale
    assert np.quantile(error, 0.99) < 2e-3
    assert error.max() < 0.05  # next to the exercise boundary, where the Greeks have kinks


def test_theta_is_the_value_lost_in_a_short_time() -> None:
    contracts = random_options(2_000, seed=4)
    contracts = contracts.take(contracts.years_to_expiry > 0.05)
    step = 1e-4

    later = american_prices(replace(contracts, years_to_expiry=contracts.years_to_expiry - step))
    sooner = american_prices(replace(contracts, years_to_expiry=contracts.years_to_expiry + step))

    lost = (later - sooner) / (2 * step) * DAY
    error = np.abs(american_values(contracts).theta - lost) / contracts.underlying_price
    assert np.quantile(error, 0.99) < 1e-5
    assert error.max() < 1e-4


def test_gamma_is_the_bump_of_delta() -> None:
    contracts = random_options(2_000, seed=6)
    contracts = contracts.take(contracts.years_to_expiry > 0.05)
    spot = contracts.underlying_price

    up = american_values(replace(contracts, underlying_price=spot * 1.0005)).delta
    down = american_values(replace(contracts, underlying_price=spot * 0.9995)).delta

    error = np.abs(american_values(contracts).gamma * spot - (up - down) / 0.001)
    assert np.quantile(error, 0.98) < 0.02


def test_call_without_yield_is_european() -> None:
    contracts = replace(
        random_options(500), call=np.ones(500, dtype=bool), dividend_yield=np.zeros(500)
    )

    american, european = american_values(contracts), option_values(contracts)

    for name in NAMES:
        np.testing.assert_array_equal(getattr(american, name), getattr(european, name))


def test_put_without_interest_is_european() -> None:
    contracts = at_the_money(rate=0.0, dividend_yield=[0.0, 0.03], strike=[80.0, 130.0])

    np.testing.assert_array_equal(american_prices(contracts), option_prices(contracts))


def test_call_is_a_put_with_spot_and_strike_exchanged() -> None:
    """McDonald & Schroder (1998): C(S, K, r, q) = P(K, S, q, r)."""
    calls = replace(random_options(300), call=np.ones(300, dtype=bool))
    puts = OptionColumns.of(
        call=False,
        underlying_price=calls.strike,
        strike=calls.underlying_price,
        years_to_expiry=calls.years_to_expiry,
        volatility=calls.volatility,
        rate=calls.dividend_yield,
        dividend_yield=calls.rate,
    )

    np.testing.assert_allclose(american_prices(calls), american_prices(puts), rtol=1e-12, atol=1e-9)


def test_long_put_reaches_the_perpetual_one() -> None:
    """Merton (1973).

    With q = 0 the perpetual put is K / (1 + g) (g K / ((1 + g) S))^g, g = 2 r / volatility^2.
    """
    g = 2 * 0.06 / 0.25**2

    value = american_prices(at_the_money(rate=0.06, volatility=0.25, years_to_expiry=100.0))

    assert value == pytest.approx(100.0 / (1 + g) * (g / (1 + g)) ** g, abs=0.01)


@pytest.mark.parametrize(("call", "strike", "delta"), [(False, 300.0, -1.0), (True, 20.0, 1.0)])
def test_deep_in_the_money_is_exercised(call: bool, strike: float, delta: float) -> None:
    value = american_values(
        at_the_money(call=call, strike=strike, dividend_yield=0.06 if call else 0.0)
    )

    assert value.price == pytest.approx(abs(100.0 - strike), abs=1e-12)
    assert value.delta == delta
    assert [float(getattr(value, name)) for name in NAMES[2:]] == [0.0] * 4


def test_expired_option_is_intrinsic_and_needs_no_market() -> None:
    unknown = float("nan")

    value = american_values(
        at_the_money(
            years_to_expiry=[0.0, -1.0], strike=[110.0, 90.0], volatility=unknown, rate=unknown
        )
    )

    np.testing.assert_array_equal(value.price, [10.0, 0.0])
    assert all((getattr(value, name) == 0.0).all() for name in NAMES[1:])


def test_without_volatility_the_best_moment_is_known() -> None:
    """The put earns its strike's interest from now on.

    The call with yield above rate is exercised at once.
    """
    puts = at_the_money(volatility=0.0, strike=[120.0, 100.0, 95.0])
    call = at_the_money(call=True, volatility=0.0, strike=90.0, dividend_yield=0.08)

    np.testing.assert_allclose(american_prices(puts), [20.0, 0.0, 0.0], atol=1e-12)
    assert american_prices(call) == pytest.approx(10.0, abs=1e-12)


def test_zero_volatility_is_approached_continuously() -> None:
    contracts = replace(random_options(400, seed=9), volatility=np.full(400, 0.003))

    still = american_prices(replace(contracts, volatility=np.zeros(400)))

    scale = contracts.underlying_price * 0.003 * np.sqrt(contracts.years_to_expiry)
    assert (american_prices(contracts) - still <= 0.5 * scale + 1e-9).all()
    assert (american_prices(contracts) - still >= -1e-4 * contracts.underlying_price).all()


def test_two_boundaries_are_solved_on_the_tree() -> None:
    """A put with yield < rate < 0 (Battauz, De Donno & Sbuelz 2015) is worth more than the European
    one, not less than a finer tree by more than a cent.
    """
    put = at_the_money(rate=-0.01, dividend_yield=-0.04, volatility=0.2)

    value = american_prices(put)

    assert value > option_prices(put)


def test_no_contracts_have_no_values() -> None:
    assert all(
        getattr(american_values(at_the_money(strike=np.array([]))), name).shape == (0,)
        for name in NAMES
    )


def test_shape_of_the_options_is_kept() -> None:
    grid = at_the_money(underlying_price=np.linspace(80.0, 120.0, 6).reshape(2, 3))

    assert american_prices(grid).shape == (2, 3)
    assert american_values(grid).gamma.shape == (2, 3)


def test_neighbours_do_not_disturb_each_other() -> None:
    contracts = random_options(1_000)
    some = np.arange(1_000) % 7 == 0

    together = american_prices(contracts)

    np.testing.assert_array_equal(american_prices(contracts.take(some)), together[some])


# --- both styles ---


def test_each_contract_is_priced_by_its_own_style() -> None:
    contracts = random_options(40)
    american = np.arange(40) % 2 == 0

    mixed, greeks = prices(contracts, american), values(contracts, american)

    expected = np.where(american, american_prices(contracts), option_prices(contracts))
    np.testing.assert_allclose(mixed, expected, rtol=1e-12)
    np.testing.assert_allclose(greeks.price, expected, rtol=1e-12)
    np.testing.assert_allclose(
        greeks.vega,
        np.where(american, american_values(contracts).vega, option_values(contracts).vega),
    )


@given(market=MARKETS, call=st.booleans())
def test_never_below_intrinsic_or_the_european_value(market: dict[str, float], call: bool) -> None:
    contract = at_the_money(call=call, **market)

    price = american_prices(contract)

    assert price >= intrinsic_prices(contract)
    assert price >= option_prices(contract)
    assert american_values(contract).price >= option_prices(contract)


@given(market=MARKETS)
def test_put_and_call_stay_within_their_bounds(market: dict[str, float]) -> None:
    """Hull, section 11.4, with yield.

    S exp(-q T) - K <= C - P <= S - K exp(-r T), for rates not below zero.
    """
    market["rate"] = abs(market["rate"])
    call, put = (
        float(american_prices(at_the_money(call=kind, **market))) for kind in (True, False)
    )

    years, spot, strike = market["years_to_expiry"], market["underlying_price"], market["strike"]
    lower = spot * np.exp(-market["dividend_yield"] * years) - strike
    upper = spot - strike * np.exp(-market["rate"] * years)
    tolerance = 1e-4 * (spot + strike)
    assert lower - tolerance <= call - put <= upper + tolerance
    assert call <= spot + 1e-9
    assert put <= strike * max(1.0, np.exp(-market["rate"] * years)) + 1e-9


@given(market=MARKETS, call=st.booleans(), more=st.floats(1.02, 3.0))
def test_value_grows_with_volatility_and_time(
    market: dict[str, float], call: bool, more: float
) -> None:
    base = american_prices(at_the_money(call=call, **market))

    moved = american_prices(
        at_the_money(call=call, **(market | {"volatility": market["volatility"] * more}))
    )
    longer = american_prices(
        at_the_money(call=call, **(market | {"years_to_expiry": market["years_to_expiry"] * more}))
    )

    dollars = market["underlying_price"] + market["strike"]
    assert moved >= base - 2e-5 * dollars
    # Over ten years and more, at 1 % of volatility and a negative rate, the price errs by 5e-5 of
    # the strike either way: 0.00123 and 0.00113 where QuantLib's finite differences have 0.00118.
    assert longer >= base - 5e-5 * dollars


@given(market=MARKETS, call=st.booleans())
def test_greeks_keep_their_signs(market: dict[str, float], call: bool) -> None:
    greeks = american_values(at_the_money(call=call, **market))

    sign = 1.0 if call else -1.0
    assert -1e-9 <= sign * float(greeks.delta) <= 1.0 + 1e-9
    assert float(greeks.gamma) >= 0.0


@pytest.mark.parametrize("rate", [5e-324, 1e-310, 1e-13])
def test_a_rate_of_next_to_nothing_has_a_rho(rate: float) -> None:
    market = {"underlying_price": 1.0, "years_to_expiry": 1.0, "volatility": 1.0}

    found = american_values(at_the_money(call=False, **market, rate=rate, dividend_yield=0.0))

    none = american_values(at_the_money(call=False, **market, rate=0.0, dividend_yield=0.0))
    assert float(none.rho) <= float(found.rho) <= 0.0


def test_absurd_markets_still_have_finite_values() -> None:
    random = np.random.default_rng(1)
    spot = np.exp(random.uniform(-9.0, 13.0, 2_000))
    rates = np.array([0.0, 1e-9, -1e-3, -0.02, 0.05, 1.0])
    contracts = OptionColumns.of(
        call=random.random(2_000) < 0.5,
        underlying_price=spot,
        strike=spot * np.exp(random.normal(0.0, 1.5, 2_000)),
        years_to_expiry=random.choice([1e-8, 1e-4, 0.1, 1.0, 30.0], 2_000),
        volatility=np.exp(random.uniform(np.log(1e-8), np.log(15.0), 2_000)),
        rate=random.choice(rates, 2_000) * random.uniform(0.5, 1.0, 2_000),
        dividend_yield=random.choice(rates, 2_000) * random.uniform(0.5, 1.0, 2_000),
    )

    greeks = american_values(contracts)

    assert all(np.isfinite(getattr(greeks, name)).all() for name in NAMES)
    assert (greeks.price >= intrinsic_prices(contracts)).all()
    assert (greeks.price >= option_prices(contracts)).all()
