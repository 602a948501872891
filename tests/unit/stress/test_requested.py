"""What a request adds to its scenarios: returns of single names, and days that pass."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stress.calculations.requested import (
    Ahead,
    Applied,
    dividends_by,
    not_held,
    underlying_returns,
    with_given_returns,
)
from services.stress.calculations.scenarios import InvalidScenarios
from services.stress.calculations.shocks import Shocks
from services.stress.calculations.valuation import Impacts, stressed_impacts
from services.stress.calculations.what_if import STILL, Request, what_if
from services.stress.inputs import Factors, Holdings
from shared.quant.dividends import CashDividends
from shared.quant.pricing import prices
from tests.unit.builders import AS_OF, PORTFOLIO
from tests.unit.stress.builders import columns_of
from tests.unit.stress.test_valuation import NAMES, a_scenario, hand_worked_book, shocks_of

STOCK, SHORT, CALLS = 0, 1, 2
IDS = [PORTFOLIO] * 3


def holdings(**columns: Any) -> Holdings:
    """100,000 of AAPL, 40,000 of XOM short, and ten calls on AAPL at 150 with half a year left."""
    book = replace(hand_worked_book(), **columns)
    factors = Factors(tuple(NAMES))
    return Holdings(AS_OF, [PORTFOLIO], IDS, ["AAPL", "XOM", "AAPL"], book, factors, None)


def impacts(held: Holdings, shocks: Shocks, days: int = 0, **returns: float) -> Impacts:
    return stressed_impacts(with_given_returns(held, returns), shocks, days)


def test_a_named_return_replaces_what_the_factors_make_of_it() -> None:
    held = holdings()
    market = shocks_of(-0.10, 0.0, 0.0, rate=0.01)

    found = impacts(held, market, AAPL=-0.20)

    moved = {"underlying_price": np.array([120.0]), "rate": held.book.contracts.rate + 0.01}
    contracts = held.book.contracts
    calls = prices(columns_of(contracts, **moved), contracts.american)
    calls -= prices(columns_of(contracts), contracts.american)
    assert found.positions[STOCK, 0] == -20_000.0
    assert found.positions[SHORT, 0] == impacts(held, market).positions[SHORT, 0]
    assert found.positions[CALLS, 0] == pytest.approx(1_000 * calls[0], abs=0.005)
    assert found.requested["single_names"][0, 0] == pytest.approx(
        -20_000 - 0.2 * held.book.exposure[CALLS], abs=0.01
    )


def test_without_names_and_days_no_part_is_added() -> None:
    assert impacts(holdings(), shocks_of(-0.10, 0.0, 0.0)).requested == {}


def test_a_named_underlying_needs_no_betas() -> None:
    unknown = np.full((3, 3), np.nan)
    held = holdings(betas=unknown, rate_beta=np.full(3, np.nan))

    found = impacts(held, shocks_of(-0.10, 0.0, 0.0), AAPL=0.05)

    assert np.isnan(found.positions[:, 0]).tolist() == [False, True, False]
    assert found.positions[STOCK, 0] == 5_000.0


@settings(max_examples=25)
@given(st.floats(-0.5, 0.5), st.floats(-0.9, 1.0), st.integers(0, 400), st.floats(-0.5, 2.0))
def test_parts_add_up_to_the_total_with_names_and_time(
    market: float, name: float, days: int, volatility: float
) -> None:
    found = impacts(holdings(), shocks_of(market, 0.0, 0.0, volatility=volatility), days, AAPL=name)

    parts = found.factors.sum(axis=2) + found.rates + found.volatility + found.nonlinear
    requested = sum(found.requested.values())
    assert parts + requested == pytest.approx(found.total, abs=0.006)
    assert found.total[0, 0] == pytest.approx(np.nansum(found.positions), abs=0.006)


def test_time_takes_from_options_and_nothing_from_stock() -> None:
    found = impacts(holdings(), shocks_of(0.0, 0.0, 0.0), 30)

    assert found.positions[[STOCK, SHORT], 0].tolist() == [0.0, 0.0]
    assert found.positions[CALLS, 0] < 0.0
    assert found.requested["time"][0, 0] == found.positions[CALLS, 0] == found.total[0, 0]


def test_a_request_of_names_alone_is_one_outcome_that_says_what_applied() -> None:
    request = Request(("direct",), 10, {"AAPL": -0.2, "ZZZ": 0.1}, 200)

    found = what_if(holdings(), [STILL], request)

    [outcome] = found.outcomes
    assert set(outcome.factor_impacts) >= {"market", "single_names", "time"}
    parts = sum(outcome.factor_impacts.values()) + outcome.nonlinear
    assert parts == pytest.approx(outcome.total_pnl, abs=0.006)
    assert found.applied == Applied({"AAPL": -0.2}, Ahead(200, date(2023, 7, 16), ("C0",), {}))
    assert [(each.code, each.about) for each in found.caveats] == [("not_held", ("ZZZ",))]


def test_names_apply_to_every_scenario_of_a_request() -> None:
    fall = a_scenario({"market": -0.1})

    found = what_if(holdings(), [fall, STILL], Request(("direct",), 10, {"AAPL": -0.2}))

    pnl = [{each.symbol: each.pnl for each in outcome.positions} for outcome in found.outcomes]
    assert [each["S0"] for each in pnl] == [-20_000.0, -20_000.0]
    assert [each["S1"] for each in pnl] == [3_200.0, 0.0]


def test_the_dividends_on_the_way_are_those_of_the_farthest_contract() -> None:
    paid = CashDividends.of([[0.5, 0.6]], [[10 / 365, 100 / 365]])
    held = holdings()
    held = replace(
        held, book=replace(held.book, contracts=replace(held.book.contracts, dividends=paid))
    )

    assert dividends_by(held, 9) == {}
    assert dividends_by(held, 10) == {"AAPL": 0.5}
    assert dividends_by(held, 100) == {"AAPL": 1.1}


def test_every_spelling_of_a_symbol_is_the_same_underlying() -> None:
    assert underlying_returns({"brk/b": 1, "AAPL": -0.2}) == {"BRK.B": 1.0, "AAPL": -0.2}
    assert not_held(holdings(), {"AAPL": 0.1}) == ()


@pytest.mark.parametrize(
    ("shocks", "problem"),
    [
        ({"AAPL": -1.01}, "underlying_shocks.AAPL: -1.01 is a fall of more than 100 %"),
        ({"AAPL": float("nan")}, "underlying_shocks.AAPL: nan is not a finite number"),
        ({"AAPL": 11}, "underlying_shocks.AAPL: 11 is a rise of more than 1000%"),
        ({"A!": 0.1}, "underlying_shocks.A!: 'A!' is not a ticker"),
        ({"AAPL230616C00130000": 0.1}, "shock AAPL instead"),
        ({"BRK.B": 0.1, "BRK-B": 0.1}, "BRK.B is given twice"),
    ],
)
def test_what_is_no_return_of_an_underlying_is_refused_by_name(
    shocks: dict[str, float], problem: str
) -> None:
    with pytest.raises(InvalidScenarios, match="underlying_shocks") as caught:
        underlying_returns(shocks)

    assert problem in str(caught.value)
