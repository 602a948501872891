"""The fetch log: what providers were queried for, and when."""

from collections.abc import Collection, Mapping

from sqlalchemy import and_, func, or_, select

from services.ingest.inputs import EVER, Channel, Range, Recheck
from services.ingest.tables import FetchLogEntry
from shared.database import Session, among, merge, sql_table

_log = sql_table(FetchLogEntry)


async def load_recent_queries(
    session: Session, channel: Channel, symbols: Collection[str], recheck: Recheck
) -> dict[str, Range]:
    """The range last queried, by symbol, where the answer is still valid.

    A symbol that the provider does not know is absent from every range until `recheck.unknown`.
    """
    now = func.clock_timestamp()
    recent = and_(_log.c.known, _log.c.asked_at > now - recheck.known)
    unknown = and_(~_log.c.known, _log.c.asked_at > now - recheck.unknown)
    about = (
        _log.c.provider == channel.provider,
        _log.c.kind == channel.kind,
        among(_log.c.symbol, symbols),
    )
    columns = (_log.c.symbol, _log.c.known, _log.c.first_session, _log.c.last_session)
    found = await session.execute(select(*columns).where(*about, or_(recent, unknown)))
    return {symbol: Range(first, last) if known else EVER for symbol, known, first, last in found}


async def load_queries(
    session: Session, channel: Channel, symbols: Collection[str]
) -> dict[str, Range]:
    """The range last queried, by symbol, however long ago."""
    about = (
        _log.c.provider == channel.provider,
        _log.c.kind == channel.kind,
        among(_log.c.symbol, symbols),
    )
    columns = (_log.c.symbol, _log.c.first_session, _log.c.last_session)
    found = await session.execute(select(*columns).where(*about))
    return {symbol: Range(first, last) for symbol, first, last in found}


async def save_queries(
    session: Session, channel: Channel, ranges: Mapping[str, Range], known: Collection[str]
) -> None:
    """Record what the provider has just answered about, by symbol, and which symbols it knows."""
    now = await session.scalar(select(func.clock_timestamp()))
    rows = [
        {
            "provider": channel.provider,
            "kind": channel.kind,
            "symbol": symbol,
            "first_session": queried.first,
            "last_session": queried.last,
            "known": symbol in known,
            "asked_at": now,
        }
        for symbol, queried in ranges.items()
    ]
    await merge(session, FetchLogEntry, rows)
