"""Composition root: `uvicorn services.limits.main:app`."""

from services.limits.handlers import router
from services.limits.handlers.notify_users import notify_users
from services.limits.settings import LimitsSettings
from services.limits.tables import DETAILS
from shared.retention import pruning
from shared.service import create_service

app = create_service("limits", router, LimitsSettings, background=[pruning(DETAILS), notify_users])
