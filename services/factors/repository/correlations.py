"""What portfolios are exposed to by underlying, and the correlations of it."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
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

from services.factors.inputs import HeldPortfolio, HeldUnderlying
from services.factors.tables import (
    CorrelationCalculation,
    CorrelationCluster,
    CorrelationClusterMember,
    CorrelationPair,
    PositionFactorExposure,
)
from shared.arrays import Columns
from shared.database import Session, among, lock_each, merge, prepared, sql_table, tuples
from shared.published.gateway import DRAFT, portfolios, position_tags
from shared.published.ingest import securities
from shared.rows import Row, rows_of

PAIRS_AT_ONCE = 50_000  # a thousand symbols make a million rows: never all of them in memory


@dataclass(frozen=True)
class CorrelationColumns:
    """What is stored about the position correlations of a session, table by table.

    `kept` names the symbols of every portfolio's matrix, as `portfolio_id` and `symbol`. `pairs`
    are its pairs, both ways and with the diagonal, in parts, for they are many.
    """

    kept: Columns
    calculations: Columns
    pairs: Iterator[Columns]
    clusters: Columns
    members: Columns


async def are_drafts(session: Session, portfolio_ids: Sequence[UUID]) -> bool:
    """Whether there are such portfolios, and all of them are drafts."""
    kinds = await tuples(session, *_kinds(portfolio_ids))
    return [kind for (kind,) in kinds] == [DRAFT]


@prepared(portfolio_ids=ARRAY(Uuid))
def _kinds(portfolio_ids: Sequence[UUID]) -> Select[str]:
    row = portfolios.c
    return select(row.kind).where(among(row.portfolio_id, portfolio_ids)).distinct()


async def claim_underlyings(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date
) -> list[HeldPortfolio]:
    """What each portfolio that exists was exposed to on `as_of`, by underlying.

    Until the transaction ends it holds a lock per portfolio and session, so that the last of
    several runs to commit has read the latest exposures.
    """
    names = [f"factors.correlations/{portfolio}/{as_of}" for portfolio in portfolio_ids]
    await lock_each(session, names)
    portfolio = portfolios.c.portfolio_id
    existing = await session.scalars(select(portfolio).where(among(portfolio, portfolio_ids)))
    held: dict[UUID, list[HeldUnderlying]] = {portfolio_id: [] for portfolio_id in existing}
    for row in (await session.execute(_held_by_underlying(list(held), as_of))).mappings():
        fields = dict(row)
        held[fields.pop("portfolio_id")].append(HeldUnderlying(**fields))
    return [HeldPortfolio(portfolio_id, found) for portfolio_id, found in held.items()]


def _held_by_underlying(
    portfolio_ids: Sequence[UUID], as_of: date
) -> Select[UUID, str, float | None, int, int, list[str], str | None]:
    """The fields of `HeldUnderlying` by portfolio.

    Exposures are added up in the order of their positions, so the same rows give the same sum.
    """
    held = sql_table(PositionFactorExposure)
    chosen = and_(among(held.c.portfolio_id, portfolio_ids), held.c.as_of == as_of)
    ordered = aggregate_order_by(held.c.exposure, held.c.position_id)
    tag = position_tags.c.tag
    tags = func.array_agg(aggregate_order_by(tag.distinct(), tag))
    key = (held.c.portfolio_id, held.c.underlying)
    sums = (
        select(*key, func.sum(ordered).label("value"), func.count().label("positions"))
        .add_columns((func.count() - func.count(held.c.exposure)).label("unmeasured"))
        .where(chosen)
        .group_by(*key)
        .subquery("sums")
    )
    carried = (
        select(*key, tags.label("tags"))
        .join(position_tags, position_tags.c.position_id == held.c.position_id)
        .where(chosen)
        .group_by(*key)
        .subquery("carried")
    )
    same = and_(
        carried.c.portfolio_id == sums.c.portfolio_id, carried.c.underlying == sums.c.underlying
    )
    return (
        select(
            sums.c.portfolio_id,
            sums.c.underlying.label("symbol"),
            sums.c.value,
            sums.c.positions,
            sums.c.unmeasured.label("positions_unmeasured"),
            func.coalesce(carried.c.tags, cast([], ARRAY(String))).label("tags"),
            securities.c.sector,
        )
        .outerjoin(carried, same)
        .outerjoin(securities, securities.c.symbol == sums.c.underlying)
        .order_by(sums.c.portfolio_id, sums.c.underlying)
    )


async def save_correlations(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date, columns: CorrelationColumns
) -> None:
    """Replace the session's correlations of `portfolio_ids` in all four tables."""
    within = {"as_of": as_of, "portfolio_id": list(portfolio_ids)}
    calculations = rows_of(CorrelationCalculation, columns.calculations, as_of=as_of)
    await merge(session, CorrelationCalculation, calculations, within=within)
    await session.execute(_pairs_not_kept(columns.kept, as_of, portfolio_ids))
    pairs = _pair_rows(columns.pairs, as_of)
    while part := await asyncio.to_thread(lambda: list(islice(pairs, PAIRS_AT_ONCE))):
        await merge(session, CorrelationPair, part)
    clusters = rows_of(CorrelationCluster, columns.clusters, as_of=as_of)
    await merge(session, CorrelationCluster, clusters, within=within)
    members = rows_of(CorrelationClusterMember, columns.members, as_of=as_of)
    await merge(session, CorrelationClusterMember, members, within=within)


def _pair_rows(parts: Iterator[Columns], as_of: date) -> Iterator[Row]:
    for part in parts:
        yield from rows_of(CorrelationPair, part, as_of=as_of)


def _pairs_not_kept(kept: Columns, as_of: date, portfolio_ids: Sequence[UUID]) -> Delete:
    """Delete the pairs with a symbol that is not kept: all others are about to be written."""
    pair = sql_table(CorrelationPair).c
    owners = literal(list(kept["portfolio_id"]), ARRAY(Uuid))
    symbols = literal(list(kept["symbol"]), ARRAY(String))
    named = (
        func.unnest(owners, symbols)
        .table_valued("portfolio_id", "symbol", name="kept")
        .render_derived()
    )

    def is_kept(column: ColumnElement[str]) -> ColumnElement[bool]:
        same = and_(named.c.portfolio_id == pair.portfolio_id, named.c.symbol == column)
        return select(1).select_from(named).where(same).exists()

    stale = ~is_kept(pair.symbol_a) | ~is_kept(pair.symbol_b)
    mine = (pair.as_of == as_of, among(pair.portfolio_id, portfolio_ids), stale)
    return delete(sql_table(CorrelationPair)).where(*mine)
