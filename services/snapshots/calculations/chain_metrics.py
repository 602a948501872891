"""What follows from the chain of snapshots, for a session and every later one stored.

A snapshot taken late, or again, moves NAV and returns of all that follow (and, on or before the
first anchor of NAV, of all before), so their realised metrics, betas and attributions are computed
again. Other sessions' market exposures stay as they are, and so does the concentration of every
session whose snapshot was not taken again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np

from services.snapshots.calculations.attribution import (
    Attributions,
    attributed_pnl,
    summed_returns,
)
from services.snapshots.calculations.chain import carried_forward, chain_of
from services.snapshots.calculations.concentration import Concentration, concentration_metrics
from services.snapshots.calculations.metrics import (
    LONGS,
    MICRO_DOLLARS,
    PORTFOLIO,
    RATIO,
    SHORTS,
    USD,
    VIEWS,
    DayMetrics,
    Metric,
)
from services.snapshots.calculations.realised import realised_metrics
from services.snapshots.inputs import (
    MARKET_EXPOSURE,
    ChainInputs,
    MarketSide,
    MarketSides,
    PortfolioDay,
    StoredExposure,
)
from shared.arrays import Columns, FloatArray
from shared.conventions import LEAST_CAPITAL

CAUSES = ("income", "fees", "trades")  # parts of P&L that no factor explains
SPECIFIC = "specific"
Concentrations = Mapping[PortfolioDay, Mapping[str, Concentration | None]]


@dataclass(frozen=True)
class AttributedDays:
    """The P&L of some days by factor, with the exposures and returns (days x K) behind it."""

    portfolios: tuple[UUID, ...]
    names: Sequence[str]
    days: Sequence[PortfolioDay]
    previous: Sequence[date | None]
    exposures: FloatArray
    factor_returns: FloatArray
    pnl: Attributions

    def columns(self) -> Columns:
        """Of `pnl_attributions`: each day's factors, its other causes, then what is specific."""
        names = [*self.names, *CAUSES, SPECIFIC]
        nothing = np.full((len(self.days), len(CAUSES) + 1), np.nan)
        days = [day for day in range(len(self.days)) for _ in names]
        pnl = np.hstack([self.pnl.factors, self.pnl.causes, self.pnl.specific[:, None]])
        reasons = np.repeat(self.pnl.reason[:, None], len(names), axis=1)
        reasons[~np.isnan(pnl)] = None
        return {
            "portfolio_id": [self.portfolios[self.days[day][0]] for day in days],
            "as_of": [self.days[day][1] for day in days],
            "factor": names * len(self.days),
            "previous_session": [self.previous[day] for day in days],
            "pnl": pnl.ravel(),
            "exposure": np.hstack([self.exposures, nothing]).ravel(),
            "factor_return": np.hstack([self.factor_returns, nothing]).ravel(),
            "reason": reasons.ravel(),
        }


@dataclass(frozen=True)
class ChainMeasurements:
    """Every metric with its day, and the P&L of the same days by factor."""

    metrics: DayMetrics
    attributed: AttributedDays


def chain_measurements(inputs: ChainInputs, concentrations: Concentrations) -> ChainMeasurements:
    """The metrics and the attribution of the inputs' session and of every other one it moved.

    `concentrations`: by view, of the days whose snapshots were taken. A day taken as an anchor of
    NAV only has no exposures, and no beta.
    """
    taken: dict[PortfolioDay, Sequence[Metric]] = dict.fromkeys(concentrations, ())
    exposures = taken | _exposures(inputs)
    metrics = [*_chain_metrics(inputs, exposures), *_concentrations(concentrations)]
    return ChainMeasurements(
        DayMetrics(inputs.portfolios, metrics), _attributed(inputs, exposures.keys())
    )


def _exposures(inputs: ChainInputs) -> dict[PortfolioDay, Sequence[Metric]]:
    """The market exposures, per view, of the session itself and of every other one stored."""
    own: dict[PortfolioDay, Sequence[Metric]] = {
        (place, inputs.as_of): market_exposures(sides)
        for place, sides in enumerate(inputs.market_sides)
    }
    others = {
        day: [_stored_exposure(exposure) for exposure in exposures]
        for day, exposures in inputs.stored_exposures.items()
    }
    return own | others


def _stored_exposure(exposure: StoredExposure) -> Metric:
    return Metric(
        MARKET_EXPOSURE,
        exposure.view,
        exposure.value,
        USD,
        coverage=exposure.coverage,
        reason=exposure.reason,
    )


def market_exposures(sides: MarketSides) -> tuple[Metric, ...]:
    """The market exposure of each view: the sum of delta-adjusted exposure times market beta."""
    views = {PORTFOLIO: sides.bought + sides.sold, LONGS: sides.bought, SHORTS: sides.sold}
    return tuple(_market_exposure(view, side) for view, side in views.items())


def _market_exposure(view: str, side: MarketSide) -> Metric:
    if not side.known:
        reason = "no position has a market beta" if side.positions else "no positions"
        return Metric.missing(MARKET_EXPOSURE, USD, reason, view)
    coverage = side.known_weight / side.weight if side.weight > 0.0 else None
    # Rounded as it is stored: a later session's beta starts from the stored figure, this session's
    # from this one.
    return Metric(MARKET_EXPOSURE, view, round(side.dollars, MICRO_DOLLARS), USD, None, coverage)


def market_beta(exposure: Metric, nav: float) -> Metric:
    """Market exposure over NAV: of the holdings of the session, not of what was held before."""
    reason = exposure.reason or (None if nav >= LEAST_CAPITAL else "NAV is not positive")
    if reason or exposure.value is None:
        return Metric("beta", exposure.view, None, RATIO, None, exposure.coverage, reason)
    return Metric("beta", exposure.view, exposure.value / nav, RATIO, None, exposure.coverage)


def _chain_metrics(
    inputs: ChainInputs, exposures: Mapping[PortfolioDay, Sequence[Metric]]
) -> Iterator[tuple[PortfolioDay, Metric]]:
    sessions = inputs.market.sessions
    rate = carried_forward(inputs.market.yields, sessions)
    for portfolio, links in enumerate(inputs.chains):
        chain = chain_of(links, inputs.market, rate)
        for place, link in enumerate(links):
            day = (portfolio, link.session_date)
            if day in exposures:
                betas = [market_beta(exposure, link.nav) for exposure in exposures[day]]
                realised = realised_metrics(chain.until(place), sessions)
                yield from ((day, metric) for metric in (*realised, *exposures[day], *betas))


def _concentrations(found: Concentrations) -> Iterator[tuple[PortfolioDay, Metric]]:
    for day, by_view in found.items():
        for view in VIEWS:
            yield from ((day, metric) for metric in concentration_metrics(view, by_view[view]))


def _attributed(inputs: ChainInputs, measured: Collection[PortfolioDay]) -> AttributedDays:
    links = {
        (place, link.session_date): link
        for place, chain in enumerate(inputs.chains)
        for link in chain
    }
    days = [day for day in links if day in measured]
    chosen = [links[day] for day in days]
    previous = [link.previous for link in chosen]
    exposures = _exposures_before(inputs, days, previous)
    spans = [(link.previous, link.session_date) for link in chosen]
    returns = summed_returns(inputs.market.sessions, inputs.market.factor_returns, spans)
    pnl = np.array([link.pnl for link in chosen], dtype=np.float64)
    causes = [[link.income, link.fees, link.trades_pnl] for link in chosen]
    return AttributedDays(
        portfolios=inputs.portfolios,
        names=inputs.market.factors,
        days=days,
        previous=previous,
        exposures=exposures,
        factor_returns=returns,
        pnl=attributed_pnl(
            pnl, np.array(causes, dtype=np.float64).reshape(-1, len(CAUSES)), exposures, returns
        ),
    )


def _exposures_before(
    inputs: ChainInputs, days: Sequence[PortfolioDay], previous: Sequence[date | None]
) -> FloatArray:
    """Each day's factor exposures (days x K) at the snapshot before it, NaN where not stored."""
    exposures = np.full((len(days), len(inputs.market.factors)), np.nan)
    for place, ((portfolio, _), before) in enumerate(zip(days, previous, strict=True)):
        if before is not None and (portfolio, before) in inputs.factor_exposures:
            exposures[place] = inputs.factor_exposures[portfolio, before]
    return exposures
