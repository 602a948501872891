"""Every SQL statement of snapshots, one file per subject. Nothing here commits."""

from services.snapshots.repository.chain import load_chain, save_measurements
from services.snapshots.repository.history import claim_history
from services.snapshots.repository.risk import claim_risk_inputs, save_risk
from services.snapshots.repository.unchanged import RISK, SNAPSHOTS
from services.snapshots.repository.valuations import load_snapshot_inputs, save_snapshots

__all__ = [
    "RISK",
    "SNAPSHOTS",
    "claim_history",
    "claim_risk_inputs",
    "load_chain",
    "load_snapshot_inputs",
    "save_measurements",
    "save_risk",
    "save_snapshots",
]
