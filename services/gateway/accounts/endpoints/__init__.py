"""Routes of users' preferences, tokens and exports, and of their administration."""

from fastapi import APIRouter

from services.gateway.accounts.endpoints import (
    administration,
    exports,
    own_runs,
    preferences,
    second_factor,
    tokens,
)

router = APIRouter()
for subject in (preferences, tokens, second_factor, exports, own_runs, administration):
    router.include_router(subject.router)
