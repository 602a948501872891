"""Routes of users' preferences and tokens, and of their administration."""

from fastapi import APIRouter

from services.gateway.accounts.endpoints import administration, own_runs, preferences, tokens

router = APIRouter()
for subject in (preferences, tokens, own_runs, administration):
    router.include_router(subject.router)
