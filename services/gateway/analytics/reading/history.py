"""One position over sessions, and a portfolio's stored P&L vectors."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from uuid import UUID

from services.gateway.analytics.queries import history as queries
from services.gateway.analytics.queries.history import StoredVector
from services.gateway.analytics.schemas.history import PnlVectors, PositionHistory
from services.gateway.analytics.shapes.history import Vector, known, position_points, total_of
from services.gateway.books.shapes import NOT_VALUED_SINCE
from services.gateway.edge.dependencies import Paging, Period
from services.gateway.edge.queries import latest_date
from shared.database import Session
from shared.published.stress import position_pnl_vectors
from shared.quant.distribution import distribution

NO_VECTORS = "no P&L vectors of this portfolio exist at or before that date"


async def position_history(
    session: Session, portfolio_id: UUID, position_id: UUID, span: Period
) -> PositionHistory:
    """The position on the sessions of the span that it was valued on."""
    values = await queries.load_position_values(session, position_id, span)
    ends = await queries.load_ends(session, portfolio_id, position_id, span)
    points = position_points(values, ends)
    return PositionHistory.model_validate(
        {
            "position_id": position_id,
            "portfolio_id": portfolio_id,
            "items": points,
            "total": len(points),
            "reason": None if points else NOT_VALUED_SINCE,
        }
    )


async def pnl_vectors(
    session: Session, portfolio_id: UUID, as_of: date | None, page: Paging
) -> PnlVectors:
    """The vectors on their last session at or before `as_of`, and the portfolio's over all."""
    day = await latest_date(session, position_pnl_vectors, portfolio_id, as_of)
    rows = await queries.load_vectors(session, portfolio_id, day) if day else []
    dates = await queries.load_vector_dates(session, day) if day else []
    return await asyncio.to_thread(_laid_out, portfolio_id, day, (rows, dates), page)


def _laid_out(
    portfolio_id: UUID,
    day: date | None,
    stored: tuple[Sequence[StoredVector], Sequence[date]],
    page: Paging,
) -> PnlVectors:
    rows, dates = stored
    vectors = [vector_of(row) for row in rows]
    values = total_of(vectors, len(dates))
    found = distribution([value for value in values if value is not None])
    return PnlVectors.model_validate(
        {
            "portfolio_id": portfolio_id,
            "as_of": day,
            "session_dates": dates,
            "values": values,
            "distribution": asdict(found) if found else None,
            **page.of([vars(vector) for vector in vectors]),
            "reason": None if rows else NO_VECTORS,
        }
    )


def vector_of(row: StoredVector) -> Vector:
    """What a stored row says, and whether VaR counts it."""
    counted = row.historical_pnl is not None and row.left_out is None
    values = known(row.historical_pnl)
    return Vector(row.position_id, row.symbol, values, counted, row.reason or row.left_out)
