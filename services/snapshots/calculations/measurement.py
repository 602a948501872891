"""Everything one shard's risk is measured from, and what comes of it: one call per message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.snapshots.calculations.attribution import Attributions, attributed_pnl, summed_returns
from services.snapshots.calculations.book import Floats
from services.snapshots.calculations.history import Backdrop, ChainLink, chain_of
from services.snapshots.calculations.metrics import Metric
from services.snapshots.calculations.parametric import FactorModel, specific_variances
from services.snapshots.calculations.risk import (
    MARKET_EXPOSURE,
    BookRisk,
    Shard,
    Standing,
    book_risk,
    standing_metrics,
)
from shared.quant.returns import simple_returns

Day = tuple[int, date]  # a portfolio's index and a session
MarketExposures = Mapping[Day, Mapping[str, Metric]]  # by view


@dataclass(frozen=True)
class Estimates:
    """What the factor model of the session says of U underlyings: betas (U x K), factor covariance (K x K).

    `closes` (T x U) are the underlyings' adjusted closes on the backdrop's last T sessions up to the session; their
    residuals are weighted with `decay`^age over `lookback` sessions, like the covariance, which rests on
    `observations` days. NaN where unknown.
    """

    betas: Floats
    covariance: Floats
    closes: Floats
    decay: float
    lookback: int
    observations: int


@dataclass(frozen=True)
class RiskWork:
    """The inputs: `shard` holds the positions on `as_of`, `chains` every snapshot of each portfolio, ascending.

    `measured`: the market exposures of later sessions that were measured before; their realised metrics and
    attributions follow from the chain and are measured again. `factor_exposures`: K dollars per snapshot.
    """

    as_of: date
    shard: Shard
    estimates: Estimates
    backdrop: Backdrop
    chains: Sequence[Sequence[ChainLink]]
    measured: MarketExposures
    factor_exposures: Mapping[Day, Floats]


@dataclass(frozen=True)
class AttributedDays:
    """The P&L of some days by factor, with the days and the exposures and returns (days x K) behind it."""

    days: Sequence[Day]
    previous: Sequence[date | None]
    exposures: Floats
    factor_returns: Floats
    pnl: Attributions


@dataclass(frozen=True)
class MeasuredRisk:
    """What came of it: each portfolio's risk, every metric with its day, and the attributed days."""

    books: Sequence[BookRisk]
    metrics: Sequence[tuple[Day, Metric]]
    attributed: AttributedDays


def measured_risk(work: RiskWork) -> MeasuredRisk:
    """Risk on the session, and on it and the later measured sessions all that follows from the chain."""
    books = _book_risks(work)
    exposures = {**_market_exposures(work.as_of, books), **work.measured}
    metrics = [((place, work.as_of), metric) for place, book in enumerate(books) for metric in book.metrics]
    metrics += _standings(work, exposures)
    return MeasuredRisk(books, metrics, _attributed(work, sorted(exposures)))


def _book_risks(work: RiskWork) -> list[BookRisk]:
    model = factor_model(work.estimates, work.backdrop, work.as_of)
    books = work.shard.books(len(work.chains))
    return [book_risk(holdings, model, work.backdrop.market) for holdings in books]


def factor_model(estimates: Estimates, backdrop: Backdrop, as_of: date) -> FactorModel:
    """The session's model, with what the factors leave unexplained of each underlying."""
    returns = simple_returns(estimates.closes)[-estimates.lookback :]
    end = backdrop.place(as_of) + 1
    factor_returns = backdrop.factor_returns[end - len(returns) : end]
    specific = specific_variances(returns, factor_returns, estimates.betas, estimates.decay)
    return FactorModel(estimates.betas, estimates.covariance, specific, estimates.observations)


def _market_exposures(as_of: date, books: Sequence[BookRisk]) -> dict[Day, dict[str, Metric]]:
    return {
        (place, as_of): {metric.view: metric for metric in book.metrics if metric.name == MARKET_EXPOSURE}
        for place, book in enumerate(books)
    }


def _standings(work: RiskWork, exposures: MarketExposures) -> list[tuple[Day, Metric]]:
    """The metrics that follow from the chain, for every day that is measured."""
    found: list[tuple[Day, Metric]] = []
    for portfolio, links in enumerate(work.chains):
        chain = chain_of(links, work.backdrop)
        for place, link in enumerate(links):
            day = portfolio, link.session
            if day in exposures:
                standing = Standing(link.nav, exposures[day], link.concentration)
                known = chain.until(place)
                found += [
                    (day, metric) for metric in standing_metrics(known, standing, work.backdrop.sessions)
                ]
    return found


def _attributed(work: RiskWork, days: Sequence[Day]) -> AttributedDays:
    links = {(place, link.session): link for place, chain in enumerate(work.chains) for link in chain}
    chosen = [links[day] for day in days]
    previous = [link.previous for link in chosen]
    exposures = _exposures_before(work, days, previous)
    spans = [(link.previous, link.session) for link in chosen]
    returns = summed_returns(work.backdrop.sessions, work.backdrop.factor_returns, spans)
    pnl = np.array([link.pnl for link in chosen], dtype=np.float64)
    return AttributedDays(days, previous, exposures, returns, attributed_pnl(pnl, exposures, returns))


def _exposures_before(work: RiskWork, days: Sequence[Day], previous: Sequence[date | None]) -> Floats:
    """Each day's factor exposures (days x K) at the snapshot before it, NaN where they are not stored."""
    factors = work.backdrop.factor_returns.shape[1]
    exposures = np.full((len(days), factors), np.nan)
    for place, ((portfolio, _), before) in enumerate(zip(days, previous, strict=True)):
        if before is not None and (portfolio, before) in work.factor_exposures:
            exposures[place] = work.factor_exposures[portfolio, before]
    return exposures
