"""A book's risk on one session, and how its snapshots' chain looks from it: the metrics of one portfolio."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np

from services.snapshots.calculations.book import Floats, Indices, Mask, Objects, objects
from services.snapshots.calculations.concentration import Concentration, concentration_metrics
from services.snapshots.calculations.metrics import LONGS, PORTFOLIO, RATIO, SHORTS, USD, VIEWS, Metric
from services.snapshots.calculations.parametric import (
    Exposures,
    FactorModel,
    ParametricRisk,
    measured_positions,
    parametric_risk,
)
from services.snapshots.calculations.realised import Chain, realised_metrics
from services.snapshots.calculations.tail import (
    CONFIDENCES,
    TAIL_MEASURES,
    HistoricalRisk,
    PositionPnl,
    historical_risk,
)

MARKET_EXPOSURE = "market_exposure"


@dataclass(frozen=True)
class Holdings:
    """The positions of one portfolio on one session, in one order: their P&L, their exposures, their quantity."""

    quantity: Floats
    pnl: PositionPnl
    exposures: Exposures

    def part(self, positions: slice) -> "Holdings":
        """Those of the positions."""
        return Holdings(self.quantity[positions], self.pnl.of(positions), self.exposures.of(positions))

    def views(self) -> Mapping[str, Mask]:
        """Which positions belong to each view: all, those bought, those sold."""
        everything = np.ones(len(self.quantity), dtype=np.bool_)
        return {PORTFOLIO: everything, LONGS: self.quantity > 0.0, SHORTS: self.quantity < 0.0}


@dataclass(frozen=True)
class Shard:
    """The valued positions of several portfolios on one session, ordered by portfolio and position."""

    position_id: Objects
    portfolio: Indices
    symbol: Objects
    holdings: Holdings

    @classmethod
    def of(
        cls, portfolios: Sequence[Hashable], underlyings: Sequence[str], positions: Sequence[Sequence[Any]]
    ) -> "Shard":
        """Lay out tuples so ordered: id, portfolio, symbol, underlying, quantity, weight, exposure, P&L, reason."""
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
    pnl = np.full((len(vectors), days), np.nan)
    for place, vector in enumerate(vectors):
        if vector is not None:
            pnl[place] = vector
    return pnl


@dataclass(frozen=True)
class BookRisk:
    """What one portfolio may lose in a day: `metrics`, and each position's part of the historical ones.

    `components`: P x TAIL_MEASURES in USD, NaN with a `reason` (P) where a position was left out. `modelled` (P):
    whether the parametric figures know the position.
    """

    metrics: tuple[Metric, ...]
    components: Floats
    reason: Objects
    modelled: Mask


def book_risk(holdings: Holdings, model: FactorModel, market: int) -> BookRisk:
    """Historical and parametric VaR and ES and the market exposure per view; `market` is the factor's column."""
    historical = {view: historical_risk(holdings.pnl.of(chosen)) for view, chosen in holdings.views().items()}
    exposures = {view: holdings.exposures.of(chosen) for view, chosen in holdings.views().items()}
    metrics = [metric for view, risk in historical.items() for metric in _historical_metrics(view, risk)]
    for view, exposed in exposures.items():
        metrics += _parametric_metrics(view, parametric_risk(exposed, model), model.observations)
        metrics.append(market_exposure(view, exposed, model.betas[:, market]))
    whole, modelled = historical[PORTFOLIO], measured_positions(holdings.exposures, model)
    return BookRisk(tuple(metrics), whole.components, whole.left_out, modelled)


def _historical_metrics(view: str, risk: HistoricalRisk) -> Iterator[Metric]:
    for measure, loss in zip(TAIL_MEASURES, risk.totals.tolist(), strict=True):
        value = None if risk.reason else loss
        name = f"{measure}_1d_historical"
        yield Metric(name, view, value, USD, risk.days, risk.coverage, risk.reason)


def _parametric_metrics(view: str, risk: ParametricRisk, days: int) -> Iterator[Metric]:
    for confidence in CONFIDENCES:
        losses = risk.value_at_risk(confidence), risk.expected_shortfall(confidence)
        for kind, loss in zip(("var", "es"), losses, strict=True):
            value = None if risk.reason else loss
            name = f"{kind}_{confidence}_1d_parametric"
            yield Metric(name, view, value, USD, days, risk.coverage, risk.reason)


def market_exposure(view: str, exposures: Exposures, market_betas: Floats) -> Metric:
    """Dollars gained per 1.00 of market return: the sum of delta-adjusted exposure times market beta."""
    betas = market_betas[exposures.underlying]
    dollars = np.where(exposures.dollars == 0.0, 0.0, exposures.dollars * betas)
    known = np.isfinite(dollars)
    if not known.any():
        reason = "no position has a market beta" if len(known) else "no positions"
        return Metric.missing(MARKET_EXPOSURE, USD, reason, view)
    weight = float(exposures.weight.sum())
    coverage = float(exposures.weight[known].sum()) / weight if weight > 0.0 else None
    return Metric(MARKET_EXPOSURE, view, float(dollars[known].sum()), USD, None, coverage)


@dataclass(frozen=True)
class Standing:
    """A portfolio on one measured session: NAV in USD, what it is exposed to by view, how concentrated it is."""

    nav: float
    market_exposure: Mapping[str, Metric]
    concentration: Mapping[str, Concentration | None]


def standing_metrics(chain: Chain, standing: Standing, exchange: Sequence[date]) -> tuple[Metric, ...]:
    """Everything that follows from the snapshots up to the chain's last: realised metrics, beta, concentration."""
    beta = (market_beta(standing.market_exposure[view], standing.nav) for view in VIEWS)
    concentrated = (concentration_metrics(view, standing.concentration.get(view)) for view in VIEWS)
    parts: tuple[Any, ...] = tuple(metric for metrics in concentrated for metric in metrics)
    return (*realised_metrics(chain, exchange), *beta, *parts)


def market_beta(exposure: Metric, nav: float) -> Metric:
    """Market exposure over NAV: what the holdings of the session would do, whatever was held before."""
    reason = exposure.reason or (None if nav > 0.0 else "NAV is not positive")
    if reason or exposure.value is None:
        return Metric("beta", exposure.view, None, RATIO, None, exposure.coverage, reason)
    return Metric("beta", exposure.view, exposure.value / nav, RATIO, None, exposure.coverage)
