"""Since when the lots of two ledgers differ: the first day that is to be measured again."""

from datetime import date, timedelta
from uuid import uuid4

from services.gateway.books.ledger import Ledger, derived
from services.gateway.books.lot_rows import changed_since, rows_of
from tests.unit.gateway.test_ledger import EXPIRY, PUT, a_trade, settled_at

BOOK = uuid4()
LATER = EXPIRY + timedelta(days=14)


def since(before: Ledger, after: Ledger) -> date | None:
    """The first day that differs."""
    return changed_since(rows_of(BOOK, before), rows_of(BOOK, after))


def test_a_corrected_close_changes_what_the_day_of_purchase_left_of_a_lot() -> None:
    trades = [
        a_trade("buy", day=EXPIRY, quantity=300),
        a_trade("buy", quantity=1, price=2, instrument=PUT),
        a_trade("sell", day=LATER, quantity=-50, price=120),
    ]
    exercised = derived(trades, settled_at(90))
    worthless = derived(trades, settled_at(110))

    assert since(exercised, worthless) == since(worthless, exercised) == EXPIRY
    assert since(exercised, exercised) is None


def test_a_sale_at_the_price_of_the_same_day_changes_that_day() -> None:
    bought = a_trade("buy", quantity=100, price=50)
    sold = a_trade("sell", quantity=-40, price=50)

    assert since(derived([bought], settled_at(90)), derived([bought, sold], settled_at(90))) == (
        bought.trade_date
    )
