"""What snapshots does when factors are computed."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from services.snapshots import calculations
from services.snapshots.calculations import (
    GREEKS,
    MEASURES,
    POSITION_TYPES,
    SIDES,
    Book,
    Caveat,
    Concentration,
    History,
    Quotes,
    Snapshots,
    Take,
    Work,
)
from services.snapshots.repository import valuations
from services.snapshots.repository.rows import Columns, Scope
from shared import calendar
from shared.contracts.event import Notice
from shared.contracts.factors import FactorsComputed
from shared.contracts.snapshots import SnapshotsCreated
from shared.database import Session
from shared.errors import NotASession
from shared.messaging import ServiceRouter

router = ServiceRouter("snapshots")

Portfolios = tuple[UUID, ...]


@router.emits(SnapshotsCreated)
@router.on(FactorsComputed)
async def take_snapshots(event: FactorsComputed, session: Session) -> SnapshotsCreated:
    """Value the shard's portfolios at the session's end, and again on every later day that depends on it."""
    _require_session(event.as_of)
    portfolios = await valuations.lock_portfolios(session, event.portfolio_ids)
    takes = await _due(session, portfolios, event.as_of)
    work = await _load(session, portfolios, takes)
    snapshots = await asyncio.to_thread(calculations.portfolio_snapshots, work)
    await _save(session, portfolios, work, snapshots)
    return _told(event, takes, snapshots)


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


def _told(event: FactorsComputed, takes: tuple[Take, ...], snapshots: Snapshots) -> SnapshotsCreated:
    """The event: counts and warnings speak of its own session, `restated` counts later ones retaken."""
    own = [index for index, take in enumerate(takes) if take.session == event.as_of]
    caveats = calculations.gathered(caveat for index in own for caveat in snapshots.caveats[index])
    return SnapshotsCreated.about(
        event,
        warnings=[_notice(caveat) for caveat in caveats],
        snapshots=len(own),
        positions=int(snapshots.counts[own].sum()),
        restated=len(takes) - len(own),
    )
