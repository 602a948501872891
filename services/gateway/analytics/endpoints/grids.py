"""Grids and curves: the portfolio repriced at other spots, volatilities and dates, at once."""

from datetime import date
from uuid import UUID

from services.gateway.analytics.endpoints.stress import Asking, WhatIfParts
from services.gateway.analytics.reading.bands import day_bands
from services.gateway.analytics.reading.grids import curve_report, grid_report
from services.gateway.analytics.reading.stress import NO_STRESS
from services.gateway.analytics.schemas.grids import (
    CurveReport,
    DraftCurves,
    GridReport,
    WantedCurve,
    WantedDraftCurve,
    WantedGrid,
)
from services.gateway.books.dependencies import owned_or_first
from services.gateway.drafts.dependencies import owned_draft
from services.gateway.drafts.shapes import FIGURES
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import Problem, documented
from services.gateway.edge.queries import latest_date
from services.gateway.market.dependencies import ticker_of
from shared.contracts.stress import EvaluateCurve, EvaluateGrid
from shared.messaging import Refused
from shared.published.stress import stress_results

router = once_router("/risk", "risk", 401, 404, 422)
of_drafts = once_router("/modelling/sessions", "modelling", 401, 404, 422)
NOT_HELD = "not_held"


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
    return await _curve(asking, request)


async def _curve(asking: WhatIfParts, request: EvaluateCurve) -> CurveReport:
    found = await asking.gateway.ask(request)
    async with asking.database.transaction() as session:
        day = await day_bands(session, found)
    return curve_report(found, day)


@of_drafts.post("/{draft_id}/curve", responses=documented(409, 503))
async def evaluate_draft_curve(
    draft_id: UUID, wanted: WantedDraftCurve, asking: Asking
) -> DraftCurves:
    """P&L and five Greeks against spot, of a calculated draft and of its base at its session."""
    async with asking.database.transaction() as session:
        draft = await owned_draft(session, asking.caller, draft_id)
    if draft.run_status not in FIGURES:
        detail = f"the draft is not calculated: POST modelling/sessions/{draft_id}/calculate first"
        raise Problem(409, "draft_not_calculated", detail)
    ticker = None if wanted.underlying is None else ticker_of(wanted.underlying)
    terms = wanted.model_dump() | {"as_of": draft.base_session, "underlying": ticker}
    curves: list[CurveReport | None] = []
    for portfolio_id in (draft.base_id, draft.draft_id):
        request = EvaluateCurve(**terms, portfolio_id=portfolio_id)
        try:
            curves.append(await _curve(asking, request))
        except Refused as refused:
            if refused.refusal.code != NOT_HELD:
                raise
            curves.append(None)
    before, after = curves
    if before is None and after is None:
        raise Problem(422, NOT_HELD, f"neither holds anything of {ticker}: name what is held")
    return DraftCurves(
        draft_id=draft_id, before=before, after=after, reason=_why_one(ticker, before, after)
    )


def _why_one(
    ticker: str | None, before: CurveReport | None, after: CurveReport | None
) -> str | None:
    """Why there is no curve of one of the two."""
    if before is not None and after is not None:
        return None
    return f"the {'base' if before is None else 'draft'} holds nothing of {ticker}"


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
