"""Drafts: the ids of a branch, which follow from those of its base.

A draft's lines and lots are its base's, under other ids with the same leading half: both are in
the same order, so sums of doubles over them agree to the last digit, and each leads back to the
other. A draft's ledger is derived under the base's ids, because lots' ids follow from them.
"""

from dataclasses import replace
from uuid import UUID

from services.gateway.books.ledger.inputs import Trade
from services.gateway.books.ledger.results import Excess, Ledger, Lot, Movement, Settlement

_BRANCHED = (1 << 62) - 1  # all of the second half but the two bits that say what kind of id it is


def branched_id(identity: UUID, draft_id: UUID) -> UUID:
    """The id in the draft of what has this one in its base; and the other way round."""
    return UUID(int=identity.int ^ (draft_id.int & _BRANCHED))


def base_trade(trade: Trade, draft_id: UUID) -> Trade:
    """A trade of the draft under the ids of its base."""
    lot_id = None if trade.lot_id is None else branched_id(trade.lot_id, draft_id)
    return replace(trade, transaction_id=branched_id(trade.transaction_id, draft_id), lot_id=lot_id)


def branched(ledger: Ledger, draft_id: UUID) -> Ledger:
    """A ledger that was derived under the ids of the base, under those of the draft."""
    return Ledger(
        [_lot(each, draft_id) for each in ledger.lots],
        [_settlement(each, draft_id) for each in ledger.settlements],
        [
            Excess(branched_id(each.transaction_id, draft_id), each.quantity)
            for each in ledger.excesses
        ],
        [branched_id(each, draft_id) for each in ledger.unsettled],
    )


def _lot(lot: Lot, draft_id: UUID) -> Lot:
    return replace(
        lot,
        lot_id=branched_id(lot.lot_id, draft_id),
        opened_by=branched_id(lot.opened_by, draft_id),
        movements=tuple(_movement(each, draft_id) for each in lot.movements),
    )


def _movement(movement: Movement, draft_id: UUID) -> Movement:
    return replace(
        movement,
        lot_id=branched_id(movement.lot_id, draft_id),
        transaction_id=branched_id(movement.transaction_id, draft_id),
    )


def _settlement(settlement: Settlement, draft_id: UUID) -> Settlement:
    return replace(
        settlement,
        lot_id=branched_id(settlement.lot_id, draft_id),
        transaction_id=branched_id(settlement.transaction_id, draft_id),
    )
