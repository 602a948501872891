"""Routes about the market: what ingest stored, and what there is to choose from."""

from fastapi import APIRouter

from services.gateway.market.endpoints import market_data, reference

router = APIRouter()
for subject in (market_data, reference):
    router.include_router(subject.router)
