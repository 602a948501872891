"""What changes sessions that are over, and the portfolios whose snapshots it changes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Select,
    String,
    Table,
    and_,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.ingest.inputs import Bar
from services.ingest.tables import CorporateAction, ReleasedPrice
from shared.database import Session, sql_table
from shared.published import gateway, snapshots

_actions = sql_table(CorporateAction)
_released = sql_table(ReleasedPrice)


async def save_released(session: Session, bars: Iterable[Bar]) -> None:
    """Record closes, rejected first and accepted now, whose sessions a run is to restate."""
    rows = [{"symbol": bar.symbol, "session_date": bar.session_date} for bar in bars]
    if rows:
        await session.execute(insert(_released).on_conflict_do_nothing(), rows)


async def claim_changes(session: Session, run_id: UUID, as_of: date) -> dict[str, date]:
    """Assign what no run has restated yet to this run: splits and dividends up to `as_of`, closes.

    Returns, by symbol, the first day that the run's own ones change: the same when it is repeated.
    Positions that are given in shares after a split change as far back as they are held.
    """
    held = gateway.positions.c
    given_after = (held.underlying == _actions.c.symbol, held.stated_on >= _actions.c.ex_date)
    entered = select(func.min(held.entry_date)).where(*given_after, _actions.c.kind == "split")
    changed = func.least(_actions.c.ex_date, entered.correlate(_actions).scalar_subquery())
    by_actions = await _claimed(session, _actions, run_id, changed, _actions.c.ex_date <= as_of)
    by_closes = await _claimed(session, _released, run_id, _released.c.session_date)
    first = dict(by_actions)
    for symbol, day in by_closes.items():
        first[symbol] = min(day, first.get(symbol, day))
    return first


async def _claimed(
    session: Session,
    table: Table,
    run_id: UUID,
    day: ColumnElement[date],
    *conditions: ColumnElement[bool],
) -> dict[str, date]:
    row = table.c
    await session.execute(
        update(table).where(row.told_by.is_(None), *conditions).values(told_by=run_id)
    )
    first = select(row.symbol, func.min(day)).where(row.told_by == run_id)
    found = (await session.execute(first.group_by(row.symbol))).tuples()
    return dict(found.all())


async def load_dependent(
    session: Session, first_changed: Mapping[str, date]
) -> dict[date, list[UUID]]:
    """By session, ascending, the portfolios with a snapshot of it that the changes may move.

    They held one of the symbols, or an option on it, on or before the session. Drafts are not among
    them: their owner calculates them again.
    """
    found: dict[date, list[UUID]] = defaultdict(list)
    if first_changed:
        for session_date, portfolio_id in await session.execute(_dependent(first_changed)):
            found[session_date].append(portfolio_id)
    return dict(found)


def _dependent(first_changed: Mapping[str, date]) -> Select[date, UUID]:
    symbols, days = zip(*sorted(first_changed.items()), strict=True)
    changed = (
        func.unnest(literal(symbols, ARRAY(String)), literal(days, ARRAY(Date)))
        .table_valued("symbol", "first")
        .render_derived("changed")
    )
    snapshot = snapshots.portfolio_snapshots.c
    held = gateway.positions.c
    owner = gateway.portfolios.c
    own = held.portfolio_id == snapshot.portfolio_id
    of_book = and_(owner.portfolio_id == snapshot.portfolio_id, owner.kind == gateway.BOOK)
    return (
        select(snapshot.as_of, snapshot.portfolio_id)
        .join_from(snapshots.portfolio_snapshots, gateway.positions, own)
        .join(gateway.portfolios, of_book)
        .join(changed, changed.c.symbol == held.underlying)
        .where(snapshot.as_of >= changed.c.first, held.entry_date <= snapshot.as_of)
        .distinct()
        .order_by(snapshot.as_of, snapshot.portfolio_id)
    )
