"""Composition root: `uvicorn services.factors.main:app`."""

from services.factors.handlers import router
from services.factors.settings import FactorsSettings
from services.factors.tables import DETAILS
from shared.retention import pruning
from shared.service import create_service

app = create_service("factors", router, FactorsSettings, background=[pruning(DETAILS)])
