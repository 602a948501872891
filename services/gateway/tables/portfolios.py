"""Portfolios with their positions, cash flows and tags, and the views of them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    Integer,
    Numeric,
    Select,
    String,
    UniqueConstraint,
    Uuid,
    select,
)
from sqlalchemy import Table as SqlTable

from services.gateway.tables.base import Table, owned_by, stamped, unique_name
from shared.database import key, optional, published_columns, required, sql_table
from shared.published import gateway as published


class Portfolio(Table, table=True):
    """A portfolio.

    `equity_balance`: the NAV its owner gave for the first snapshot, USD; null when none was.
    """

    __tablename__: ClassVar[str] = "portfolios"

    portfolio_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, owned_by("users.user_id"))
    name: str = required(String(100))
    equity_balance: Decimal | None = optional(Numeric(20, 2))
    created_at: datetime = stamped()


unique_name(Portfolio, "uq_portfolios_user_name")


class PortfolioRevision(Table, table=True):
    """A portfolio's revision: raised by every edit of it and every stage recorded for it.

    Answers about it are as old as this.
    """

    __tablename__: ClassVar[str] = "portfolio_revisions"

    portfolio_id: UUID = key(Uuid, owned_by("portfolios.portfolio_id"))
    revision: int = required(BigInteger, server_default="1")


class Position(Table, table=True):
    """A holding: signed quantity of one instrument since its entry date.

    Prices in USD per share. `stated_on`: the day in whose shares (and contracts) all of it is
    given; splits since then are not in it.
    """

    __tablename__: ClassVar[str] = "positions"
    __table_args__: ClassVar[Any] = (
        # A symbol may mean another contract before a split than after it.
        UniqueConstraint(
            "portfolio_id",
            "symbol",
            "entry_date",
            "stated_on",
            name="uq_positions_instrument_entry",
        ),
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        CheckConstraint("entry_price > 0", name="entry_price_positive"),
        CheckConstraint("instrument IN ('stock', 'option')", name="instrument_is_known"),
        CheckConstraint(
            "(instrument = 'option') = (num_nonnulls(strike, expiry, option_type) = 3)",
            name="options_have_terms",
        ),
        CheckConstraint(
            "investment_class IN ('PUBLIC', 'OPTIONS', 'PRIVATE')", name="investment_class_is_known"
        ),
    )

    position_id: UUID = key(Uuid)
    portfolio_id: UUID = required(Uuid, owned_by("portfolios.portfolio_id"))
    symbol: str = required(String(24))
    instrument: str = required(String(10))
    underlying: str = required(String(24))
    option_type: str | None = optional(String(1))
    strike: Decimal | None = optional(Numeric(18, 6))
    expiry: date | None = optional(Date)
    multiplier: int = required(Integer, server_default="1")
    quantity: Decimal = required(Numeric(20, 6))
    entry_price: Decimal = required(Numeric(18, 6))
    entry_date: date = required(Date)
    exit_price: Decimal | None = optional(Numeric(18, 6))
    exit_date: date | None = optional(Date)
    investment_class: str = required(String(10), server_default="PUBLIC")
    investment_subtype: str | None = optional(String(50))
    stated_on: date = required(Date)
    created_at: datetime = stamped()


class CashFlow(Table, table=True):
    """Money into (positive) or out of (negative) a portfolio, USD."""

    __tablename__: ClassVar[str] = "cash_flows"
    __table_args__: ClassVar[Any] = (CheckConstraint("amount <> 0", name="amount_not_zero"),)

    cash_flow_id: UUID = key(Uuid)
    portfolio_id: UUID = required(Uuid, owned_by("portfolios.portfolio_id"), index=True)
    flow_date: date = required(Date)
    amount: Decimal = required(Numeric(20, 2))
    note: str = required(String(200), server_default="")
    created_at: datetime = stamped()


class Tag(Table, table=True):
    """A user's tag for some positions, unique per user without regard to case.

    `colour`: "#rrggbb".
    """

    __tablename__: ClassVar[str] = "tags"

    tag_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, owned_by("users.user_id"))
    name: str = required(String(50))
    colour: str = required(String(7), server_default="#64748b")
    created_at: datetime = stamped()


unique_name(Tag, "uq_tags_user_name")


class PositionTag(Table, table=True):
    """Which position carries which tag."""

    __tablename__: ClassVar[str] = "position_tags"

    position_id: UUID = key(Uuid, owned_by("positions.position_id"))
    tag_id: UUID = key(Uuid, owned_by("tags.tag_id"), index=True)


def _tags_by_position() -> Select[Any]:
    carried = sql_table(PositionTag)
    tag = sql_table(Tag)
    joined = carried.join(tag, tag.c.tag_id == carried.c.tag_id)
    return select(carried.c.position_id, tag.c.name.label("tag")).select_from(joined)


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.portfolios: published_columns(Portfolio, published.portfolios),
    published.positions: published_columns(Position, published.positions),
    published.cash_flows: published_columns(CashFlow, published.cash_flows),
    published.position_tags: _tags_by_position(),
}
