"""The figures of a portfolio on a session, and what one share or contract adds to them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.gateway.analytics.queries import factors as factors_queries
from services.gateway.analytics.queries import snapshots as snapshots_queries
from services.gateway.analytics.queries import stress as stress_queries
from services.gateway.analytics.shapes.impacts import (
    ADDITIVE,
    GREEKS,
    MONEY,
    Correlations,
    Figures,
    Metric,
    Scenario,
    Unit,
)
from services.gateway.analytics.shapes.rates import rate_exposures
from services.gateway.analytics.shapes.report import cash_beside
from services.gateway.edge.queries import latest_date
from services.gateway.edge.shapes import View
from shared.conventions import DEFAULT_MODEL
from shared.database import Session, among
from shared.published import factors, greeks, snapshots, stress

METHODS = ("direct", "correlated")


async def load_figures(session: Session, user_id: UUID, portfolio_id: UUID, day: date) -> Figures:
    """Everything that is stored of the whole portfolio on the session."""
    row = await snapshots_queries.latest_snapshot(session, portfolio_id, day)
    if row is None or row["as_of"] != day:
        return Figures()
    dollars = await factors_queries.load_factor_exposures(session, portfolio_id, day, DEFAULT_MODEL)
    sensitivities = await factors_queries.load_rate_sensitivities(session, portfolio_id, day)
    market = await stress_queries.load_market_scenarios(session, portfolio_id, day)
    cash = cash_beside(row["nav"], row["market_value"])
    rates = rate_exposures(sensitivities, row["nav"])
    return Figures(
        money={name: row[name] for name in MONEY} | {"cash": cash},
        exposures=row["exposures"],
        greeks={name: row[name] for name in GREEKS},
        metrics=await _load_metrics(session, portfolio_id, day),
        components=await _load_components(session, portfolio_id, day),
        factors={each["factor"]: each["dollar_exposure"] for each in dollars},
        names={each["factor"]: each["name"] for each in dollars},
        rates={each["maturity"]: each["dollars_per_basis_point"] for each in rates},
        scenarios=await _load_scenarios(session, user_id, portfolio_id, day),
        market={(each["kind"], each["shock"]): each["pnl"] for each in market},
        correlations=await _load_correlations(session, portfolio_id, day),
    )


async def _load_metrics(session: Session, portfolio_id: UUID, day: date) -> dict[str, Metric]:
    row = snapshots.risk_metrics.c
    whole = (row.portfolio_id == portfolio_id, row.as_of == day, row.view == View.PORTFOLIO.value)
    query = select(row.metric, row.value, row.unit, row.reason).where(*whole)
    return {name: Metric(*found) for name, *found in await session.execute(query)}


async def _load_components(
    session: Session, portfolio_id: UUID, day: date
) -> dict[tuple[int, str], tuple[float, float]]:
    row = snapshots.component_var.c
    known = (row.portfolio_id == portfolio_id, row.as_of == day, row.component_var.is_not(None))
    sums = (func.sum(row.component_var), func.sum(row.component_es))
    query = select(row.confidence, row.symbol, *sums).where(*known)
    found = await session.execute(query.group_by(row.confidence, row.symbol))
    return {(confidence, symbol): (var, es) for confidence, symbol, var, es in found}


async def _load_scenarios(
    session: Session, user_id: UUID, portfolio_id: UUID, day: date
) -> dict[str, Scenario]:
    found: dict[str, Scenario] = {}
    rows = await stress_queries.load_stress_results(session, user_id, portfolio_id, day)
    totals = {(row["scenario_id"], row["method"]): row["total_pnl"] for row in rows}
    for row in rows:
        name = row["scenario_id"]
        terms = (row["name"], row["category"], row["severity"])
        found[name] = Scenario(*terms, *(totals.get((name, method)) for method in METHODS))
    return found


async def _load_correlations(
    session: Session, portfolio_id: UUID, day: date
) -> Correlations | None:
    """Those of the last session, at or before `day`, that they were calculated on."""
    view = factors.correlation_calculations
    last = await latest_date(session, view, portfolio_id, day)
    if last is None:
        return None
    row = view.c
    whole = (row.portfolio_id == portfolio_id, row.as_of == last, row.view == View.PORTFOLIO.value)
    figures = (row.overall_correlation, row.concentration, row.effective_positions)
    found = (await session.execute(select(*figures).where(*whole))).one_or_none()
    if found is None:
        return None
    return Correlations(last, *found, clusters=await _load_clusters(session, portfolio_id, last))


async def _load_clusters(
    session: Session, portfolio_id: UUID, day: date
) -> list[tuple[str, list[str]]]:
    """The clusters in their order, with their symbols."""
    cluster = factors.correlation_clusters
    member = factors.correlation_cluster_members
    of_cluster = and_(
        member.c.portfolio_id == cluster.c.portfolio_id,
        member.c.as_of == cluster.c.as_of,
        member.c.view == cluster.c.view,
        member.c.cluster == cluster.c.cluster,
    )
    mine = (cluster.c.portfolio_id == portfolio_id, cluster.c.as_of == day)
    whole = (*mine, cluster.c.view == View.PORTFOLIO.value)
    symbols = func.array_agg(aggregate_order_by(member.c.symbol, member.c.symbol))
    query = select(cluster.c.name, symbols).select_from(cluster.join(member, of_cluster))
    grouped = query.where(*whole).group_by(cluster.c.cluster, cluster.c.name)
    found = await session.execute(grouped.order_by(cluster.c.cluster))
    return [(name, list(members)) for name, members in found]


# --- what one share or contract adds ---


@dataclass(frozen=True)
class _Held:
    """The position that a symbol's measures are taken from."""

    position_id: UUID
    symbol: str
    is_option: bool
    quantity: Decimal
    measures: tuple[Decimal | None, ...]


async def load_units(
    session: Session, portfolio_ids: Sequence[UUID], symbols: Collection[str], day: date
) -> dict[str, Unit]:
    """By symbol that one of the portfolios holds on the session.

    From its largest position: amounts are in whole cents, which a few shares do not say exactly.
    """
    held = await _load_held(session, portfolio_ids, symbols, day)
    quantities = {each.position_id: float(each.quantity) for each in held}
    option = await _load_greeks(session, quantities, day)
    exposed = await _load_exposed(session, quantities, day)
    moved = await _load_moved(session, quantities, day)
    return {
        each.symbol: Unit(
            measures=dict(zip(ADDITIVE, _per_one(each.measures, each.quantity), strict=True)),
            greeks=option.get(each.position_id, {}) if each.is_option else SHARE,
            factors=exposed.get(each.position_id, {}),
            direct=moved.get((each.position_id, "direct"), {}),
            correlated=moved.get((each.position_id, "correlated"), {}),
        )
        for each in held
    }


SHARE = {name: 1.0 if name == "delta" else 0.0 for name in GREEKS}


def _per_one(
    values: Iterable[Decimal | float | None], quantity: Decimal | float
) -> list[float | None]:
    return [None if value is None else float(value) / float(quantity) for value in values]


async def _load_held(
    session: Session, portfolio_ids: Sequence[UUID], symbols: Collection[str], day: date
) -> list[_Held]:
    row = snapshots.position_valuations.c
    first = case({key: place for place, key in enumerate(portfolio_ids)}, value=row.portfolio_id)
    columns = (row.position_id, row.symbol, row.symbol != row.underlying, row.quantity)
    query = select(*columns, *(row[name] for name in ADDITIVE)).where(
        among(row.portfolio_id, portfolio_ids), row.as_of == day, among(row.symbol, symbols)
    )
    largest = (row.symbol, func.abs(row.quantity).desc(), first, row.position_id)
    found = await session.execute(query.distinct(row.symbol).order_by(*largest))
    return [
        _Held(position_id, symbol, is_option, quantity, tuple(measures))
        for position_id, symbol, is_option, quantity, *measures in found
    ]


async def _load_greeks(
    session: Session, quantities: Mapping[UUID, float], day: date
) -> dict[UUID, dict[str, float | None]]:
    row = greeks.position_greeks.c
    query = select(row.position_id, *(row[name] for name in GREEKS))
    held = (among(row.position_id, quantities), row.as_of == day)
    return {
        position_id: dict(zip(GREEKS, _per_one(values, quantities[position_id]), strict=True))
        for position_id, *values in await session.execute(query.where(*held))
    }


async def _load_exposed(
    session: Session, quantities: Mapping[UUID, float], day: date
) -> dict[UUID, dict[str, float | None]]:
    row = factors.position_factor_exposures.c
    query = select(row.position_id, row.factor, row.factor_exposure)
    held = (among(row.position_id, quantities), row.as_of == day)
    found: dict[UUID, dict[str, float | None]] = defaultdict(dict)
    for position_id, factor, dollars in await session.execute(query.where(*held)):
        (found[position_id][factor],) = _per_one([dollars], quantities[position_id])
    return dict(found)


async def _load_moved(
    session: Session, quantities: Mapping[UUID, float], day: date
) -> dict[tuple[UUID, str], dict[str, float | None]]:
    row = stress.position_scenario_pnl.c
    query = select(row.position_id, row.method, row.scenario_id, row.pnl)
    held = (among(row.position_id, quantities), row.as_of == day)
    found: dict[tuple[UUID, str], dict[str, float | None]] = defaultdict(dict)
    for position_id, method, scenario_id, pnl in await session.execute(query.where(*held)):
        (one,) = _per_one([pnl], quantities[position_id])
        found[position_id, method][scenario_id] = one
    return dict(found)
