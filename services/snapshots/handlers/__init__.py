"""What snapshots does, one file per use case.

Each handler writes its own rows from inputs that are stored before its event is published, so their
order does not matter and neither waits for the other
(docs/decisions/0009-risk-is-measured-beside-snapshots.md).
"""

from services.snapshots.handlers import measure_risk, take_snapshots
from shared.messaging import ServiceRouter

router = ServiceRouter.joining(take_snapshots.router, measure_risk.router)
