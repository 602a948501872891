"""What the gateway does about events of runs: they are recorded, and ledgers follow the market."""

from services.gateway.books import settling
from services.gateway.runs.handlers import record_stages
from services.gateway.runs.handlers import router as runs_router
from shared.contracts.ingest import PricesUpdated
from shared.database import Session
from shared.messaging import ServiceRouter, Traced
from shared.telemetry import current_trace_id

_own = ServiceRouter("gateway")


@_own.on(PricesUpdated)
async def record_prices(event: PricesUpdated, session: Session) -> None:
    """Prices have arrived: record that, and settle what they settle, in one transaction.

    The portfolios are locked first, as by every edit.
    """
    dependent = await settling.lock_dependent(session, event)
    await record_stages([Traced(event, current_trace_id())], session)
    await settling.settle(session, dependent, event)


router = ServiceRouter.joining(runs_router, _own)
