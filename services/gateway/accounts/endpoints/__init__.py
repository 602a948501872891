"""Routes of users' preferences, and of their administration."""

from fastapi import APIRouter

from services.gateway.accounts.endpoints import administration, preferences

router = APIRouter()
for subject in (preferences, administration):
    router.include_router(subject.router)
