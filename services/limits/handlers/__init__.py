"""What limits does, one file per use case."""

from services.limits.handlers import evaluate_limits, manage_limits, mark_limit, try_limit
from shared.messaging import ServiceRouter

router = ServiceRouter.joining(
    evaluate_limits.router, manage_limits.router, mark_limit.router, try_limit.router
)
