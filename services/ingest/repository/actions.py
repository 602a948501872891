"""Splits and dividends, and the symbols whose closes are to be adjusted for them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.ingest.inputs import CorporateAction
from services.ingest.repository.prices import each_symbol
from services.ingest.tables import CorporateAction as ActionTable
from services.ingest.tables import UnadjustedSymbol
from shared.database import Session, among, merge, sql_table
from shared.rows import columns_of, rows_of

NO_RUN = UUID(int=0)  # claims the splits and dividends that change no figure
_actions = sql_table(ActionTable)
_unadjusted = sql_table(UnadjustedSymbol)


async def load_actions(
    session: Session, symbols: Collection[str]
) -> dict[str, list[CorporateAction]]:
    """Each symbol's splits and dividends by ex-date and kind; symbols without any are absent."""
    row = _actions.c
    query = (
        select(row.symbol, row.ex_date, row.kind, row.value, row.source)
        .where(among(row.symbol, symbols))
        .order_by(row.symbol, row.ex_date, row.kind)
    )
    found: dict[str, list[CorporateAction]] = {}
    for stored in await session.execute(query):
        found.setdefault(stored.symbol, []).append(CorporateAction(*stored))
    return found


async def save_actions(
    session: Session, actions: Sequence[CorporateAction], priced: Collection[str]
) -> None:
    """Upsert splits and dividends, and mark their symbols' closes as to be adjusted.

    Those of `priced` symbols change figures, so a later run claims them to restate sessions.
    """
    claimed = [None if action.symbol in priced else NO_RUN for action in actions]
    columns = {**columns_of(actions, CorporateAction), "told_by": claimed}
    await merge(session, ActionTable, rows_of(ActionTable, columns), ignoring=("told_by",))
    await save_unadjusted(session, {action.symbol for action in actions})


async def claim_unadjusted(session: Session, symbols: Collection[str]) -> set[str]:
    """Those of the symbols whose closes are to be adjusted; changes of these wait until we end."""
    waiting = select(_unadjusted.c.symbol).where(among(_unadjusted.c.symbol, symbols))
    return set(await session.scalars(waiting.order_by(_unadjusted.c.symbol).with_for_update()))


async def save_unadjusted(session: Session, symbols: Collection[str]) -> None:
    """Mark the symbols' closes as to be adjusted, after any adjustment that is in progress."""
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
    """Record that the symbols' closes are adjusted."""
    await session.execute(delete(_unadjusted).where(among(_unadjusted.c.symbol, symbols)))
