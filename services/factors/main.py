"""Composition root: `faststream run services.factors.main:app`."""

from services.factors.handlers import router
from services.factors.settings import FactorsSettings
from shared.service import create_service

app = create_service("factors", router, FactorsSettings)
