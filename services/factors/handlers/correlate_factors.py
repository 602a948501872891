"""A user asks: the factors' covariance, weighted in a way of their choice."""

import asyncio

from services.factors import repository
from services.factors.calculations.estimates import factor_covariance
from services.factors.inputs import Weighting
from shared.arrays import FloatArray
from shared.contracts.factors import CorrelateFactors, FactorCorrelations
from shared.database import Session
from shared.messaging import ServiceRouter
from shared.rows import finite_or_none

router = ServiceRouter("factors")


@router.answers(CorrelateFactors)
async def correlate_factors(request: CorrelateFactors, session: Session) -> FactorCorrelations:
    """Covariance and correlation of the active factors, as the request weighs and spaces them."""
    proxies = await repository.load_factor_closes(session, request.as_of, request.lookback)
    weighting = Weighting(request.decay, request.lookback)
    found = await asyncio.to_thread(factor_covariance, proxies, request.space, weighting)
    return FactorCorrelations(
        factors=proxies.factors.ids,
        covariances=_measured(found.covariance),
        correlations=_measured(found.correlation),
        observations=found.observations,
        shrinkage=finite_or_none(found.shrinkage),
        shrunk_covariances=_measured(found.shrunk),
    )


def _measured(matrix: FloatArray) -> tuple[tuple[float | None, ...], ...]:
    return tuple(tuple(finite_or_none(value) for value in row) for row in matrix.tolist())
