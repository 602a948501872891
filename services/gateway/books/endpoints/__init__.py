"""Routes of portfolios, positions, tags and uploads."""

from services.gateway.books.endpoints import (
    exports,
    imports,
    ledger,
    portfolios,
    position_edits,
    positions,
    reconciliations,
    shares,
    strategies,
    tags,
    uploads,
)
from services.gateway.edge.routers import joined

router = joined(
    uploads.router,
    imports.router,
    reconciliations.router,
    exports.router,
    portfolios.router,
    shares.router,
    ledger.router,
    positions.router,
    position_edits.router,
    tags.router,
    strategies.router,
)
