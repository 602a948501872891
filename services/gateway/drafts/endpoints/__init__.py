"""Routes of modelling sessions."""

from fastapi import APIRouter

from services.gateway.drafts.endpoints import exports, sessions, trades, work

router = APIRouter()
for subject in (sessions, trades, work, exports):
    router.include_router(subject.router)
