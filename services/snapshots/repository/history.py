"""Which snapshots of a shard are stored, and which of them depend on prices that have changed."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Date,
    Numeric,
    Select,
    String,
    TableValuedAlias,
    Uuid,
    and_,
    cast,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.snapshots.inputs import Anchors, History
from services.snapshots.repository.drafts import load_bases, save_inherited
from services.snapshots.tables import PortfolioSnapshot
from shared.database import Session, among, lock_each, prepared, sql_table, tuples
from shared.published import gateway, greeks, ingest

_snapshots = sql_table(PortfolioSnapshot)
_IDS = ARRAY(Uuid)


async def claim_history(session: Session, portfolio_ids: Sequence[UUID], as_of: date) -> History:
    """What is stored of those portfolios that still exist, locked until the transaction ends.

    Of drafts with what they have from their bases.
    """
    await lock_each(session, [f"snapshots/{portfolio_id}" for portfolio_id in portfolio_ids])
    bases = await load_bases(session, portfolio_ids)
    portfolios = sorted(bases)
    if drafts := [portfolio for portfolio in portfolios if bases[portfolio] is not None]:
        await save_inherited(session, drafts)
    anchors = await load_anchors(session, portfolios)
    missing = [day for own in anchors.values() for day in own.missing]
    outdated = await tuples(session, *_outdated(portfolios, as_of))
    return History.of(
        portfolios,
        await tuples(session, *_stored(portfolios, min([as_of, *missing]))),
        [session_date for (session_date,) in outdated],
        anchors,
        await load_market_until(session),
    )


async def load_anchors(session: Session, portfolios: Sequence[UUID]) -> dict[UUID, Anchors]:
    """The sessions that NAV of the portfolios is anchored on; absent without any."""
    return {
        portfolio: Anchors(first, tuple(missing or ()))
        for portfolio, first, missing in await tuples(session, *_anchors(portfolios))
    }


@prepared(portfolios=_IDS)
def _anchors(portfolios: Sequence[UUID]) -> Select[UUID, date, list[date] | None]:
    """Per portfolio, the first session that NAV is anchored on, and those without a snapshot."""
    owned = gateway.portfolios.c
    equity = gateway.equity_statements.c
    valued = select(owned.portfolio_id, owned.valued_from.label("day")).where(
        among(owned.portfolio_id, portfolios), owned.valued_from.is_not(None)
    )
    statements = select(equity.portfolio_id, equity.stated_on).where(
        among(equity.portfolio_id, portfolios)
    )
    anchor = valued.union(statements).subquery("anchor")
    row = _snapshots.c
    same = and_(row.portfolio_id == anchor.c.portfolio_id, row.as_of == anchor.c.day)
    missing = func.array_agg(aggregate_order_by(anchor.c.day, anchor.c.day))
    return (
        select(
            anchor.c.portfolio_id,
            func.min(anchor.c.day).label("first"),
            missing.filter(row.as_of.is_(None)).label("missing"),
        )
        .select_from(anchor.outerjoin(_snapshots, same))
        .group_by(anchor.c.portfolio_id)
    )


async def load_market_until(session: Session) -> date | None:
    """The last session that market data is known of."""
    [(last,)] = await tuples(session, *_market_until())
    return last


@prepared()
def _market_until() -> Select[date | None]:
    row = ingest.market_sessions.c
    known = or_(row.announced, row.revision > 0)
    return select(func.max(row.session_date)).where(known)


@prepared(portfolios=_IDS, first=Date())
def _stored(portfolios: Sequence[UUID], first: date) -> Select[UUID, date]:
    """The last snapshot before `first` of each portfolio, and all from it on."""
    row = _snapshots.c
    own = among(row.portfolio_id, portfolios)
    later = select(row.portfolio_id, row.as_of).where(own, row.as_of >= first)
    before = select(row.portfolio_id, func.max(row.as_of)).where(own, row.as_of < first)
    stored = later.union_all(before.group_by(row.portfolio_id)).subquery("stored").c
    return select(stored.portfolio_id, stored.as_of)


@prepared(portfolios=_IDS, as_of=Date())
def _outdated(portfolios: Sequence[UUID], as_of: date) -> Select[date]:
    """Later sessions with a price carried over `as_of` (or none) that is no longer the last."""
    snapshot = _snapshots.c
    row = _carried_prices(snapshot.carried)
    close = ingest.last_close(row.c.underlying, snapshot.as_of)
    value = greeks.last_value(row.c.symbol, snapshot.as_of)
    own_moved = or_(
        row.c.price.is_distinct_from(func.round(cast(value.c.price, Numeric), 6)),
        row.c.price_date.is_distinct_from(value.c.price_date),
    )
    underlying_moved = or_(
        row.c.underlying_price.is_distinct_from(close.c.close),
        row.c.underlying_price_date.is_distinct_from(close.c.session_date),
    )
    is_option = row.c.symbol != row.c.underlying
    moved = or_(
        and_(_carried(row.c.underlying_price_date, as_of), underlying_moved),
        and_(is_option, _carried(row.c.price_date, as_of), own_moved),
    )
    known = _snapshots.join(row, true()).outerjoin(close, true()).outerjoin(value, true())
    later = and_(among(snapshot.portfolio_id, portfolios), snapshot.as_of > as_of)
    return select(snapshot.as_of).distinct().select_from(known).where(later, moved)


def _carried_prices(carried: ColumnElement[object]) -> TableValuedAlias:
    """The elements of a snapshot's `carried` as rows."""
    elements = func.jsonb_to_recordset(carried).table_valued(
        Column("symbol", String),
        Column("underlying", String),
        Column("price", Numeric),
        Column("price_date", Date),
        Column("underlying_price", Numeric),
        Column("underlying_price_date", Date),
    )
    return elements.render_derived(name="carried", with_types=True)


def _carried(price_date: ColumnElement[date], as_of: date) -> ColumnElement[bool]:
    return or_(price_date.is_(None), price_date <= as_of)
