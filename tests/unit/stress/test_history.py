"""What today's holdings would have made on past days."""

import numpy as np
import pytest

from services.stress.calculations.history import historical_pnl, history_reasons
from services.stress.inputs import STOCK, Contracts, ShardBook
from shared.quant.pricing import prices
from tests.unit.stress.builders import columns_of

NAN = np.nan
RETURNS = np.array([[0.02, -0.05, 0.0], [0.01, NAN, -0.10], [NAN, NAN, NAN]])  # AAPL, XOM, NEWCO
UNDERLYING = np.array([0, 1, 2, 0, 0], dtype=np.intp)
NAMES = ["AAPL", "XOM", "NEWCO", "AAPL", "AAPL"]


def a_put() -> Contracts:
    """An American put on AAPL at 150, a little in the money."""
    return Contracts(
        symbols=np.array(["AAPL230616P00155000"]),
        call=np.array([False]),
        american=np.array([True]),
        underlying_price=np.array([150.0]),
        strike=np.array([155.0]),
        years_to_expiry=np.array([0.46]),
        volatility=np.array([0.32]),
        rate=np.array([0.045]),
        dividend_yield=np.array([0.006]),
    )


def a_book(contracts: Contracts, units: float = -300.0) -> ShardBook:
    """Three stocks (XOM short), a put sold and a stock without a price."""
    return ShardBook(
        portfolios=1,
        portfolio=np.zeros(5, dtype=np.intp),
        symbols=["AAPL", "XOM", "NEWCO", "AAPL230616P00155000", "GHOST"],
        exposure=np.array([15_000.0, -8_000.0, 1_000.0, 25_000.0, NAN]),
        betas=np.ones((5, 1)),
        rate_beta=np.zeros(5),
        gamma=np.zeros(5),
        underlying_price=np.zeros(5),
        contract=np.array([STOCK, STOCK, STOCK, 0, STOCK], dtype=np.intp),
        units=np.array([0.0, 0.0, 0.0, units, 0.0]),
        contracts=contracts,
    )


def value(contracts: Contracts, spot: float) -> float:
    columns = columns_of(contracts, underlying_price=spot)
    return float(prices(columns, contracts.american)[0])


def test_stock_earns_its_exposure_times_the_return() -> None:
    pnl = historical_pnl(a_book(a_put()), RETURNS, UNDERLYING)

    assert pnl[0].tolist() == [300.0, -750.0, 0.0]
    assert pnl[1, [0, 2]].tolist() == [-80.0, 800.0]


def test_options_are_repriced_in_full_on_every_past_day() -> None:
    contracts = a_put()

    pnl = historical_pnl(a_book(contracts), RETURNS, UNDERLYING)

    before = value(contracts, 150.0)
    moved = [-300 * (value(contracts, spot) - before) for spot in (153.0, 142.5)]
    assert pnl[3] == pytest.approx([*moved, 0.0], abs=0.005)


def test_a_day_without_a_return_stays_unmeasured() -> None:
    pnl = historical_pnl(a_book(a_put()), RETURNS, UNDERLYING)

    assert np.isnan(pnl).tolist() == [
        [False] * 3,
        [False, True, False],
        [True] * 3,
        [False] * 3,
        [True] * 3,
    ]


def test_every_gap_has_its_reason() -> None:
    book = a_book(a_put())

    reasons = history_reasons(book, historical_pnl(book, RETURNS, UNDERLYING), NAMES)

    assert reasons == [
        None,
        "no return of XOM on 1 of the last 3 sessions",
        "no return of NEWCO on any of the last 3 sessions",
        None,
        "no price on or before the session",
    ]


def test_an_option_without_inputs_has_no_vector_and_says_why() -> None:
    book = a_book(Contracts(**{**vars(a_put()), "volatility": np.array([NAN])}))

    pnl = historical_pnl(book, RETURNS, UNDERLYING)

    assert np.isnan(pnl[3]).all()
    assert (
        history_reasons(book, pnl, NAMES)[3]
        == "no volatility, rate or underlying price to reprice with"
    )


def test_long_plus_its_exact_short_is_zero_on_every_day() -> None:
    long, short = (
        historical_pnl(a_book(a_put(), units), RETURNS, UNDERLYING) for units in (300.0, -300.0)
    )

    assert (long[3] + short[3]).tolist() == [0.0, 0.0, 0.0]


def test_an_empty_book_has_no_rows() -> None:
    nothing = np.zeros(0, dtype=np.intp)
    floats = np.zeros(0)
    contracts = a_put().take(nothing)
    book = ShardBook(
        1, nothing, [], floats, np.zeros((0, 1)), floats, floats, floats, nothing, floats, contracts
    )

    pnl = historical_pnl(book, np.zeros((0, 252)), nothing)

    assert pnl.shape == (0, 252)
    assert history_reasons(book, pnl, []) == []
