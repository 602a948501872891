"""Risk of a shard in one call: views, parts of positions, what is left out, one factor model."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

import numpy as np
import pytest

from services.snapshots.calculations.metrics import VIEWS
from services.snapshots.calculations.risk import (
    PortfolioRisk,
    ShardRisk,
    factor_model,
    shard_risk,
)
from services.snapshots.calculations.tail import TAIL_MEASURES
from services.snapshots.inputs import Estimates, RiskInputs, RiskPosition
from shared.contracts.event import EVENT_NAMESPACE
from shared.quant.returns import simple_returns

AS_OF = date(2022, 12, 28)
DATES = [AS_OF - timedelta(days=251 - day) for day in range(252)]


def an_id(name: str) -> UUID:
    return uuid5(EVENT_NAMESPACE, name)


def a_position(owner: str, name: str, quantity: float = 10.0, **given: Any) -> RiskPosition:
    """Ten shares of AAPL at 100 with a year of P&L, unless said otherwise."""
    pnl = np.random.default_rng(len(name)).normal(0, 20, 252) * quantity
    fields: dict[str, Any] = {
        "underlying": "AAPL",
        "quantity": quantity,
        "weight": abs(quantity) * 100.0,
        "exposure": quantity * 100.0,
        **dict.fromkeys(("dollar_gamma", "theta", "vega", "rho"), 0.0),
        "pnl": pnl.tolist(),
        "reason": None,
    } | given
    return RiskPosition(an_id(name), an_id(owner), name, **fields)


def estimates(**given: Any) -> Estimates:
    """Two factors; AAPL has betas 1.5 and 0.5."""
    random = np.random.default_rng(1)
    fields: dict[str, Any] = {
        "betas": np.array([[1.5, 0.5]]),
        "market_betas": np.array([1.5]),
        "covariance": np.diag([1e-4, 1e-5]),
        "closes": np.cumprod(1 + random.normal(0, 0.02, (253, 1)), axis=0),
        "factor_returns": random.normal(0, 0.01, (252, 2)),
        "decay": 0.94,
        "lookback": 252,
        "observations": 252,
    }
    return Estimates(**(fields | given))


def a_shard(*positions: RiskPosition, portfolios: Sequence[str] = ("book",)) -> ShardRisk:
    owners = tuple(an_id(name) for name in portfolios)
    return shard_risk(RiskInputs(owners, AS_OF, positions, ["AAPL"], estimates(), DATES))


def risks(
    *positions: RiskPosition, portfolios: Sequence[str] = ("book",)
) -> Sequence[PortfolioRisk]:
    return a_shard(*positions, portfolios=portfolios).portfolios


def numbers(book: PortfolioRisk) -> dict[tuple[str, str], float | None]:
    return {(metric.name, metric.view): metric.value for metric in book.metrics}


A_BOOK = (a_position("book", "long", 20.0), a_position("book", "short", -5.0))


def test_longs_and_shorts_are_measured_apart() -> None:
    (whole,), (longs,), (shorts,) = risks(*A_BOOK), risks(A_BOOK[0]), risks(A_BOOK[1])

    found = numbers(whole)
    for name in {name for name, _ in found}:
        assert found[name, "longs"] == numbers(longs)[name, "portfolio"]
        assert found[name, "shorts"] == numbers(shorts)[name, "portfolio"]
    assert len(found) == len(VIEWS) * (16 + 7)


def test_components_add_up_to_the_metric_of_the_portfolio() -> None:
    (book,) = risks(*A_BOOK)

    for place, measure in enumerate(TAIL_MEASURES):
        found = book.historical
        for kind, parts in (("historical", found.plain_components), ("smoothed", found.components)):
            total = numbers(book)[f"{measure}_1d_{kind}", "portfolio"]
            assert parts[:, place].sum() == pytest.approx(total, rel=1e-12)


def test_historical_metrics_name_their_window_and_a_holding_with_gaps() -> None:
    gappy = a_position("book", "NEW", pnl=[math.nan] * 100 + [1.0] * 152)

    shard = a_shard(a_position("book", "OLD"), gappy)

    (var,) = [
        metric
        for metric in shard.portfolios[0].metrics
        if (metric.name, metric.view) == ("var_95_1d_historical", "portfolio")
    ]
    assert (var.first_day, var.last_day, var.observations) == (DATES[0], DATES[-1], 252)
    assert var.coverage == pytest.approx((1 + 152 / 252) / 2)
    assert shard.columns()["days"] == [252, 152]
    (notice,) = [each for each in shard.caveats() if each.code == "historical_pnl_incomplete"]
    assert notice.about == ("NEW",)


def test_portfolios_of_a_shard_do_not_mix() -> None:
    other = a_position("other", "elsewhere", 1000.0)

    (alone,) = risks(*A_BOOK)
    together, _, empty = risks(*A_BOOK, other, portfolios=("book", "other", "empty"))

    assert numbers(together) == numbers(alone)
    assert together.historical.components.tolist() == alone.historical.components.tolist()
    assert {(metric.value, metric.reason) for metric in empty.metrics} == {(None, "no positions")}


def test_left_out_positions_are_named_with_their_reason() -> None:
    lost = a_position("book", "lost", pnl=None, exposure=None, reason="no price")

    (book,) = risks(a_position("book", "known"), lost)

    assert book.historical.left_out.tolist() == [None, "no price"]
    assert book.modelled.tolist() == [True, False]
    losses = [metric for metric in book.metrics if not metric.name.startswith("dollar_")]
    assert {metric.coverage for metric in losses if metric.view == "portfolio"} == {0.5}


def test_book_without_vectors_has_parametric_figures_only() -> None:
    (book,) = risks(a_position("book", "new", pnl=None, reason="no history"))

    found = numbers(book)
    assert found["var_95_1d_historical", "portfolio"] is None
    assert found["var_95_1d_parametric", "portfolio"] is not None


def test_specific_variance_looks_at_the_covariances_days() -> None:
    short, whole = estimates(lookback=60), estimates()

    returns = simple_returns(whole.closes)[-60:]
    residuals = (returns - whole.factor_returns[-60:] @ whole.betas.T)[:, 0]
    expected = np.average(residuals**2, weights=0.94 ** np.arange(60)[::-1])

    assert factor_model(short).specific_variance.tolist() == pytest.approx([expected])
    assert factor_model(whole).specific_variance[0] != pytest.approx(expected, rel=1e-3)


def test_shard_without_positions_is_measured_as_nothing() -> None:
    nothing = estimates(betas=np.empty((0, 2)), closes=np.empty((253, 0)))

    (book,) = shard_risk(RiskInputs((an_id("book"),), AS_OF, [], [], nothing, [])).portfolios

    assert {metric.reason for metric in book.metrics} == {"no positions"}
    assert book.historical.components.shape == (0, len(TAIL_MEASURES))
