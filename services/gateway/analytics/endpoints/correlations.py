"""Correlations of a portfolio's positions and of the factors, computed weekly and on request."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.gateway.analytics.queries import correlations
from services.gateway.analytics.reading.correlations import (
    correlation_matrix,
    correlation_report,
    factor_matrix,
    pair_history,
)
from services.gateway.analytics.schemas.correlations import (
    CorrelationMatrix,
    CorrelationReport,
    CorrelationsStarted,
    FactorMatrix,
    Space,
    WantedBatch,
    WantedCorrelations,
)
from services.gateway.analytics.schemas.pairs import PairHistory
from services.gateway.books.answers import ChosenRevision
from services.gateway.books.dependencies import owned_or_first
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import (
    Admin,
    AsOf,
    Caller,
    ChosenSide,
    ChosenView,
    OpenSession,
    SessionsBetween,
)
from services.gateway.edge.idempotency import OnceRoute
from services.gateway.edge.problems import documented
from services.gateway.edge.queries import latest_date
from services.gateway.edge.routers import api_router
from services.gateway.edge.shapes import View
from services.gateway.market.dependencies import Symbol, ticker_of
from services.gateway.runs.stages import CORRELATIONS
from services.gateway.runs.starting import start_shards
from services.gateway.tables import User
from shared.contracts.gateway import CorrelationParameters, CorrelationsRequested
from shared.database import Session
from shared.published.factors import factor_exposures

AS_EVERY_WEEK = WantedCorrelations()
LAST_SESSION = WantedBatch()
router = api_router("", "correlations", 401, 422, route_class=OnceRoute)
Largest = Annotated[
    int, Query(ge=1, le=1000, description="how many symbols at most, the largest first")
]


@router.get("/risk/correlations/positions/metrics", responses=documented(404))
async def get_position_correlations(
    side: ChosenSide, portfolio: ChosenRevision
) -> CorrelationReport:
    """Overall correlation, concentration, effective positions, and clusters with their members."""
    return await correlation_report(side.session, portfolio["portfolio_id"], side.as_of, side.view)


@router.get("/risk/correlations/positions/matrix", responses=documented(404))
async def get_position_matrix(
    portfolio: ChosenRevision,
    session: OpenSession,
    as_of: AsOf = None,
    view: ChosenView = View.PORTFOLIO,
    limit: Largest = 100,
) -> CorrelationMatrix:
    """The correlation matrix by underlying, with the data quality of every pair."""
    return await correlation_matrix(session, portfolio["portfolio_id"], as_of, view, limit)


@router.get("/risk/correlations/positions/pairs/{symbol_a}/{symbol_b}", responses=documented(404))
async def get_pair_history(
    symbol_a: Symbol,
    symbol_b: Symbol,
    portfolio: ChosenRevision,
    session: OpenSession,
    span: SessionsBetween,
) -> PairHistory:
    """How the correlation of two of the portfolio's underlyings went, by calculation."""
    pair = (ticker_of(symbol_a), ticker_of(symbol_b))
    return await pair_history(session, portfolio["portfolio_id"], pair, span)


@router.get("/risk/correlations/factors/matrix")
async def get_factor_matrix(
    _: Caller, session: OpenSession, as_of: AsOf = None, space: Space = Space.MARKET_RELATIVE
) -> FactorMatrix:
    """Covariances and correlations of the factors; mean, minimum and maximum correlation."""
    return await factor_matrix(session, as_of, space)


@router.post("/risk/correlations/positions/calculate", status_code=202, responses=documented(404))
async def calculate_position_correlations(
    caller: Caller,
    session: OpenSession,
    response: Response,
    wanted: WantedCorrelations = AS_EVERY_WEEK,
) -> CorrelationsStarted:
    """Correlate a portfolio's positions with these parameters; replaces the session's result."""
    portfolio_id: UUID = (await owned_or_first(session, caller, wanted.portfolio_id))[
        "portfolio_id"
    ]
    as_of = await latest_date(session, factor_exposures, portfolio_id, wanted.as_of)
    run_id = await _started(session, caller, as_of, [portfolio_id], wanted.parameters)
    await record(
        session, "position_correlations.requested", portfolio_id, run_id=run_id, as_of=as_of
    )
    where = f"portfolio_id={portfolio_id}&as_of={as_of}"
    response.headers["Location"] = f"/api/v1/risk/correlations/positions/metrics?{where}"
    return CorrelationsStarted.model_validate(
        {
            "run_id": run_id,
            "portfolio_id": portfolio_id,
            "as_of": as_of,
            "portfolios": 1,
            "status": "running",
        }
    )


@router.post("/admin/batch/correlations", status_code=202, responses=documented(403))
async def calculate_every_portfolio(
    admin: Admin, session: OpenSession, response: Response, wanted: WantedBatch = LAST_SESSION
) -> CorrelationsStarted:
    """Correlate the positions of every portfolio with exposures, as the weekly calculation does."""
    as_of = wanted.session_date or await correlations.latest_exposed_session(session)
    portfolio_ids = await correlations.load_exposed_portfolios(session, as_of) if as_of else []
    run_id = await _started(session, admin, as_of, portfolio_ids, CorrelationParameters())
    await record(
        session,
        "batch.started",
        run_id,
        trigger=CORRELATIONS,
        session_date=as_of,
        portfolios=len(portfolio_ids),
    )
    response.headers["Location"] = f"/api/v1/admin/batch/runs/{run_id}"
    return CorrelationsStarted.model_validate(
        {
            "run_id": run_id,
            "portfolio_id": None,
            "as_of": as_of,
            "portfolios": len(portfolio_ids),
            "status": "running",
        }
    )


async def _started(
    session: Session,
    user: User,
    day: date | None,
    portfolio_ids: Sequence[UUID],
    parameters: CorrelationParameters,
) -> UUID:
    kinds = [CorrelationsRequested]
    return await start_shards(
        session, user.user_id, CORRELATIONS, day, portfolio_ids, kinds, parameters=parameters
    )
