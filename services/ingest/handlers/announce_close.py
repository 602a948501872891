"""An operator requests the close of a session."""

from services.ingest import repository
from services.ingest.history.coverage import require_covered
from shared.contracts.gateway import MarketCloseRequested
from shared.contracts.ingest import MarketClosed
from shared.database import Session
from shared.messaging import ServiceRouter

router = ServiceRouter("ingest")


@router.emits(MarketClosed)
@router.on(MarketCloseRequested)
async def announce_close(event: MarketCloseRequested, session: Session) -> MarketClosed:
    """Announce the close in the operator's run."""
    await require_covered(session, event.as_of)
    await repository.save_announced(session, event.as_of)
    return MarketClosed.new(event.run_id, event.as_of, trigger="operator")
