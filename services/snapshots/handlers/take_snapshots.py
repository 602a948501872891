"""What snapshots does when factors are computed, and when stress has its P&L: value the books,
measure their risk.

Each handler writes rows of its own from inputs that are stored before its event is told, so their
order does not matter and neither waits for the other
(docs/decisions/0009-risk-is-measured-beside-snapshots.md).
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.snapshots import calculations
from services.snapshots.calculations import (
    GREEKS,
    MARKET_EXPOSURE,
    MEASURES,
    POSITION_TYPES,
    SESSIONS_A_YEAR,
    SIDES,
    USD,
    Backdrop,
    Book,
    BookRisk,
    Caveat,
    ChainLink,
    Day,
    Estimates,
    History,
    MarketSide,
    Metric,
    Quotes,
    Shard,
    Snapshots,
    Split,
    StandingWork,
    Take,
    Terms,
    Work,
)
from services.snapshots.repository import chain, market, metrics, risk, valuations
from services.snapshots.repository.rows import Columns, Scope
from shared import calendar
from shared.contracts.event import Notice, ShardEvent
from shared.contracts.factors import FactorsComputed
from shared.contracts.gateway import RiskRequested, SnapshotsRequested
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated
from shared.contracts.stress import StressComputed
from shared.database import Session
from shared.errors import NotASession
from shared.messaging import ServiceRouter

router = ServiceRouter("snapshots")

Portfolios = tuple[UUID, ...]
Chains = Sequence[Sequence[ChainLink]]
LEFT_OUT = {
    "historical_pnl_missing": "too few past days of P&L: left out of historical VaR and shortfall",
    "factor_model_missing": "no exposure, betas or returns: left out of parametric VaR and shortfall",
}


@router.emits(SnapshotsCreated)
@router.on(FactorsComputed, SnapshotsRequested)
async def take_snapshots(event: ShardEvent, session: Session) -> SnapshotsCreated:
    """Value the shard's portfolios at the session's end, and again on every later day that depends
    on it.
    """
    _require_session(event.as_of)
    portfolios = await valuations.lock_portfolios(session, event.portfolio_ids)
    takes = await _due(session, portfolios, event.as_of)
    work = await _load(session, portfolios, takes)
    snapshots = await asyncio.to_thread(calculations.portfolio_snapshots, work)
    await _save(session, portfolios, work, snapshots)
    await _take_stock(session, portfolios, event.as_of, work, snapshots)
    return _told(event, takes, snapshots)


@router.emits(RiskMeasured)
@router.on(StressComputed, RiskRequested)
async def measure_risk(event: ShardEvent, session: Session) -> RiskMeasured:
    """Measure what the shard's portfolios may lose in a day, and what each position adds to it."""
    portfolios = await risk.lock_portfolios(session, event.portfolio_ids, event.as_of)
    positions = await risk.load_positions(session, portfolios, event.as_of)
    underlyings = sorted({underlying for _, _, _, underlying, *_ in positions})
    estimates = await _load_estimates(session, event.as_of, underlyings)
    shard = await asyncio.to_thread(Shard.of, portfolios, underlyings, positions)
    books = await asyncio.to_thread(calculations.book_risks, shard, len(portfolios), estimates)
    await _save_risk(session, portfolios, event.as_of, shard, books)
    return _risk_told(event, shard, books)


def _require_session(as_of: date) -> None:
    if not calendar.is_session(as_of):
        raise NotASession(as_of, calendar.session_on_or_before(as_of))


async def _due(session: Session, portfolios: Portfolios, as_of: date) -> tuple[Take, ...]:
    stored = await valuations.load_stored_sessions(session, portfolios, as_of)
    outdated = await valuations.load_outdated_sessions(session, portfolios, as_of)
    return calculations.snapshots_to_take(as_of, History.of(portfolios, stored, outdated))


async def _load(session: Session, portfolios: Portfolios, takes: tuple[Take, ...]) -> Work:
    """Everything the takes are computed from: one query per kind of input, whatever their
    number.
    """
    needed = calculations.days_needed(takes)
    span = (needed[0], needed[-1]) if needed else (date.max, date.max)
    book = Book.of(portfolios, await valuations.load_positions(session, portfolios, span))
    terms = await _load_terms(session, portfolios, book, needed)
    tickers, contracts = book.tickers(), terms.contracts(book)
    closes = await valuations.latest_closes(session, tickers, needed)
    values = await valuations.latest_values(session, contracts, needed)
    flows = await valuations.load_flows(session, portfolios, span)
    return Work(
        takes=takes,
        book=book,
        terms=terms,
        quotes=await asyncio.to_thread(
            Quotes.of, [*tickers, *contracts], needed, [*closes, *values]
        ),
        greeks=await valuations.load_greeks(session, contracts, {take.session for take in takes}),
        flows=[(portfolios.index(portfolio), day, amount) for portfolio, day, amount in flows],
        sessions=calendar.sessions(*span) if needed else (),
    )


async def _load_terms(
    session: Session, portfolios: Portfolios, book: Book, needed: Sequence[date]
) -> Terms:
    """What the book's positions were on each day; only splits among those days make them others
    than in the book.
    """
    span = (needed[0], needed[-1]) if needed else (date.max, date.max)
    splits = [Split(*row) for row in await valuations.load_splits(session, book.tickers(), span)]
    tickers = sorted({split.symbol for split in splits})
    restated = (
        await valuations.load_restated(session, portfolios, tickers, needed) if splits else []
    )
    return Terms.of(book, needed, splits, restated)


async def _save(session: Session, portfolios: Portfolios, work: Work, snapshots: Snapshots) -> None:
    sessions = sorted({take.session for take in work.takes})
    within: Scope = {"as_of": sessions, "portfolio_id": list(portfolios)}
    await valuations.save_valuations(
        session, calculations.valuation_columns(portfolios, work, snapshots), within
    )
    await valuations.save_snapshots(session, _snapshot_columns(portfolios, work, snapshots), within)


def _snapshot_columns(portfolios: Portfolios, work: Work, snapshots: Snapshots) -> Columns:
    return {
        "portfolio_id": [portfolios[take.portfolio] for take in work.takes],
        "as_of": [take.session for take in work.takes],
        "previous_session": [take.previous for take in work.takes],
        "market_value": snapshots.market_value,
        "daily_pnl": snapshots.daily_pnl,
        "closed_pnl": snapshots.closed_pnl,
        "net_flow": snapshots.net_flow,
        "unrealised_pnl": snapshots.unrealised_pnl,
        "exposures": [_by_measure(sums) for sums in snapshots.exposures.tolist()],
        **{name: snapshots.greeks[:, place] for place, name in enumerate(GREEKS)},
        "counts": [
            dict(zip(POSITION_TYPES, counts, strict=True)) for counts in snapshots.counts.tolist()
        ],
        "price_coverage": snapshots.price_coverage,
        "greeks_coverage": snapshots.greeks_coverage,
        "warnings": [_as_json(caveats) for caveats in snapshots.caveats],
        "carried": calculations.carried_prices(work, snapshots),
    }


def _by_measure(exposures: Sequence[Sequence[float]]) -> dict[str, dict[str, float]]:
    sides = (dict(zip(SIDES, sums, strict=True)) for sums in exposures)
    return dict(zip(MEASURES, sides, strict=True))


def _as_json(caveats: Iterable[Caveat]) -> list[dict[str, Any]]:
    return [_notice(caveat).model_dump(mode="json") for caveat in caveats]


def _notice(caveat: Caveat) -> Notice:
    return Notice.naming(caveat.code, caveat.message, caveat.about)


def _told(event: ShardEvent, takes: tuple[Take, ...], snapshots: Snapshots) -> SnapshotsCreated:
    """The event: counts and warnings speak of its own session, `restated` counts later ones
    retaken.
    """
    own = [index for index, take in enumerate(takes) if take.session == event.as_of]
    caveats = calculations.gathered(caveat for index in own for caveat in snapshots.caveats[index])
    return SnapshotsCreated.about(
        event,
        warnings=[_notice(caveat) for caveat in caveats],
        snapshots=len(own),
        positions=int(snapshots.counts[own].sum()),
        restated=len(takes) - len(own),
    )


async def _take_stock(
    session: Session, portfolios: Portfolios, as_of: date, work: Work, snapshots: Snapshots
) -> None:
    """Metrics and attributions of the session and of every later one stored: their chain has just
    changed.
    """
    factors = await market.load_factor_ids(session)
    chains = _chains(portfolios, await chain.load_chain(session, portfolios))
    before = _days_before(chains, as_of)
    exposures = await chain.load_factor_exposures(session, portfolios, before, factors)
    stock = StandingWork(
        chains=chains,
        backdrop=await _load_backdrop(session, chains, factors),
        market_exposures=await _market_exposures(session, portfolios, as_of),
        factor_exposures={
            (portfolios.index(owner), day): row for (owner, day), row in exposures.items()
        },
        concentrations={
            (take.portfolio, take.session): found
            for take, found in zip(work.takes, snapshots.concentrations, strict=True)
        },
    )
    found = await asyncio.to_thread(calculations.standings, stock)
    await metrics.save_metrics(session, calculations.metric_columns(portfolios, found.metrics))
    scope: Scope = {
        "as_of": sorted({day for _, day in found.attributed.days}),
        "portfolio_id": list(portfolios),
    }
    await metrics.save_attributions(
        session, calculations.attribution_columns(portfolios, factors, found.attributed), scope
    )


def _chains(portfolios: Portfolios, rows: Iterable[Row[Any]]) -> list[list[ChainLink]]:
    chains: dict[UUID, list[ChainLink]] = {portfolio: [] for portfolio in portfolios}
    for row in rows:
        numbers = (row.nav, row.daily_pnl, row.daily_return)
        chains[row.portfolio_id].append(ChainLink.of(row.as_of, row.previous_session, numbers))
    return list(chains.values())


def _days_before(chains: Chains, as_of: date) -> set[date]:
    """The sessions that the P&L of `as_of` and of every later day is measured from."""
    later = (link.previous for chain in chains for link in chain if link.session >= as_of)
    return {previous for previous in later if previous is not None}


async def _load_backdrop(session: Session, chains: Chains, factors: Sequence[str]) -> Backdrop:
    """What the market did from the oldest chain's start to the youngest one's end."""
    linked = [link.session for chain in chains for link in chain]
    sessions = calendar.sessions(min(linked), max(linked)) if linked else []
    return Backdrop(
        sessions=sessions,
        factors=factors,
        factor_returns=await market.load_factor_returns(session, sessions, factors),
        rate=calculations.carried_forward(await market.load_rates(session, sessions), sessions),
    )


async def _market_exposures(
    session: Session, portfolios: Portfolios, as_of: date
) -> dict[Day, Sequence[Metric]]:
    """The session's own, of every portfolio, and those stored of later sessions."""
    sides: dict[tuple[UUID, bool], MarketSide] = defaultdict(MarketSide)
    for row in await chain.load_market_sides(session, portfolios, as_of):
        side = MarketSide(row.dollars, row.known_weight, row.weight, row.known, row.positions)
        sides[row.portfolio_id, row.bought] = side
    found: dict[Day, Sequence[Metric]] = {
        (place, as_of): calculations.market_exposures(sides[owner, True], sides[owner, False])
        for place, owner in enumerate(portfolios)
    }
    later: dict[Day, list[Metric]] = defaultdict(list)
    for row in await chain.load_measured(session, portfolios, as_of, MARKET_EXPOSURE):
        known = {"coverage": row.coverage, "reason": row.reason}
        metric = Metric(MARKET_EXPOSURE, row.view, row.value, USD, **known)
        later[portfolios.index(row.portfolio_id), row.as_of].append(metric)
    return {**found, **later}


async def _load_estimates(session: Session, as_of: date, underlyings: Sequence[str]) -> Estimates:
    """The factor model of the session, and the past year of the factors and of what is held."""
    factors = await market.load_factor_ids(session)
    covariance = await market.load_covariance(session, as_of, factors)
    window = calendar.sessions(as_of - timedelta(days=2 * SESSIONS_A_YEAR), as_of)[
        -SESSIONS_A_YEAR - 1 :
    ]
    return Estimates(
        betas=await market.load_betas(session, as_of, underlyings, factors),
        covariance=covariance.values,
        closes=await market.load_closes(session, window, underlyings),
        factor_returns=await market.load_factor_returns(session, window[1:], factors),
        decay=covariance.decay,
        lookback=covariance.lookback,
        observations=covariance.observations,
    )


async def _save_risk(
    session: Session, portfolios: Portfolios, as_of: date, shard: Shard, books: Sequence[BookRisk]
) -> None:
    own: Scope = {"as_of": [as_of], "portfolio_id": list(portfolios)}
    measured = [
        ((place, as_of), metric) for place, book in enumerate(books) for metric in book.metrics
    ]
    await metrics.save_metrics(session, calculations.metric_columns(portfolios, measured))
    await metrics.save_components(
        session, calculations.component_columns(portfolios, as_of, shard, books), own
    )


def _risk_told(event: ShardEvent, shard: Shard, books: Sequence[BookRisk]) -> RiskMeasured:
    """The event, naming what is left out of the figures."""
    symbols = shard.symbol.tolist()
    reasons = [reason for book in books for reason in book.reason.tolist()]
    modelled = [known for book in books for known in book.modelled.tolist()]
    lacking = {
        "historical_pnl_missing": [
            symbol for symbol, why in zip(symbols, reasons, strict=True) if why
        ],
        "factor_model_missing": [
            symbol for symbol, known in zip(symbols, modelled, strict=True) if not known
        ],
    }
    caveats = [
        Caveat.naming(code, LEFT_OUT[code], names) for code, names in lacking.items() if names
    ]
    return RiskMeasured.about(
        event,
        warnings=[_notice(caveat) for caveat in caveats],
        portfolios=len(books),
        positions=len(symbols),
    )
