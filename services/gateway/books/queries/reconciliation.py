"""What a portfolio holds on a day, at which prices, and its cash: to be compared with a file."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from services.gateway.books.ledger import Instrument
from services.gateway.tables import PUBLISHED, Transaction
from services.gateway.tables.portfolios import COUNTS
from shared.database import Session, sql_table
from shared.published import gateway, snapshots

_lots = PUBLISHED[gateway.positions].subquery("lots")  # which users may not read as the view
_lines = sql_table(Transaction)
_TERMS = (  # in the order of Instrument
    *("symbol", "underlying", "multiplier", "option_type", "strike", "expiry"),
    "investment_class",
)


@dataclass(frozen=True)
class HeldLot:
    """What is held of a lot at the end of a day.

    `was_split`: whether splits lie between that day and the one it was entered for.
    """

    lot_id: UUID
    instrument: Instrument
    quantity: Decimal
    entry_price: Decimal
    was_split: bool = False


async def load_held_lots(
    session: Session, portfolio_id: UUID, day: date, stated_on: date
) -> list[HeldLot]:
    """The lots of a portfolio that are open at the end of a day, by symbol and entry.

    In the shares of the day `stated_on`.
    """
    on_day = gateway.positions_on(stated_on, _lots)
    row = on_day.c
    was_split = (row.split_factor != 1).label("was_split")
    terms_of = (row[name] for name in _TERMS)
    columns = (row.position_id, row.quantity, row.entry_price, was_split, *terms_of)
    held = select(*columns).where(row.portfolio_id == portfolio_id, gateway.active_on(on_day, day))
    found = await session.execute(held.order_by(row.symbol, row.entry_date, row.position_id))
    return [
        HeldLot(lot_id, Instrument(*terms), quantity, price, was_split)
        for lot_id, quantity, price, was_split, *terms in found
    ]


async def load_last_prices(session: Session, portfolio_id: UUID, day: date) -> dict[str, Decimal]:
    """The prices of the last valuation of a portfolio by a day, USD per share, by symbol."""
    row = snapshots.position_valuations.c
    mine = (row.portfolio_id == portfolio_id, row.as_of <= day)
    last = select(row.as_of).where(*mine).order_by(row.as_of.desc()).limit(1).scalar_subquery()
    priced = select(row.symbol, row.price).where(
        row.portfolio_id == portfolio_id, row.as_of == last, row.price.is_not(None)
    )
    return dict((await session.execute(priced)).tuples().all())


@dataclass(frozen=True)
class CashOnDay:
    """A portfolio's cash at the close of its last snapshot by a day, USD."""

    as_of: date
    cash: Decimal


async def load_cash(session: Session, portfolio_id: UUID, day: date) -> CashOnDay | None:
    """The cash of a portfolio on a day; None before its first snapshot."""
    row = snapshots.portfolio_snapshots.c
    taken = select(row.as_of, row.cash).where(
        row.portfolio_id == portfolio_id, row.as_of <= day, row.cash.is_not(None)
    )
    found = (await session.execute(taken.order_by(row.as_of.desc()).limit(1))).one_or_none()
    return None if found is None else CashOnDay(found.as_of, round(found.cash, 2))


async def load_lines_of(session: Session, portfolio_id: UUID, prefix: str) -> dict[UUID, str]:
    """The lines of a portfolio that count and whose external ids begin so, in order of entry."""
    row = _lines.c
    named = row.external_id.startswith(prefix, autoescape=True)
    own = select(row.transaction_id, row.external_id).where(
        row.portfolio_id == portfolio_id, named, COUNTS
    )
    return dict((await session.execute(own.order_by(row.sequence))).tuples().all())
