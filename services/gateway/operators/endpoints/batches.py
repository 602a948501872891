"""For operators: work on stored data, for every portfolio, assigned in shards."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Body, Response

from services.gateway.analytics.queries import correlations
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Admin, OpenSession
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import Problem
from services.gateway.market import queries as market_queries
from services.gateway.operators.endpoints.runs import start_session
from services.gateway.operators.schemas import BatchStarted, RunStarted, WantedSession
from services.gateway.runs.stages import MARKET_DATA, RISK_METRICS, SNAPSHOTS
from services.gateway.runs.starting import start_shards
from shared.contracts.event import ShardEvent
from shared.contracts.gateway import RiskRequested, SnapshotsRequested
from shared.database import Session

router = once_router("/admin/batch", "admin", 401, 403, 422)
Wanted = Annotated[WantedSession, Body(default_factory=WantedSession)]


@router.post("/market-data", status_code=202)
async def bring_up_to_date(
    admin: Admin, session: OpenSession, response: Response, wanted: Wanted
) -> RunStarted:
    """Fetch the missing prices and yields of a session for all held symbols.

    The whole pipeline runs: figures never stay behind the prices they are based on. What has not
    changed is not computed again.
    """
    day = wanted.session_date or await market_queries.latest_session(session)
    if day is None:
        raise Problem(422, "no_market_data", "no session is known yet: name one")
    return await start_session(session, admin.user_id, response, day, MARKET_DATA)


@router.post("/snapshots", status_code=202)
async def take_snapshots(
    admin: Admin, session: OpenSession, response: Response, wanted: Wanted
) -> BatchStarted:
    """Take every portfolio's snapshot of a session again, from stored figures.

    These are the stored prices, Greeks and exposures.
    """
    return await _started(session, admin.user_id, response, wanted, SNAPSHOTS, [SnapshotsRequested])


@router.post("/risk-metrics", status_code=202)
async def measure_risk(
    admin: Admin, session: OpenSession, response: Response, wanted: Wanted
) -> BatchStarted:
    """Measure every portfolio's risk on a session again: snapshot metrics, VaR and shortfall."""
    kinds = [SnapshotsRequested, RiskRequested]
    return await _started(session, admin.user_id, response, wanted, RISK_METRICS, kinds)


async def _started(
    session: Session,
    user_id: UUID,
    response: Response,
    wanted: WantedSession,
    trigger: str,
    kinds: Sequence[type[ShardEvent]],
) -> BatchStarted:
    day = wanted.session_date or await correlations.latest_exposed_session(session)
    portfolio_ids = await correlations.load_exposed_portfolios(session, day) if day else []
    run_id = await start_shards(session, user_id, trigger, day, portfolio_ids, kinds)
    facts = {"trigger": trigger, "session_date": day, "portfolios": len(portfolio_ids)}
    await record(session, "batch.started", run_id, **facts)
    response.headers["Location"] = f"/api/v1/admin/batch/runs/{run_id}"
    return BatchStarted.model_validate({"run_id": run_id, "status": "running", **facts})
