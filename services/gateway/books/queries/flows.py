"""Cash flows: the lines of a ledger that bring money or securities in, or take them out."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from services.gateway.edge.queries import Row, one_row, page_of
from services.gateway.tables import Transaction
from services.gateway.tables.portfolios import COUNTS, FLOW_KINDS
from shared.database import Session, sql_table

line = sql_table(Transaction).c


def _flows(portfolio_id: UUID) -> Select[Any]:
    in_kind = func.round(line.quantity * line.multiplier * line.price, 2)
    columns = (
        line.transaction_id.label("cash_flow_id"),
        line.portfolio_id,
        line.trade_date.label("flow_date"),
        func.coalesce(line.amount, in_kind, 0).label("amount"),
        line.note,
        line.created_at,
    )
    return select(*columns).where(
        line.portfolio_id == portfolio_id, line.kind.in_(FLOW_KINDS), COUNTS
    )


async def load_cash_flows(
    session: Session, portfolio_id: UUID, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of a portfolio's cash flows that count, newest first, and how many there are."""
    newest_first = _flows(portfolio_id).order_by(line.trade_date.desc(), line.sequence.desc())
    return await page_of(session, newest_first, limit, offset)


async def load_cash_flow(session: Session, portfolio_id: UUID, cash_flow_id: UUID) -> Row | None:
    """One of a portfolio's cash flows; None when there is none that counts."""
    return await one_row(session, _flows(portfolio_id).where(line.transaction_id == cash_flow_id))
