"""Calculations on request: snapshots, factor exposures, prices, correlations of the factors."""

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Body, Depends

from services.gateway.analytics.queries import correlations
from services.gateway.analytics.reading.correlations import factor_matrix_of
from services.gateway.analytics.schemas.correlations import FactorMatrix
from services.gateway.analytics.schemas.recalculation import (
    PortfolioRunStarted,
    SessionRun,
    SnapshotsStarted,
    WantedFactorCorrelations,
    WantedRun,
    WantedSessions,
)
from services.gateway.books.dependencies import NamedPortfolio, owned_or_first, refuse_draft
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Caller, CallersDatabase, GatewayParts, OpenSession
from services.gateway.edge.idempotency import OnceRoute
from services.gateway.edge.problems import Problem, documented
from services.gateway.edge.routers import api_router
from services.gateway.market import queries as market_queries
from services.gateway.market.dependencies import date_outside_data, known_session
from services.gateway.runs.starting import refuse_too_many_runs, start_run
from services.gateway.tables.runs import BACKFILL, INTERACTIVE
from shared.calendar import sessions
from shared.contracts.factors import CorrelateFactors
from shared.database import Session

MOST_SESSIONS = 260
router = api_router("", None, 401, 404, 422, route_class=OnceRoute)


@router.post(
    "/portfolios/{portfolio_id}/snapshots",
    status_code=202,
    tags=["portfolios"],
    responses=documented(429),
)
async def take_snapshots(
    portfolio: NamedPortfolio,
    caller: Caller,
    session: OpenSession,
    wanted: Annotated[WantedSessions, Body(default_factory=WantedSessions)],
) -> SnapshotsStarted:
    """Take the portfolio's snapshots (again), and compute what depends on them.

    The runs of several sessions are worked on a few at a time, after what users wait for.
    """
    portfolio_id = portfolio["portfolio_id"]
    await refuse_draft(session, portfolio_id)
    days = await _sessions(session, wanted)
    await refuse_too_many_runs(session, caller.user_id, len(days))
    work_class = INTERACTIVE if len(days) == 1 else BACKFILL
    started = [
        SessionRun(
            run_id=await start_run(
                session, caller.user_id, portfolio_id, day, "snapshots", work_class
            ),
            session_date=day,
        )
        for day in days
    ]
    await record(
        session, "snapshots.regenerated", portfolio_id, first=days[0], last=days[-1], runs=len(days)
    )
    return SnapshotsStarted(portfolio_id=portfolio_id, status="running", runs=started)


async def _sessions(session: Session, wanted: WantedSessions) -> list[date]:
    last = await known_session(session, wanted.last_session)
    if wanted.first_session is None:
        return [last]
    known = await market_queries.sessions_with_data(session)
    if known and wanted.first_session < known.first:
        raise date_outside_data(wanted.first_session, known)
    days = await asyncio.to_thread(sessions, wanted.first_session, last)
    if not days:
        raise Problem(
            422, "no_session", f"there is no session from {wanted.first_session} to {last}"
        )
    if len(days) > MOST_SESSIONS:
        raise Problem(
            422, "too_many_sessions", f"{len(days)} sessions; at most {MOST_SESSIONS} at once"
        )
    return days


async def requested_run(
    caller: Caller,
    session: OpenSession,
    wanted: Annotated[WantedRun, Body(default_factory=WantedRun)],
) -> "RequestedRun":
    """A run of the portfolio and session of the body."""
    portfolio = await owned_or_first(session, caller, wanted.portfolio_id)
    await refuse_draft(session, portfolio["portfolio_id"])
    day = await known_session(session, wanted.session_date)
    return RequestedRun(session, caller.user_id, portfolio["portfolio_id"], day)


@dataclass(frozen=True)
class RequestedRun:
    """One run of one of the caller's portfolios."""

    session: Session
    user_id: UUID
    portfolio_id: UUID
    day: date

    async def start(self, trigger: str, action: str) -> PortfolioRunStarted:
        """Start it; the answer describes it."""
        run_id = await start_run(self.session, self.user_id, self.portfolio_id, self.day, trigger)
        await record(self.session, action, self.portfolio_id, run_id=run_id, session_date=self.day)
        return PortfolioRunStarted(
            run_id=run_id, portfolio_id=self.portfolio_id, session_date=self.day, status="running"
        )


Requested = Annotated[RequestedRun, Depends(requested_run)]


@router.post("/factors/calculate", status_code=202, tags=["factors"])
async def calculate_factors(run: Requested) -> PortfolioRunStarted:
    """Compute a portfolio's factor exposures of a session, with every other stage of a run."""
    return await run.start("factors", "factors.requested")


@router.post("/market-data/refresh", status_code=202, tags=["market data"])
async def refresh(run: Requested) -> PortfolioRunStarted:
    """Fetch a portfolio's missing prices up to a session, and compute what depends on them."""
    return await run.start("market_data", "market_data.refreshed")


@router.post(
    "/risk/correlations/factors/calculate", tags=["correlations"], responses=documented(503)
)
async def correlate_factors(
    _: Caller,
    gateway: GatewayParts,
    database: CallersDatabase,
    wanted: Annotated[WantedFactorCorrelations, Body(default_factory=WantedFactorCorrelations)],
) -> FactorMatrix:
    """Covariances and correlations of the factors with these parameters; nothing is stored."""
    async with database.transaction() as session:
        day = await known_session(session, wanted.as_of)
        named = await correlations.load_factor_names(session)
    request = CorrelateFactors(
        as_of=day, space=wanted.space.value, decay=wanted.decay, lookback=wanted.lookback
    )
    found = await gateway.ask(request)
    matrix = {**wanted.model_dump(), **found.model_dump(), "as_of": day}
    return factor_matrix_of(matrix, named)
