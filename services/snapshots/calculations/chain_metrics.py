"""Where portfolios stand: what follows from the chain of snapshots, for a session and every later
one stored.

A snapshot taken late, or again, moves NAV and returns of all that follow, so their realised
metrics, betas and attributions are made again; later sessions' market exposures stay as they are,
and so does the concentration of every session that was not retaken.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.snapshots.calculations.attribution import (
    Attributions,
    attributed_pnl,
    summed_returns,
)
from services.snapshots.calculations.chain import Backdrop, ChainLink, chain_of
from services.snapshots.calculations.concentration import Concentration, concentration_metrics
from services.snapshots.calculations.layout import Floats
from services.snapshots.calculations.metrics import (
    LONGS,
    MICRO_DOLLARS,
    PORTFOLIO,
    RATIO,
    SHORTS,
    USD,
    VIEWS,
    Metric,
)
from services.snapshots.calculations.realised import realised_metrics

MARKET_EXPOSURE = "market_exposure"
Day = tuple[int, date]  # a portfolio's index and a session


@dataclass(frozen=True)
class MarketSide:
    """The positions bought, or those sold, of a portfolio: `dollars` gained per 1.00 of market
    return.

    `known_weight` of `weight` (gross USD) and `known` of `positions` have a market beta.
    """

    dollars: float = 0.0
    known_weight: float = 0.0
    weight: float = 0.0
    known: int = 0
    positions: int = 0

    def __add__(self, other: "MarketSide") -> "MarketSide":
        return MarketSide(
            self.dollars + other.dollars,
            self.known_weight + other.known_weight,
            self.weight + other.weight,
            self.known + other.known,
            self.positions + other.positions,
        )


def market_exposures(longs: MarketSide, shorts: MarketSide) -> tuple[Metric, ...]:
    """The market exposure of each view: the sum of delta-adjusted exposure times market beta."""
    sides = {PORTFOLIO: longs + shorts, LONGS: longs, SHORTS: shorts}
    return tuple(_market_exposure(view, side) for view, side in sides.items())


def _market_exposure(view: str, side: MarketSide) -> Metric:
    if not side.known:
        reason = "no position has a market beta" if side.positions else "no positions"
        return Metric.missing(MARKET_EXPOSURE, USD, reason, view)
    coverage = side.known_weight / side.weight if side.weight > 0.0 else None
    # Rounded as it is stored: a later session's beta starts from the stored figure, this session's
    # from this one.
    return Metric(MARKET_EXPOSURE, view, round(side.dollars, MICRO_DOLLARS), USD, None, coverage)


def market_beta(exposure: Metric, nav: float) -> Metric:
    """Market exposure over NAV: what the holdings of the session would do, whatever was held
    before.
    """
    reason = exposure.reason or (None if nav > 0.0 else "NAV is not positive")
    if reason or exposure.value is None:
        return Metric("beta", exposure.view, None, RATIO, None, exposure.coverage, reason)
    return Metric("beta", exposure.view, exposure.value / nav, RATIO, None, exposure.coverage)


@dataclass(frozen=True)
class StandingWork:
    """The inputs. `chains`: every snapshot of each portfolio, ascending, beside the `backdrop`.

    `market_exposures` (three views each) has the days to measure: the session's own and every later
    one stored. `factor_exposures`: K dollars per snapshot. `concentrations`: by view, of the days
    that were (re)taken.
    """

    chains: Sequence[Sequence[ChainLink]]
    backdrop: Backdrop
    market_exposures: Mapping[Day, Sequence[Metric]]
    factor_exposures: Mapping[Day, Floats]
    concentrations: Mapping[Day, Mapping[str, Concentration | None]]


@dataclass(frozen=True)
class AttributedDays:
    """The P&L of some days by factor, with the days and the exposures and returns (days x K) behind
    it.
    """

    days: Sequence[Day]
    previous: Sequence[date | None]
    exposures: Floats
    factor_returns: Floats
    pnl: Attributions


@dataclass(frozen=True)
class Standings:
    """Every metric with its day, and the P&L of the same days by factor."""

    metrics: Sequence[tuple[Day, Metric]]
    attributed: AttributedDays


def standings(work: StandingWork) -> Standings:
    """The metrics and the attribution of every day of the work."""
    metrics = [*_chain_metrics(work), *_concentrations(work)]
    return Standings(metrics, _attributed(work))


def _chain_metrics(work: StandingWork) -> Iterator[tuple[Day, Metric]]:
    for portfolio, links in enumerate(work.chains):
        chain = chain_of(links, work.backdrop)
        for place, link in enumerate(links):
            day = portfolio, link.session
            if day in work.market_exposures:
                exposures = work.market_exposures[day]
                betas = [market_beta(exposure, link.nav) for exposure in exposures]
                realised = realised_metrics(chain.until(place), work.backdrop.sessions)
                yield from ((day, metric) for metric in (*realised, *exposures, *betas))


def _concentrations(work: StandingWork) -> Iterator[tuple[Day, Metric]]:
    for day, by_view in work.concentrations.items():
        for view in VIEWS:
            yield from ((day, metric) for metric in concentration_metrics(view, by_view[view]))


def _attributed(work: StandingWork) -> AttributedDays:
    links = {
        (place, link.session): link for place, chain in enumerate(work.chains) for link in chain
    }
    days = [day for day in links if day in work.market_exposures]
    chosen = [links[day] for day in days]
    previous = [link.previous for link in chosen]
    exposures = _exposures_before(work, days, previous)
    spans = [(link.previous, link.session) for link in chosen]
    returns = summed_returns(work.backdrop.sessions, work.backdrop.factor_returns, spans)
    pnl = np.array([link.pnl for link in chosen], dtype=np.float64)
    return AttributedDays(
        days, previous, exposures, returns, attributed_pnl(pnl, exposures, returns)
    )


def _exposures_before(
    work: StandingWork, days: Sequence[Day], previous: Sequence[date | None]
) -> Floats:
    """Each day's factor exposures (days x K) at the snapshot before it, NaN where they are not
    stored.
    """
    exposures = np.full((len(days), len(work.backdrop.factors)), np.nan)
    for place, ((portfolio, _), before) in enumerate(zip(days, previous, strict=True)):
        if before is not None and (portfolio, before) in work.factor_exposures:
            exposures[place] = work.factor_exposures[portfolio, before]
    return exposures
