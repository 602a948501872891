"""Implied volatility: back from prices, on a real chain, and nothing where a price says nothing."""

import csv
import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from vollib.black_scholes.implied_volatility import implied_volatility as vollib_volatility

from shared.arrays import FloatArray
from shared.quant.american import american_prices
from shared.quant.black_scholes import OptionColumns, option_prices
from shared.quant.dividends import CashDividends, european_prices
from shared.quant.implied_volatility import (
    LEAST_TIME_VALUE,
    ImpliedVolatilities,
    Reason,
    american_implied_volatilities,
    implied_volatilities,
)
from tests.unit.shared.builders import at_the_money

CHAIN = Path(__file__).parents[3] / "deploy" / "demo" / "data" / "options_spx_2025-10-01.csv.gz"
CHAIN_DATE = date(2025, 10, 1)


def options(**given: Any) -> OptionColumns:
    """A one-year at-the-money call at 5 % rate, unless said otherwise.

    Its volatility is what is asked for.
    """
    return at_the_money(**{"call": True, "volatility": 0.0} | given)


def random_options(count: int, seed: int = 20251001) -> OptionColumns:
    """One day to three years, wings beyond ten standard deviations, volatility from 1 % to 300
    %.
    """
    random = np.random.default_rng(seed)
    spot = random.uniform(1.0, 1_000.0, count)
    years = random.choice([1, 1, 2, 7, 30, 90, 365, 1095], count) / 365.0
    volatility = np.exp(random.uniform(np.log(0.01), np.log(3.0), count))
    width = np.where(random.random(count) < 0.5, 0.5, 3.0 * volatility * np.sqrt(years))
    return OptionColumns.of(
        call=random.random(count) < 0.5,
        underlying_price=spot,
        strike=spot * np.exp(np.clip(random.normal(0.0, 1.0, count) * width, -3.0, 3.0)),
        years_to_expiry=years,
        volatility=volatility,
        rate=random.uniform(-0.01, 0.10, count),
        dividend_yield=random.uniform(0.0, 0.08, count),
    )


def time_value(contracts: OptionColumns) -> FloatArray:
    """The price less the discounted payoff at the forward."""
    still = option_prices(replace(contracts, volatility=np.zeros(contracts.strike.shape)))
    return option_prices(contracts) - still


def test_check_value_is_found_again() -> None:
    """The domain contract's check value: a call worth 10.450584 has a volatility of 20 %."""
    found = implied_volatilities(options(), 10.450583572185565)

    assert found.volatility == pytest.approx(0.20, abs=1e-12)
    assert found.reason == Reason.FOUND


def test_hundred_thousand_prices_give_their_volatility_back_or_say_why_not() -> None:
    contracts = random_options(100_000)

    found = implied_volatilities(contracts, option_prices(contracts))

    worth_something = time_value(contracts) > LEAST_TIME_VALUE * contracts.underlying_price
    assert worth_something.sum() > 40_000
    np.testing.assert_array_equal(found.reason == Reason.FOUND, worth_something)
    assert np.abs(found.volatility - contracts.volatility)[worth_something].max() < 1e-6
    assert set(found.reason[~worth_something].tolist()) == {Reason.NO_TIME_VALUE}
    assert np.isnan(found.volatility[~worth_something]).all()


def test_real_index_chain_agrees_with_the_vendor() -> None:
    """Cboe's SPX chain.

    Forward and discount from put-call parity, mid quotes, out of the money within 15 %.
    """
    differences = np.concatenate(
        [vendor_differences(quotes) for quotes in chain_by_expiry().values()]
    )

    assert differences.size > 400
    assert np.median(differences) <= 0.0002
    assert np.quantile(differences, 0.95) <= 0.0006


def chain_by_expiry() -> dict[tuple[str, bool], list[dict[str, str]]]:
    """The chain's rows by expiry and by whether they settle in the morning or in the afternoon."""
    expiries: dict[tuple[str, bool], list[dict[str, str]]] = {}
    with gzip.open(CHAIN, "rt") as lines:
        for row in csv.DictReader(lines):
            expiries.setdefault((row["expiry"], row["symbol"].startswith("SPXW")), []).append(row)
    return expiries


def vendor_differences(quotes: list[dict[str, str]]) -> FloatArray:
    """|our volatility - the vendor's| on one expiry's out-of-the-money quotes."""
    spot = float(quotes[0]["underlying_last"])
    years = (date.fromisoformat(quotes[0]["expiry"]) - CHAIN_DATE).days / 365.0
    live = [row for row in quotes if float(row["bid"]) > 0.0]
    mids = {
        (row["type"], float(row["strike"])): 0.5 * (float(row["bid"]) + float(row["ask"]))
        for row in live
    }
    discount, forward = parity(mids, spot)
    rate = -np.log(discount) / years
    chosen = [row for row in live if wanted(row, forward)]
    sought = options(
        call=[row["type"] == "C" for row in chosen],
        underlying_price=spot,
        strike=[float(row["strike"]) for row in chosen],
        years_to_expiry=years,
        rate=rate,
        dividend_yield=rate - np.log(forward / spot) / years,
    )
    found = implied_volatilities(
        sought, [mids[row["type"], float(row["strike"])] for row in chosen]
    )
    difference: FloatArray = np.abs(found.volatility - [float(row["iv"]) for row in chosen])
    return difference


def wanted(row: dict[str, str], forward: float) -> bool:
    """Out of the money, within 15 % of the forward, with a vendor's figure."""
    strike = float(row["strike"])
    out_of_the_money = (row["type"] == "C") == (strike >= forward)
    return out_of_the_money and abs(strike / forward - 1.0) <= 0.15 and float(row["iv"]) > 0.0


def parity(mids: dict[tuple[str, float], float], spot: float) -> tuple[float, float]:
    """Discount factor and forward from C - P = discount x (forward - strike) within 5 % of the
    spot.
    """
    both = (strike for kind, strike in mids if kind == "C" and ("P", strike) in mids)
    near = np.array(sorted(strike for strike in both if abs(strike / spot - 1.0) < 0.05))
    spread = [mids["C", strike] - mids["P", strike] for strike in near]
    slope, level = np.polyfit(near, spread, 1)
    return float(-slope), float(level / -slope)


def test_agrees_with_vollib() -> None:
    contracts = random_options(400, seed=3)
    contracts = replace(contracts, dividend_yield=np.zeros(400))
    contracts = contracts.take(time_value(contracts) > 1e-6 * contracts.underlying_price)
    price = option_prices(contracts)

    found = implied_volatilities(contracts, price).volatility

    theirs = [
        vollib_volatility(
            float(price[i]),
            float(contracts.underlying_price[i]),
            float(contracts.strike[i]),
            float(contracts.years_to_expiry[i]),
            float(contracts.rate[i]),
            "c" if contracts.call[i] else "p",
        )
        for i in range(price.size)
    ]
    np.testing.assert_allclose(found, theirs, atol=1e-9)


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (float("nan"), Reason.NO_PRICE),
        (-1.0, Reason.BELOW_INTRINSIC),
        (3.0, Reason.BELOW_INTRINSIC),
        (100.0 - 95.0 * np.exp(-0.05), Reason.NO_TIME_VALUE),
        (5.0, Reason.AT_INTRINSIC),
        (7.0, Reason.BELOW_LOWER_BOUND),
        (100.0, Reason.AT_UPPER_BOUND),
        (100.01, Reason.ABOVE_UPPER_BOUND),
        (500.0, Reason.ABOVE_UPPER_BOUND),
        (float("inf"), Reason.NO_PRICE),
    ],
)
def test_price_outside_the_bounds_has_none_and_a_reason(price: float, reason: Reason) -> None:
    found = implied_volatilities(options(strike=95.0), price)

    assert np.isnan(found.volatility)
    assert Reason(int(found.reason)) == reason
    assert reason.sentence


def test_expired_option_has_none() -> None:
    for invert in (implied_volatilities, american_implied_volatilities):
        found = invert(options(years_to_expiry=0.0, rate=float("nan")), 5.0)

        assert np.isnan(found.volatility)
        assert found.reason == Reason.EXPIRED


def test_one_bad_price_leaves_its_neighbours_alone() -> None:
    found = implied_volatilities(options(strike=[95.0, 95.0, 95.0]), [15.0, -3.0, 15.0])

    assert found.volatility[0] == found.volatility[2] > 0.0
    assert np.isnan(found.volatility[1])


def test_shape_of_the_options_is_kept() -> None:
    assert implied_volatilities(options(strike=[[95.0, 100.0]]), 12.0).volatility.shape == (1, 2)
    assert american_implied_volatilities(options(), 12.0).volatility.shape == ()
    assert implied_volatilities(options(strike=np.array([])), 1.0).volatility.shape == (0,)


def test_american_prices_give_their_volatility_back() -> None:
    contracts = random_options(3_000, seed=5)
    price = american_prices(contracts)

    found = american_implied_volatilities(contracts, price)

    known = found.reason == Reason.FOUND
    assert known.sum() > 1_500
    again = american_prices(replace(contracts, volatility=np.where(known, found.volatility, 0.1)))
    assert np.abs(again - price)[known].max() < 1e-6
    decisive = known & (time_value(contracts) > 1e-3 * contracts.underlying_price)
    assert np.abs(found.volatility - contracts.volatility)[decisive].max() < 1e-6


def test_american_volatility_of_a_call_without_yield_is_the_european() -> None:
    calls = options(strike=[80.0, 100.0, 120.0])
    price = [26.0, 11.0, 4.0]

    american, european = (
        american_implied_volatilities(calls, price),
        implied_volatilities(calls, price),
    )

    np.testing.assert_allclose(american.volatility, european.volatility, atol=1e-8)


def test_american_put_at_what_exercise_pays_has_none() -> None:
    found = american_implied_volatilities(
        options(call=False, strike=[130.0, 130.0, 130.0]), [30.0, 29.0, 131.0]
    )

    assert found.reason.tolist() == [
        Reason.AT_INTRINSIC,
        Reason.BELOW_INTRINSIC,
        Reason.ABOVE_UPPER_BOUND,
    ]


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (20.0, Reason.AT_INTRINSIC),
        (21.0, Reason.BELOW_LOWER_BOUND),
        (19.99, Reason.BELOW_INTRINSIC),
        (100.0, Reason.AT_UPPER_BOUND),
        (100.01, Reason.ABOVE_UPPER_BOUND),
    ],
)
def test_american_call_at_a_bound_is_said_to_be_at_it(price: float, reason: Reason) -> None:
    found = american_implied_volatilities(options(strike=80.0), price)

    assert Reason(int(found.reason)) == reason
    assert np.isnan(found.volatility)


@pytest.mark.parametrize("invert", [implied_volatilities, american_implied_volatilities])
def test_a_worthless_price_is_at_the_lower_bound(
    invert: Callable[..., ImpliedVolatilities],
) -> None:
    found = invert(options(strike=130.0), 0.0)

    assert "at the option's lower bound" in Reason(int(found.reason)).sentence


def test_an_american_call_before_a_dividend_is_at_what_exercise_pays() -> None:
    cash = CashDividends.of([[6.0]], [[0.01]])

    found = american_implied_volatilities(options(strike=[80.0]), [20.0], cash)

    assert "intrinsic value" in Reason(int(found.reason[0])).sentence


@pytest.mark.parametrize("american", [False, True])
def test_cash_dividends_are_seen(american: bool) -> None:
    contracts = options(call=[True, False], volatility=0.3)
    cash = CashDividends.of([[2.0], [2.0]], [[0.4], [0.4]])
    price = (american_prices if american else european_prices)(contracts, cash)

    invert = american_implied_volatilities if american else implied_volatilities
    found = invert(replace(contracts, volatility=np.zeros(2)), price, cash)

    np.testing.assert_allclose(found.volatility, 0.3, atol=1e-6)


quotes = st.fixed_dictionaries(
    {
        "underlying_price": st.floats(0.01, 1e5),
        "strike": st.floats(0.01, 1e5),
        "years_to_expiry": st.floats(1e-4, 30.0),
        "rate": st.floats(-0.05, 0.3),
        "dividend_yield": st.floats(-0.05, 0.3),
    }
)


@given(market=quotes, call=st.booleans(), price=st.floats(0.0, 2e5))
@example(
    market={
        "underlying_price": 1,
        "strike": 1,
        "years_to_expiry": 1,
        "rate": 0,
        "dividend_yield": 0,
    },
    call=True,
    price=0.1,
)
def test_any_price_has_a_volatility_that_returns_it_or_a_reason(
    market: dict[str, float], call: bool, price: float
) -> None:
    sought = options(call=call, **market)

    found = implied_volatilities(sought, price)

    assert bool(np.isnan(found.volatility)) == (found.reason != Reason.FOUND)
    if found.reason == Reason.FOUND:
        again = option_prices(replace(sought, volatility=found.volatility))
        scale = market["underlying_price"] + market["strike"] * np.exp(
            0.05 * market["years_to_expiry"]
        )
        assert again == pytest.approx(price, abs=1e-10 * scale, rel=1e-9)


@given(market=quotes, call=st.booleans(), share=st.floats(0.01, 0.9), more=st.floats(1.001, 1.1))
def test_dearer_option_has_the_higher_volatility(
    market: dict[str, float], call: bool, share: float, more: float
) -> None:
    sought = options(call=call, **market)
    least = float(option_prices(sought))
    bound = float(
        np.where(
            call,
            sought.underlying_price * np.exp(-sought.dividend_yield * sought.years_to_expiry),
            sought.strike * np.exp(-sought.rate * sought.years_to_expiry),
        )
    )
    cheap = least + share * (bound - least)
    dear = min(least + share * more * (bound - least), bound)

    lower, higher = (implied_volatilities(sought, price) for price in (cheap, dear))

    if lower.reason == higher.reason == Reason.FOUND:
        assert higher.volatility >= lower.volatility
