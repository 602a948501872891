"""Composition root: `uvicorn services.greeks.main:app`."""

from services.greeks.handlers import router
from services.greeks.settings import GreeksSettings
from services.greeks.tables import DETAILS
from shared.retention import pruning
from shared.service import create_service

app = create_service("greeks", router, GreeksSettings, background=[pruning(DETAILS)])
