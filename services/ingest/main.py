"""Ingest's composition root: `faststream run services.ingest.main:app`."""

from services.ingest.handlers import list_what_is_covered, router, watch_market
from services.ingest.settings import IngestSettings
from shared.service import create_service

app = create_service(
    "ingest", router, IngestSettings, on_startup=[list_what_is_covered], background=[watch_market]
)
