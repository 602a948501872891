"""Factor definitions, adjusted closes and Treasury yields."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import (
    Select,
    select,
)

from services.factors.inputs import Factors, History
from services.factors.tables import (
    FactorDefinition,
)
from shared.conventions import FloatArray, IntArray, day_numbers
from shared.database import Session, among, sql_table
from shared.published.closes import day_number, load_adjusted_closes
from shared.published.ingest import treasury_yields

load_closes = load_adjusted_closes


_YIELD_MARGIN = timedelta(days=14)  # so that the first session, too, finds the yield before it


async def load_factors(session: Session) -> Factors:
    """The active factor definitions."""
    definition = sql_table(FactorDefinition).c
    query = select(definition.factor, definition.proxy).where(definition.active)
    found = (await session.execute(query.order_by(definition.display_order))).all()
    return Factors(tuple(row.factor for row in found), tuple(row.proxy for row in found))


async def load_history(
    session: Session, sessions: Sequence[date], symbols: Sequence[str], maturities: Sequence[str]
) -> History:
    """Adjusted closes of `symbols` on `sessions` (ascending, not empty) and the yields over the
    same time.
    """
    observed: dict[str, list[tuple[int, float]]] = {maturity: [] for maturity in maturities}
    for maturity, day, percent in await session.execute(_yields(sessions, maturities)):
        observed[maturity].append((day, percent))
    return History(
        session_days=day_numbers(sessions),
        closes=await load_closes(session, sessions, symbols),
        yields={maturity: _series(found) for maturity, found in observed.items()},
    )


def _series(observed: Sequence[tuple[int, float]]) -> tuple[IntArray, FloatArray]:
    days = np.array([day for day, _ in observed], dtype=np.int64)
    return days, np.array([percent for _, percent in observed], dtype=np.float64)


def _yields(sessions: Sequence[date], maturities: Sequence[str]) -> Select[Any]:
    observed = treasury_yields.c
    day = day_number(observed.observation_date)
    return (
        select(observed.maturity, day, observed.yield_percent)
        .where(among(observed.maturity, maturities))
        .where(observed.observation_date.between(sessions[0] - _YIELD_MARGIN, sessions[-1]))
        .order_by(observed.observation_date)
    )
