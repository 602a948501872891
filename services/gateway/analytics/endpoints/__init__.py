"""Routes of stored and requested calculations."""

from fastapi import APIRouter

from services.gateway.analytics.endpoints import (
    aliases,
    correlations,
    definitions,
    factors,
    greeks,
    grids,
    impacts,
    market_data,
    options,
    portfolio,
    recalculation,
    regression,
    reports,
    risk,
    series,
    smile,
    stress,
    summary,
    table,
)

router = APIRouter()
for subject in (
    portfolio,
    reports,
    summary,
    series,
    risk,
    aliases,
    greeks,
    correlations,
    stress,
    grids,
    options,
    smile,
    factors,
    regression,
    recalculation,
    market_data,
    definitions,
    impacts,
    table,
):
    router.include_router(subject.router)
router.include_router(grids.of_drafts)
