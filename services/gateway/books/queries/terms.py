"""Positions in terms of one day's shares, for every statement that shows what was held on a day."""

from sqlalchemy import Date, bindparam, cast, func, literal_column, text
from sqlalchemy.dialects.postgresql.base import PGDialect

from services.gateway.tables import Position
from shared.database import sql_table
from shared.published.gateway import positions_on

# The parameter every statement about `held` is executed with; None: each as it was entered.
TERMS_ON = "terms_on"
positions = sql_table(Position)
_day = func.coalesce(cast(literal_column(f":{TERMS_ON}"), Date), positions.c.stated_on)
_select = positions_on(_day, positions).element
_postgres = PGDialect()  # type: ignore[no-untyped-call]
_written = _select.compile(dialect=_postgres, compile_kwargs={"literal_binds": True})
# As text: SQLAlchemy would walk through the expressions of every column whenever a statement is
# executed.
held = (
    text(str(_written))
    .bindparams(bindparam(TERMS_ON, type_=Date))
    .columns(*_select.selected_columns)
    .subquery("held")
)
