"""Numbers made anew because somebody asks: a portfolio's snapshots and factor exposures, the
factors' correlations.
"""

import asyncio
from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field, model_validator

from services.gateway.api.audit import record
from services.gateway.api.dependencies import (
    Caller,
    CallersDatabase,
    GatewayParts,
    NamedPortfolio,
    OpenSession,
    owned_or_first,
)
from services.gateway.api.idempotency import OnceRoute
from services.gateway.api.problems import Problem, documented
from services.gateway.api.reading.correlations import factor_matrix_of
from services.gateway.api.schemas import SOME_ID, FactorMatrix, Space, body_example, example
from services.gateway.api.starting import refuse_too_many_runs, start_run
from services.gateway.api.upload import date_outside_data
from services.gateway.repository import correlations, market
from shared.calendar import is_session, previous_session, sessions
from shared.contracts.event import Day
from shared.contracts.factors import CorrelateFactors, FactorCorrelations
from shared.database import Session
from shared.messaging import ask

MOST_SESSIONS = 260
router = APIRouter(responses=documented(401, 404, 422), route_class=OnceRoute)


class WantedSessions(BaseModel):
    """From a session to a session; default: the last one, and until the last one."""

    model_config = body_example(first_session="2022-12-01", last_session="2022-12-28")

    first_session: Day | None = None
    last_session: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first_session and self.last_session and self.first_session > self.last_session:
            raise ValueError("first_session is after last_session")
        return self


class SessionRun(BaseModel):
    """The run of one session."""

    run_id: UUID
    session_date: date


class SnapshotsStarted(BaseModel):
    """Work was taken on: follow each run by `events`."""

    model_config = example(
        portfolio_id=SOME_ID,
        status="running",
        runs=[{"run_id": SOME_ID, "session_date": "2022-12-28"}],
    )

    portfolio_id: UUID
    status: str
    runs: list[SessionRun] = Field(description="one for each session, oldest first")


class WantedFactors(BaseModel):
    """Whose factor exposures, on which session; default: the caller's first portfolio, the last
    session.
    """

    model_config = body_example(portfolio_id=SOME_ID, session_date="2022-12-28")

    portfolio_id: UUID | None = None
    session_date: Day | None = None


class FactorsStarted(BaseModel):
    """Work was taken on: follow the run by `events`."""

    model_config = example(
        run_id=SOME_ID, portfolio_id=SOME_ID, session_date="2022-12-28", status="running"
    )

    run_id: UUID
    portfolio_id: UUID
    session_date: date
    status: str


class WantedFactorCorrelations(BaseModel):
    """How to correlate the factors; the defaults are those of what is stored for every session."""

    model_config = body_example(
        as_of="2022-12-28", space="market_relative", decay=0.97, lookback=126
    )

    as_of: Day | None = Field(default=None, description="a session; default: the last one")
    space: Space = Space.MARKET_RELATIVE
    decay: float = Field(
        default=0.94, gt=0, le=1, description="weight of a day against the next one"
    )
    lookback: int = Field(default=252, ge=60, le=2520, description="daily returns looked back on")


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
    """Take the portfolio's snapshots again, or for the first time, and all that follows from
    them.
    """
    portfolio_id = portfolio["portfolio_id"]
    days = await _sessions(session, wanted)
    await refuse_too_many_runs(session, caller.user_id, len(days))
    started = [
        SessionRun(
            run_id=await start_run(session, caller.user_id, portfolio_id, day, "snapshots"),
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
    known = await market.sessions_with_data(session)
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


async def known_session(session: Session, day: date | None) -> date:
    """The day, which must be a session there is data for; the last such session when none is
    named.
    """
    known = await market.sessions_with_data(session)
    latest = await market.latest_session(session)
    chosen = day or latest
    if known is None or chosen is None:
        raise Problem(422, "no_market_data", "no session is known yet: there is nothing to work on")
    if not known.first <= chosen <= known.last:
        raise date_outside_data(chosen, known)
    if not await asyncio.to_thread(is_session, chosen):
        before = previous_session(chosen)
        detail = f"{chosen} is not a NYSE session; the previous session is {before}"
        raise Problem(422, "not_a_session", detail)
    return chosen


@router.post("/factors/calculate", status_code=202, tags=["factors"])
async def calculate_factors(
    caller: Caller,
    session: OpenSession,
    wanted: Annotated[WantedFactors, Body(default_factory=WantedFactors)],
) -> FactorsStarted:
    """Spread a portfolio over the factors on a session, with everything before and after it in the
    pipeline.
    """
    portfolio_id: UUID = (await owned_or_first(session, caller, wanted.portfolio_id))[
        "portfolio_id"
    ]
    day = await known_session(session, wanted.session_date)
    run_id = await start_run(session, caller.user_id, portfolio_id, day, "factors")
    await record(session, "factors.requested", portfolio_id, run_id=run_id, session_date=day)
    return FactorsStarted(
        run_id=run_id, portfolio_id=portfolio_id, session_date=day, status="running"
    )


@router.post(
    "/risk/correlations/factors/calculate", tags=["correlations"], responses=documented(503)
)
async def correlate_factors(
    _: Caller,
    gateway: GatewayParts,
    database: CallersDatabase,
    wanted: Annotated[WantedFactorCorrelations, Body(default_factory=WantedFactorCorrelations)],
) -> FactorMatrix:
    """The factors' covariances and correlations in the way that is asked for; what is stored stays
    as it is.
    """
    async with database.transaction() as session:
        day = await known_session(session, wanted.as_of)
        named = await correlations.load_factor_names(session)
    request = CorrelateFactors(
        as_of=day, space=wanted.space.value, decay=wanted.decay, lookback=wanted.lookback
    )
    answer = await ask(gateway.runtime.broker, request, gateway.settings.request_seconds)
    found: dict[str, Any] = FactorCorrelations.model_validate(answer.model_dump()).model_dump()
    return factor_matrix_of({**wanted.model_dump(), **found, "as_of": day}, named)
