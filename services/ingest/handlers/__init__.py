"""What ingest does, one file per use case."""

from services.ingest.handlers import announce_close, deliver_prices, fetch_symbols, store_rows
from shared.messaging import ServiceRouter

router = ServiceRouter.joining(
    announce_close.router, deliver_prices.router, fetch_symbols.router, store_rows.router
)
