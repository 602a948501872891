"""Routes of users' preferences, tokens and exports, and of their administration."""

from services.gateway.accounts.endpoints import (
    administration,
    exports,
    own_runs,
    preferences,
    second_factor,
    tokens,
)
from services.gateway.edge.routers import joined

router = joined(
    preferences.router,
    tokens.router,
    second_factor.router,
    exports.router,
    own_runs.router,
    administration.router,
)
