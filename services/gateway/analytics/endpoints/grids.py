"""Grids and curves: the portfolio repriced at other spots, volatilities and dates, at once."""

from datetime import date
from uuid import UUID

from services.gateway.analytics.endpoints.stress import Asking, WhatIfParts
from services.gateway.analytics.reading.bands import day_bands
from services.gateway.analytics.reading.grids import curve_report, grid_report
from services.gateway.analytics.reading.stress import NO_STRESS
from services.gateway.analytics.schemas.grids import (
    CurveReport,
    GridReport,
    WantedCurve,
    WantedGrid,
)
from services.gateway.books.dependencies import owned_or_first
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import Problem, documented
from services.gateway.edge.queries import latest_date
from services.gateway.market.dependencies import ticker_of
from shared.contracts.stress import EvaluateCurve, EvaluateGrid
from shared.published.stress import stress_results

router = once_router("/risk", "risk", 401, 404, 422)


@router.post("/grid", responses=documented(503))
async def evaluate_grid(wanted: WantedGrid, asking: Asking) -> GridReport:
    """P&L of all or of one underlying by spot, volatility and days, with break-evens."""
    request = EvaluateGrid(**wanted.model_dump() | await _about(wanted, asking))
    return grid_report(await asking.gateway.ask(request))


@router.post("/curve", responses=documented(503))
async def evaluate_curve(wanted: WantedCurve, asking: Asking) -> CurveReport:
    """P&L and five Greeks of all or of one underlying against spot at several dates.

    With how far one day went on the past year's sessions: the VaR of the same positions, and the
    tails of the moves along the axis.
    """
    request = EvaluateCurve(**wanted.model_dump() | await _about(wanted, asking))
    found = await asking.gateway.ask(request)
    async with asking.database.transaction() as session:
        day = await day_bands(session, found)
    return curve_report(found, day)


async def _about(
    wanted: WantedGrid | WantedCurve, asking: WhatIfParts
) -> dict[str, UUID | date | str | None]:
    """The caller's portfolio, the session it was last evaluated on, and the canonical ticker."""
    ticker = None if wanted.underlying is None else ticker_of(wanted.underlying)
    async with asking.database.transaction() as session:
        portfolio = await owned_or_first(session, asking.caller, wanted.portfolio_id)
        portfolio_id = portfolio["portfolio_id"]
        as_of = await latest_date(session, stress_results, portfolio_id, wanted.as_of)
    if as_of is None:
        raise Problem(422, "not_calculated", NO_STRESS)
    return {"portfolio_id": portfolio_id, "as_of": as_of, "underlying": ticker}
