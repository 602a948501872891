"""Closes that were rejected as implausible."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import ARRAY, Date, Select, String, select

from services.ingest.inputs import Bar, Rejected
from services.ingest.repository.fetch_log import now_there
from services.ingest.tables import QuarantinedPrice
from shared.database import Session, among, changed, merge, prepared, sql_table, tuples

_quarantined = sql_table(QuarantinedPrice)
_FORGET = """
    delete from ingest.quarantined_prices
    using unnest(cast(:symbols as text[]), cast(:days as date[])) as released (symbol, day)
    where source = :provider
        and quarantined_prices.symbol = released.symbol and session_date = released.day
"""


async def load_quarantined(
    session: Session, symbols: Collection[str], first: date, last: date, other_than: str
) -> dict[tuple[str, date], float]:
    """Closes that other sources sent and that were rejected, by symbol and session."""
    found = await tuples(session, *_of_others(list(symbols), first, last, other_than))
    return {(symbol, session_date): float(close) for symbol, session_date, close in found}


@prepared(symbols=ARRAY(String), first=Date(), last=Date(), other_than=String())
def _of_others(
    symbols: Sequence[str], first: date, last: date, other_than: str
) -> Select[str, date, str]:
    row = _quarantined.c
    return select(row.symbol, row.session_date, row.close).where(
        among(row.symbol, symbols),
        row.session_date.between(first, last),
        row.source != other_than,
    )


async def load_suspected(
    session: Session, symbols: Sequence[str], provider: str
) -> dict[str, list[Bar]]:
    """Closes that the provider sent before and that were rejected, by symbol.

    They are as a live provider sends them: raw, and not adjusted yet.
    """
    found: dict[str, list[Bar]] = {}
    for symbol, session_date, close in await tuples(session, *_of_provider(symbols, provider)):
        bar = Bar(symbol, session_date, Decimal(close), float(close), "raw", provider)
        found.setdefault(symbol, []).append(bar)
    return found


@prepared(symbols=ARRAY(String), provider=String())
def _of_provider(symbols: Sequence[str], provider: str) -> Select[str, date, str]:
    row = _quarantined.c
    return select(row.symbol, row.session_date, row.close).where(
        among(row.symbol, symbols), row.source == provider
    )


async def delete_quarantined(session: Session, provider: str, bars: Iterable[Bar]) -> None:
    """Forget that the provider's closes of these symbols and days were rejected."""
    released = list(bars)
    if released:
        symbols = [bar.symbol for bar in released]
        days = [bar.session_date for bar in released]
        await changed(session, _FORGET, {"provider": provider, "symbols": symbols, "days": days})


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
    [(now,)] = await tuples(session, *now_there())
    seen = [{**row, "seen_at": now} for row in rows.values()]
    await merge(session, QuarantinedPrice, seen, ignoring=("seen_at",))
