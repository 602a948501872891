"""What shards were calculated from; the scenarios are part of it."""

from services.stress.repository.scenarios import load_catalogue
from services.stress.tables import Calculation
from shared.contracts.event import ShardEvent
from shared.database import Session
from shared.unchanged import Calculations


async def _load_scenarios(session: Session, event: ShardEvent) -> str:
    """The active scenarios of the house and of the portfolios' owners."""
    found = await load_catalogue(session, event.portfolio_ids)
    return repr((found.house, sorted(found.owners.items()), sorted(found.custom.items())))


CALCULATIONS = Calculations(Calculation, also=_load_scenarios)
