"""What shards were calculated from; for snapshots also the anchors of NAV that have none yet."""

from services.snapshots.repository.history import load_anchors, load_market_until
from services.snapshots.tables import Calculation
from shared.contracts.event import ShardEvent
from shared.database import Session
from shared.unchanged import Calculations


async def _load_missing_anchors(session: Session, event: ShardEvent) -> str:
    """Those that a run would value with its session."""
    anchors = await load_anchors(session, event.portfolio_ids)
    missing = {day for own in anchors.values() for day in own.missing}
    if not missing:
        return ""
    until = await load_market_until(session)
    return " ".join(str(day) for day in sorted(missing) if until is not None and day <= until)


SNAPSHOTS = Calculations(Calculation, also=_load_missing_anchors)
RISK = Calculations(Calculation)
