"""Closes that were rejected as implausible."""

from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal

from sqlalchemy import delete, func, select, tuple_

from services.ingest.inputs import Bar, Rejected
from services.ingest.tables import QuarantinedPrice
from shared.database import Session, among, merge, sql_table

_quarantined = sql_table(QuarantinedPrice)


async def load_quarantined(
    session: Session, symbols: Collection[str], first: date, last: date, other_than: str
) -> dict[tuple[str, date], float]:
    """Closes that other sources sent and that were rejected, by symbol and session."""
    row = _quarantined.c
    query = select(row.symbol, row.session_date, row.close).where(
        among(row.symbol, symbols),
        row.session_date.between(first, last),
        row.source != other_than,
    )
    found = await session.execute(query)
    return {(symbol, session_date): float(close) for symbol, session_date, close in found}


async def load_suspected(
    session: Session, symbols: Collection[str], provider: str
) -> dict[str, list[Bar]]:
    """Closes that the provider sent before and that were rejected, by symbol.

    They are as a live provider sends them: raw, and not adjusted yet.
    """
    row = _quarantined.c
    query = select(row.symbol, row.session_date, row.close).where(
        among(row.symbol, symbols), row.source == provider
    )
    found: dict[str, list[Bar]] = {}
    for symbol, session_date, close in await session.execute(query):
        bar = Bar(symbol, session_date, Decimal(close), float(close), "raw", provider)
        found.setdefault(symbol, []).append(bar)
    return found


async def delete_quarantined(session: Session, provider: str, bars: Iterable[Bar]) -> None:
    """Forget that the provider's closes of these symbols and days were rejected."""
    row = _quarantined.c
    keys = [(bar.symbol, bar.session_date) for bar in bars]
    if keys:
        own = (row.source == provider, tuple_(row.symbol, row.session_date).in_(keys))
        await session.execute(delete(_quarantined).where(*own))


async def save_quarantined(session: Session, provider: str, rejected: Iterable[Rejected]) -> None:
    """Record the provider's rejected closes as it sent them, with the reasons."""
    rows = {
        (each.bar.symbol, each.bar.session_date): {
            "symbol": each.bar.symbol,
            "session_date": each.bar.session_date,
            "source": provider,
            "close": str(each.bar.close),
            "reason": each.reason,
        }
        for each in rejected
    }
    if not rows:
        return
    now = await session.scalar(select(func.clock_timestamp()))
    seen = [{**row, "seen_at": now} for row in rows.values()]
    await merge(session, QuarantinedPrice, seen, ignoring=("seen_at",))
