"""A book's risk on one session, and how its snapshots' chain looks from it: the metrics of one portfolio."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from services.snapshots.calculations.book import Floats, Mask, Objects
from services.snapshots.calculations.concentration import Concentration, concentration_metrics
from services.snapshots.calculations.metrics import LONGS, PORTFOLIO, RATIO, SHORTS, USD, VIEWS, Metric
from services.snapshots.calculations.parametric import (
    Exposures,
    FactorModel,
    ParametricRisk,
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

    def views(self) -> Mapping[str, Mask]:
        """Which positions belong to each view: all, those bought, those sold."""
        everything = np.ones(len(self.quantity), dtype=np.bool_)
        return {PORTFOLIO: everything, LONGS: self.quantity > 0.0, SHORTS: self.quantity < 0.0}


@dataclass(frozen=True)
class BookRisk:
    """What one portfolio may lose in a day: `metrics`, and each position's part of the historical ones.

    `components`: P x TAIL_MEASURES in USD, NaN with a `reason` (P) where a position was left out.
    """

    metrics: tuple[Metric, ...]
    components: Floats
    reason: Objects


def book_risk(holdings: Holdings, model: FactorModel, market: int) -> BookRisk:
    """Historical and parametric VaR and ES and the market exposure per view; `market` is the factor's column."""
    historical = {view: historical_risk(holdings.pnl.of(chosen)) for view, chosen in holdings.views().items()}
    exposures = {view: holdings.exposures.of(chosen) for view, chosen in holdings.views().items()}
    metrics = [metric for view, risk in historical.items() for metric in _historical_metrics(view, risk)]
    for view, exposed in exposures.items():
        metrics += _parametric_metrics(view, parametric_risk(exposed, model), model.observations)
        metrics.append(market_exposure(view, exposed, model.betas[:, market]))
    return BookRisk(tuple(metrics), historical[PORTFOLIO].components, historical[PORTFOLIO].left_out)


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
