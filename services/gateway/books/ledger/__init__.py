"""The ledger: transactions go in; lots, their movements and settlements are derived from them.

Pure mathematics: the same transactions and the same market give the same ledger, in whichever
order they were entered.
"""

from services.gateway.books.ledger.branches import base_trade, branched, branched_id
from services.gateway.books.ledger.derivation import derived, is_one_contract
from services.gateway.books.ledger.inputs import (
    Instrument,
    Kind,
    LotMethod,
    Market,
    Split,
    Trade,
)
from services.gateway.books.ledger.results import (
    QUANTITY_STEP,
    Excess,
    Ledger,
    Lot,
    Movement,
    Settlement,
    Span,
    cash_moved,
    cents,
    restated,
)

__all__ = [
    "QUANTITY_STEP",
    "Excess",
    "Instrument",
    "Kind",
    "Ledger",
    "Lot",
    "LotMethod",
    "Market",
    "Movement",
    "Settlement",
    "Span",
    "Split",
    "Trade",
    "base_trade",
    "branched",
    "branched_id",
    "cash_moved",
    "cents",
    "derived",
    "is_one_contract",
    "restated",
]
