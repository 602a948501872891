"""For operators: work on what is stored, for every portfolio; and how such work is handed out in
shards.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field

from services.gateway.api.admin import RunStarted, refuse_impossible_session
from services.gateway.api.audit import record
from services.gateway.api.background import trace_headers
from services.gateway.api.dependencies import Admin, OpenSession
from services.gateway.api.idempotency import OnceRoute
from services.gateway.api.problems import Problem, documented
from services.gateway.api.schemas import SOME_ID, body_example, example
from services.gateway.calculations.run_status import MARKET_DATA, RISK_METRICS, SNAPSHOTS
from services.gateway.repository import correlations, market, outbox, runs
from shared.contracts.event import Day, ShardEvent
from shared.contracts.gateway import MarketCloseRequested, RiskRequested, SnapshotsRequested
from shared.database import Session

PORTFOLIOS_PER_SHARD = 50
router = APIRouter(
    prefix="/admin/batch",
    tags=["admin"],
    responses=documented(401, 403, 422),
    route_class=OnceRoute,
)


class WantedSession(BaseModel):
    """Which session; default: the last one."""

    model_config = body_example(session_date="2022-12-28")

    session_date: Day | None = None


class BatchStarted(RunStarted):
    """Work was taken on for every portfolio: follow it under `batch/runs/{run_id}`."""

    model_config = example(
        run_id=SOME_ID, session_date="2022-12-28", status="running", portfolios=3
    )

    portfolios: int = Field(description="how many the work is about")


Wanted = Annotated[WantedSession, Body(default_factory=WantedSession)]


@router.post("/market-data", status_code=202)
async def bring_up_to_date(
    admin: Admin, session: OpenSession, response: Response, wanted: Wanted
) -> RunStarted:
    """Fetch what is missing of a session's prices and yields for everybody's symbols, and what
    hangs on them.

    The whole way is run: figures never stay behind the prices they were made of. What has not
    changed is not computed again.
    """
    day = wanted.session_date or await market.latest_session(session)
    if day is None:
        raise Problem(422, "no_market_data", "no session is known yet: name one")
    await refuse_impossible_session(session, day)
    event = MarketCloseRequested.new(uuid4(), day, reason=MARKET_DATA)
    await runs.save_run(session, event.run_id, day, MARKET_DATA, admin.user_id)
    await outbox.save_event(session, event, trace_headers())
    await record(session, "batch.started", event.run_id, trigger=MARKET_DATA, session_date=day)
    response.headers["Location"] = f"/api/v1/admin/batch/runs/{event.run_id}"
    return RunStarted(run_id=event.run_id, session_date=day, status="running")


@router.post("/snapshots", status_code=202)
async def take_snapshots(
    admin: Admin, session: OpenSession, response: Response, wanted: Wanted
) -> BatchStarted:
    """Take every portfolio's snapshot of a session again, from the prices, Greeks and exposures
    that are stored.
    """
    return await _started(session, admin.user_id, response, wanted, SNAPSHOTS, [SnapshotsRequested])


@router.post("/risk-metrics", status_code=202)
async def measure_risk(
    admin: Admin, session: OpenSession, response: Response, wanted: Wanted
) -> BatchStarted:
    """Measure every portfolio's risk on a session again: what snapshots are measured by, VaR and
    shortfall.
    """
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


async def start_shards(
    session: Session,
    user_id: UUID,
    trigger: str,
    day: date | None,
    portfolio_ids: Sequence[UUID],
    kinds: Sequence[type[ShardEvent]],
    **facts: Any,
) -> UUID:
    """Leave events of these kinds in the outbox, cut into shards, and open their run.

    422 without factor exposures: everything that works on stored figures needs them, and the prices
    they are of.
    """
    price_run = await correlations.latest_price_run(session, day) if day else None
    if day is None or price_run is None or not portfolio_ids:
        detail = (
            "no factor exposures are stored to work on: they come with the first run of a session"
        )
        raise Problem(422, "not_calculated", detail)
    run_id = uuid4()
    await runs.save_run(session, run_id, day, trigger, user_id)
    parts = [
        tuple(portfolio_ids[start : start + PORTFOLIOS_PER_SHARD])
        for start in range(0, len(portfolio_ids), PORTFOLIOS_PER_SHARD)
    ]
    for shard, part in enumerate(parts):
        work = {
            "price_run": price_run,
            "shard": shard,
            "shards": len(parts),
            "portfolio_ids": part,
            **facts,
        }
        for kind in kinds:
            await outbox.save_event(
                session, kind.new(run_id, day, part=shard, **work), trace_headers()
            )
    return run_id
