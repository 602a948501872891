"""The dividends expected from those of the past year, and what they are worth as a yield."""

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.greeks.calculations.contracts import Given, contract_valuations
from services.greeks.calculations.dividends import expected_dividends
from services.greeks.calculations.engines import Engine
from services.greeks.inputs import (
    Close,
    ContractTerms,
    ContractValuation,
    Dividend,
    Market,
    TreasuryCurve,
)
from shared.instruments import parse_occ

AS_OF = date(2026, 7, 10)
FAR = date(2027, 12, 17)


def paid(*dividends: tuple[date, float]) -> list[Dividend]:
    return [Dividend(ex_date, amount) for ex_date, amount in dividends]


def every(days: int, amount: float, last: date = date(2026, 6, 12), count: int = 4) -> Any:
    """`count` dividends, the last on a Friday in June."""
    return paid(*((last - timedelta(days=days * back), amount) for back in range(count)))


def test_quarterly_dividend_goes_on_every_quarter() -> None:
    expected = expected_dividends(every(91, 0.5), AS_OF, date(2027, 4, 1))

    days = [date(2026, 6, 12) + timedelta(days=91 * step) for step in (1, 2, 3)]
    assert expected == tuple(paid(*((day, 0.5) for day in days)))


@pytest.mark.parametrize(
    ("days", "count", "a_year_holds"), [(30, 12, 12), (91, 4, 4), (182, 2, 2), (364, 1, 1)]
)
def test_rhythm_is_that_of_the_past_year(days: int, count: int, a_year_holds: int) -> None:
    expected = expected_dividends(every(days, 0.5, count=count), AS_OF, AS_OF + timedelta(days=364))

    assert abs(len(expected) - a_year_holds) <= (days == 30)


def test_ex_dates_come_back_at_their_season() -> None:
    """May and November are not half a year apart: 2025-11-03 to 2026-05-20 is 198 days."""
    past = paid((date(2025, 11, 3), 1.0), (date(2026, 5, 20), 1.0))

    expected = expected_dividends(past, AS_OF, FAR)

    assert [each.ex_date for each in expected] == [
        date(2026, 11, 2),
        date(2027, 5, 19),
        date(2027, 11, 1),
    ]


def test_raised_dividend_is_expected_at_its_newest_amount() -> None:
    past = [*every(91, 0.25, last=date(2026, 2, 9), count=3), *paid((date(2026, 5, 11), 0.26))]

    assert {each.amount for each in expected_dividends(past, AS_OF, FAR)} == {0.26}


def test_amounts_that_vary_come_back_at_their_season() -> None:
    past = paid(
        (date(2025, 9, 19), 1.7),
        (date(2025, 12, 19), 2.0),
        (date(2026, 3, 20), 1.6),
        (date(2026, 6, 19), 1.8),
    )

    expected = expected_dividends(past, AS_OF, date(2026, 12, 31))

    assert expected == tuple(paid((date(2026, 9, 18), 1.7), (date(2026, 12, 18), 2.0)))


def test_special_dividend_is_not_repeated() -> None:
    past = [*every(91, 1.3), *paid((date(2026, 1, 5), 15.0))]

    expected = expected_dividends(past, AS_OF, FAR)

    assert expected == expected_dividends(every(91, 1.3), AS_OF, FAR)


def test_special_that_was_paid_with_the_regular_one_is_not_expected_again() -> None:
    past = [*every(91, 1.3, last=date(2026, 4, 3), count=3), *paid((date(2026, 7, 3), 11.3))]

    first = expected_dividends(past, AS_OF, FAR)[0]

    assert first == Dividend(date(2026, 10, 2), 1.3)


def test_stopped_dividend_is_not_expected() -> None:
    assert expected_dividends(every(91, 0.5, last=date(2026, 2, 13)), AS_OF, FAR) == ()


def test_overdue_dividend_is_expected_on_the_next_day() -> None:
    """A quarter after 2026-04-03 is 2026-07-03, a week before the valuation."""
    first = expected_dividends(every(91, 0.5, last=date(2026, 4, 3)), AS_OF, FAR)[0]

    assert first.ex_date == AS_OF + timedelta(days=1)


def test_nothing_paid_nothing_expected() -> None:
    assert expected_dividends([], AS_OF, FAR) == ()


payments = st.lists(
    st.builds(
        Dividend,
        st.dates(AS_OF - timedelta(days=400), AS_OF + timedelta(days=90)),
        st.floats(0.01, 50.0),
    ),
    max_size=15,
    unique_by=lambda dividend: dividend.ex_date,
)


@given(past=payments, days=st.integers(0, 1_000))
def test_expected_ones_lie_ahead_in_order_and_are_no_larger(
    past: list[Dividend], days: int
) -> None:
    until = AS_OF + timedelta(days=days)

    expected = expected_dividends(past, AS_OF, until)

    ex_dates = [each.ex_date for each in expected]
    assert all(AS_OF < day <= until for day in ex_dates)
    assert ex_dates == sorted(set(ex_dates))
    known = [each.amount for each in past if each.ex_date <= AS_OF]
    assert {each.amount for each in expected} <= set(known)
    if len(known) >= 3:
        assert all(each.amount <= 2.0 * np.median(known) for each in expected)


@given(past=payments, days=st.integers(0, 1_000), scale=st.sampled_from([0.25, 2.0, 8.0]))
def test_projection_is_in_any_shares_the_same(
    past: list[Dividend], days: int, scale: float
) -> None:
    until = AS_OF + timedelta(days=days)

    split = expected_dividends(
        [Dividend(each.ex_date, each.amount * scale) for each in past], AS_OF, until
    )

    assert split == tuple(
        Dividend(each.ex_date, each.amount * scale)
        for each in expected_dividends(past, AS_OF, until)
    )


@given(past=payments, days=st.integers(0, 500), more=st.integers(0, 500))
def test_later_expiry_adds_dividends_and_changes_none(
    past: list[Dividend], days: int, more: int
) -> None:
    near, far = (AS_OF + timedelta(days=each) for each in (days, days + more))

    nearer = expected_dividends(past, AS_OF, near)
    farther = expected_dividends(past, AS_OF, far)

    assert farther[: len(nearer)] == nearer


@given(past=payments, order=st.randoms())
def test_order_of_what_was_paid_does_not_matter(past: list[Dividend], order: Any) -> None:
    shuffled = list(past)
    order.shuffle(shuffled)

    assert expected_dividends(shuffled, AS_OF, FAR) == expected_dividends(past, AS_OF, FAR)


# --- in a valuation ---


def valued(
    symbol: str = "XYZ270115P00100000",
    dividends: Any = None,
    engine: Engine = Engine.DEFAULT,
    given: Given | None = None,
    spot: float = 100.0,
    yields: dict[str, float] | None = None,
) -> ContractValuation:
    """A put on XYZ at 100, with 30 % volatility, 4 % rate and quarterly dividends."""
    market = Market(
        as_of=AS_OF,
        closes={("XYZ", AS_OF): Close(spot, AS_OF)},
        adjusted_closes={},
        curve=TreasuryCurve(AS_OF, np.array([0.25, 10.0]), np.array([4.0, 4.0])),
        configured_rate=0.03,
        dividend_yields={} if yields is None else yields,
        dividends={} if dividends is None else {"XYZ": dividends},
    )
    terms = ContractTerms.of(parse_occ(symbol), AS_OF)
    return contract_valuations([terms], market, engine, [given or Given(volatility=0.3)])[0]


def test_projected_dividends_come_before_the_yield_and_the_yield_before_nothing() -> None:
    projected = valued(dividends=every(91, 0.5), yields={"XYZ": 0.07})
    stored = valued(yields={"XYZ": 0.07})
    unknown = valued()

    assert [each.dividend_source for each in (projected, stored, unknown)] == [
        "projected",
        "securities",
        "unknown_assumed_0",
    ]
    assert [len(each.dividends) for each in (projected, stored, unknown)] == [2, 0, 0]
    assert stored.dividend_yield == 0.07


def test_company_that_is_known_to_pay_nothing_is_not_unknown() -> None:
    valuation = valued(dividends=[], yields={"XYZ": 0.07})

    assert (valuation.dividend_source, valuation.dividend_yield) == ("projected", 0.0)


def test_put_is_worth_more_with_the_dividends_that_are_expected() -> None:
    without, with_dividends = valued(dividends=[]), valued(dividends=every(91, 0.5))

    assert with_dividends.model == "american_lattice"
    assert without.price is not None
    assert with_dividends.price is not None
    assert 0.3 < with_dividends.price - without.price < 1.0


def test_projected_and_given_dividends_have_the_same_value() -> None:
    projected = valued(dividends=every(91, 0.5))

    given = valued(given=Given(volatility=0.3, dividends=projected.dividends))

    assert (given.price, given.delta) == (projected.price, projected.delta)
    assert (given.dividend_source, given.dividends) == ("given", projected.dividends)


def test_european_option_gets_the_yield_that_its_dividends_are_worth() -> None:
    valuation = valued(dividends=every(91, 0.5), engine=Engine.EUROPEAN)

    american = valued(dividends=every(91, 0.5))
    rate, years = valuation.rate, valuation.years_to_expiry
    assert rate is not None
    assert valuation.dividend_yield is not None
    present = sum(
        each.amount * math.exp(-rate * (each.ex_date - AS_OF).days / 365.0)
        for each in american.dividends
    )
    assert valuation.dividends == ()
    assert 100.0 * math.exp(-valuation.dividend_yield * years) == pytest.approx(100.0 - present)
    assert valuation.dividend_yield == american.dividend_yield


def test_given_yield_comes_before_what_is_projected() -> None:
    valuation = valued(dividends=every(91, 0.5), given=Given(volatility=0.3, dividend_yield=0.02))

    assert (valuation.dividend_source, valuation.dividends) == ("given", ())


def test_expected_dividends_never_exceed_half_of_the_price() -> None:
    valuation = valued(dividends=every(91, 5.0), spot=4.0)

    assert valuation.reason is None
    assert sum(each.amount for each in valuation.dividends) == pytest.approx(2.0, rel=0.02)


def test_quote_with_dividends_is_met_by_the_volatility_it_implies() -> None:
    price = valued(dividends=every(91, 0.5)).price

    valuation = valued(dividends=every(91, 0.5), given=Given(market_price=price))

    assert valuation.iv_source == "implied"
    assert valuation.volatility == pytest.approx(0.3, abs=1e-4)
    assert valuation.price == pytest.approx(price, abs=2e-3)
