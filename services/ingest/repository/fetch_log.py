"""The fetch log: what providers were queried for, and when."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Double,
    Select,
    String,
    and_,
    func,
    or_,
    select,
)

from services.ingest.inputs import EVER, Channel, Range, Recheck
from services.ingest.tables import FetchLogEntry
from shared.database import SECOND, Session, among, merge, prepared, sql_table, tuples

_log = sql_table(FetchLogEntry)


async def load_recent_queries(
    session: Session, channel: Channel, symbols: Collection[str], recheck: Recheck
) -> dict[str, Range]:
    """The range last queried, by symbol, where the answer is still valid.

    A symbol that the provider does not know is absent from every range until `recheck.unknown`.
    """
    valid = (recheck.known.total_seconds(), recheck.unknown.total_seconds())
    recent = _recent(channel.provider, channel.kind, list(symbols), *valid)
    found = await tuples(session, *recent)
    return {symbol: Range(first, last) if known else EVER for symbol, known, first, last in found}


@prepared(provider=String(), kind=String(), symbols=ARRAY(String), known=Double(), unknown=Double())
def _recent(
    provider: str, kind: str, symbols: Sequence[str], known: float, unknown: float
) -> Select[str, bool, date, date]:
    """`known`, `unknown`: for how many seconds answers about such symbols are valid."""
    row = _log.c
    is_valid = or_(and_(row.known, _newer_than(known)), and_(~row.known, _newer_than(unknown)))
    about = (row.provider == provider, row.kind == kind, among(row.symbol, symbols))
    query = select(row.symbol, row.known, row.first_session, row.last_session)
    return query.where(*about, is_valid)


def _newer_than(seconds: float) -> ColumnElement[bool]:
    return _log.c.asked_at > func.clock_timestamp() - seconds * SECOND


async def load_queries(
    session: Session, channel: Channel, symbols: Collection[str]
) -> dict[str, Range]:
    """The range last queried, by symbol, however long ago."""
    found = await tuples(session, *_queries(channel.provider, channel.kind, list(symbols)))
    return {symbol: Range(first, last) for symbol, first, last in found}


@prepared(provider=String(), kind=String(), symbols=ARRAY(String))
def _queries(provider: str, kind: str, symbols: Sequence[str]) -> Select[str, date, date]:
    row = _log.c
    about = (row.provider == provider, row.kind == kind, among(row.symbol, symbols))
    return select(row.symbol, row.first_session, row.last_session).where(*about)


async def save_queries(
    session: Session, channel: Channel, ranges: Mapping[str, Range], known: Collection[str]
) -> None:
    """Record what the provider has just answered about, by symbol, and which symbols it knows."""
    [(now,)] = await tuples(session, *now_there())
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


@prepared()
def now_there() -> Select[datetime]:
    """The moment by the database's clock, which all replicas share."""
    return select(func.clock_timestamp())
