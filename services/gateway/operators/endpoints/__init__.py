"""Routes under /admin."""

from fastapi import APIRouter

from services.gateway.operators.endpoints import batches, dead_letters, demo, market_data, runs

router = APIRouter()
for subject in (market_data, runs, batches, dead_letters, demo):
    router.include_router(subject.router)
