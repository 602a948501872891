"""Lines that are entered into a ledger, and all that follows: lots, NAV's start, runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.gateway.books.editing import valuation_day
from services.gateway.books.keeping import API, KeptLedger, keep_ledger, value_from_first
from services.gateway.books.queries import transactions
from services.gateway.runs.queries import revisions
from services.gateway.runs.starting import restate
from services.gateway.tables import User
from shared.database import Session


@dataclass(frozen=True)
class Booked:
    """What follows lines: the ledger, the run of the last session, earlier sessions run again."""

    kept: KeptLedger
    run_id: UUID | None
    restated: Sequence[date]


async def follow_lines(
    session: Session, caller: User, portfolio_id: UUID, identities: Sequence[UUID], first: date
) -> Booked:
    """Derive a portfolio again after these lines were written, and run it since the first change.

    `first`: the first day of trade among them. The caller holds the lock of the portfolio.
    """
    await value_from_first(session, portfolio_id, await valuation_day(session), first, API)
    kept = await keep_ledger(session, portfolio_id)
    await revisions.raise_edits(session, [portfolio_id])
    paid_for = await transactions.first_ex_date(session, identities)
    since = min(day for day in (first, kept.since, paid_for) if day is not None)
    run_id, restated = await restate(
        session, caller.user_id, portfolio_id, since, "transactions_entered"
    )
    return Booked(kept, run_id, restated)
