"""Smiles: quotes as volatilities, and the curve through those of an expiry."""

import csv
import gzip
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from services.greeks.calculations.contracts import Given, contract_valuations
from services.greeks.calculations.engines import Engine
from services.greeks.calculations.smiles import FEWEST_STRIKES, Smile, least_squares, smiles
from services.greeks.inputs import ContractTerms, Market, Quote
from shared.instruments import parse_occ
from tests.unit.greeks.test_contracts import AS_OF, a_market, an_expired_contract

CHAIN = Path(__file__).parents[3] / "deploy" / "demo" / "data" / "options_spx_2025-10-01.csv.gz"
CHAIN_DATE = date(2025, 10, 1)
STRIKES = (80.0, 90.0, 100.0, 110.0, 120.0)
SPREAD = 0.02


def contract(strike: float, option_type: str = "C", expiry: str = "230616") -> ContractTerms:
    symbol = f"XYZ{expiry}{option_type}{round(strike * 1000):08d}"
    return ContractTerms.of(parse_occ(symbol), AS_OF)


def quotes_at(
    contracts: Sequence[ContractTerms], volatilities: Sequence[float], market: Market
) -> list[Quote]:
    """Quotes around what the contracts are worth at these volatilities."""
    given = [Given(volatility=each) for each in volatilities]
    valued = contract_valuations(contracts, market, Engine.EUROPEAN, given)
    prices = [each.price or 0.0 for each in valued]
    return [Quote(max(price - SPREAD, 0.0), price + SPREAD) for price in prices]


def one_smile(
    contracts: Sequence[ContractTerms], quotes: Sequence[Quote], market: Market | None = None
) -> Smile:
    (found,) = smiles(contracts, quotes, market or a_market(), Engine.EUROPEAN)
    return found


def out_of_the_money() -> list[ContractTerms]:
    return [contract(each, "P" if each < 105.0 else "C") for each in STRIKES]


def test_quotes_of_a_parabola_give_its_coefficients_back() -> None:
    contracts = out_of_the_money()
    years = contracts[0].years_left(AS_OF)
    flat = one_smile(contracts, quotes_at(contracts, [0.25] * 5, a_market()))
    assert flat.forward is not None
    moneyness = [math.log(each / flat.forward) / math.sqrt(years) for each in STRIKES]
    wanted = [0.25 - 0.1 * each + 0.2 * each**2 for each in moneyness]

    smile = one_smile(contracts, quotes_at(contracts, wanted, a_market()))

    assert smile.fit is not None
    found = (smile.fit.at_the_money, smile.fit.skew, smile.fit.curvature)
    assert found == pytest.approx((0.25, -0.1, 0.2), abs=1e-9)
    assert smile.fit.fit_deviation < 1e-9
    assert smile.fit.quotes_fitted == 5
    assert smile.fit.strikes[[0, -1]].tolist() == [80.0, 120.0]
    assert smile.fit.fitted_volatilities[[0, -1]] == pytest.approx([wanted[0], wanted[-1]])


def test_one_volatility_is_a_flat_smile() -> None:
    contracts = out_of_the_money()

    smile = one_smile(contracts, quotes_at(contracts, [0.3] * 5, a_market()))

    assert smile.fit is not None
    assert smile.fit.fitted_volatilities == pytest.approx(np.full(33, 0.3))
    for each in smile.quotes:
        assert each.bid_volatility is not None
        assert each.ask_volatility is not None
        assert each.bid_volatility < 0.3 < each.ask_volatility
        assert each.volatility == pytest.approx(0.3)


def test_the_forward_grows_by_the_rate_less_the_yield() -> None:
    contracts = out_of_the_money()

    smile = one_smile(contracts, quotes_at(contracts, [0.3] * 5, a_market()))

    rate = 2.0 * math.log(1.02)  # 4 % twice a year, continuously
    assert smile.forward == pytest.approx(105.0 * math.exp((rate - 0.01) * smile.years_to_expiry))


def test_each_strike_counts_once_by_what_is_out_of_the_money() -> None:
    contracts = [contract(each, kind) for each in STRIKES for kind in ("C", "P")]

    smile = one_smile(contracts, quotes_at(contracts, [0.3] * 10, a_market()))

    fitted = [(each.terms.strike, each.terms.option_type) for each in smile.quotes if each.fitted]
    assert fitted == [(80.0, "P"), (90.0, "P"), (100.0, "P"), (110.0, "C"), (120.0, "C")]


def test_a_quote_in_the_money_counts_where_it_is_alone() -> None:
    contracts = [contract(each, "C") for each in STRIKES]

    smile = one_smile(contracts, quotes_at(contracts, [0.3] * 5, a_market()))

    assert all(each.fitted for each in smile.quotes)


def test_too_few_strikes_have_volatilities_and_no_curve() -> None:
    contracts = [contract(each, kind) for each in (100.0, 110.0, 120.0) for kind in ("C", "P")]

    smile = one_smile(contracts, quotes_at(contracts, [0.3] * 6, a_market()))

    assert (smile.fit, len(smile.quotes)) == (None, 6)
    assert smile.reason == "3 strikes with an implied volatility; a curve needs 4"
    assert FEWEST_STRIKES == 4


def test_each_expiry_has_a_separate_curve_the_nearest_first() -> None:
    far, near = ([contract(each, "C", day) for each in STRIKES] for day in ("231215", "230317"))
    quotes = [
        *quotes_at(far, [0.4] * 5, a_market()),
        *quotes_at(near, [0.2] * 5, a_market()),
    ]

    found = smiles([*far, *near], quotes, a_market(), Engine.EUROPEAN)

    assert [each.expiry for each in found] == [date(2023, 3, 17), date(2023, 12, 15)]
    levels = [each.fit.at_the_money for each in found if each.fit]
    assert levels == pytest.approx([0.2, 0.4], abs=1e-6)


def test_a_quote_without_a_bid_has_no_volatility_and_says_so() -> None:
    contracts = out_of_the_money()
    quotes = quotes_at(contracts, [0.3] * 5, a_market())
    quotes[0] = Quote(0.0, quotes[0].ask)

    smile = one_smile(contracts, quotes)

    first = smile.quotes[0]
    assert (first.bid_volatility, first.volatility, first.fitted) == (None, None, False)
    assert first.ask_volatility is not None
    assert first.reason == "there is no bid"


def test_a_price_beyond_every_volatility_says_why() -> None:
    contracts = out_of_the_money()
    quotes = quotes_at(contracts, [0.3] * 5, a_market())
    quotes[-1] = Quote(200.0, 210.0)

    smile = one_smile(contracts, quotes)

    assert smile.quotes[-1].volatility is None
    assert "above the option's upper bound" in (smile.quotes[-1].reason or "")
    assert smile.fit is not None
    assert smile.fit.quotes_fitted == 4


def test_without_a_price_of_the_underlying_nothing_is_implied() -> None:
    contracts = out_of_the_money()

    smile = one_smile(contracts, [Quote(1.0, 1.1)] * 5, a_market(closes={}))

    assert (smile.forward, smile.fit) == (None, None)
    assert "no price for underlying XYZ" in (smile.quotes[0].reason or "")


def test_a_quote_is_read_with_the_price_of_its_moment() -> None:
    contracts = out_of_the_money()
    market = a_market()
    moved = replace(market, closes={})
    quotes = [
        replace(each, underlying_price=105.0) for each in quotes_at(contracts, [0.3] * 5, market)
    ]

    smile = one_smile(contracts, quotes, moved)

    assert [each.volatility for each in smile.quotes] == pytest.approx([0.3] * 5)


def test_an_expired_contract_has_no_smile() -> None:
    expired = an_expired_contract()

    assert smiles([expired], [Quote(1.0, 1.1)], a_market(), Engine.DEFAULT) == []


def test_least_squares_are_those_of_numpy() -> None:
    random = np.random.default_rng(3)
    moneyness, volatility = random.normal(size=20), random.uniform(0.1, 0.5, 20)

    expected = np.polynomial.polynomial.polyfit(moneyness, volatility, 2)

    assert least_squares(moneyness, volatility) == pytest.approx(expected)


def test_a_real_index_chain_has_the_smirk_of_an_index() -> None:
    """Cboe's SPX chain: low strikes cost more, and the vendor's volatilities are near."""
    with gzip.open(CHAIN, "rt") as lines:
        rows = [
            row
            for row in csv.DictReader(lines)
            if row["symbol"].startswith("SPXW")
            and abs(float(row["strike"]) / float(row["underlying_last"]) - 1.0) <= 0.08
            and (date.fromisoformat(row["expiry"]) - CHAIN_DATE).days > 20
        ]
    contracts = [ContractTerms.of(parse_occ(row["symbol"]), CHAIN_DATE) for row in rows]
    spot = float(rows[0]["underlying_last"])
    quotes = [Quote(float(row["bid"]), float(row["ask"]), spot) for row in rows]
    market = a_market(as_of=CHAIN_DATE, closes={}, dividend_yields={"SPX": 0.012})

    found = smiles(contracts, quotes, market, Engine.DEFAULT)

    vendor = {row["symbol"]: float(row["iv"]) for row in rows}
    assert len(found) == 2
    for smile in found:
        assert smile.fit is not None
        assert smile.fit.skew < 0.0 < smile.fit.curvature
        assert smile.fit.fit_deviation < 0.01
        through = [each for each in smile.quotes if each.fitted]
        near = [abs((each.volatility or 0.0) - vendor[each.terms.contract]) for each in through]
        assert np.median(near) < 0.01
