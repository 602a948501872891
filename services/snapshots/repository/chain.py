"""The chain of snapshots, what it is measured with, and where the measurements are stored."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

import numpy as np
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Double,
    Function,
    Select,
    Uuid,
    and_,
    any_,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.snapshots.inputs import (
    MARKET_EXPOSURE,
    ChainInputs,
    ChainLink,
    MarketSide,
    MarketSides,
    Plan,
    PortfolioDay,
    StoredExposure,
)
from services.snapshots.repository.drafts import load_bases
from services.snapshots.repository.market import load_factor_ids, load_market_history
from services.snapshots.repository.risk import save_metrics
from services.snapshots.tables import PUBLISHED, PnlAttribution, RiskMetric
from shared.arrays import Columns, FloatArray
from shared.calendar import sessions
from shared.conventions import DEFAULT_MODEL, MARKET
from shared.database import Session, among, prepared, sql_table, tuples
from shared.database.arrays import merge_columns
from shared.published import factors, gateway, snapshots
from shared.rows import Scope

Portfolios = tuple[UUID, ...]
_IDS = ARRAY(Uuid)
_Sums = tuple[float, float, float, int, int]  # the fields of `MarketSide`
_Stored = tuple[str, float | None, float | None, str | None]  # those of `StoredExposure`
_OF_EVERY_DAY = (MARKET_EXPOSURE, "max_drawdown")
_PARTS = ("income", "fees", "trades_pnl")


async def load_chain(session: Session, plan: Plan, as_of: date) -> ChainInputs:
    """Every snapshot of the portfolios, and what those that the plan may move are measured with."""
    portfolios = plan.portfolios
    first = plan.measured_from or date.min
    ids = await load_factor_ids(session)
    chains = await _load_chains(session, portfolios)
    later = [link for chain in chains for link in chain if link.session_date >= first]
    before = {link.previous for link in later if link.previous is not None}
    linked = [link.session_date for chain in chains for link in chain]
    spanned = sessions(min(linked), max(linked)) if linked else []
    return ChainInputs(
        portfolios=portfolios,
        as_of=as_of,
        chains=chains,
        market=await load_market_history(session, spanned, ids),
        market_sides=await _load_market_sides(session, portfolios, as_of),
        stored_exposures=await _load_stored_exposures(session, portfolios, first, as_of),
        factor_exposures=await _load_factor_exposures(session, portfolios, before, ids),
    )


async def _load_chains(session: Session, portfolios: Portfolios) -> list[list[ChainLink]]:
    """Every snapshot of each portfolio, ascending, with what derives from its chain."""
    chains: dict[UUID, list[ChainLink]] = {portfolio: [] for portfolio in portfolios}
    for portfolio, session_date, previous, *numbers in await tuples(session, *_chain(portfolios)):
        known = np.array(numbers, dtype=np.float64).tolist()
        chains[portfolio].append(ChainLink(session_date, previous, *known))
    return list(chains.values())


@prepared(portfolios=_IDS)
def _chain(portfolios: Portfolios) -> Select[UUID, date, date | None, *tuple[float | None, ...]]:
    chain = PUBLISHED[snapshots.portfolio_snapshots].subquery("chain").c
    return (
        select(
            chain.portfolio_id,
            chain.as_of,
            chain.previous_session,
            cast(chain.nav, Double).label("nav"),
            cast(chain.daily_pnl, Double).label("daily_pnl"),
            chain.daily_return,
            *(cast(chain[part], Double).label(part) for part in _PARTS),
        )
        .where(among(chain.portfolio_id, portfolios))
        .order_by(chain.portfolio_id, chain.as_of)
    )


async def _load_market_sides(
    session: Session, portfolios: Portfolios, as_of: date
) -> list[MarketSides]:
    """Per portfolio, what the positions it bought and sold gain per 1.00 of market return."""
    sides = {portfolio: MarketSides() for portfolio in portfolios}
    for row in await tuples(session, *_market_sides(portfolios, as_of)):
        portfolio, is_bought = row[:2]
        side = {"bought" if is_bought else "sold": MarketSide(*row[2:])}
        sides[portfolio] = replace(sides[portfolio], **side)
    return list(sides.values())


@prepared(portfolios=_IDS, as_of=Date())
def _market_sides(portfolios: Portfolios, as_of: date) -> Select[UUID, bool, *_Sums]:
    row = factors.position_exposure_vectors.c
    market = factors.element_of(row.factor_exposures, MARKET)
    held = gateway.positions.c
    # A split changes neither the cost nor the sign of a position, so the shares do not matter.
    cost = held.quantity * held.multiplier * held.entry_price
    weight = func.abs(func.coalesce(row.exposure, cast(cost, Double)))
    has_beta = market.is_not(None)

    def total(values: ColumnElement[float | None]) -> Function[float]:
        """In the order of the positions, so that the same rows give the same last digit."""
        return func.sum(aggregate_order_by(values, row.position_id))

    bought = (held.quantity > 0).label("bought")
    return (
        select(
            row.portfolio_id,
            bought,
            func.coalesce(total(market), 0.0),
            func.coalesce(total(weight).filter(has_beta), 0.0),
            total(weight),
            func.count().filter(has_beta),
            func.count(),
        )
        .join(gateway.positions, held.position_id == row.position_id)
        .where(gateway.active_on(gateway.positions, as_of))
        .where(among(row.portfolio_id, portfolios), row.as_of == as_of)
        .where(literal(MARKET) == any_(row.factors))
        .group_by(row.portfolio_id, bought)
    )


async def _load_stored_exposures(
    session: Session, portfolios: Portfolios, first: date, but: date
) -> dict[PortfolioDay, list[StoredExposure]]:
    """The market exposures of every session from `first` on that was measured, `but` one.

    None of a session that was valued as an anchor of NAV only.
    """
    found: dict[PortfolioDay, list[StoredExposure]] = defaultdict(list)
    for row in await tuples(session, *_stored_metrics(portfolios, first, but)):
        portfolio, session_date, metric = row[:3]
        exposures = found[portfolios.index(portfolio), session_date]
        if metric == MARKET_EXPOSURE:
            exposures.append(StoredExposure(*row[3:]))
    return found


@prepared(portfolios=_IDS, first=Date(), but=Date())
def _stored_metrics(
    portfolios: Portfolios, first: date, but: date
) -> Select[UUID, date, str, *_Stored]:
    row = sql_table(RiskMetric).c
    own = and_(among(row.portfolio_id, portfolios), among(row.metric, _OF_EVERY_DAY))
    exposure = (row.view, row.value, row.coverage, row.reason)
    query = select(row.portfolio_id, row.as_of, row.metric, *exposure)
    return query.where(own, row.as_of >= first, row.as_of != but)


async def _load_factor_exposures(
    session: Session, portfolios: Portfolios, session_dates: Collection[date], ids: Sequence[str]
) -> dict[PortfolioDay, FloatArray]:
    """Signed USD exposed to each factor by portfolio and session, NaN where unknown.

    Before its session, a draft was exposed as its base.
    """
    bases = await load_bases(session, portfolios)
    places: dict[UUID, list[int]] = defaultdict(list)
    for place, portfolio in enumerate(portfolios):
        places[bases.get(portfolio) or portfolio].append(place)
    found = await tuples(session, *_factor_exposures(list(places), list(session_dates)))
    return {
        (place, session_date): _in_order(ids, names, dollars)
        for portfolio, session_date, names, dollars in found
        for place in places[portfolio]
    }


@prepared(portfolios=_IDS, session_dates=ARRAY(Date))
def _factor_exposures(
    portfolios: Sequence[UUID], session_dates: Sequence[date]
) -> Select[UUID, date, list[str], list[float | None]]:
    row = factors.factor_exposures.c
    return (
        select(
            row.portfolio_id,
            row.as_of,
            func.array_agg(aggregate_order_by(row.factor, row.factor)),
            func.array_agg(aggregate_order_by(row.dollar_exposure, row.factor)),
        )
        .where(
            among(row.portfolio_id, portfolios),
            among(row.as_of, session_dates),
            row.model == DEFAULT_MODEL,
        )
        .group_by(row.portfolio_id, row.as_of)
    )


def _in_order(
    ids: Sequence[str], names: Iterable[str], dollars: Iterable[float | None]
) -> FloatArray:
    stored = dict(zip(names, dollars, strict=True))
    return np.array([stored.get(factor) for factor in ids], dtype=np.float64)


async def save_measurements(
    session: Session, portfolios: Portfolios, metrics: Columns, attributions: Columns
) -> None:
    """Write the metrics, and replace the attributions of their sessions by these."""
    await save_metrics(session, metrics)
    within: Scope = {
        "as_of": sorted(set(attributions["as_of"])),
        "portfolio_id": list(portfolios),
    }
    await merge_columns(session, PnlAttribution, attributions, within)
