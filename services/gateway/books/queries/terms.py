"""Lots in terms of one day's shares, for every statement that shows what was held on a day.

One row per lot, however many parts it was closed in.
"""

from datetime import date
from decimal import Decimal

from sqlalchemy import (
    ColumnElement,
    Date,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql.base import PGDialect

from services.gateway.tables import Position, PositionSpan
from shared.database import sql_table
from shared.published.gateway import positions_on

# The parameter every statement about `held` is executed with; None: each as it was entered, and
# what is left of it now.
TERMS_ON = "terms_on"
positions = sql_table(Position)
spans = sql_table(PositionSpan)
_given: ColumnElement[date] = cast(literal_column(f":{TERMS_ON}"), Date)
_day = func.coalesce(_given, positions.c.stated_on)
_postgres = PGDialect()  # type: ignore[no-untyped-call]


def _lots() -> Subquery:
    """The columns of the table, with `quantity` as it was at the end of the day.

    Before its entry and once it is closed, a lot shows what was opened: `opened_quantity`.
    `realised`: P&L per unit of the multiplier of all that has been closed of it, null where a price
    is unknown.
    """
    span = spans.c
    lasts = or_(span.held_until.is_(None), span.held_until > _given)
    on_the_day = and_(span.held_from <= _given, lasts)
    now = and_(_given.is_(None), span.held_until.is_(None))
    left = and_(
        span.position_id == positions.c.position_id,
        span.portfolio_id == positions.c.portfolio_id,
        or_(on_the_day, now),
    )
    own = positions.c
    columns = [
        func.coalesce(span.quantity, own.quantity).label("quantity")
        if column is own.quantity
        else column
        for column in own
    ]
    terms = _day.label("terms_day")
    opened = own.quantity.label("opened_quantity")
    lots = select(*columns, opened, _realised().label("realised"), terms)
    return lots.select_from(positions.outerjoin(spans, left)).subquery("lots")


def _realised() -> ColumnElement[Decimal]:
    own = positions.c
    span = spans.alias("closed").c
    end = case((span.held_until.is_(None), own.entry_price), else_=span.until_price)
    gain = span.quantity * (end - span.from_price)
    known = case((func.count() == func.count(gain), func.sum(gain)))
    in_parts = select(known).where(span.position_id == own.position_id).correlate(positions)
    whole = own.quantity * (own.exit_price - own.entry_price)
    return func.coalesce(in_parts.scalar_subquery(), whole)


_held = _lots()
_select = positions_on(_held.c.terms_day, _held).element
_written = _select.compile(dialect=_postgres, compile_kwargs={"literal_binds": True})
# As text: SQLAlchemy would walk through the expressions of every column whenever a statement is
# executed.
held = (
    text(str(_written))
    .bindparams(bindparam(TERMS_ON, type_=Date))
    .columns(*_select.selected_columns)
    .subquery("held")
)
