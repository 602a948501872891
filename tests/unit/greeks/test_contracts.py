"""Contracts valued from a market: sources, reasons, expiry, and the pure formula underneath."""

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from services.greeks.calculations.contracts import (
    AT_ASK,
    NO_BID,
    NO_FUTURE,
    Given,
    contract_valuations,
)
from services.greeks.calculations.engines import Engine
from services.greeks.calculations.volatility import one_session_returns, realised_volatility
from services.greeks.inputs import (
    Close,
    ContractTerms,
    ContractValuation,
    Dividend,
    Market,
    Quote,
    TreasuryCurve,
)
from shared.quant.american import american_values
from shared.quant.black_scholes import OptionColumns, OptionValues, option_values
from shared.quant.dividends import CashDividends

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
    return a_contract(
        contract="XYZ-expired", expiry=day, last_session=day, sessions_left=0, strike=90.0
    )


def a_market(**given: Any) -> Market:
    """XYZ at 105 with a year of history, 4 % at every maturity and a known dividend yield of 1
    %.
    """
    market = Market(
        as_of=AS_OF,
        closes={("XYZ", AS_OF): Close(105.0, AS_OF)},
        adjusted_closes={"XYZ": CLOSES},
        curve=TreasuryCurve(AS_OF, np.array([0.25, 10.0]), np.array([4.0, 4.0])),
        configured_rate=0.03,
        dividend_yields={"XYZ": 0.01},
    )
    return replace(market, **given)


def value(
    terms: ContractTerms, market: Market, engine: Engine = Engine.EUROPEAN
) -> ContractValuation:
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
    assert (
        value(a_contract(), a_market(dividend_yields={"XYZ": 0.0})).dividend_source == "securities"
    )


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
    contracts = [
        a_contract(contract="A"),
        a_contract(contract="B", underlying="NONE"),
        an_expired_contract(),
    ]
    closes = {
        ("XYZ", AS_OF): Close(105.0, AS_OF),
        ("XYZ", contracts[2].last_session): Close(97.0, AS_OF),
    }

    valuations = contract_valuations(contracts, a_market(closes=closes), Engine.EUROPEAN)

    assert [valuation.contract for valuation in valuations] == ["A", "B", "XYZ-expired"]
    assert [valuation.model for valuation in valuations] == [
        "black_scholes_merton",
        None,
        "intrinsic",
    ]


def test_mibian_engine_values_the_living_only() -> None:
    contracts = [a_contract(), a_contract(contract="put", option_type="P"), an_expired_contract()]
    closes = {
        ("XYZ", AS_OF): Close(105.0, AS_OF),
        ("XYZ", contracts[2].last_session): Close(97.0, AS_OF),
    }
    market = a_market(closes=closes)

    by_mibian = contract_valuations(contracts, market, Engine.MIBIAN)
    by_default = contract_valuations(contracts, market, Engine.EUROPEAN)

    assert [valuation.model for valuation in by_mibian] == ["mibian", "mibian", "intrinsic"]
    for theirs, ours in zip(by_mibian, by_default, strict=True):
        assert [getattr(theirs, n) for n in NUMBERS] == pytest.approx(
            [getattr(ours, n) for n in NUMBERS], abs=1e-9
        )


def test_no_contracts_give_no_valuations() -> None:
    assert contract_valuations([], a_market(), Engine.EUROPEAN) == []


def test_contracts_of_one_shard_do_not_influence_each_other() -> None:
    strikes = np.linspace(50.0, 150.0, 40)
    contracts = [a_contract(contract=str(strike), strike=float(strike)) for strike in strikes]

    for engine in (Engine.EUROPEAN, Engine.AMERICAN):
        together = contract_valuations(contracts, a_market(), engine)

        assert together == [value(terms, a_market(), engine) for terms in contracts]


# --- style of exercise ---


def the_columns(
    valuation: ContractValuation, option_type: str = "P", strike: float = 100.0
) -> OptionColumns:
    """The inputs that a valuation recorded."""
    names = ("underlying_price", "years_to_expiry", "volatility", "rate", "dividend_yield")
    recorded = {name: getattr(valuation, name) for name in names}
    return OptionColumns.of(call=[option_type == "C"], strike=strike, **recorded)


def test_equity_options_are_american_and_index_options_european() -> None:
    equity = a_contract(option_type="P")
    index = a_contract(contract="index", option_type="P", european=True)

    first, second = contract_valuations([equity, index], a_market(), Engine.DEFAULT)

    assert (first.model, second.model) == ("american_collocation", "black_scholes_merton")
    assert first.price == pytest.approx(
        float(american_values(the_columns(first)).price[0]), rel=1e-12
    )
    assert second.price == pytest.approx(
        float(option_values(the_columns(second)).price[0]), rel=1e-12
    )
    assert (first.price or 0.0) > (second.price or 0.0)


@pytest.mark.parametrize(
    ("engine", "models"),
    [
        (Engine.DEFAULT, ["american_collocation", "black_scholes_merton"]),
        (Engine.EUROPEAN, ["black_scholes_merton"] * 2),
        (Engine.AMERICAN, ["american_collocation"] * 2),
        (Engine.MIBIAN, ["mibian"] * 2),
    ],
)
def test_engine_decides_the_model(engine: Engine, models: list[str]) -> None:
    contracts = [a_contract(), a_contract(contract="index", european=True)]

    valuations = contract_valuations(contracts, a_market(), engine)

    assert [valuation.model for valuation in valuations] == models


def test_two_exercise_boundaries_are_valued_by_a_tree() -> None:
    given = [Given(rate=-0.01, dividend_yield=-0.03)]

    [valuation] = contract_valuations(
        [a_contract(option_type="P")], a_market(), Engine.DEFAULT, given
    )

    assert valuation.model == "american_tree"


# --- quotes ---


def quoted(terms: ContractTerms, quote: Quote, **market: Any) -> ContractValuation:
    [valuation] = contract_valuations(
        [terms], a_market(quotes={terms.contract: quote}, **market), Engine.DEFAULT
    )
    return valuation


@pytest.mark.parametrize("european", [True, False])
@pytest.mark.parametrize("option_type", ["C", "P"])
def test_quote_implies_the_volatility_that_returns_its_mid(
    european: bool, option_type: str
) -> None:
    valuation = quoted(a_contract(option_type=option_type, european=european), Quote(9.9, 10.1))

    assert (valuation.iv_source, valuation.quote_mid, valuation.note) == ("implied", 10.0, None)
    assert valuation.price == pytest.approx(10.0, abs=1e-6)
    assert valuation.reason is None


def test_quote_is_read_beside_its_own_underlying_price() -> None:
    """The quote was made while the underlying stood at 108.

    At the close of 105 a call is worth less.
    """
    valuation = quoted(a_contract(), Quote(11.9, 12.1, 108.0))

    at_the_close = quoted(a_contract(), Quote(11.9, 12.1))
    assert valuation.underlying_price == 105.0
    assert (valuation.volatility or 0.0) < (at_the_close.volatility or 0.0)
    assert (valuation.price or 0.0) < 12.0


def test_quote_without_implied_volatility_leaves_the_realised_one_and_a_note() -> None:
    valuation = quoted(a_contract(), Quote(0.9, 1.1))

    assert (valuation.iv_source, valuation.quote_mid) == ("realised_117d", 1.0)
    assert valuation.note == (
        "the market price 1 implies no volatility, since the price is below what exercise pays: "
        "realised volatility was used"
    )
    assert valuation.delta is not None


def test_quote_serves_where_no_history_is_known() -> None:
    valuation = quoted(a_contract(), Quote(9.9, 10.1), adjusted_closes={})

    assert (valuation.iv_source, valuation.reason) == ("implied", None)
    assert valuation.delta is not None


def test_bad_quote_without_history_is_null_with_both_reasons() -> None:
    valuation = quoted(a_contract(), Quote(0.9, 1.1), adjusted_closes={})

    assert (valuation.volatility, valuation.delta) == (None, None)
    assert valuation.reason == "only 0 returns, 20 needed"
    assert "no volatility is known" in (valuation.note or "")


def test_quote_without_a_bid_is_no_price() -> None:
    valuation = quoted(a_contract(), Quote(0.0, 20.0))

    assert (valuation.quote_mid, valuation.iv_source) == (None, "realised_117d")
    assert valuation.note == "there is no bid for the contract: its quote was not used"


@pytest.mark.parametrize("engine", [Engine.DEFAULT, Engine.EUROPEAN])
def test_option_without_a_bid_is_worth_its_ask_at_most(engine: Engine) -> None:
    market = a_market(quotes={"XYZ230616C00100000": Quote(0.0, 9.0)})

    valuation = value(a_contract(), market, engine)

    assert (value(a_contract(), a_market(), engine).price or 0.0) > 9.5
    assert valuation.price == pytest.approx(9.0, abs=2e-4)
    assert (valuation.iv_source, valuation.quote_mid) == ("implied_by_ask", None)
    assert valuation.note == AT_ASK


def test_ask_below_what_exercise_pays_is_not_used() -> None:
    valuation = quoted(a_contract(), Quote(0.0, 4.0))

    assert (valuation.iv_source, valuation.note) == ("realised_117d", NO_BID)


def test_ask_is_no_measure_where_no_history_is_known() -> None:
    valuation = quoted(a_contract(), Quote(0.0, 9.0), adjusted_closes={})

    assert (valuation.price, valuation.reason) == (None, "only 0 returns, 20 needed")


def a_vix_call() -> ContractTerms:
    return a_contract(contract="VIX230118C00025000", underlying="VIX", strike=25.0, european=True)


def test_option_on_the_vix_is_never_valued_off_the_index() -> None:
    known = {"closes": {("VIX", AS_OF): Close(22.14, AS_OF)}, "adjusted_closes": {"VIX": CLOSES}}
    market = a_market(**known, quotes={"VIX230118C00025000": Quote(1.1, 1.3)})

    valuation = value(a_vix_call(), market, Engine.DEFAULT)

    assert (valuation.price, valuation.delta, valuation.volatility) == (None, None, None)
    assert valuation.reason == NO_FUTURE
    assert valuation.quote_mid == pytest.approx(1.2)


def test_option_on_the_vix_is_valued_off_a_future_that_is_given() -> None:
    market = a_market(closes={("VIX", AS_OF): Close(22.14, AS_OF)}, adjusted_closes={})
    given = Given(underlying_price=24.0, volatility=0.9, rate=0.04, dividend_yield=0.04)

    [valuation] = contract_valuations([a_vix_call()], market, Engine.DEFAULT, [given])

    assert valuation.reason is None
    assert 0.0 < (valuation.delta or 0.0) < 1.0


def test_expired_contract_is_settled_without_regard_to_its_quote() -> None:
    terms = an_expired_contract()
    closes = {("XYZ", terms.last_session): Close(97.0, terms.last_session)}

    valuation = quoted(terms, Quote(3.0, 4.0), closes=closes)

    assert (valuation.model, valuation.price, valuation.quote_mid) == ("intrinsic", 7.0, None)


def test_one_quoted_contract_leaves_its_neighbours_alone() -> None:
    contracts = [a_contract(contract="quoted"), a_contract(contract="not")]
    market = a_market(quotes={"quoted": Quote(9.9, 10.1)})

    first, second = contract_valuations(contracts, market, Engine.DEFAULT)

    assert (first.iv_source, second.iv_source) == ("implied", "realised_117d")
    assert second == value(contracts[1], a_market(), Engine.DEFAULT)


# --- what a caller states ---


def given_terms(
    given: Given, terms: ContractTerms | None = None, engine: Engine = Engine.DEFAULT
) -> ContractValuation:
    [valuation] = contract_valuations([terms or a_contract()], a_market(), engine, [given])
    return valuation


def test_what_is_given_takes_the_place_of_what_is_stored() -> None:
    valuation = given_terms(
        Given(underlying_price=100.0, volatility=0.2, rate=0.05, dividend_yield=0.0)
    )

    assert (valuation.underlying_price, valuation.underlying_price_date) == (100.0, AS_OF)
    assert (valuation.volatility, valuation.iv_source) == (0.2, "given")
    assert (valuation.rate, valuation.rate_source) == (0.05, "given")
    assert (valuation.dividend_yield, valuation.dividend_source) == (0.0, "given")


def test_given_underlying_price_needs_no_stored_one() -> None:
    [valuation] = contract_valuations(
        [a_contract()], a_market(closes={}), Engine.DEFAULT, [Given(underlying_price=100.0)]
    )

    assert valuation.delta is not None


def test_given_market_price_implies_and_given_volatility_wins() -> None:
    implied, fixed = (
        given_terms(Given(market_price=10.0)),
        given_terms(Given(market_price=10.0, volatility=0.5)),
    )

    assert (implied.iv_source, implied.quote_mid) == ("implied", 10.0)
    assert implied.price == pytest.approx(10.0, abs=1e-6)
    assert (fixed.iv_source, fixed.volatility) == ("given", 0.5)


def test_cash_dividends_take_the_place_of_the_yield_and_of_the_boundary() -> None:
    paid = Dividend(date(2023, 3, 1), 2.0)

    valuation = given_terms(Given(dividends=(paid,)))

    years = (paid.ex_date - AS_OF).days / 365.0
    expected = american_values(the_columns(valuation, "C"), CashDividends.of([[2.0]], [[years]]))
    assert (valuation.model, valuation.dividend_yield) == ("american_lattice", 0.0)
    assert valuation.delta == pytest.approx(float(expected.delta[0]))


@pytest.mark.parametrize(
    ("engine", "amount", "reason"),
    [
        (Engine.MIBIAN, 2.0, "mibian knows no cash dividends"),
        (Engine.DEFAULT, 200.0, "the dividends are worth as much as the underlying or more"),
    ],
)
def test_impossible_dividends_are_null_with_reason(
    engine: Engine, amount: float, reason: str
) -> None:
    given = Given(dividends=(Dividend(date(2023, 3, 1), amount),), market_price=10.0)

    valuation = given_terms(given, engine=engine)

    assert (valuation.reason, valuation.delta, valuation.model) == (reason, None, None)
