"""Routes of portfolios, positions, tags and uploads."""

from fastapi import APIRouter

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

router = APIRouter()
SUBJECTS = (
    *(uploads, imports, reconciliations, exports, portfolios, shares, ledger, positions),
    *(position_edits, tags, strategies),
)
for subject in SUBJECTS:
    router.include_router(subject.router)
