"""Contracts valued from a market: sources, reasons, expiry, and the pure formula underneath."""

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from services.greeks.calculations.contracts import (
    Close,
    ContractTerms,
    ContractValuation,
    Market,
    contract_valuations,
)
from services.greeks.calculations.engines import BLACK_SCHOLES_MERTON, MIBIAN
from services.greeks.calculations.rates import TreasuryCurve
from services.greeks.calculations.volatility import one_session_returns, realised_volatility
from shared.quant.black_scholes import OptionColumns, OptionValues, option_values

AS_OF = date(2022, 12, 28)
CLOSES = 100.0 * np.exp(np.random.default_rng(11).normal(0.0, 0.02, 253).cumsum())
NUMBERS = [field.name for field in fields(OptionValues)]


def a_contract(**given: Any) -> ContractTerms:
    """A 100-strike call on XYZ that expires 2023-06-16, unless said otherwise."""
    terms = ContractTerms(
        contract="XYZ230616C00100000",
        underlying="XYZ",
        option_type="C",
        strike=100.0,
        expiry=date(2023, 6, 16),
        last_session=date(2023, 6, 16),
        sessions_left=117,
    )
    return replace(terms, **given)


def an_expired_contract(days_ago: int = 5) -> ContractTerms:
    day = AS_OF - timedelta(days=days_ago)
    return a_contract(contract="XYZ-expired", expiry=day, last_session=day, sessions_left=0, strike=90.0)


def a_market(**given: Any) -> Market:
    """XYZ at 105 with a year of history, 4 % at every maturity and a known dividend yield of 1 %."""
    market = Market(
        as_of=AS_OF,
        closes={("XYZ", AS_OF): Close(105.0, AS_OF)},
        adjusted_closes={"XYZ": CLOSES},
        curve=TreasuryCurve(AS_OF, np.array([0.25, 10.0]), np.array([4.0, 4.0])),
        configured_rate=0.03,
        dividend_yields={"XYZ": 0.01},
    )
    return replace(market, **given)


def value(terms: ContractTerms, market: Market, engine: str = BLACK_SCHOLES_MERTON) -> ContractValuation:
    return contract_valuations([terms], market, engine)[0]


def test_valuation_is_the_formula_on_the_recorded_inputs() -> None:
    valuation = value(a_contract(), a_market())

    expected = option_values(
        OptionColumns.of(
            call=True,
            underlying_price=105.0,
            strike=100.0,
            years_to_expiry=(date(2023, 6, 16) - AS_OF).days / 365.0,
            volatility=realised_volatility(one_session_returns(CLOSES)[-117:]),
            rate=2.0 * np.log(1.02),
            dividend_yield=0.01,
        )
    )
    assert [getattr(valuation, name) for name in NUMBERS] == pytest.approx(
        [float(getattr(expected, name)) for name in NUMBERS], rel=1e-12
    )
    assert valuation.reason is None


def test_every_input_names_its_source() -> None:
    valuation = value(a_contract(), a_market())

    assert valuation.model == "black_scholes_merton"
    assert valuation.iv_source == "realised_117d"
    assert valuation.rate_source == "treasury_2022-12-28"
    assert valuation.dividend_source == "securities"
    assert (valuation.underlying_price, valuation.underlying_price_date) == (105.0, AS_OF)


def test_unknown_dividend_yield_is_zero_and_says_so() -> None:
    valuation = value(a_contract(), a_market(dividend_yields={}))

    assert (valuation.dividend_yield, valuation.dividend_source) == (0.0, "unknown_assumed_0")


def test_known_dividend_yield_of_zero_is_not_unknown() -> None:
    assert value(a_contract(), a_market(dividend_yields={"XYZ": 0.0})).dividend_source == "securities"


def test_without_a_curve_the_configured_rate_counts() -> None:
    valuation = value(a_contract(), a_market(curve=None))

    assert (valuation.rate, valuation.rate_source) == (0.03, "configured")


def test_missing_price_is_null_with_reason() -> None:
    valuation = value(a_contract(), a_market(closes={}))

    assert valuation.reason == "no price for underlying XYZ on or before 2022-12-28"
    assert [getattr(valuation, name) for name in NUMBERS] == [None] * 6
    assert valuation.model is None


def test_short_history_is_null_with_reason() -> None:
    valuation = value(a_contract(), a_market(adjusted_closes={"XYZ": CLOSES[:13]}))

    assert valuation.reason == "only 12 returns, 20 needed"
    assert [getattr(valuation, name) for name in NUMBERS] == [None] * 6
    assert valuation.volatility is None
    assert valuation.underlying_price == 105.0


def test_twenty_returns_are_enough_and_counted() -> None:
    valuation = value(a_contract(), a_market(adjusted_closes={"XYZ": CLOSES[:21]}))

    assert valuation.iv_source == "realised_20d"


def test_no_history_at_all_is_null_with_reason() -> None:
    assert value(a_contract(), a_market(adjusted_closes={})).reason == "only 0 returns, 20 needed"


def test_price_that_never_moved_is_null_with_reason() -> None:
    valuation = value(a_contract(), a_market(adjusted_closes={"XYZ": np.full(253, 50.0)}))

    assert valuation.reason == "the underlying did not move in 117 returns"
    assert valuation.delta is None


def test_carried_forward_price_keeps_its_date() -> None:
    older = date(2022, 12, 23)

    valuation = value(a_contract(), a_market(closes={("XYZ", AS_OF): Close(104.0, older)}))

    assert (valuation.underlying_price, valuation.underlying_price_date) == (104.0, older)
    assert valuation.delta is not None


def test_expired_contract_is_settled_at_its_last_session() -> None:
    terms = an_expired_contract()
    closes = {
        ("XYZ", terms.last_session): Close(97.0, terms.last_session),
        ("XYZ", AS_OF): Close(105.0, AS_OF),
    }

    valuation = value(terms, a_market(closes=closes, adjusted_closes={}))

    assert (valuation.model, valuation.price, valuation.volatility) == ("intrinsic", 7.0, None)
    assert [getattr(valuation, greek) for greek in NUMBERS[1:]] == [0.0] * 5
    assert valuation.years_to_expiry == 0.0


def test_contract_expires_at_the_close_of_its_last_session() -> None:
    today = a_contract(expiry=AS_OF, last_session=AS_OF, sessions_left=0)

    assert value(today, a_market()).model == "intrinsic"
    assert value(today, a_market()).price == 5.0


def test_expiry_on_a_closed_day_counts_to_the_session_before() -> None:
    saturday = a_contract(expiry=date(2023, 6, 17), last_session=date(2023, 6, 16))

    assert value(saturday, a_market()) == value(a_contract(), a_market())


def test_one_bad_contract_leaves_the_others_valued() -> None:
    contracts = [a_contract(contract="A"), a_contract(contract="B", underlying="NONE"), an_expired_contract()]
    closes = {("XYZ", AS_OF): Close(105.0, AS_OF), ("XYZ", contracts[2].last_session): Close(97.0, AS_OF)}

    valuations = contract_valuations(contracts, a_market(closes=closes), BLACK_SCHOLES_MERTON)

    assert [valuation.contract for valuation in valuations] == ["A", "B", "XYZ-expired"]
    assert [valuation.model for valuation in valuations] == ["black_scholes_merton", None, "intrinsic"]


def test_mibian_engine_values_the_living_only() -> None:
    contracts = [a_contract(), a_contract(contract="put", option_type="P"), an_expired_contract()]
    closes = {("XYZ", AS_OF): Close(105.0, AS_OF), ("XYZ", contracts[2].last_session): Close(97.0, AS_OF)}
    market = a_market(closes=closes)

    by_mibian = contract_valuations(contracts, market, MIBIAN)
    by_default = contract_valuations(contracts, market, BLACK_SCHOLES_MERTON)

    assert [valuation.model for valuation in by_mibian] == ["mibian", "mibian", "intrinsic"]
    for theirs, ours in zip(by_mibian, by_default, strict=True):
        assert [getattr(theirs, n) for n in NUMBERS] == pytest.approx(
            [getattr(ours, n) for n in NUMBERS], abs=1e-9
        )


def test_no_contracts_give_no_valuations() -> None:
    assert contract_valuations([], a_market(), BLACK_SCHOLES_MERTON) == []


def test_contracts_of_one_shard_do_not_influence_each_other() -> None:
    strikes = np.linspace(50.0, 150.0, 40)
    contracts = [a_contract(contract=str(strike), strike=float(strike)) for strike in strikes]

    together = contract_valuations(contracts, a_market(), BLACK_SCHOLES_MERTON)

    alone = [value(terms, a_market()) for terms in contracts]
    assert together == alone
