"""What factors does, one file per use case."""

from services.factors.handlers import (
    compute_factors,
    correlate_factors,
    correlate_positions,
    estimate_betas,
    regress_symbol,
)
from shared.messaging import ServiceRouter

router = ServiceRouter.joining(
    compute_factors.router,
    correlate_factors.router,
    correlate_positions.router,
    estimate_betas.router,
    regress_symbol.router,
)
