"""Splits and dividends, and the symbols whose closes are to be adjusted for them."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Select, String, select

from services.ingest.inputs import CorporateAction
from services.ingest.tables import CorporateAction as ActionTable
from services.ingest.tables import UnadjustedSymbol
from shared.database import Session, among, changed, merge, prepared, sql_table, tuples
from shared.rows import columns_of, rows_of

NO_RUN = UUID(int=0)  # claims the splits and dividends that change no figure
_actions = sql_table(ActionTable)
_unadjusted = sql_table(UnadjustedSymbol)
_MARK_UNADJUSTED = """
    insert into ingest.unadjusted_symbols (symbol)
    select symbol from unnest(cast(:symbols as text[])) as symbol order by symbol
    on conflict (symbol) do update set symbol = excluded.symbol
"""


async def load_actions(
    session: Session, symbols: Collection[str]
) -> dict[str, list[CorporateAction]]:
    """Each symbol's splits and dividends by ex-date and kind; symbols without any are absent."""
    found: dict[str, list[CorporateAction]] = {}
    for row in await tuples(session, *_of_symbols(list(symbols))) if symbols else ():
        found.setdefault(row[0], []).append(CorporateAction(*row))
    return found


@prepared(symbols=ARRAY(String))
def _of_symbols(symbols: Sequence[str]) -> Select[str, date, str, Decimal, str]:
    row = _actions.c
    query = select(row.symbol, row.ex_date, row.kind, row.value, row.source)
    mine = query.where(among(row.symbol, symbols))
    return mine.order_by(row.symbol, row.ex_date, row.kind)


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
    return {symbol for (symbol,) in await tuples(session, *_waiting(list(symbols)))}


@prepared(symbols=ARRAY(String))
def _waiting(symbols: Sequence[str]) -> Select[str]:
    waiting = select(_unadjusted.c.symbol).where(among(_unadjusted.c.symbol, symbols))
    return waiting.order_by(_unadjusted.c.symbol).with_for_update()


async def save_unadjusted(session: Session, symbols: Collection[str]) -> None:
    """Mark the symbols' closes as to be adjusted, after any adjustment that is in progress."""
    if symbols:
        await changed(session, _MARK_UNADJUSTED, {"symbols": list(symbols)})


async def delete_unadjusted(session: Session, symbols: Collection[str]) -> None:
    """Record that the symbols' closes are adjusted."""
    adjusted = "delete from ingest.unadjusted_symbols where symbol = any(:symbols)"
    await changed(session, adjusted, {"symbols": list(symbols)})
