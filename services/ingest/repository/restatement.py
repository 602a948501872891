"""What changes sessions that are over, and the portfolios whose snapshots it changes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Date, Select, String, Uuid, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.ingest.inputs import Bar
from services.ingest.tables import CorporateAction, ReleasedPrice
from shared.database import Session, changed, prepared, sql_table, tuples
from shared.published import gateway, snapshots

_actions = sql_table(CorporateAction)
_released = sql_table(ReleasedPrice)
_CLAIM_ACTIONS = """
    update ingest.corporate_actions set told_by = :run_id
    where told_by is null and ex_date <= :as_of
"""
_CLAIM_CLOSES = "update ingest.released_prices set told_by = :run_id where told_by is null"


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
    [(has_any,)] = await tuples(session, *_any_change(run_id, as_of))
    if not has_any:
        return {}
    await changed(session, _CLAIM_ACTIONS, {"run_id": run_id, "as_of": as_of})
    await changed(session, _CLAIM_CLOSES, {"run_id": run_id})
    first = dict(await tuples(session, *_changed_by_actions(run_id)))
    for symbol, day in await tuples(session, *_changed_by_closes(run_id)):
        first[symbol] = min(day, first.get(symbol, day))
    return first


@prepared(run_id=Uuid(), as_of=Date())
def _any_change(run_id: UUID, as_of: date) -> Select[bool]:
    """Whether there is a change to claim, or one that the run has claimed before."""
    new = and_(_actions.c.told_by.is_(None), _actions.c.ex_date <= as_of)
    by_actions = select(_actions.c.symbol).where(or_(new, _actions.c.told_by == run_id))
    told_by = _released.c.told_by
    by_closes = select(_released.c.symbol).where(or_(told_by.is_(None), told_by == run_id))
    return select(or_(by_actions.exists(), by_closes.exists()))


@prepared(run_id=Uuid())
def _changed_by_actions(run_id: UUID) -> Select[str, date]:
    row = _actions.c
    held = gateway.positions.c
    given_after = (held.underlying == row.symbol, held.stated_on >= row.ex_date)
    entered = select(func.min(held.entry_date)).where(*given_after, row.kind == "split")
    day = func.least(row.ex_date, entered.correlate(_actions).scalar_subquery())
    first = select(row.symbol, func.min(day)).where(row.told_by == run_id)
    return first.group_by(row.symbol)


@prepared(run_id=Uuid())
def _changed_by_closes(run_id: UUID) -> Select[str, date]:
    row = _released.c
    first = select(row.symbol, func.min(row.session_date)).where(row.told_by == run_id)
    return first.group_by(row.symbol)


async def load_dependent(
    session: Session, first_changed: Mapping[str, date]
) -> dict[date, list[UUID]]:
    """By session, ascending, the portfolios with a snapshot of it that the changes may move.

    They held one of the symbols, or an option on it, on or before the session. Drafts are not among
    them: their owner calculates them again.
    """
    found: dict[date, list[UUID]] = defaultdict(list)
    if first_changed:
        dependent = _dependent(list(first_changed), list(first_changed.values()))
        for session_date, portfolio_id in await tuples(session, *dependent):
            found[session_date].append(portfolio_id)
    return dict(found)


@prepared(symbols=ARRAY(String), days=ARRAY(Date))
def _dependent(symbols: Sequence[str], days: Sequence[date]) -> Select[date, UUID]:
    changed = func.unnest(symbols, days).table_valued("symbol", "first").render_derived("changed")
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
