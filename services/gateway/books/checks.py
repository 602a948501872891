"""What is wrong or unusual about new lines, seen beside the rest of a portfolio's ledger."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.gateway.books.keeping import derive_ledgers
from services.gateway.books.ledger import Kind
from services.gateway.books.queries import ledger as queries
from services.gateway.books.queries.ledger import TransactionRow
from services.gateway.books.queries.transactions import load_in_price
from services.gateway.edge.problems import Problem
from services.gateway.edge.values import Warned
from shared.database import Session

IN_PRICE = "dividend_in_price"
Places = Mapping[UUID, int]  # the places of lines in a request, by transaction


async def refuse_free_lots(
    session: Session, portfolio_id: UUID, rows: Sequence[TransactionRow], places: Places
) -> None:
    """422 where a written line at price 0 closes more than is held: a lot never opens at 0."""
    free = {row.transaction_id: row for row in rows if row.price == 0}
    if not free:
        return
    ledger = (await derive_ledgers(session, [portfolio_id]))[portfolio_id]
    errors = [
        {
            "field": f"transactions.{places[excess.transaction_id]}.price",
            "code": "price_not_positive",
            "message": (
                f"price 0 is only for what it closes, and {abs(excess.quantity).normalize():f} "
                f"{free[excess.transaction_id].symbol} more than held are traded: give a price, or "
                "at most the quantity held"
            ),
        }
        for excess in ledger.excesses
        if excess.transaction_id in free
    ]
    if errors:
        raise Problem(422, "invalid_transaction", errors[0]["message"], errors)


async def dividends_in_price(
    session: Session, rows: Sequence[TransactionRow], places: Places
) -> list[Warned]:
    """Warnings of written dividends that are no income: the prices are adjusted for them."""
    dividends = {row.transaction_id: row for row in rows if row.kind is Kind.DIVIDEND}
    if not dividends:
        return []
    return [
        Warned(
            code=IN_PRICE,
            message=f"transactions.{places[key]}: {in_price(dividends[key])}",
            about=[dividends[key].symbol or ""],
        )
        for key in await load_in_price(session, list(dividends))
    ]


def in_price(row: TransactionRow) -> str:
    """Why a dividend that was entered is no income."""
    return (
        f"only adjusted closes of {row.symbol} are known on {row.trade_date}, which hold the "
        "dividend: it is not counted again as income"
    )


async def replaced_equity(
    session: Session, portfolio_id: UUID, rows: Sequence[TransactionRow], places: Places
) -> list[Warned]:
    """Warnings of equity lines, not written yet, of days that have another amount already."""
    equities = [row for row in rows if row.kind is Kind.EQUITY]
    if not equities:
        return []
    active = await queries.active_transactions(session, portfolio_id, [Kind.EQUITY])
    known = {day: (key, amount) for key, (day, amount) in active.items()}
    found: list[Warned] = []
    for row in equities:
        if row.trade_date in known and known[row.trade_date][1] != row.amount:
            replaced, amount = known[row.trade_date]
            message = (
                f"transactions.{places[row.transaction_id]}: the equity of {row.trade_date} was "
                f"{amount:,.2f}: of several lines of a day the last one counts"
            )
            found.append(Warned(code="equity_replaced", message=message, about=[str(replaced)]))
        known[row.trade_date] = (row.transaction_id, row.amount)
    return found
