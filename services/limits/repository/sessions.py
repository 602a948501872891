"""Which sessions of a user's portfolios are stored."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from shared.contracts.event import EARLIEST_DAY
from shared.database import Session
from shared.published import gateway, ingest, snapshots
from shared.published.gateway import BOOK

_held = gateway.portfolios.c
_taken = snapshots.portfolio_snapshots.c


def _of_books(user_id: UUID, portfolio_id: UUID | None) -> Select[UUID, date]:
    """The sessions of the user's portfolios, or of one of them."""
    joined = gateway.portfolios.join(
        snapshots.portfolio_snapshots, _taken.portfolio_id == _held.portfolio_id
    )
    query = select(_held.portfolio_id, _taken.as_of).select_from(joined)
    own = query.where(_held.user_id == user_id, _held.kind == BOOK)
    return own if portfolio_id is None else own.where(_held.portfolio_id == portfolio_id)


async def load_last_sessions(
    session: Session, user_id: UUID, portfolio_id: UUID | None
) -> dict[UUID, date]:
    """The last session of each of the user's portfolios (or of one) that has a snapshot."""
    row = _of_books(user_id, portfolio_id).subquery("sessions").c
    query = select(row.portfolio_id, func.max(row.as_of)).group_by(row.portfolio_id)
    return dict((await session.execute(query)).tuples().all())


async def load_since(session: Session, lasts: Mapping[UUID, date]) -> date:
    """The session that new levels are in force from: the last one; without any, the market's."""
    if lasts:
        return max(lasts.values())
    row = ingest.market_sessions.c
    known = or_(row.announced, row.revision > 0)
    found: date | None = await session.scalar(select(func.max(row.session_date)).where(known))
    return found or EARLIEST_DAY


async def load_sessions(
    session: Session,
    user_id: UUID,
    portfolio_id: UUID | None,
    first: date | None,
    last: date | None,
) -> dict[UUID, list[date]]:
    """The stored sessions of the user's portfolios (or of one) between two days, ascending."""
    query = _of_books(user_id, portfolio_id)
    query = query if first is None else query.where(_taken.as_of >= first)
    query = query if last is None else query.where(_taken.as_of <= last)
    found: dict[UUID, list[date]] = {}
    for book, day in await session.execute(query.order_by(_held.portfolio_id, _taken.as_of)):
        found.setdefault(book, []).append(day)
    return found
