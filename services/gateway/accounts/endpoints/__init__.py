"""Routes of users' preferences and tokens, and of their administration."""

from fastapi import APIRouter

from services.gateway.accounts.endpoints import administration, preferences, tokens

router = APIRouter()
for subject in (preferences, tokens, administration):
    router.include_router(subject.router)
