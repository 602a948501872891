"""What portfolios are exposed to by underlying, and the correlations of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Delete,
    Select,
    String,
    Uuid,
    and_,
    cast,
    delete,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.factors.inputs import (
    HeldUnderlying,
)
from services.factors.tables import (
    CorrelationCalculation,
    CorrelationCluster,
    CorrelationClusterMember,
    CorrelationPair,
    PositionFactorExposure,
)
from shared.database import Session, among, lock_each, merge, sql_table
from shared.published.gateway import portfolios, position_tags
from shared.published.ingest import securities

PAIRS_AT_ONCE = 50_000  # a thousand symbols make a million rows: never all of them in memory


@dataclass(frozen=True)
class CorrelationRows:
    """What is stored about the position correlations of a session, table by table.

    `kept` names the symbols of every portfolio's matrix; its `pairs`, both ways and the diagonal,
    come one by one.
    """

    kept: Sequence[tuple[UUID, str]]
    calculations: Sequence[Mapping[str, Any]]
    pairs: Iterator[Mapping[str, Any]]
    clusters: Sequence[Mapping[str, Any]]
    members: Sequence[Mapping[str, Any]]


async def load_underlyings(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date
) -> dict[UUID, tuple[HeldUnderlying, ...]]:
    """What each portfolio that exists was exposed to on `as_of`, by underlying.

    Holds a lock per portfolio and session until the transaction ends, as `load_book` does.
    """
    await lock_each(
        session, [f"factors.correlations/{portfolio}/{as_of}" for portfolio in portfolio_ids]
    )
    existing = select(portfolios.c.portfolio_id).where(
        among(portfolios.c.portfolio_id, portfolio_ids)
    )
    held: dict[UUID, list[HeldUnderlying]] = {
        portfolio: [] for portfolio in await session.scalars(existing)
    }
    for row in await session.execute(_held_by_underlying(list(held), as_of)):
        held[row.portfolio_id].append(HeldUnderlying(*row))
    return {portfolio: tuple(underlyings) for portfolio, underlyings in held.items()}


def _held_by_underlying(portfolio_ids: Sequence[UUID], as_of: date) -> Select[Any]:
    """Exposures are added up in the order of their positions, so the same rows give the same
    sum.
    """
    held = _exposures(portfolio_ids, as_of)
    ordered = aggregate_order_by(held.c.exposure, held.c.position_id)
    tag = position_tags.c.tag
    tags = func.array_agg(aggregate_order_by(tag.distinct(), tag))
    key = (held.c.portfolio_id, held.c.underlying)
    sums = (
        select(*key, func.sum(ordered).label("value"), func.count().label("positions"))
        .add_columns((func.count() - func.count(held.c.exposure)).label("unmeasured"))
        .group_by(*key)
        .subquery("sums")
    )
    carried = (
        select(*key, tags.label("tags"))
        .join(position_tags, position_tags.c.position_id == held.c.position_id)
        .group_by(*key)
        .subquery("carried")
    )
    same = and_(
        carried.c.portfolio_id == sums.c.portfolio_id, carried.c.underlying == sums.c.underlying
    )
    return (
        select(sums, func.coalesce(carried.c.tags, cast([], ARRAY(String))), securities.c.sector)
        .outerjoin(carried, same)
        .outerjoin(securities, securities.c.symbol == sums.c.underlying)
        .order_by(sums.c.portfolio_id, sums.c.underlying)
    )


def _exposures(portfolio_ids: Sequence[UUID], as_of: date) -> Any:
    """A position's exposure once, though it stands beside each of its factors."""
    row = sql_table(PositionFactorExposure).c
    return (
        select(row.portfolio_id, row.position_id, row.underlying, row.exposure)
        .where(among(row.portfolio_id, portfolio_ids), row.as_of == as_of)
        .distinct()
        .cte("held")
    )


async def save_correlations(
    session: Session, as_of: date, portfolio_ids: Sequence[UUID], rows: CorrelationRows
) -> None:
    """Replace the session's correlations of `portfolio_ids` in all four tables."""
    within = {"as_of": as_of, "portfolio_id": list(portfolio_ids)}
    calculations = [
        {name: _plain(value) for name, value in row.items()} for row in rows.calculations
    ]
    await merge(session, CorrelationCalculation, calculations, within=within)
    await session.execute(_pairs_beside(rows.kept, as_of, portfolio_ids))
    while part := list(islice(rows.pairs, PAIRS_AT_ONCE)):
        await merge(session, CorrelationPair, part)
    await merge(session, CorrelationCluster, rows.clusters, within=within)
    await merge(session, CorrelationClusterMember, rows.members, within=within)


def _pairs_beside(
    kept: Sequence[tuple[UUID, str]], as_of: date, portfolio_ids: Sequence[UUID]
) -> Delete:
    """Delete the pairs with a symbol that is not kept: the others are about to be written, every
    one of them.
    """
    pair = sql_table(CorrelationPair).c
    owners = literal([portfolio for portfolio, _ in kept], ARRAY(Uuid))
    symbols = literal([symbol for _, symbol in kept], ARRAY(String))
    named = (
        func.unnest(owners, symbols)
        .table_valued("portfolio_id", "symbol", name="kept")
        .render_derived()
    )

    def is_kept(column: ColumnElement[Any]) -> ColumnElement[bool]:
        same = and_(named.c.portfolio_id == pair.portfolio_id, named.c.symbol == column)
        return select(1).select_from(named).where(same).exists()

    stale = ~is_kept(pair.symbol_a) | ~is_kept(pair.symbol_b)
    mine = (pair.as_of == as_of, among(pair.portfolio_id, portfolio_ids), stale)
    return delete(sql_table(CorrelationPair)).where(*mine)


def _plain(value: Any) -> Any:
    """A list or mapping as the JSON text that COPY takes."""
    return json.dumps(value) if isinstance(value, list | dict) else value
