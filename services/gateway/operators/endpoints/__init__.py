"""Routes under /admin."""

from services.gateway.edge.routers import joined
from services.gateway.operators.endpoints import batches, dead_letters, demo, market_data, runs

router = joined(market_data.router, runs.router, batches.router, dead_letters.router, demo.router)
