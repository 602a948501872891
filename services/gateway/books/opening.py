"""The cash of a portfolio on the session that its NAV starts from.

Where no equity is entered, NAV starts at market value plus the flows to date. That is right for
lots taken over as they are (`opening`), which moved no cash. What was bought and sold did: a
deposit of 10,000.00 spent on shares would otherwise count twice, as money and as shares. So a
portfolio with flows starts with the cash that its transactions left.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.gateway.books.ledger import Ledger
from services.gateway.books.queries import opening as queries
from services.gateway.books.queries.transactions import load_dividends_due
from shared.database import Session

_CENT = 2
_EARLIEST = date(1900, 1, 1)  # no price is older


async def keep_opening_cash(session: Session, ledgers: Mapping[UUID, Ledger]) -> dict[UUID, date]:
    """Store the opening cash of the portfolios; by portfolio the session, where it changed."""
    changed: dict[UUID, date] = {}
    for portfolio_id, start in (await queries.load_starts(session, list(ledgers))).items():
        cash = None
        if start.flows is not None and start.traded is not None:
            settled = sum(
                (
                    settlement.cash
                    for settlement in ledgers[portfolio_id].settlements
                    if settlement.settled_on <= start.day
                ),
                Decimal(0),
            )
            due = await load_dividends_due(session, portfolio_id, _EARLIEST, start.day)
            dividends = sum((row.amount for row in due), Decimal(0))
            cash = round(start.flows + start.traded + start.income + settled + dividends, _CENT)
        if cash != start.opening_cash:
            await queries.save_opening_cash(session, portfolio_id, cash)
            changed[portfolio_id] = start.day
    return changed
