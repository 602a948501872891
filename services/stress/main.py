"""Composition root: `uvicorn services.stress.main:app`."""

from services.stress.handlers import router
from services.stress.handlers.mirror_scenarios import mirror_scenarios
from services.stress.settings import StressSettings
from services.stress.tables import DETAILS
from shared.retention import pruning
from shared.service import create_service

app = create_service(
    "stress", router, StressSettings, on_startup=[mirror_scenarios], background=[pruning(DETAILS)]
)
