"""Lots in terms of one day's shares, for every statement that shows what was held on a day.

One row per lot, however many parts it was closed in.
"""

from datetime import date
from typing import Any

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
    `realised_pnl`: USD, of all that was closed of it by then; null where a price is unknown.
    """
    span = spans.c
    own = positions.c
    lasts = or_(span.held_until.is_(None), span.held_until > _given)
    on_the_day = and_(span.held_from <= _given, lasts)
    now = and_(_given.is_(None), span.held_until.is_(None))
    mine = and_(span.position_id == own.position_id, span.portfolio_id == own.portfolio_id)
    joined = positions.outerjoin(spans, and_(mine, or_(on_the_day, now)))
    parts = _parts()
    of_it = and_(parts.c.position_id == own.position_id, parts.c.portfolio_id == own.portfolio_id)
    left = func.coalesce(span.quantity, own.quantity).label("quantity")
    gain = func.coalesce(
        parts.c.gain,
        case(
            (
                _is_over(own.exit_date),
                _gain(own.quantity * own.multiplier, own.entry_price, own.exit_price),
            )
        ),
    )
    return (
        select(
            *(left if column is own.quantity else column for column in own),
            own.quantity.label("opened_quantity"),
            gain.label("realised_pnl"),
            _day.label("terms_day"),
        )
        .select_from(joined.outerjoin(parts, of_it))
        .subquery("lots")
    )


def _gain(
    size: ColumnElement[Any], begun: ColumnElement[Any], ended: ColumnElement[Any]
) -> ColumnElement[Any]:
    """What so many shares gained from one price to another, both values to the cent."""
    return func.round(size * ended, 2) - func.round(size * begun, 2)


def _is_over(end: ColumnElement[date]) -> ColumnElement[bool]:
    """Whether what ended on that day, null: nothing, is over at the end of the day."""
    return and_(end.is_not(None), or_(_given.is_(None), end <= _given))


def _parts() -> Subquery:
    """What was closed of lots in parts by the day has gained, USD to the cent; null: unknown.

    And where nothing was closed by then.
    """
    lot = positions.alias("parted")
    span = spans.alias("part").c
    is_over = _is_over(span.held_until)
    end = case((is_over, span.until_price), else_=lot.c.entry_price)
    gain = _gain(span.quantity * lot.c.multiplier, span.from_price, end)
    # A part closed on the day of entry ends no span: the first one is of what was left of the lot.
    is_closed = or_(is_over, span.quantity != lot.c.quantity)
    is_known = and_(func.count() == func.count(gain), func.bool_or(is_closed))
    known = case((is_known, func.sum(gain))).label("gain")
    parted = select(span.position_id, span.portfolio_id, known)
    of_lot = and_(lot.c.position_id == span.position_id, lot.c.portfolio_id == span.portfolio_id)
    begun = or_(_given.is_(None), span.held_from <= _given)
    joined = parted.join(lot, of_lot).where(begun)
    return joined.group_by(span.position_id, span.portfolio_id).subquery("parts")


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
