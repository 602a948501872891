"""What is known of the prices and splits that a file's rows are compared with."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import select

from services.gateway.books.files import PriceHistory
from services.gateway.books.queries.ledger import load_splits
from shared.database import Session, among
from shared.published import ingest


async def load_history(
    session: Session, symbols: Collection[str], days: Collection[date]
) -> PriceHistory:
    """The splits of symbols, and of those that split the closes on some days, as traded."""
    splits = await load_splits(session, symbols)
    if not splits:
        return PriceHistory()
    row = ingest.daily_prices.c
    traded = select(row.symbol, row.session_date, row.close).where(
        among(row.symbol, splits), among(row.session_date, days), row.close_basis == "raw"
    )
    return PriceHistory(
        {(symbol, day): close for symbol, day, close in await session.execute(traded)},
        {
            symbol: [(split.ex_date, split.ratio) for split in of_symbol]
            for symbol, of_symbol in splits.items()
        },
    )
