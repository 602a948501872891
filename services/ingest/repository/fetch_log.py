"""What providers were queried for, and when."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from sqlalchemy import and_, func, or_, select

from services.ingest.tables import FetchLogEntry
from shared.database import Session, among, merge, sql_table

_asked = sql_table(FetchLogEntry)


async def load_asked(
    session: Session,
    provider: str,
    kind: str,
    symbols: Collection[str],
    recheck: timedelta,
    forget: timedelta,
) -> dict[str, tuple[date, date]]:
    """The range last asked per symbol, as long as asking again would be no use.

    That is for `recheck`; for a symbol the provider does not know for `forget`, and then whatever
    the session.
    """
    lately = and_(_asked.c.known, _asked.c.asked_at > func.clock_timestamp() - recheck)
    unknown = and_(~_asked.c.known, _asked.c.asked_at > func.clock_timestamp() - forget)
    about = (_asked.c.provider == provider, _asked.c.kind == kind, among(_asked.c.symbol, symbols))
    columns = (_asked.c.symbol, _asked.c.known, _asked.c.first_session, _asked.c.last_session)
    found = await session.execute(select(*columns).where(*about, or_(lately, unknown)))
    return {
        symbol: (first, last) if known else (date.min, date.max)
        for symbol, known, first, last in found
    }


async def load_ever_asked(
    session: Session, provider: str, kind: str, symbols: Collection[str]
) -> dict[str, tuple[date, date]]:
    """The range asked per symbol, however long ago."""
    about = (_asked.c.provider == provider, _asked.c.kind == kind, among(_asked.c.symbol, symbols))
    columns = (_asked.c.symbol, _asked.c.first_session, _asked.c.last_session)
    found = await session.execute(select(*columns).where(*about))
    return {symbol: (first, last) for symbol, first, last in found}


async def save_asked(
    session: Session,
    provider: str,
    kind: str,
    ranges: Mapping[str, tuple[date, date]],
    known: Collection[str],
) -> None:
    """Remember what a provider was asked just now, per symbol, and which symbols it knows."""
    now = await session.scalar(select(func.clock_timestamp()))
    rows = [
        {
            "provider": provider,
            "kind": kind,
            "symbol": symbol,
            "first_session": first,
            "last_session": last,
            "known": symbol in known,
            "asked_at": now,
        }
        for symbol, (first, last) in ranges.items()
    ]
    await merge(session, FetchLogEntry, rows)
