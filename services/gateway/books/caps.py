"""Refusals of what one user would have too much of: portfolios, lots, lines of ledgers."""

from uuid import UUID

from services.gateway.books.queries import ledger, portfolios
from services.gateway.edge.caps import caps_of
from services.gateway.edge.problems import Problem
from shared.database import Session


async def refuse_another_portfolio(session: Session, user_id: UUID) -> None:
    """409 when the user has as many portfolios as may be."""
    caps = caps_of(session)
    if caps and await portfolios.count_portfolios(session, user_id) >= caps.portfolios_per_user:
        detail = (
            f"you have {caps.portfolios_per_user:,} portfolios, and no user has more: delete one, "
            "or ask an administrator"
        )
        raise Problem(409, "too_many_portfolios", detail)


async def refuse_too_many_lines(session: Session, portfolio_id: UUID) -> None:
    """422 when the portfolio's owner has more lots or transactions now than any user may.

    All portfolios count that the caller sees, drafts too.
    """
    caps = caps_of(session)
    if caps is None:
        return
    lots, lines = await ledger.count_kept(session, portfolio_id)
    if lots > caps.positions_per_user:
        detail = _detail(lots, "positions, closed ones included", caps.positions_per_user)
        raise Problem(422, "too_many_positions", detail)
    if lines > caps.transactions_per_user:
        detail = _detail(lines, "transactions, reversed ones included", caps.transactions_per_user)
        raise Problem(422, "too_many_transactions", detail)


def _detail(count: int, what: str, most: int) -> str:
    return (
        f"this would make {count:,} {what}, in all portfolios and drafts, and no user has more "
        f"than {most:,}: delete a portfolio or a draft, or ask an administrator"
    )
