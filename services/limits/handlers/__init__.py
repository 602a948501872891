"""What limits does, one file per use case."""

from services.limits.handlers import (
    confirm_channels,
    evaluate_limits,
    manage_channels,
    manage_limits,
    mark_limit,
    send_again,
    try_limit,
)
from shared.messaging import ServiceRouter

router = ServiceRouter.joining(
    evaluate_limits.router,
    manage_limits.router,
    mark_limit.router,
    try_limit.router,
    manage_channels.router,
    confirm_channels.router,
    send_again.router,
)
