"""Routes of modelling sessions."""

from fastapi import APIRouter

from services.gateway.drafts.endpoints import sessions, trades, work

router = APIRouter()
for subject in (sessions, trades, work):
    router.include_router(subject.router)
