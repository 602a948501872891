"""Options priced again after a shock, against QuantLib at the shocked inputs and against what must
hold.
"""

from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import QuantLib
from hypothesis import given
from hypothesis import strategies as st

from services.stress.calculations.repricing import States, price_changes, shocked_volatility
from services.stress.inputs import Contracts
from shared.quant.black_scholes import OptionColumns
from shared.quant.dividends import CashDividends
from shared.quant.pricing import prices, values

TODAY = QuantLib.Date(28, 12, 2022)
DAYS = 180
SPOT, VOLATILITY, RATE, YIELD = 150.0, 0.30, 0.04, 0.01
WEIGHT = np.sqrt(30 / DAYS)  # of a volatility shock at this tenor
# (name, return of the underlying, change of rate, relative change of one-month volatility)
SHOCKS = (
    ("market_crash_35", -0.42, 0.0, 0.0),
    ("market_rally_25", 0.30, 0.0, 0.0),
    ("rates_up_100bp", -0.04, 0.01, 0.0),
    ("rate_spike_300bp", -0.12, 0.03, 0.0),
    ("volatility", 0.0, 0.0, 1.50),
    ("all of it", -0.20, -0.01, 2.00),
)


def contracts(**columns: Any) -> Contracts:
    """Calls and puts, American and European, from deep in to deep out of the money."""
    rows = [
        (call, american, strike)
        for call in (True, False)
        for american in (True, False)
        for strike in (90.0, 150.0, 210.0)
    ]
    calls, americans, strikes = zip(*rows, strict=True)
    usual = {
        "symbols": np.array([f"C{place}" for place in range(len(rows))]),
        "call": np.array(calls),
        "american": np.array(americans),
        "underlying_price": np.full(len(rows), SPOT),
        "strike": np.array(strikes),
        "years_to_expiry": np.full(len(rows), DAYS / 365),
        "volatility": np.full(len(rows), VOLATILITY),
        "rate": np.full(len(rows), RATE),
        "dividend_yield": np.full(len(rows), YIELD),
    }
    return Contracts(**{**usual, **columns})


def dividends_of(held: Contracts, amount: float = 1.5) -> CashDividends:
    """Two dividends of each contract, a month and four months ahead."""
    return CashDividends.of(np.full((len(held.symbols), 2), amount), [31 / 365, 122 / 365])


def states(rates: Any, volatilities: Any, days: float = 0.0, by_tenor: bool = True) -> States:
    """In all of which so many days pass."""
    return States(rates, volatilities, np.full(len(rates), days), by_tenor)


def changes(held: Contracts, move: float, rate: float, volatility: float) -> Any:
    moves = np.full((len(held.symbols), 1), move)
    return price_changes(held, moves, states(np.array([rate]), np.array([volatility])))[:, 0]


@cache
def quantlib_price(
    call: bool,
    american: bool,
    strike: float,
    spot: float,
    rate: float,
    volatility: float,
    days: int = DAYS,
) -> float:
    """Closed form for European options, a fine finite-difference grid for American ones."""
    QuantLib.Settings.instance().evaluationDate = TODAY
    expiry, count = TODAY + days, QuantLib.Actual365Fixed()

    def flat(level: float) -> Any:
        return QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(TODAY, level, count))

    surface = QuantLib.BlackConstantVol(TODAY, QuantLib.NullCalendar(), volatility, count)
    process = QuantLib.BlackScholesMertonProcess(
        QuantLib.QuoteHandle(QuantLib.SimpleQuote(spot)),
        flat(YIELD),
        flat(rate),
        QuantLib.BlackVolTermStructureHandle(surface),
    )
    payoff = QuantLib.PlainVanillaPayoff(
        QuantLib.Option.Call if call else QuantLib.Option.Put, strike
    )
    exercise = (
        QuantLib.AmericanExercise(TODAY, expiry) if american else QuantLib.EuropeanExercise(expiry)
    )
    option = QuantLib.VanillaOption(payoff, exercise)
    fine = QuantLib.FdBlackScholesVanillaEngine(process, 800, 800)
    option.setPricingEngine(fine if american else QuantLib.AnalyticEuropeanEngine(process))
    return float(option.NPV())


@pytest.mark.parametrize(
    ("move", "rate", "volatility"), [row[1:] for row in SHOCKS], ids=[row[0] for row in SHOCKS]
)
def test_repricing_agrees_with_quantlib_under_the_shock(
    move: float, rate: float, volatility: float
) -> None:
    held = contracts()

    found = changes(held, move, rate, volatility)

    for place in range(len(held.symbols)):
        terms = bool(held.call[place]), bool(held.american[place]), float(held.strike[place])
        moved = VOLATILITY * (1 + volatility * WEIGHT)
        after = quantlib_price(*terms, SPOT * (1 + move), RATE + rate, moved)
        before = quantlib_price(*terms, SPOT, RATE, VOLATILITY)
        assert found[place] == pytest.approx(after - before, abs=0.02), terms


def test_what_does_not_move_changes_exactly_nothing() -> None:
    assert changes(contracts(), 0.0, 0.0, 0.0).tolist() == [0.0] * 12


@given(st.floats(-0.9, 2.0), st.floats(-0.9, 2.0))
def test_calls_rise_and_puts_fall_with_their_underlying(one: float, other: float) -> None:
    held, (low, high) = contracts(), sorted((one, other))
    moves = np.tile([low, high], (12, 1))

    found = price_changes(held, moves, States.still(2))

    rise = found[:, 1] - found[:, 0]
    assert (rise[held.call] >= -1e-6).all()
    assert (rise[~held.call] <= 1e-6).all()


def test_volatility_never_falls_below_a_tenth_of_a_point() -> None:
    month = np.full(3, 30 / 365)

    moved = shocked_volatility(np.array([0.30, 0.002, 0.0005]), month, -0.9999)

    assert moved.tolist() == [0.001, 0.001, 0.0005]


def test_longer_tenors_take_less_of_a_volatility_shock() -> None:
    days = np.array([1.0, 30.0, 120.0, 480.0])

    moved = shocked_volatility(np.full(4, 0.20), days / 365, 1.50)

    # 20 % to 50 % up to a month, then half and a quarter of the rise at four and sixteen months.
    assert moved == pytest.approx([0.50, 0.50, 0.35, 0.275])


def test_an_unknown_return_or_input_is_an_unknown_change() -> None:
    held = contracts(rate=np.array([np.nan] + [RATE] * 11))
    moves = np.tile([0.05, np.nan], (12, 1))

    found = price_changes(held, moves, States.still(2))

    assert np.isnan(found[0]).all()
    assert np.isnan(found[:, 1]).all()
    assert not np.isnan(found[1:, 0]).any()


def test_settled_contracts_do_not_change() -> None:
    held = contracts(years_to_expiry=np.zeros(12), volatility=np.full(12, np.nan))

    assert changes(held, -0.5, 0.01, 0.1).tolist() == [0.0] * 12


def test_many_states_at_once_give_what_each_gives_alone() -> None:
    held, moves = contracts(), np.linspace(-0.3, 0.3, 61)
    rates, volatilities = np.tile([0.0, 0.0, 0.01], 21)[:61], np.tile([0.0, 0.1], 31)[:61]

    together = price_changes(held, np.tile(moves, (12, 1)), states(rates, volatilities))

    alone = [changes(held, *state) for state in zip(moves, rates, volatilities, strict=True)]
    assert together == pytest.approx(np.column_stack(alone), abs=1e-9)


def paying_contracts(amount: float = 1.5) -> Contracts:
    held = contracts(dividend_yield=np.zeros(12))
    return replace(held, dividends=dividends_of(held, amount))


def columns_of(held: Contracts) -> OptionColumns:
    names = [each.name for each in fields(OptionColumns)]
    return OptionColumns.of(**{name: getattr(held, name) for name in names})


@pytest.mark.parametrize(("name", "move", "rate", "volatility"), SHOCKS)
def test_expected_dividends_stay_what_they_are_in_dollars(
    name: str, move: float, rate: float, volatility: float
) -> None:
    held = paying_contracts()

    found = changes(held, move, rate, volatility)

    before = columns_of(held)
    moved = shocked_volatility(held.volatility, held.years_to_expiry, np.full(12, volatility))
    after = replace(
        before,
        underlying_price=held.underlying_price * (1.0 + move),
        rate=held.rate + rate,
        volatility=moved,
    )
    expected = prices(after, held.american, held.dividends) - prices(
        before, held.american, held.dividends
    )
    np.testing.assert_allclose(found, expected, atol=0.01, err_msg=name)


def test_small_move_earns_the_delta_that_greeks_publishes() -> None:
    held = paying_contracts()

    found = changes(held, 0.002, 0.0, 0.0)

    delta = values(columns_of(held), held.american, held.dividends).delta
    np.testing.assert_allclose(found, delta * 0.002 * SPOT, atol=0.003)


def test_crash_below_the_dividends_is_priced() -> None:
    """Half of 1.50 USD is the most that is paid on a share at 1.50."""
    held = paying_contracts(amount=10.0)

    found = changes(held, -0.99, 0.0, 0.0)

    assert np.isfinite(found).all()
    assert (found[held.call] < 0.0).all()
    assert (found[~held.call] > 0.0).all()


# --- time ---


def days_later(held: Contracts, move: float, days: float) -> Any:
    moves = np.full((len(held.symbols), 1), move)
    return price_changes(held, moves, states(np.zeros(1), np.zeros(1), days))[:, 0]


@pytest.mark.parametrize(("move", "days"), [(0.0, 30), (-0.15, 150)])
def test_time_forward_agrees_with_quantlib_at_the_shorter_life(move: float, days: int) -> None:
    held = contracts()

    found = days_later(held, move, days)

    for place in range(len(held.symbols)):
        terms = bool(held.call[place]), bool(held.american[place]), float(held.strike[place])
        after = quantlib_price(*terms, SPOT * (1 + move), RATE, VOLATILITY, DAYS - days)
        before = quantlib_price(*terms, SPOT, RATE, VOLATILITY)
        assert found[place] == pytest.approx(after - before, abs=0.02), terms


def test_a_day_forward_earns_the_theta_that_greeks_publishes() -> None:
    held = contracts()

    found = days_later(held, 0.0, 1)

    theta = values(columns_of(held), held.american).theta
    # Per calendar day; American values are exact to a few thousandths of a dollar.
    np.testing.assert_allclose(found, theta, rtol=0.01, atol=0.0015)
    assert (theta[held.strike == 150.0] < 0.0).all()


@pytest.mark.parametrize("days", [DAYS, DAYS + 1, 10 * DAYS])
def test_contracts_past_their_expiry_are_worth_what_exercise_pays(days: int) -> None:
    held = contracts()

    found = days_later(held, 0.10, days)

    sign = np.where(held.call, 1.0, -1.0)
    paid = np.maximum(sign * (SPOT * 1.1 - held.strike), 0.0)
    now = prices(columns_of(held), held.american)
    np.testing.assert_allclose(found, paid - now, atol=1e-9)


def test_an_underlying_falls_by_the_dividends_that_go_ex_on_the_way() -> None:
    """The first of two dividends of 1.50 goes ex after 31 days, the second one is still ahead."""
    held = paying_contracts()

    found = days_later(held, 0.05, 60)

    later = replace(
        columns_of(held),
        underlying_price=np.full(12, SPOT * 1.05 - 1.5),
        years_to_expiry=np.full(12, (DAYS - 60) / 365),
    )
    ahead = CashDividends.of(np.full((12, 1), 1.5), np.full((12, 1), (122 - 60) / 365))
    expected = prices(later, held.american, ahead) - prices(
        columns_of(held), held.american, held.dividends
    )
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_a_dividend_of_the_day_itself_has_gone_ex() -> None:
    held = paying_contracts()

    eve, day = days_later(held, 0.0, 30), days_later(held, 0.0, 31)

    # The model expects the fall: a day around an ex-date costs no more than other days do.
    assert np.abs(day - eve)[~held.american].max() < 0.06


def test_the_same_rise_of_every_volatility_where_it_is_not_by_tenor() -> None:
    held = contracts()
    moves = np.zeros((12, 1))

    found = price_changes(held, moves, states(np.zeros(1), np.array([0.5]), by_tenor=False))[:, 0]

    risen = columns_of(replace(held, volatility=held.volatility * 1.5))
    expected = prices(risen, held.american) - prices(columns_of(held), held.american)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_no_contract_loses_more_than_its_quote_says_it_is_worth() -> None:
    held = contracts()
    worth = prices(columns_of(held), held.american)
    quoted = np.where(np.arange(12) % 2 == 0, 0.9 * worth, np.nan)
    moves = np.tile([-0.95, -0.001, 0.001, 4.0], (12, 1))
    still = states(np.zeros(4), np.zeros(4))

    found = price_changes(replace(held, quoted=quoted), moves, still)

    by_model = price_changes(held, moves, still)
    bounded = np.where(np.isnan(quoted), -np.inf, -quoted)[:, None]
    np.testing.assert_array_equal(found, np.maximum(by_model, bounded))
    assert (by_model < bounded).any(axis=1).sum() == 6  # what the model alone takes is too much
    np.testing.assert_array_equal(found[:, 1:3], by_model[:, 1:3])
