"""Which positions made a session's P&L, next to their parts of the VaR before it."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.gateway.analytics.queries import backtest as queries
from services.gateway.analytics.queries.backtest import PositionOfDay, StoredDay
from services.gateway.analytics.schemas.backtest import JudgedDay, JudgedPosition
from services.gateway.analytics.shapes.backtest import FIRST
from shared.database import Session

NO_SNAPSHOT_THEN = "the portfolio has no snapshot of that session"


async def judged_day(session: Session, portfolio_id: UUID, day: date, confidence: int) -> JudgedDay:
    """The session's P&L by position, the largest loss first."""
    stored = await queries.load_day(session, portfolio_id, day)
    if stored is None or stored.previous is None or stored.daily_pnl is None:
        return JudgedDay(
            portfolio_id=portfolio_id,
            as_of=day,
            previous_session=None,
            confidence=confidence,
            hypothetical_pnl=None,
            trades=None,
            income=None,
            positions=[],
            reason=FIRST if stored else NO_SNAPSHOT_THEN,
        )
    rows = await queries.load_positions_of_day(session, portfolio_id, day)
    parts = await queries.load_parts_of_var(session, portfolio_id, stored.previous, confidence)
    total = stored.daily_pnl - stored.trades_pnl - stored.fees
    return JudgedDay(
        portfolio_id=portfolio_id,
        as_of=day,
        previous_session=stored.previous,
        confidence=confidence,
        hypothetical_pnl=total,
        trades=stored.trades_pnl,
        income=_income_entered(stored, rows),
        positions=_positions(rows, total, parts),
        reason=None,
    )


def _income_entered(stored: StoredDay, rows: Sequence[PositionOfDay]) -> Decimal:
    """What the day's P&L has beyond its positions' and its fees."""
    of_positions = sum((row.pnl or Decimal(0) for row in rows), Decimal(0))
    return (stored.daily_pnl or Decimal(0)) - stored.fees - of_positions


def _positions(
    rows: Sequence[PositionOfDay], total: Decimal, parts: Mapping[UUID, float | None]
) -> list[JudgedPosition]:
    return [
        JudgedPosition(
            **row._asdict(),
            share_of_total=None if row.pnl is None or not total else float(row.pnl / total),
            component_var=parts.get(row.position_id),
        )
        for row in sorted(rows, key=_by_loss)
    ]


def _by_loss(row: PositionOfDay) -> tuple[bool, Decimal, str]:
    """The largest loss first, unknown P&L last."""
    return row.pnl is None, row.pnl or Decimal(0), row.symbol
