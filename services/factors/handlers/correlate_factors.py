"""A user asks: the factors' covariance, weighted in another way."""

import asyncio

import numpy as np

from services.factors import repository
from services.factors.calculations.estimates import (
    FactorModel,
    factor_covariance,
)
from shared.calendar import last_sessions
from shared.contracts.factors import (
    CorrelateFactors,
    FactorCorrelations,
)
from shared.database import Session
from shared.messaging import ServiceRouter
from shared.quant.returns import FloatArray

router = ServiceRouter("factors")


@router.answers(CorrelateFactors)
async def correlate_factors(request: CorrelateFactors, session: Session) -> FactorCorrelations:
    """Covariance and correlation of the active factors, in the way that is asked for."""
    factors = await repository.load_factors(session)
    window = last_sessions(request.as_of, request.lookback + 1)
    closes = await repository.load_closes(session, window, factors.proxies)
    model = FactorModel(factors.ids, request.decay, request.lookback)
    found = await asyncio.to_thread(factor_covariance, closes, request.space, model)
    return FactorCorrelations(
        factors=factors.ids,
        covariances=_measured(found.covariance),
        correlations=_measured(found.correlation),
        observations=found.observations,
    )


def _measured(matrix: FloatArray) -> tuple[tuple[float | None, ...], ...]:
    return tuple(
        tuple(value if np.isfinite(value) else None for value in row) for row in matrix.tolist()
    )
