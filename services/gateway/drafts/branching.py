"""A draft's ledger: its base's lines up to the session, and its trades as lines of that day."""

from collections.abc import Iterable
from dataclasses import replace

from services.gateway.books.keeping import SYSTEM, equity_statement, keep_ledger
from services.gateway.books.ledger import Kind, branched_id
from services.gateway.books.queries import ledger
from services.gateway.books.queries.ledger import TransactionRow
from services.gateway.drafts.queries import drafts as queries
from services.gateway.drafts.shapes import Draft
from services.gateway.drafts.trading.entering import lines_of
from services.gateway.drafts.trading.legs import Leg
from shared.database import Session


async def write_branch(session: Session, draft: Draft, legs: Iterable[Leg]) -> None:
    """Write the draft's portfolio again: lines and the lots that follow, with the base's tags.

    422 when its lots are together more than can be valued.
    """
    draft_id = draft.draft_id
    await queries.save_branch(session, draft_id)
    known = await queries.load_lines(session, draft)
    of_base = [*known, *await _carried(session, draft, known), *lines_of(draft, draft_id, legs)]
    await ledger.append_transactions(session, [_branched(line, draft) for line in of_base])
    await keep_ledger(session, draft_id)
    carried = await queries.load_tagged(session, draft.base_id)
    own = [(branched_id(position_id, draft_id), tag_id) for position_id, tag_id in carried]
    await queries.save_tagged(session, draft_id, own)


async def _carried(
    session: Session, draft: Draft, known: Iterable[TransactionRow]
) -> list[TransactionRow]:
    """The equity that a draft goes on from where its base's is entered for later days alone."""
    if any(line.kind == Kind.EQUITY for line in known):
        return []
    found = await queries.load_nav_before(session, draft)
    return [equity_statement(draft.base_id, *found, SYSTEM)] if found else []


def _branched(line: TransactionRow, draft: Draft) -> TransactionRow:
    draft_id = draft.draft_id
    return replace(
        line,
        portfolio_id=draft_id,
        transaction_id=branched_id(line.transaction_id, draft_id),
        lot_id=None if line.lot_id is None else branched_id(line.lot_id, draft_id),
    )
