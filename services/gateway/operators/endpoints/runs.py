"""For operators: close a market, list runs."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import Query, Response

from services.gateway.edge import queries as edge_queries
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Admin, ChosenPage, OpenSession
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.outbox import trace_headers
from services.gateway.edge.problems import documented, not_found
from services.gateway.edge.values import Page
from services.gateway.market import queries as market_queries
from services.gateway.market.dependencies import require_known_session
from services.gateway.operators.schemas import MarketClose, RunStarted
from services.gateway.runs.queries import runs
from services.gateway.runs.queries.items import as_items
from services.gateway.runs.schemas import RunDetail, RunOut
from services.gateway.runs.stages import ALL_STAGES
from services.gateway.runs.timeline import stage_timings
from shared.contracts.event import Day
from shared.contracts.gateway import MarketCloseRequested
from shared.database import Session

router = once_router("/admin", "admin", 401, 403, 422)


@router.post("/batch/market-close", status_code=202)
async def close_market(
    wanted: MarketClose, admin: Admin, session: OpenSession, response: Response
) -> RunStarted:
    """Run a session for every portfolio, again if it was run before."""
    return await start_session(session, admin.user_id, response, wanted.session_date, "operator")


async def start_session(
    session: Session, user_id: UUID, response: Response, day: date, trigger: str
) -> RunStarted:
    """Start a run of a session for every portfolio; 422 when it is not a session with data."""
    require_known_session(day, await market_queries.sessions_with_data(session))
    event = MarketCloseRequested.new(uuid4(), day, reason=trigger)
    await runs.save_run(session, event.run_id, day, trigger, user_id)
    await edge_queries.save_event(session, event, trace_headers())
    await record(session, "batch.started", event.run_id, trigger=trigger, session_date=day)
    response.headers["Location"] = f"/api/v1/admin/batch/runs/{event.run_id}"
    return RunStarted(run_id=event.run_id, session_date=day, status="running")


@router.get("/batch/runs", response_model=Page[RunOut])
async def list_runs(
    _: Admin,
    session: OpenSession,
    page: ChosenPage,
    status: Annotated[Literal["running", "completed", "partial", "failed"] | None, Query()] = None,
    as_of: Annotated[Day | None, Query(description="runs of this session only")] = None,
) -> dict[str, Any]:
    """Runs, newest first."""
    return page.page(*await runs.load_runs(session, status, as_of, page.limit, page.offset))


@router.get("/batch/runs/{run_id}", response_model=RunDetail, responses=documented(404))
async def get_run(run_id: UUID, _: Admin, session: OpenSession) -> dict[str, Any]:
    """A run with the time each stage took and everything that was reported about it."""
    run = await runs.load_run(session, run_id)
    if run is None:
        raise not_found("run", run_id)
    items = await runs.load_items(session, run_id)
    return {
        **run,
        "stages": [asdict(timing) for timing in stage_timings(as_items(items), ALL_STAGES)],
        "items": items,
    }
