"""Splits and dividends, and the symbols whose closes are to be adjusted for them."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.ingest.repository.prices import each_symbol
from services.ingest.tables import CorporateAction, UnadjustedSymbol
from shared.database import Rows, Session, among, merge, sql_table
from shared.published import gateway

_actions = sql_table(CorporateAction)
_unadjusted = sql_table(UnadjustedSymbol)


async def load_actions(
    session: Session, symbols: Collection[str]
) -> dict[str, list[tuple[date, str, float]]]:
    """(ex-date, kind, value) of each symbol's splits and dividends, ascending; absent: none."""
    columns = (_actions.c.symbol, _actions.c.ex_date, _actions.c.kind, _actions.c.value)
    query = select(*columns).where(among(_actions.c.symbol, symbols)).order_by(*columns[:3])
    found: dict[str, list[tuple[date, str, float]]] = {}
    for symbol, ex_date, kind, value in await session.execute(query):
        found.setdefault(symbol, []).append((ex_date, kind, float(value)))
    return found


async def save_actions(session: Session, actions: Rows) -> int:
    """Upsert splits and dividends; returns how many rows changed. Who told of one is no change of
    it.
    """
    return await merge(session, CorporateAction, actions, ignoring=("told_by",))


async def save_told(session: Session, run_id: UUID, as_of: date) -> dict[str, date]:
    """Have the run tell of the splits and dividends up to `as_of` that nobody told of.

    Returns, by symbol, the first day changed by what is this run's to tell: the same when it is run
    again. Positions that were stated after a split change as far back as they are held.
    """
    held = gateway.positions.c
    stated_after = (held.underlying == _actions.c.symbol, held.stated_on >= _actions.c.ex_date)
    entered = select(func.min(held.entry_date)).where(*stated_after, _actions.c.kind == "split")
    changed = func.least(_actions.c.ex_date, entered.correlate(_actions).scalar_subquery())
    untold = (_actions.c.told_by.is_(None), _actions.c.ex_date <= as_of)
    await session.execute(update(_actions).where(*untold).values(told_by=run_id))
    first = select(_actions.c.symbol, func.min(changed)).where(_actions.c.told_by == run_id)
    found = await session.execute(first.group_by(_actions.c.symbol))
    return {row.symbol: row[1] for row in found}


async def load_unadjusted(session: Session, symbols: Collection[str]) -> set[str]:
    """Those of the symbols whose closes are to be adjusted, locked: who changes one waits for
    us.
    """
    waiting = select(_unadjusted.c.symbol).where(among(_unadjusted.c.symbol, symbols))
    return set(await session.scalars(waiting.order_by(_unadjusted.c.symbol).with_for_update()))


async def save_unadjusted(session: Session, symbols: Collection[str]) -> None:
    """Remember that the symbols' closes are to be adjusted: again, if somebody is at it, for whom
    we wait.
    """
    each = each_symbol(symbols)
    marked = insert(_unadjusted).from_select(
        ["symbol"], select(each.c.symbol).order_by(each.c.symbol)
    )
    again = marked.on_conflict_do_update(
        index_elements=["symbol"], set_={"symbol": marked.excluded.symbol}
    )
    if symbols:
        await session.execute(again)


async def delete_unadjusted(session: Session, symbols: Collection[str]) -> None:
    """The symbols' closes are adjusted."""
    await session.execute(delete(_unadjusted).where(among(_unadjusted.c.symbol, symbols)))
