"""Routes of modelling sessions."""

from services.gateway.drafts.endpoints import exports, sessions, suggestions, trades, work
from services.gateway.edge.routers import joined

router = joined(sessions.router, trades.router, work.router, exports.router, suggestions.router)
