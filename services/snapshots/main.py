"""Composition root: `uvicorn services.snapshots.main:app`."""

from services.snapshots.handlers import router
from services.snapshots.settings import SnapshotsSettings
from services.snapshots.tables import DETAILS
from shared.retention import pruning
from shared.service import create_service

app = create_service("snapshots", router, SnapshotsSettings, background=[pruning(DETAILS)])
