"""Positions in terms of one day's shares, for every statement that shows what was held on a day."""

from sqlalchemy import Date, bindparam, func

from services.gateway.tables import Position
from shared.database import sql_table
from shared.published.gateway import positions_on

TERMS_ON = (
    "terms_on"  # the parameter every statement about `held` is executed with; None: each as it is stated
)
positions = sql_table(Position)
held = positions_on(func.coalesce(bindparam(TERMS_ON, type_=Date), positions.c.stated_on), positions)
