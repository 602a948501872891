"""Routes of modelling sessions."""

from fastapi import APIRouter

from services.gateway.drafts.endpoints import exports, sessions, suggestions, trades, work

router = APIRouter()
for subject in (sessions, trades, work, exports, suggestions):
    router.include_router(subject.router)
