"""Routes about the market: what ingest stored, and what there is to choose from."""

from services.gateway.edge.routers import joined
from services.gateway.market.endpoints import market_data, reference

router = joined(market_data.router, reference.router)
