"""The chain of snapshots, what it is measured with, and where the measurements are stored."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, Double, Function, and_, any_, cast, func, literal, select
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
from shared.database import Session, among, sql_table
from shared.database.arrays import merge_columns
from shared.published import factors, gateway, snapshots
from shared.rows import Scope

Portfolios = tuple[UUID, ...]
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
    chain = PUBLISHED[snapshots.portfolio_snapshots].subquery("chain").c
    query = (
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
    chains: dict[UUID, list[ChainLink]] = {portfolio: [] for portfolio in portfolios}
    for portfolio, session_date, previous, *numbers in await session.execute(query):
        known = np.array(numbers, dtype=np.float64).tolist()
        chains[portfolio].append(ChainLink(session_date, previous, *known))
    return list(chains.values())


async def _load_market_sides(
    session: Session, portfolios: Portfolios, as_of: date
) -> list[MarketSides]:
    """Per portfolio, what the positions it bought and sold gain per 1.00 of market return."""
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
    query = (
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
    sides = {portfolio: MarketSides() for portfolio in portfolios}
    for portfolio, is_bought, *sums in await session.execute(query):
        side = {"bought" if is_bought else "sold": MarketSide(*sums)}
        sides[portfolio] = replace(sides[portfolio], **side)
    return list(sides.values())


async def _load_stored_exposures(
    session: Session, portfolios: Portfolios, first: date, but: date
) -> dict[PortfolioDay, list[StoredExposure]]:
    """The market exposures of every session from `first` on that was measured, `but` one.

    None of a session that was valued as an anchor of NAV only.
    """
    row = sql_table(RiskMetric).c
    own = and_(among(row.portfolio_id, portfolios), among(row.metric, _OF_EVERY_DAY))
    others = and_(own, row.as_of >= first, row.as_of != but)
    exposure = (row.view, row.value, row.coverage, row.reason)
    found: dict[PortfolioDay, list[StoredExposure]] = defaultdict(list)
    query = select(row.portfolio_id, row.as_of, row.metric, *exposure).where(others)
    for portfolio, session_date, metric, *stored in await session.execute(query):
        exposures = found[portfolios.index(portfolio), session_date]
        if metric == MARKET_EXPOSURE:
            exposures.append(StoredExposure(*stored))
    return found


async def _load_factor_exposures(
    session: Session, portfolios: Portfolios, session_dates: Collection[date], ids: Sequence[str]
) -> dict[PortfolioDay, FloatArray]:
    """Signed USD exposed to each factor by portfolio and session, NaN where unknown.

    Before its session, a draft was exposed as its base.
    """
    row = factors.factor_exposures.c
    bases = await load_bases(session, portfolios)
    places: dict[UUID, list[int]] = defaultdict(list)
    for place, portfolio in enumerate(portfolios):
        places[bases.get(portfolio, portfolio)].append(place)
    query = (
        select(
            row.portfolio_id,
            row.as_of,
            func.array_agg(aggregate_order_by(row.factor, row.factor)),
            func.array_agg(aggregate_order_by(row.dollar_exposure, row.factor)),
        )
        .where(
            among(row.portfolio_id, list(places)),
            among(row.as_of, session_dates),
            row.model == DEFAULT_MODEL,
        )
        .group_by(row.portfolio_id, row.as_of)
    )
    return {
        (place, session_date): _in_order(ids, names, dollars)
        for portfolio, session_date, names, dollars in await session.execute(query)
        for place in places[portfolio]
    }


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
