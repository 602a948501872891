"""Portfolios: their ledgers, the lots derived from them, tags, and the views of all that."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    CompoundSelect,
    Date,
    Identity,
    Index,
    Integer,
    Numeric,
    Select,
    String,
    UniqueConstraint,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy import Table as SqlTable
from sqlmodel import Field

from services.gateway.tables.base import Table, owned_by, stamped, unique_name, while_shared
from services.gateway.tables.people import User
from shared.database import folded_column, key, optional, published_columns, required, sql_table
from shared.published import gateway as published

CASH = Numeric(20, 2)
SPAN_PRICE = Numeric(30, 12)  # an average: a cent of a million shares has eight decimals


class Portfolio(Table, table=True):
    """A portfolio: a book, or a draft, which is a branch of one.

    `base_id`, `base_session`: of a draft, the portfolio and the session that it is a branch of; a
    draft is deleted with its base. `shared_with`: of a draft whose base is another user's, the
    draft's user; the draft is deleted when the base is no longer shared with them.

    `valued_from`: the session that its first transactions were valued on, from which its NAV starts
    where no equity is entered; null before there are any. `equity_balance`: what its owner entered
    before that day was known, USD; it becomes a statement of that day. `opening_cash`: what flows,
    trades, settlements and income left in cash at the end of that day, USD; null where nothing but
    flows moved cash until then. `lot_method`: which lots a
    sale closes first. `settlement`: whether options in the money deliver shares at their expiry.
    """

    __tablename__: ClassVar[str] = "portfolios"
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "lot_method IN ('fifo', 'lifo', 'highest_cost')", name="lot_method_is_known"
        ),
        CheckConstraint("settlement IN ('physical', 'cash')", name="settlement_is_known"),
        CheckConstraint(
            f"kind IN ('{published.BOOK}', '{published.DRAFT}')", name="portfolio_kind_is_known"
        ),
        CheckConstraint(
            f"(kind = '{published.DRAFT}') = (num_nonnulls(base_id, base_session) = 2)",
            name="drafts_have_a_base",
        ),
        Index("ix_portfolios_base", "base_id", postgresql_where=text("base_id IS NOT NULL")),
        UniqueConstraint("user_id", "portfolio_id", name="uq_portfolios_user_portfolio"),
        while_shared("portfolios"),
    )

    portfolio_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, owned_by("users.user_id"))
    name: str = required(String(100))
    equity_balance: Decimal | None = optional(Numeric(20, 2))
    valued_from: date | None = optional(Date)
    opening_cash: Decimal | None = optional(Numeric(20, 2))
    lot_method: str = required(String(12), server_default="fifo")
    settlement: str = required(String(8), server_default="physical")
    kind: str = required(String(8), server_default=published.BOOK)
    base_id: UUID | None = optional(Uuid, owned_by("portfolios.portfolio_id"))
    base_session: date | None = optional(Date)
    shared_with: UUID | None = optional(Uuid)
    created_at: datetime = stamped()


_own = sql_table(Portfolio).c
Index(
    "uq_portfolios_user_name",
    _own.user_id,
    folded_column(_own.name),
    unique=True,
    postgresql_where=_own.kind == published.BOOK,
)
IS_BOOK = _own.kind == published.BOOK


class PortfolioRevision(Table, table=True):
    """A portfolio's revision: raised by every edit of it and every stage recorded for it.

    Answers about it are as old as this. `edits`: how often that was an edit of what calculators
    read, which a run compares when it ends.
    """

    __tablename__: ClassVar[str] = "portfolio_revisions"

    portfolio_id: UUID = key(Uuid, owned_by("portfolios.portfolio_id"))
    revision: int = required(BigInteger, server_default="1")
    edits: int = required(BigInteger, server_default="0")


class Transaction(Table, table=True):
    """One line of a portfolio's ledger: written once, never changed; undone by a reversal.

    `sequence`: the order of entry. `quantity` is signed (bought positive) and `price` USD per share
    (per share of contract), both in the shares of `stated_on`; null for kinds that move cash only.
    `amount`: what a cash kind moved, USD, signed as it changes cash; of an `equity` statement the
    equity. `fees`: USD, not negative. `lot_id`: the lot that it opens, or the only one it closes.
    `external_id`: the broker's own id, which makes a repeated import harmless. `reverses`: the
    transaction that this one undoes.
    """

    __tablename__: ClassVar[str] = "transactions"
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "kind IN ('opening', 'buy', 'sell', 'sell_short', 'buy_to_cover', 'deposit',"
            " 'withdrawal', 'transfer_in', 'transfer_out', 'dividend', 'interest', 'borrow_fee',"
            " 'fee', 'equity')",
            name="kind_is_known",
        ),
        CheckConstraint("(quantity IS NULL) <> (amount IS NULL)", name="quantity_or_amount"),
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        CheckConstraint("price >= 0", name="price_not_negative"),
        CheckConstraint("fees >= 0", name="fees_not_negative"),
        CheckConstraint("(quantity IS NULL) OR (symbol IS NOT NULL)", name="trades_have_a_symbol"),
        Index("ix_transactions_portfolio", "portfolio_id", "trade_date"),
        Index(
            "uq_transactions_reverses",
            "reverses",
            unique=True,
            postgresql_where=text("reverses IS NOT NULL"),
        ),
    )

    transaction_id: UUID = key(Uuid)
    sequence: int = Field(
        default=None, sa_column=Column(BigInteger, Identity(), nullable=False, unique=True)
    )
    portfolio_id: UUID = required(Uuid, owned_by("portfolios.portfolio_id"))
    kind: str = required(String(16))
    trade_date: date = required(Date)
    symbol: str | None = optional(String(24))
    underlying: str | None = optional(String(24))
    option_type: str | None = optional(String(1))
    strike: Decimal | None = optional(Numeric(18, 6))
    expiry: date | None = optional(Date)
    multiplier: int = required(Integer, server_default="1")
    investment_class: str | None = optional(String(10))
    investment_subtype: str | None = optional(String(50))
    quantity: Decimal | None = optional(Numeric(20, 6))
    price: Decimal | None = optional(Numeric(18, 6))
    amount: Decimal | None = optional(Numeric(20, 2))
    fees: Decimal = required(Numeric(20, 2), server_default="0")
    stated_on: date = required(Date)
    lot_id: UUID | None = optional(Uuid)
    lot_method: str | None = optional(String(12))
    source: str = required(String(10))
    source_line: int | None = optional(Integer)
    external_id: str | None = optional(String(100))
    note: str = required(String(200), server_default="")
    reverses: UUID | None = optional(Uuid)
    created_at: datetime = stamped()


Index(
    "ix_transactions_external_id",
    sql_table(Transaction).c.portfolio_id,
    sql_table(Transaction).c.external_id,
    postgresql_where=text("external_id IS NOT NULL"),
)


class Position(Table, table=True):
    """A lot, derived from the ledger: what one transaction opened of one instrument.

    `quantity`: signed, what was opened. Prices in USD per share. `stated_on`: the day in whose
    shares (and contracts) all of it is given; splits since then are not in it. `exit_date`: the day
    on which the last of it was closed, null while some is held; `exit_price`: the average of its
    closings, 0 for an option that ended worthless or delivered shares. `opened_by`: its
    transaction, or the settlement of the option that delivered the shares.
    """

    __tablename__: ClassVar[str] = "positions"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        CheckConstraint("entry_price >= 0", name="entry_price_not_negative"),
        CheckConstraint("instrument IN ('stock', 'option')", name="instrument_is_known"),
        CheckConstraint(
            "(instrument = 'option') = (num_nonnulls(strike, expiry, option_type) = 3)",
            name="options_have_terms",
        ),
        CheckConstraint(
            "investment_class IN ('PUBLIC', 'OPTIONS', 'PRIVATE')", name="investment_class_is_known"
        ),
        Index("ix_positions_portfolio_symbol", "portfolio_id", "symbol", "entry_date"),
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
    opened_by: UUID | None = optional(Uuid)


class PositionSpan(Table, table=True):
    """How much of a lot was held over some days: only of lots that were closed in parts.

    Held at the end of every day from `held_from` to before `held_until` (null: ever since).
    P&L over it is that of so much bought at `from_price` and sold at `until_price` (see `Span` of
    the ledger); null where unknown, the latter also while the span lasts.
    """

    __tablename__: ClassVar[str] = "position_spans"

    position_id: UUID = key(Uuid, owned_by("positions.position_id"))
    held_from: date = key(Date)
    portfolio_id: UUID = required(Uuid, owned_by("portfolios.portfolio_id"), index=True)
    held_until: date | None = optional(Date)
    quantity: Decimal = required(Numeric(20, 6))
    from_price: Decimal | None = optional(SPAN_PRICE)
    until_price: Decimal | None = optional(SPAN_PRICE)


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


def _held_positions() -> Select[Any]:
    """Lots by the spans they were held over; most were held in one piece, and have one row."""
    lot = sql_table(Position)
    span = sql_table(PositionSpan).c
    in_parts = span.position_id.is_not(None)
    own = {
        "quantity": func.coalesce(span.quantity, lot.c.quantity),
        "held_from": func.coalesce(span.held_from, lot.c.entry_date),
        "held_until": case((in_parts, span.held_until), else_=lot.c.exit_date),
        "from_price": cast(case((in_parts, span.from_price), else_=lot.c.entry_price), SPAN_PRICE),
        "until_price": cast(case((in_parts, span.until_price), else_=lot.c.exit_price), SPAN_PRICE),
    }
    spans = sql_table(PositionSpan)
    joined = lot.outerjoin(spans, spans.c.position_id == lot.c.position_id)
    columns = (
        own[each.name] if each.name in own else lot.c[each.name] for each in published.positions.c
    )
    names = published.positions.c.keys()
    return select(
        *(column.label(name) for column, name in zip(columns, names, strict=True))
    ).select_from(joined)


_line = sql_table(Transaction).c
_reversal = sql_table(Transaction).alias("reversal")
# Neither undone, nor what undid it: the lines of the ledger that count.
COUNTS = and_(
    _line.reverses.is_(None),
    ~select(_reversal.c.transaction_id)
    .where(_reversal.c.reverses == _line.transaction_id)
    .exists(),
)


def _flows() -> Select[Any]:
    """Deposits, withdrawals and transfers; securities transferred count at their given price."""
    in_kind = _line.quantity * _line.multiplier * _line.price
    return select(
        _line.transaction_id.label("cash_flow_id"),
        _line.portfolio_id,
        _line.trade_date.label("flow_date"),
        cast(func.coalesce(_line.amount, func.round(in_kind, 2)), CASH).label("amount"),
    ).where(_line.kind.in_(FLOW_KINDS), COUNTS)


def _income() -> CompoundSelect[Any]:
    """Income and cost that lots do not have: dividends received, interest, fees."""
    entered = select(
        _line.transaction_id,
        _line.portfolio_id,
        _line.trade_date.label("day"),
        _line.kind,
        _line.symbol,
        _line.amount,
    ).where(_line.kind.in_(INCOME_KINDS), COUNTS)
    fees = select(
        _line.transaction_id,
        _line.portfolio_id,
        _line.trade_date,
        literal("fee"),
        _line.symbol,
        cast(-_line.fees, CASH),
    ).where(_line.fees > 0, COUNTS)
    return entered.union_all(fees)


FLOW_KINDS = ("deposit", "withdrawal", "transfer_in", "transfer_out")
INCOME_KINDS = ("dividend", "interest", "borrow_fee", "fee")
PUBLISHED: dict[SqlTable, Any] = {
    published.users: published_columns(User, published.users),
    published.portfolios: published_columns(Portfolio, published.portfolios),
    published.portfolio_edits: published_columns(PortfolioRevision, published.portfolio_edits),
    published.positions: _held_positions(),
    published.cash_flows: _flows(),
    published.income: _income(),
    published.equity_statements: select(
        _line.transaction_id,
        _line.portfolio_id,
        _line.trade_date.label("stated_on"),
        _line.amount,
        _line.sequence,
    ).where(_line.kind == "equity", COUNTS),
    published.position_tags: _tags_by_position(),
}
