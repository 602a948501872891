"""What stress does, one file per use case."""

from services.stress.handlers import (
    evaluate_curve,
    evaluate_grid,
    evaluate_what_if,
    manage_scenarios,
    stress_portfolios,
    suggest_trades,
)
from shared.messaging import ServiceRouter

router = ServiceRouter.joining(
    stress_portfolios.router,
    manage_scenarios.router,
    evaluate_what_if.router,
    evaluate_grid.router,
    evaluate_curve.router,
    suggest_trades.router,
)
