"""What ingest publishes about sessions and symbols."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from shared.database import Session
from shared.published import ingest


@dataclass(frozen=True)
class SessionRange:
    """The first and the last of some sessions."""

    first: date
    last: date


async def sessions_with_data(session: Session) -> SessionRange | None:
    """From the first session that ingest can price to the last; None before ingest has started once."""
    known = ingest.market_sessions.c.session_date
    found = (await session.execute(select(func.min(known), func.max(known)))).one()
    return None if found[0] is None else SessionRange(*found)


async def latest_session(session: Session) -> date | None:
    """The session that books are valued on: the last announced, else the last known; None before any."""
    view = ingest.market_sessions.c
    announced = func.max(view.session_date).filter(view.announced)
    latest: date | None = await session.scalar(select(func.coalesce(announced, func.max(view.session_date))))
    return latest


async def known_symbols(session: Session, symbols: Collection[str]) -> set[str] | None:
    """Which of these symbols have a security; None when any symbol may have one.

    That is so while none is known at all, and when prices come over the network, where a new symbol is asked for.
    """
    securities = ingest.securities.c.symbol
    asked = ingest.data_providers.c
    live = select(asked.name).where(asked.kind == "prices", asked.live).exists()
    if not await session.scalar(select(select(securities).exists() & ~live)):
        return None
    return set(await session.scalars(select(securities).where(securities.in_(list(symbols)))))
