"""Factors: their definitions, the exposures to them, and the P&L they explain."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from starlette.responses import Response

from services.gateway.analytics.queries import factors
from services.gateway.analytics.reading.attribution import attribution_periods
from services.gateway.analytics.reading.factor_risk import factor_risk
from services.gateway.analytics.reading.factors import (
    Wanted,
    attribution_report,
    factor_report,
)
from services.gateway.analytics.reading.position_factors import position_factor_page
from services.gateway.analytics.schemas.attribution import AttributionPeriods
from services.gateway.analytics.schemas.factor_risk import FactorRisk
from services.gateway.analytics.schemas.factors import (
    AttributionReport,
    FactorDefinitions,
    FactorReport,
    Model,
)
from services.gateway.analytics.shapes.attribution import Per
from services.gateway.books.answers import ChosenRevision, NamedRevision
from services.gateway.edge.dependencies import (
    AsOf,
    Caller,
    ChosenPage,
    ChosenView,
    OpenSession,
    SessionsBetween,
    Side,
)
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import documented
from services.gateway.edge.shapes import View
from services.gateway.edge.written import as_json
from shared.contracts.event import Day

router = once_router("/factors", "factors", 401, 404, 422)


@dataclass(frozen=True)
class _SideInModel(Side):
    """The same, and the model of the betas."""

    model: Annotated[Model, Query(description="how the betas are estimated")] = (
        Model.MARKET_RELATIVE
    )

    def wanted(self, portfolio_id: UUID) -> Wanted:
        """The portfolio's figures in this model, of this side."""
        return Wanted(portfolio_id, self.model, self.view)


ModelledSide = Annotated[_SideInModel, Depends()]


@router.get("/definitions", response_model=FactorDefinitions, responses=documented(401))
async def list_definitions(_: Caller, session: OpenSession) -> dict[str, Any]:
    """Every factor with the ETF that represents it, in display order."""
    items = await factors.load_definitions(session)
    return {"items": items, "total": len(items)}


async def get_factors(side: ModelledSide, portfolio: ChosenRevision) -> FactorReport:
    """Factor exposures in dollars and as betas, and the sensitivities to four Treasury yields."""
    return await factor_report(side.session, side.wanted(portfolio["portfolio_id"]), side.as_of)


async def get_position_factors(
    side: ModelledSide, page: ChosenPage, portfolio: ChosenRevision
) -> Response:
    """Factor exposures and rate sensitivities by position, with their regressions, by symbol."""
    wanted = side.wanted(portfolio["portfolio_id"])
    return as_json(await position_factor_page(side.session, wanted, side.as_of, page))


@router.get("/risk/{portfolio_id}")
async def get_factor_risk(
    portfolio: NamedRevision,
    session: OpenSession,
    as_of: AsOf = None,
    view: ChosenView = View.PORTFOLIO,
) -> FactorRisk:
    """How much of the risk each factor makes, and what the three models find, side by side."""
    return await factor_risk(session, portfolio["portfolio_id"], view, as_of)


@router.get("/attribution/{portfolio_id}/periods")
async def get_attribution_periods(
    portfolio: NamedRevision,
    session: OpenSession,
    span: SessionsBetween,
    per: Annotated[Per, Query(description="how long a period is")] = Per.MONTH,
) -> AttributionPeriods:
    """The P&L of every session, week or month by factor and cause; the rest is specific."""
    return await attribution_periods(session, portfolio["portfolio_id"], span, per)


@router.get("/attribution/{portfolio_id}")
async def get_attribution(
    portfolio: NamedRevision,
    session: OpenSession,
    as_of: AsOf = None,
    start: Annotated[
        Day | None,
        Query(description="first session of the period; default: the last session alone"),
    ] = None,
) -> AttributionReport:
    """The P&L of a period by factor, income, fees and trades; the rest is specific, to the cent."""
    return await attribution_report(session, portfolio["portfolio_id"], start, as_of)
