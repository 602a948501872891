"""Realised metrics against empyrical and by hand, and where they must be null."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.snapshots.calculations.chain_metrics import market_beta
from services.snapshots.calculations.layout import objects
from services.snapshots.calculations.metrics import Metric
from services.snapshots.calculations.realised import (
    Chain,
    annual_volatility,
    correlation,
    max_drawdown,
    realised_beta,
    realised_metrics,
    sharpe_ratio,
    sortino_ratio,
)
from shared.arrays import FloatArray
from shared.calendar import sessions
from shared.conventions import PERIODS, period_start
from shared.quant.returns import simple_returns
from tests import panel

LAST = date(2022, 12, 28)
returns_lists = st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=300).map(np.array)


def the_sessions(count: int, last: date = LAST) -> list[date]:
    return sessions(last - timedelta(days=2 * count + 10), last)[-count:]


def a_chain(
    returns: Sequence[float] | FloatArray,
    market: Any = 0.0,
    rate: float = 0.0,
    days: Sequence[date] | None = None,
) -> Chain:
    """A first snapshot, then one of each session (or of `days`) with these returns."""
    dates = days or the_sessions(len(returns) + 1)
    exchange = sessions(dates[0], dates[-1])
    places = [exchange.index(day) for day in dates]
    return Chain(
        sessions=objects(dates),
        returns=np.array([np.nan, *returns]),
        spans=np.array([0, *np.diff(places)]),
        market=np.broadcast_to(market, len(dates)).astype(np.float64),
        rate=np.full(len(dates), rate),
    )


def metrics_of(chain: Chain) -> dict[str, Metric]:
    return {
        metric.name: metric for metric in realised_metrics(chain, sessions(chain.sessions[0], LAST))
    }


@pytest.fixture(scope="module")
def real() -> Chain:
    """A real year of a half AAPL, half XOM book beside SPY, at a rate that moves."""
    moves = simple_returns(panel.closes("AAPL", "XOM", "SPY", last=254))
    chain = a_chain(moves[1:, :2].mean(axis=1), market=np.concatenate(([0.0], moves[1:, 2])))
    return Chain(
        chain.sessions, chain.returns, chain.spans, chain.market, np.linspace(0.001, 0.043, 253)
    )


def test_volatilities_agree_with_empyrical(real: Chain) -> None:
    found = metrics_of(real)

    for window in (21, 63, 252):
        expected = empyrical.annual_volatility(pd.Series(real.returns[-window:]))
        assert found[f"volatility_{window}d"].value == pytest.approx(expected, rel=1e-12)
        assert found[f"volatility_{window}d"].observations == window


def test_sharpe_and_sortino_agree_with_empyrical(real: Chain) -> None:
    found = metrics_of(real)
    daily_rate = real.rate[1:] / 252

    sharpe = empyrical.sharpe_ratio(real.returns[1:] - daily_rate)
    sortino = empyrical.sortino_ratio(real.returns[1:] - daily_rate)

    assert found["sharpe_252d"].value == pytest.approx(sharpe, rel=1e-12)
    assert found["sortino_252d"].value == pytest.approx(sortino, rel=1e-12)


def test_drawdown_beta_and_correlation_agree_with_independent_ones(real: Chain) -> None:
    found = metrics_of(real)
    own, market = real.returns[1:], real.market[1:]

    assert found["max_drawdown"].value == pytest.approx(empyrical.max_drawdown(own), rel=1e-12)
    assert found["beta_realised_252d"].value == pytest.approx(empyrical.beta(own, market), rel=1e-9)
    assert found["correlation_spy"].value == pytest.approx(
        np.corrcoef(own, market)[0, 1], rel=1e-12
    )


@given(returns_lists)
def test_drawdown_agrees_with_empyrical_on_any_returns(returns: Any) -> None:
    assert max_drawdown(returns) == pytest.approx(empyrical.max_drawdown(returns), abs=1e-12)


@given(returns_lists, st.floats(-0.05, 0.10))
def test_ratios_agree_with_empyrical_on_any_returns(returns: Any, rate: float) -> None:
    excess = returns - rate / 252

    if excess.std() > 1e-9:
        assert sharpe_ratio(excess) == pytest.approx(
            empyrical.sharpe_ratio(excess), rel=1e-6, abs=1e-9
        )
    if excess.min() < -1e-9:
        assert sortino_ratio(excess) == pytest.approx(
            empyrical.sortino_ratio(excess), rel=1e-6, abs=1e-9
        )


@given(returns_lists, st.floats(0.1, 10))
def test_volatility_scales_with_the_returns_and_ratios_do_not(returns: Any, scale: float) -> None:
    assert annual_volatility(scale * returns) == pytest.approx(
        scale * annual_volatility(returns), abs=1e-12
    )
    if returns.std() > 1e-6:
        assert sharpe_ratio(scale * returns) == pytest.approx(
            sharpe_ratio(returns), rel=1e-6, abs=1e-9
        )


def test_beta_of_twice_the_market_is_two_and_correlates_fully() -> None:
    market = np.random.default_rng(1).normal(0, 0.01, 100)

    assert realised_beta(2 * market + 0.001, market) == pytest.approx(2)
    assert correlation(-2 * market, market) == pytest.approx(-1)


def test_returns_without_variation_have_no_ratio() -> None:
    found = metrics_of(a_chain([0.001] * 80, market=0.01, rate=0.02))

    assert found["volatility_252d"].value == pytest.approx(0, abs=1e-15)
    for name in ("sharpe_252d", "beta_realised_252d", "correlation_spy"):
        assert (found[name].value, found[name].reason) == (None, "the returns do not vary")
    assert found["sortino_252d"].reason == "no return is below the rate"


@pytest.mark.parametrize(("nav", "beta"), [(0.004, None), (-1.0, None), (0.01, 500.0)])
def test_beta_over_less_than_a_cent_is_null(nav: float, beta: float | None) -> None:
    exposure = Metric("market_exposure", "portfolio", 5.0, "USD")

    found = market_beta(exposure, nav)

    assert found.value == (None if beta is None else pytest.approx(beta))
    assert found.reason == ("NAV is not positive" if beta is None else None)


def test_too_little_history_is_null_and_says_how_much_is_needed() -> None:
    found = metrics_of(a_chain([0.01, -0.02] * 6))

    assert found["volatility_21d"].reason == "12 returns, 21 needed"
    for name in (
        "volatility_63d",
        "volatility_252d",
        "sharpe_252d",
        "sortino_252d",
        "correlation_spy",
    ):
        assert (found[name].value, found[name].reason) == (None, "12 returns, 60 needed")
        assert found[name].observations == 12


def test_first_snapshot_has_no_metric_and_says_why() -> None:
    found = metrics_of(a_chain([]))

    assert {metric.value for metric in found.values()} == {None}
    assert found["max_drawdown"].reason == "0 returns, 1 needed"
    assert (
        found["performance_1d"].reason
        == "the first snapshot is of 2022-12-28, one of 2022-12-27 is needed"
    )


def test_days_without_a_rate_or_a_market_return_are_named() -> None:
    chain = a_chain([0.01, -0.02] * 50, market=np.nan, rate=math.nan)

    found = metrics_of(chain)

    assert found["sharpe_252d"].reason == "0 returns with a 3-month Treasury yield, 60 needed"
    assert found["correlation_spy"].reason == "0 returns with a market return, 60 needed"
    assert found["volatility_252d"].value is not None


def test_return_over_a_gap_moves_performance_and_drawdown_but_no_daily_statistic() -> None:
    days = the_sessions(102)
    kept = [*days[:50], *days[53:]]
    returns = [0.01, -0.01] * 49
    returns[49] = -0.5  # the one that spans four sessions
    chain = a_chain(returns, days=kept)

    found = metrics_of(chain)

    assert found["volatility_252d"].observations == 97
    assert found["volatility_252d"].value == pytest.approx(
        annual_volatility(np.delete(np.array(returns), 49))
    )
    assert found["max_drawdown"].value is not None
    assert found["max_drawdown"].value < -0.5


def test_performance_compounds_the_returns_since_each_period_began() -> None:
    days = sessions(date(2021, 12, 1), LAST)
    rng = np.random.default_rng(5)
    returns = rng.normal(0, 0.01, len(days) - 1)
    found = metrics_of(a_chain(list(returns), days=days))

    starts = {
        "1d": date(2022, 12, 27), "1w": date(2022, 12, 21), "1m": date(2022, 11, 28),
        "3m": date(2022, 9, 28), "ytd": date(2021, 12, 31), "1y": date(2021, 12, 28),
    }  # fmt: skip
    for period, start in starts.items():
        expected = np.prod(1 + returns[days.index(start) :]) - 1
        assert found[f"performance_{period}"].value == pytest.approx(expected, rel=1e-12)
    assert set(starts) == set(PERIODS)


def test_performance_from_a_weekend_starts_at_the_session_before() -> None:
    days = sessions(date(2022, 10, 3), date(2022, 12, 12))
    returns = np.full(len(days) - 1, 0.01)

    found = metrics_of(a_chain(list(returns), days=days))

    # A month before 2022-12-12 is a Saturday: the return starts from the close of Friday the 11th.
    assert found["performance_1m"].observations == len(days) - 1 - days.index(date(2022, 11, 11))


def test_missing_start_snapshot_or_unknown_return_gives_no_performance() -> None:
    days = [day for day in sessions(date(2022, 10, 3), LAST) if day != date(2022, 11, 28)]
    returns = np.full(len(days) - 1, 0.001)
    returns[days.index(date(2022, 12, 23)) - 1] = np.nan

    found = metrics_of(a_chain(list(returns), days=days))

    assert found["performance_1m"].reason == "no snapshot of 2022-11-28"
    assert (
        found["performance_1w"].reason == "no return on 2022-12-23: NAV before it was not positive"
    )
    assert (
        found["performance_1y"].reason
        == "the first snapshot is of 2022-10-03, one of 2021-12-28 is needed"
    )
    assert found["performance_1d"].value == pytest.approx(0.001)


def test_day_without_capital_ends_the_chain_and_a_new_one_starts() -> None:
    lost = [0.01, -0.5, *[0.02] * 20]
    since = list(np.random.default_rng(7).normal(0, 0.01, 70))
    days = the_sessions(len(lost) + len(since) + 2)
    chain = a_chain([*lost, np.nan, *since], days=days)

    found = metrics_of(chain)

    alone = metrics_of(a_chain(since, days=days[-71:]))
    for name in ("max_drawdown", "volatility_252d", "sharpe_252d", "performance_1m"):
        assert found[name].value == alone[name].value
        assert found[name].observations == alone[name].observations
    restart = days[len(lost) + 1]
    assert found["performance_1y"].value is None
    past = metrics_of(chain.until(len(lost) + 5))
    assert past["volatility_21d"].reason == (
        f"4 returns, 21 needed; the chain of returns starts again on {restart}, a day without"
        " capital"
    )


def test_days_without_capital_before_the_first_return_are_no_restart() -> None:
    found = metrics_of(a_chain([np.nan, np.nan, 0.01, -0.02]))

    assert found["volatility_21d"].reason == "2 returns, 21 needed"
    assert found["max_drawdown"].value == pytest.approx(-0.02)


@pytest.mark.parametrize("loss", [-1.0, -1.2, -7.0], ids=["all", "more", "far_more"])
def test_what_follows_a_loss_of_all_capital_is_another_chain(loss: float) -> None:
    since = list(np.random.default_rng(7).normal(0, 0.01, 70))
    lost = [0.01, -0.5, *[0.02] * 20, loss]
    days = the_sessions(len(lost) + len(since) + 1)
    chain = a_chain([*lost, *since], days=days)

    found = metrics_of(chain)

    alone = metrics_of(a_chain(since, days=days[-71:]))
    for name in ("max_drawdown", "volatility_252d", "sharpe_252d", "performance_1m"):
        assert found[name].value == alone[name].value
    on_the_day = metrics_of(chain.until(len(lost)))
    kept = 0.5 * 1.02**20 * (1 + loss)
    assert on_the_day["max_drawdown"].value == pytest.approx(kept - 1)
    after = metrics_of(chain.until(len(lost) + 6))
    assert after["performance_1m"].reason == f"all capital was lost on {days[len(lost)]}"
    assert after["volatility_21d"].reason == (
        "6 returns, 21 needed; the chain of returns starts again on "
        f"{days[len(lost)]}, a day without capital"
    )


def test_returns_that_never_fall_short_have_no_sortino_ratio_for_that_reason() -> None:
    rising = np.random.default_rng(4).uniform(0.001, 0.02, 80)

    found = metrics_of(a_chain(list(rising)))

    assert found["sortino_252d"].reason == "no return is below the rate"
    assert found["sharpe_252d"].value is not None


@pytest.mark.parametrize(("nav", "moves"), [(100.0, False), (1_000.0, False), (1e7, True)])
def test_what_rounding_to_the_cent_makes_is_no_risk(nav: float, moves: bool) -> None:
    deviation = 3e-6  # of 1,000 USD a third of a cent, of 10 million 30 dollars
    market = np.random.default_rng(3).normal(0, 0.01, 81)
    noise = np.random.default_rng(2).normal(0, deviation, 80)
    chain = replace(a_chain(list(0.0001 + noise), market=market), cent=np.full(81, 0.01 / nav))

    found = metrics_of(chain)

    for name in ("sharpe_252d", "correlation_spy"):
        assert (found[name].value is not None) == moves
    assert (found["beta_realised_252d"].value != 0.0) == moves


def test_ratio_over_rounding_noise_is_null() -> None:
    noise = np.random.default_rng(2).normal(0, 1e-11, 80)
    market = np.random.default_rng(3).normal(0, 0.01, 81)

    found = metrics_of(a_chain(list(0.0001 + noise), market=market, rate=0.0))

    for name in ("sharpe_252d", "correlation_spy"):
        assert (found[name].value, found[name].reason) == (None, "the returns do not vary")
    assert found["sortino_252d"].reason == "no return is below the rate"
    still = metrics_of(a_chain(list(market[1:]), market=0.0001 + np.append(noise, 0.0)))
    assert still["beta_realised_252d"].value is None


def test_cash_alone_has_no_reward_for_a_risk_while_the_rate_moves() -> None:
    cash = replace(a_chain([0.0] * 80), rate=np.linspace(0.045, 0.053, 81))

    found = metrics_of(cash)

    assert found["volatility_63d"].value == 0.0
    for name in ("sharpe_252d", "sortino_252d"):
        assert (found[name].value, found[name].reason) == (None, "the returns do not vary")


@pytest.mark.parametrize(
    ("session", "period", "start"),
    [
        (date(2022, 3, 31), "1m", date(2022, 2, 28)),
        (date(2020, 2, 29), "1y", date(2019, 2, 28)),
        (date(2022, 1, 31), "3m", date(2021, 10, 31)),
        (date(2022, 1, 3), "ytd", date(2021, 12, 31)),
        (date(2022, 12, 31), "1m", date(2022, 11, 30)),
    ],
)
def test_a_month_back_from_a_long_month_ends_with_the_short_one(
    session: date, period: str, start: date
) -> None:
    assert period_start(session, period) == start


def test_metrics_of_a_past_session_do_not_know_what_came_later() -> None:
    returns = list(np.random.default_rng(3).normal(0, 0.01, 100))
    days = the_sessions(101)

    past = realised_metrics(a_chain(returns, days=days).until(70), days)

    assert past == realised_metrics(a_chain(returns[:70], days=days[:71]), days[:71])
