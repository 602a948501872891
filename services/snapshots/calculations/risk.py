"""What the portfolios of a shard may lose in a day, and what each position adds to it."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from services.snapshots.calculations.layout import Floats, Indices, Mask, Objects, objects
from services.snapshots.calculations.metrics import LONGS, PORTFOLIO, SHORTS, USD, Metric
from services.snapshots.calculations.parametric import (
    Exposures,
    FactorModel,
    ParametricRisk,
    measured_positions,
    parametric_risk,
    specific_variances,
)
from services.snapshots.calculations.tail import (
    CONFIDENCES,
    TAIL_MEASURES,
    HistoricalRisk,
    PositionPnl,
    historical_risk,
)
from shared.quant.returns import simple_returns


@dataclass(frozen=True)
class Holdings:
    """The positions of one portfolio on one session, in one order: their P&L, their exposures,
    their quantity.
    """

    quantity: Floats
    pnl: PositionPnl
    exposures: Exposures

    def part(self, positions: slice) -> "Holdings":
        """Those of the positions."""
        return Holdings(
            self.quantity[positions], self.pnl.of(positions), self.exposures.of(positions)
        )

    def views(self) -> Mapping[str, Mask]:
        """Which positions belong to each view: all, those bought, those sold."""
        everything = np.ones(len(self.quantity), dtype=np.bool_)
        return {PORTFOLIO: everything, LONGS: self.quantity > 0.0, SHORTS: self.quantity < 0.0}


@dataclass(frozen=True)
class Shard:
    """The positions of several portfolios on one session, ordered by portfolio and position."""

    position_id: Objects
    portfolio: Indices
    symbol: Objects
    holdings: Holdings

    @classmethod
    def of(
        cls,
        portfolios: Sequence[Hashable],
        underlyings: Sequence[str],
        positions: Sequence[Sequence[Any]],
    ) -> "Shard":
        """Lay out tuples so ordered: id, portfolio, symbol, underlying, quantity, weight, exposure,
        P&L, reason.
        """
        columns = zip(*positions, strict=True) if positions else ((),) * 9
        ids, owners, symbols, priced_on, quantity, weight, exposure, vectors, reasons = columns
        owner = {portfolio: place for place, portfolio in enumerate(portfolios)}
        row = {symbol: place for place, symbol in enumerate(underlyings)}
        size = np.array(weight, dtype=np.float64)
        underlying = np.array([row[symbol] for symbol in priced_on], dtype=np.int64)
        exposures = Exposures(np.array(exposure, dtype=np.float64), underlying, size)
        pnl = PositionPnl(_vectors(vectors), size, objects(reasons))
        holdings = Holdings(np.array(quantity, dtype=np.float64), pnl, exposures)
        portfolio = np.array([owner[each] for each in owners], dtype=np.int64)
        return cls(objects(ids), portfolio, objects(symbols), holdings)

    def books(self, portfolios: int) -> list[Holdings]:
        """Each portfolio's positions."""
        edges = np.searchsorted(self.portfolio, np.arange(portfolios + 1))
        return [self.holdings.part(slice(first, last)) for first, last in pairwise(edges.tolist())]


def _vectors(vectors: Sequence[Sequence[float] | None]) -> Floats:
    """P x D, NaN where a position has no vector."""
    days = max((len(vector) for vector in vectors if vector is not None), default=0)
    unknown = np.full(days, np.nan)
    pnl = [unknown if vector is None else vector for vector in vectors]
    return np.array(pnl, dtype=np.float64).reshape(len(vectors), days)


@dataclass(frozen=True)
class Estimates:
    """What the factor model of the session says of U underlyings: betas (U x K), factor covariance
    (K x K).

    `closes` ((T + 1) x U, adjusted) and `factor_returns` (T x K) end with the session; what the
    betas leave of the returns is weighted with `decay`^age over `lookback` days, like the
    covariance, which rests on `observations` days. NaN where unknown.
    """

    betas: Floats
    covariance: Floats
    closes: Floats
    factor_returns: Floats
    decay: float
    lookback: int
    observations: int


def factor_model(estimates: Estimates) -> FactorModel:
    """The session's model, with what the factors leave unexplained of each underlying."""
    recent = slice(-estimates.lookback, None)
    returns, factor_returns = (
        simple_returns(estimates.closes)[recent],
        estimates.factor_returns[recent],
    )
    specific = specific_variances(returns, factor_returns, estimates.betas, estimates.decay)
    return FactorModel(estimates.betas, estimates.covariance, specific, estimates.observations)


@dataclass(frozen=True)
class BookRisk:
    """What one portfolio may lose in a day: `metrics`, and each position's part of the historical
    ones.

    `components`: P x TAIL_MEASURES in USD, NaN with a `reason` (P) where a position was left out.
    `modelled` (P): whether the parametric figures know the position.
    """

    metrics: tuple[Metric, ...]
    components: Floats
    reason: Objects
    modelled: Mask


def book_risks(shard: Shard, portfolios: int, estimates: Estimates) -> list[BookRisk]:
    """The risk of each of the shard's portfolios, in their order."""
    model = factor_model(estimates)
    return [book_risk(holdings, model) for holdings in shard.books(portfolios)]


def book_risk(holdings: Holdings, model: FactorModel) -> BookRisk:
    """Historical, rescaled and parametric VaR and expected shortfall of one portfolio, per view."""
    views = holdings.views()
    historical = {view: historical_risk(holdings.pnl.of(chosen)) for view, chosen in views.items()}
    parametric = {
        view: parametric_risk(holdings.exposures.of(chosen), model)
        for view, chosen in views.items()
    }
    metrics = [
        metric for view, risk in historical.items() for metric in _historical_metrics(view, risk)
    ]
    for view, normal in parametric.items():
        metrics += _parametric_metrics(view, normal, model.observations)
    whole, modelled = historical[PORTFOLIO], measured_positions(holdings.exposures, model)
    return BookRisk(tuple(metrics), whole.components, whole.left_out, modelled)


def _historical_metrics(view: str, risk: HistoricalRisk) -> Iterator[Metric]:
    for kind, losses in (("historical", risk.totals), ("rescaled", risk.rescaled)):
        for measure, loss in zip(TAIL_MEASURES, losses.tolist(), strict=True):
            value = None if risk.reason else loss
            name = f"{measure}_1d_{kind}"
            yield Metric(name, view, value, USD, risk.days, risk.coverage, risk.reason)


def _parametric_metrics(view: str, risk: ParametricRisk, days: int) -> Iterator[Metric]:
    for confidence in CONFIDENCES:
        losses = risk.value_at_risk(confidence), risk.expected_shortfall(confidence)
        for kind, loss in zip(("var", "es"), losses, strict=True):
            value = None if risk.reason else loss
            name = f"{kind}_{confidence}_1d_parametric"
            yield Metric(name, view, value, USD, days, risk.coverage, risk.reason)
