"""Lines without an id that equal, in every column, a line which the portfolio has already."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from services.gateway.books.queries.ledger import TransactionRow
from services.gateway.books.queries.transactions import load_same_days
from shared.database import Session

Columns = tuple[object, ...]


async def repeated_lines(
    session: Session, portfolio_id: UUID, rows: Sequence[TransactionRow]
) -> dict[UUID, UUID]:
    """The line that counts which each of these equals, by their ids; as often as there are any.

    A row with a broker's id is another one than those without.
    """
    unnamed = [row for row in rows if row.external_id is None]
    if not unnamed:
        return {}
    known: dict[Columns, list[UUID]] = defaultdict(list)
    for line in await load_same_days(session, portfolio_id, {row.trade_date for row in unnamed}):
        known[_columns(line)].append(line.transaction_id)
    return {
        row.transaction_id: known[_columns(row)].pop(0)
        for row in unnamed
        if known.get(_columns(row))
    }


def _columns(row: TransactionRow) -> Columns:
    money = (row.quantity, row.price, row.amount, row.fees)
    return (row.kind, row.trade_date, row.stated_on, row.symbol, *money, row.lot_id, row.note)


def why(transaction_id: UUID, *, refused: bool) -> str:
    """What is unusual about the line that equals the transaction."""
    equal = f"equals transaction {transaction_id} in every column"
    return f"{equal}: leave it out" if refused else f"{equal}: both are in the ledger now"
