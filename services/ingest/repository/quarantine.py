"""Closes that were rejected as implausible."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import func, select

from services.ingest.tables import QuarantinedPrice
from shared.database import Rows, Session, among, merge, sql_table

_doubted = sql_table(QuarantinedPrice)


async def load_doubted(
    session: Session, symbols: Collection[str], first: date, last: date, other_than: str
) -> dict[tuple[str, date], float]:
    """Closes that other sources sent and that were not believed, by symbol and session."""
    within = (among(_doubted.c.symbol, symbols), _doubted.c.session_date.between(first, last))
    columns = (_doubted.c.symbol, _doubted.c.session_date, _doubted.c.close)
    found = await session.execute(select(*columns).where(*within, _doubted.c.source != other_than))
    return {(symbol, session_date): float(close) for symbol, session_date, close in found}


async def save_doubted(session: Session, rows: Rows) -> None:
    """Lay closes aside with the reason."""
    now = await session.scalar(select(func.clock_timestamp()))
    await merge(
        session, QuarantinedPrice, [{**row, "seen_at": now} for row in rows], ignoring=("seen_at",)
    )
