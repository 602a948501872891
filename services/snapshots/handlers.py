"""What snapshots does when factors are computed, and when stress has its P&L: value the books, measure their risk."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from services.snapshots import calculations
from services.snapshots.calculations import (
    GREEKS,
    MARKET_EXPOSURE,
    MEASURES,
    POSITION_TYPES,
    SESSIONS_A_YEAR,
    SIDES,
    TAIL_MEASURES,
    USD,
    AttributedDays,
    Backdrop,
    Book,
    Caveat,
    ChainLink,
    Concentration,
    Day,
    Estimates,
    History,
    MeasuredRisk,
    Metric,
    Quotes,
    RiskWork,
    Shard,
    Snapshots,
    Take,
    Work,
)
from services.snapshots.repository import risk, valuations
from services.snapshots.repository.rows import Columns, Scope
from shared import calendar
from shared.contracts.event import Notice, ShardEvent
from shared.contracts.factors import FactorsComputed
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated
from shared.contracts.stress import StressComputed
from shared.database import Session
from shared.errors import NotASession
from shared.messaging import ServiceRouter

router = ServiceRouter("snapshots")

Portfolios = tuple[UUID, ...]
SPECIFIC = "specific"
LEFT_OUT = {
    "historical_pnl_missing": "too few past days of P&L: left out of historical VaR and shortfall",
    "factor_model_missing": "no exposure, betas or returns: left out of parametric VaR and shortfall",
}


@dataclass(frozen=True)
class Taken:
    """The portfolios that exist, locked until the transaction ends, and the snapshots taken of them."""

    portfolios: Portfolios
    work: Work
    snapshots: Snapshots


@router.emits(SnapshotsCreated)
@router.on(FactorsComputed)
async def take_snapshots(event: FactorsComputed, session: Session) -> SnapshotsCreated:
    """Value the shard's portfolios at the session's end, and again on every later day that depends on it."""
    return _told(event, await _take(session, event))


@router.emits(RiskMeasured)
@router.on(StressComputed)
async def measure_risk(event: StressComputed, session: Session) -> RiskMeasured:
    """Measure what the shard's portfolios may lose, and what their past says on this and later measured sessions.

    It takes the snapshots it rests on itself, so neither of the two events waits for the other; snapshots
    that are taken already stay as they are (docs/decisions/0009-risk-takes-its-own-snapshots.md).
    """
    taken = await _take(session, event)
    work = await _load_risk(session, taken.portfolios, event.as_of)
    measured = await asyncio.to_thread(calculations.measured_risk, work)
    await _save_risk(session, taken.portfolios, work, measured)
    return _risk_told(event, work, measured)


async def _take(session: Session, event: ShardEvent) -> Taken:
    _require_session(event.as_of)
    portfolios = await valuations.lock_portfolios(session, event.portfolio_ids)
    takes = await _due(session, portfolios, event.as_of)
    work = await _load(session, portfolios, takes)
    snapshots = await asyncio.to_thread(calculations.portfolio_snapshots, work)
    await _save(session, portfolios, work, snapshots)
    return Taken(portfolios, work, snapshots)


def _require_session(as_of: date) -> None:
    if not calendar.is_session(as_of):
        raise NotASession(as_of, calendar.session_on_or_before(as_of))


async def _due(session: Session, portfolios: Portfolios, as_of: date) -> tuple[Take, ...]:
    stored = await valuations.load_stored_sessions(session, portfolios, as_of)
    outdated = await valuations.load_outdated_sessions(session, portfolios, as_of)
    return calculations.snapshots_to_take(as_of, History.of(portfolios, stored, outdated))


async def _load(session: Session, portfolios: Portfolios, takes: tuple[Take, ...]) -> Work:
    """Everything the takes are computed from: one query per kind of input, whatever their number."""
    needed = calculations.days_needed(takes)
    span = (needed[0], needed[-1]) if needed else (date.max, date.max)
    book = Book.of(portfolios, await valuations.load_positions(session, portfolios, span))
    closes = await valuations.latest_closes(session, book.tickers(), needed)
    values = await valuations.latest_values(session, book.contracts(), needed)
    flows = await valuations.load_flows(session, portfolios, span)
    return Work(
        takes=takes,
        book=book,
        quotes=await asyncio.to_thread(Quotes.of, book, needed, [*closes, *values]),
        greeks=await valuations.load_greeks(session, portfolios, {take.session for take in takes}),
        flows=[(portfolios.index(portfolio), day, amount) for portfolio, day, amount in flows],
        sessions=calendar.sessions(*span) if needed else (),
    )


async def _save(session: Session, portfolios: Portfolios, work: Work, snapshots: Snapshots) -> None:
    sessions = sorted({take.session for take in work.takes})
    within: Scope = {"as_of": sessions, "portfolio_id": list(portfolios)}
    await valuations.save_valuations(session, _valuation_columns(portfolios, work, snapshots), within)
    await valuations.save_snapshots(session, _snapshot_columns(portfolios, work, snapshots), within)


def _valuation_columns(portfolios: Portfolios, work: Work, snapshots: Snapshots) -> Columns:
    lines, book = snapshots.valuations, work.book
    kept = lines.active
    held, taken = lines.position[kept], [work.takes[take] for take in lines.take[kept].tolist()]
    return {
        "position_id": book.position_id[held],
        "as_of": [take.session for take in taken],
        "portfolio_id": [portfolios[take.portfolio] for take in taken],
        "symbol": book.symbol[held],
        "underlying": book.underlying[held],
        "position_type": book.position_type[held],
        "sector": book.sector[held],
        "quantity": book.quantity[held],
        "price": lines.price[kept],
        "price_date": lines.price_day[kept],
        "price_source": lines.source[kept],
        "stale": lines.stale[kept],
        "underlying_price": lines.underlying_price[kept],
        "underlying_price_date": lines.underlying_price_day[kept],
        "market_value": lines.market_value[kept],
        "cost": lines.cost[kept],
        "unrealised_pnl": lines.unrealised_pnl[kept],
        "daily_pnl": lines.daily_pnl[kept],
        "notional_exposure": lines.notional[kept],
        "delta": lines.delta[kept],
        "delta_adjusted_exposure": lines.delta_adjusted[kept],
        "reason": lines.reason[kept],
    }


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
        "counts": [dict(zip(POSITION_TYPES, counts, strict=True)) for counts in snapshots.counts.tolist()],
        "price_coverage": snapshots.price_coverage,
        "greeks_coverage": snapshots.greeks_coverage,
        "warnings": [_as_json(caveats) for caveats in snapshots.caveats],
        "concentration": [_by_view(found) for found in snapshots.concentrations],
    }


def _by_measure(exposures: Sequence[Sequence[float]]) -> dict[str, dict[str, float]]:
    sides = (dict(zip(SIDES, sums, strict=True)) for sums in exposures)
    return dict(zip(MEASURES, sides, strict=True))


def _by_view(concentrations: Mapping[str, Concentration | None]) -> dict[str, dict[str, float] | None]:
    return {view: asdict(found) if found else None for view, found in concentrations.items()}


def _as_json(caveats: Iterable[Caveat]) -> list[dict[str, Any]]:
    return [_notice(caveat).model_dump(mode="json") for caveat in caveats]


def _notice(caveat: Caveat) -> Notice:
    return Notice.naming(caveat.code, caveat.message, caveat.about)


def _told(event: FactorsComputed, taken: Taken) -> SnapshotsCreated:
    """The event: counts and warnings speak of its own session, `restated` counts later ones retaken."""
    takes, snapshots = taken.work.takes, taken.snapshots
    own = [index for index, take in enumerate(takes) if take.session == event.as_of]
    caveats = calculations.gathered(caveat for index in own for caveat in snapshots.caveats[index])
    return SnapshotsCreated.about(
        event,
        warnings=[_notice(caveat) for caveat in caveats],
        snapshots=len(own),
        positions=int(snapshots.counts[own].sum()),
        restated=len(takes) - len(own),
    )


async def _load_risk(session: Session, portfolios: Portfolios, as_of: date) -> RiskWork:
    """Everything risk is measured from: one query per kind of input, whatever the number of portfolios."""
    factors = await risk.load_factor_ids(session)
    positions = await risk.load_positions(session, portfolios, as_of)
    underlyings = sorted({position.underlying for position in positions})
    chains = _chains(portfolios, await risk.load_chain(session, portfolios, as_of))
    backdrop = await _load_backdrop(session, as_of, chains, factors)
    measured = await risk.load_measured(session, portfolios, as_of, MARKET_EXPOSURE)
    exposures = await risk.load_factor_exposures(session, portfolios, _days_before(chains, as_of), factors)
    return RiskWork(
        as_of=as_of,
        shard=await asyncio.to_thread(Shard.of, portfolios, underlyings, positions),
        estimates=await _load_estimates(session, as_of, underlyings, factors),
        backdrop=backdrop,
        chains=chains,
        measured=_by_day(portfolios, measured),
        factor_exposures=_by_place(portfolios, exposures),
    )


def _chains(portfolios: Portfolios, rows: Iterable[Row[Any]]) -> list[list[ChainLink]]:
    chains: dict[UUID, list[ChainLink]] = {portfolio: [] for portfolio in portfolios}
    for row in rows:
        numbers = (row.nav, row.daily_pnl, row.daily_return)
        link = ChainLink.of(row.as_of, row.previous_session, numbers, row.concentration)
        chains[row.portfolio_id].append(link)
    return list(chains.values())


async def _load_backdrop(
    session: Session, as_of: date, chains: Sequence[Sequence[ChainLink]], factors: Sequence[str]
) -> Backdrop:
    """What the market did from the window's (or the oldest chain's) start to the youngest chain's end."""
    linked = [link.session for chain in chains for link in chain]
    first = min([_last_sessions(as_of)[0], *linked])
    sessions = calendar.sessions(first, max([as_of, *linked]))
    return Backdrop(
        sessions=sessions,
        factors=factors,
        factor_returns=await risk.load_factor_returns(session, sessions, factors),
        rate=calculations.carried_forward(await risk.load_rates(session, sessions), sessions),
    )


def _last_sessions(as_of: date) -> list[date]:
    """The sessions whose closes give the window's returns; two calendar days a session are more than enough."""
    return calendar.sessions(as_of - timedelta(days=2 * SESSIONS_A_YEAR), as_of)[-SESSIONS_A_YEAR - 1 :]


async def _load_estimates(
    session: Session, as_of: date, underlyings: Sequence[str], factors: Sequence[str]
) -> Estimates:
    covariance = await risk.load_covariance(session, as_of, factors)
    return Estimates(
        betas=await risk.load_betas(session, as_of, underlyings, factors),
        covariance=covariance.values,
        closes=await risk.load_closes(session, _last_sessions(as_of), underlyings),
        decay=covariance.decay,
        lookback=covariance.lookback,
        observations=covariance.observations,
    )


def _days_before(chains: Sequence[Sequence[ChainLink]], as_of: date) -> set[date]:
    """The sessions that the P&L of `as_of` and of every later day is measured from."""
    later = (link.previous for chain in chains for link in chain if link.session >= as_of)
    return {previous for previous in later if previous is not None}


def _by_place(
    portfolios: Portfolios, exposures: Mapping[tuple[UUID, date], Sequence[float | None]]
) -> dict[Day, NDArray[np.float64]]:
    return {
        (portfolios.index(owner), day): np.array(dollars, dtype=np.float64)
        for (owner, day), dollars in exposures.items()
    }


def _by_day(portfolios: Portfolios, rows: Iterable[Row[Any]]) -> dict[Day, dict[str, Metric]]:
    found: dict[Day, dict[str, Metric]] = defaultdict(dict)
    for row in rows:
        known = {"coverage": row.coverage, "reason": row.reason}
        metric = Metric(MARKET_EXPOSURE, row.view, row.value, USD, **known)
        found[portfolios.index(row.portfolio_id), row.as_of][row.view] = metric
    return found


async def _save_risk(
    session: Session, portfolios: Portfolios, work: RiskWork, measured: MeasuredRisk
) -> None:
    days = sorted({session for _, session in measured.attributed.days})
    own: Scope = {"as_of": [work.as_of], "portfolio_id": list(portfolios)}
    await risk.save_metrics(session, _metric_columns(portfolios, measured))
    await risk.save_components(session, _component_columns(portfolios, work, measured), own)
    attributions = _attribution_columns(portfolios, work.backdrop.factors, measured.attributed)
    await risk.save_attributions(session, attributions, {**own, "as_of": days})


def _metric_columns(portfolios: Portfolios, measured: MeasuredRisk) -> Columns:
    days = [day for day, _ in measured.metrics]
    metrics = [metric for _, metric in measured.metrics]
    return {
        "portfolio_id": [portfolios[portfolio] for portfolio, _ in days],
        "as_of": [session for _, session in days],
        "metric": [metric.name for metric in metrics],
        "view": [metric.view for metric in metrics],
        "value": [metric.value for metric in metrics],
        "unit": [metric.unit for metric in metrics],
        "observations": [metric.observations for metric in metrics],
        "coverage": [metric.coverage for metric in metrics],
        "reason": [metric.reason for metric in metrics],
    }


def _component_columns(portfolios: Portfolios, work: RiskWork, measured: MeasuredRisk) -> Columns:
    shard, books = work.shard, measured.books
    parts = (
        np.concatenate([book.components for book in books]) if books else np.empty((0, len(TAIL_MEASURES)))
    )
    return {
        "position_id": shard.position_id,
        "as_of": [work.as_of] * len(parts),
        "portfolio_id": [portfolios[place] for place in shard.portfolio.tolist()],
        "symbol": shard.symbol,
        **{measure: parts[:, place] for place, measure in enumerate(TAIL_MEASURES)},
        "reason": [reason for book in books for reason in book.reason.tolist()],
    }


def _attribution_columns(portfolios: Portfolios, factors: Sequence[str], found: AttributedDays) -> Columns:
    """Each day's factors, then what is specific."""
    names = [*factors, SPECIFIC]
    nothing = np.full((len(found.days), 1), np.nan)

    def per_name(values: Iterable[Any]) -> list[Any]:
        return [value for value in values for _ in names]

    return {
        "portfolio_id": per_name(portfolios[portfolio] for portfolio, _ in found.days),
        "as_of": per_name(session for _, session in found.days),
        "factor": names * len(found.days),
        "previous_session": per_name(found.previous),
        "pnl": np.hstack([found.pnl.factors, found.pnl.specific[:, None]]).ravel(),
        "exposure": np.hstack([found.exposures, nothing]).ravel(),
        "factor_return": np.hstack([found.factor_returns, nothing]).ravel(),
        "reason": per_name(found.pnl.reason.tolist()),
    }


def _risk_told(event: StressComputed, work: RiskWork, measured: MeasuredRisk) -> RiskMeasured:
    """The event: counts and warnings speak of its own session, `restated` counts later ones measured again."""
    symbols = work.shard.symbol.tolist()
    unheard = [reason for book in measured.books for reason in book.reason.tolist()]
    modelled = [known for book in measured.books for known in book.modelled.tolist()]
    lacking = {
        "historical_pnl_missing": [symbol for symbol, why in zip(symbols, unheard, strict=True) if why],
        "factor_model_missing": [
            symbol for symbol, known in zip(symbols, modelled, strict=True) if not known
        ],
    }
    return RiskMeasured.about(
        event,
        warnings=[
            _notice(Caveat.naming(code, LEFT_OUT[code], names)) for code, names in lacking.items() if names
        ],
        portfolios=len(measured.books),
        positions=len(symbols),
        restated=len(work.measured),
    )
