"""What trades are suggested from: P&L vectors that are stored, and what candidates are worth."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import numpy as np
from sqlalchemy import func, select

from services.stress.inputs import Catalogue, Surroundings
from services.stress.repository.holdings import load_covariance, load_factors, load_past
from services.stress.tables import PnlAxis
from shared.arrays import FloatArray
from shared.database import Session, sql_table
from shared.published import stress


async def load_held(session: Session, portfolio_id: UUID, as_of: date) -> FloatArray | None:
    """What its positions made on past days, (positions, days) USD, NaN where not known.

    None unless the portfolio's stress tests of the session are stored.
    """
    axis = sql_table(PnlAxis).c
    days = await session.scalar(
        select(func.cardinality(axis.session_dates)).where(
            axis.portfolio_id == portfolio_id, axis.as_of == as_of
        )
    )
    if days is None:
        return None
    position = stress.position_pnl_vectors.c
    vectors = await session.scalars(
        select(position.historical_pnl)
        .where(position.portfolio_id == portfolio_id, position.as_of == as_of)
        .order_by(position.position_id)
    )
    unknown = [np.nan] * days
    rows = [unknown if vector is None else vector for vector in vectors]
    return np.array(rows, dtype=np.float64).reshape(len(rows), days)


async def load_surroundings(
    session: Session, catalogue: Catalogue, as_of: date, underlyings: Sequence[str]
) -> Surroundings:
    """What candidates on these underlyings, one each, are valued with.

    Raises `MarketDataNotReady` when no factor is defined yet.
    """
    factors = await load_factors(session, as_of)
    past = await load_past(session, underlyings, as_of)
    return Surroundings(
        factors,
        await load_covariance(session, as_of, factors.ids),
        past.returns[past.underlying],
        catalogue,
    )
