"""Composition root: `uvicorn services.reports.main:app`."""

from services.reports.handlers import router
from services.reports.handlers.expire_documents import expire_documents
from services.reports.settings import ReportsSettings
from shared.service import create_service

app = create_service("reports", router, ReportsSettings, background=[expire_documents])
