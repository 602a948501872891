"""Routes of portfolios, positions, tags and uploads."""

from fastapi import APIRouter

from services.gateway.books.endpoints import (
    exports,
    ledger,
    portfolios,
    position_edits,
    positions,
    strategies,
    tags,
    uploads,
)

router = APIRouter()
for subject in (uploads, exports, portfolios, ledger, positions, position_edits, tags, strategies):
    router.include_router(subject.router)
