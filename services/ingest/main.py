"""Composition root: `uvicorn services.ingest.main:app`."""

from services.ingest.handlers import router
from services.ingest.handlers.record_coverage import record_coverage, watch_folder
from services.ingest.handlers.watch_market import watch_market
from services.ingest.settings import IngestSettings
from shared.service import create_service

app = create_service(
    "ingest",
    router,
    IngestSettings,
    on_startup=[record_coverage],
    background=[watch_market, watch_folder],
)
